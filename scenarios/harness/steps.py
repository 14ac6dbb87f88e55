# SPDX-License-Identifier: GPL-2.0-or-later
"""The primitives: run a program, put a file, get a file. Recording them gives a closed run's plan."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable
from typing import Protocol

from scenarios.harness.errors import Recorded, StepFailed
from scenarios.harness.report import Report, parse


@dataclasses.dataclass(frozen=True)
class Result:
    """How a program in the host ended."""

    argv: tuple[str, ...]
    exit: int  # 128 + signal when killed
    out: str
    err: str

    @property
    def reports(self) -> list[Report]:
        return parse(self.out)

    @property
    def report(self) -> Report:
        """The only report line. Raises StepFailed when there is none, or more than one."""
        reports = self.reports
        if len(reports) != 1:
            raise StepFailed(f"{self.words()}: {len(reports)} report lines instead of one")
        return reports[0]

    def words(self) -> str:
        """The program and its end, for a cause."""
        tail = [line for line in (self.err or self.out).splitlines() if line.strip()][-1:]
        text = f"`{shlex.join(self.argv)}` ended with {self.exit}"
        return f"{text}: {tail[0].strip()}" if tail else text


@dataclasses.dataclass(frozen=True)
class Step:
    """One call of a primitive. Two steps are the same call when they are equal."""

    kind: str  # run, put, get, mark (its name is the path)
    argv: tuple[str, ...] = ()
    path: str = ""
    data: bytes = b""

    def words(self) -> str:
        return f"run `{shlex.join(self.argv)}`" if self.kind == "run" else f"{self.kind} {self.path}"


class Driver(Protocol):
    """Does the primitives. @timeout_s is wall time and only counts in a live run."""

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Result: ...

    def last(self, argv: tuple[str, ...], timeout_s: float) -> Result:
        """run(), after which no call comes."""

    def put(self, path: str, data: bytes) -> None: ...

    def get(self, path: str) -> bytes: ...

    def mark(self, name: str) -> None: ...


class Recorder:
    """A driver that does the calls by another one and keeps them as a plan.

    @reach  gives that driver; called at the first call that is to be done.
    """

    def __init__(self, reach: Callable[[], Driver]) -> None:
        self._reach = reach
        self._driver: Driver | None = None
        self.plan: list[Step] = []

    def _noted(self, step: Step) -> Driver:
        self.plan.append(step)
        if self._driver is None:
            self._driver = self._reach()
        return self._driver

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Result:
        return self._noted(Step("run", argv=argv)).run(argv, timeout_s)

    def last(self, argv: tuple[str, ...], timeout_s: float) -> Result:
        """Raises Recorded: the plan is whole, and nothing that the program would say can change it."""
        self.plan.append(Step("run", argv=argv))
        raise Recorded

    def put(self, path: str, data: bytes) -> None:
        self._noted(Step("put", path=path, data=data)).put(path, data)

    def get(self, path: str) -> bytes:
        return self._noted(Step("get", path=path)).get(path)

    def mark(self, name: str) -> None:
        self._noted(Step("mark", path=name)).mark(name)
