# SPDX-License-Identifier: GPL-2.0-or-later
"""The primitives: run a program, put a file, get a file. Recording them gives a closed run's plan."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Protocol

from scenarios.harness.errors import StepFailed
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

    def put(self, path: str, data: bytes) -> None: ...

    def get(self, path: str) -> bytes: ...

    def mark(self, name: str) -> None: ...


class Recorder:
    """A driver that does the calls by another one and keeps them as a plan."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.plan: list[Step] = []

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Result:
        self.plan.append(Step("run", argv=argv))
        return self._driver.run(argv, timeout_s)

    def put(self, path: str, data: bytes) -> None:
        self.plan.append(Step("put", path=path, data=data))
        self._driver.put(path, data)

    def get(self, path: str) -> bytes:
        self.plan.append(Step("get", path=path))
        return self._driver.get(path)

    def mark(self, name: str) -> None:
        self.plan.append(Step("mark", path=name))
        self._driver.mark(name)
