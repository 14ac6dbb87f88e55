# SPDX-License-Identifier: GPL-2.0-or-later
"""Which rung failed in this session: a file that all workers of one session share."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

from scenarios.harness.errors import Failure, RungFailed, StepFailed, Unusable

T = TypeVar("T")


class Rungs:
    """Remembers, by rung and configuration, the cause of the first failure."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def _locked(self) -> Iterator[IO[str]]:
        with self._path.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            yield file

    def cause(self, rung: str, key: str) -> str | None:
        with self._locked() as file:
            known: dict[str, str] = json.loads(file.read() or "{}")
        return known.get(f"{rung}: {key}")

    def remember(self, rung: str, key: str, cause: str) -> None:
        """The first cause stays."""
        with self._locked() as file:
            known: dict[str, str] = json.loads(file.read() or "{}")
            known.setdefault(f"{rung}: {key}", cause)
            file.seek(0)
            file.truncate()
            file.write(json.dumps(known, indent=1))

    def climb(self, rung: str, key: str, reach: Callable[[], T], who: str) -> T:
        """reach() the rung, or raise RungFailed at once when that failed before.

        @who  the scenario that asks, named to those who come later.
        """
        known = self.cause(rung, key)
        if known is not None:
            raise RungFailed(f"rung {rung} failed before in this session ({known})")
        try:
            return reach()
        except (StepFailed, Unusable):
            raise  # the caller's own mistake, or the build machine's: says nothing about the rung
        except Failure as failure:
            self.remember(rung, key, f"{who}: {failure}")
            raise
