# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user sees while scenarios run, and the same lines in the run's folder."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from scenarios.harness.checks import Check, Figure

NAME_WIDTH = 44


class Progress:
    """Speaks for one scenario. In a worker of a side-by-side run every line carries its name."""

    def __init__(self, scenario: str, side_by_side: bool = False) -> None:
        self._scenario, self._side_by_side = scenario, side_by_side
        self._begin = time.monotonic()
        self._log: Path | None = None
        self.quiet = False

    def keep_in(self, path: Path) -> None:
        """From now on write the lines to @path too."""
        self._log = path

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begin

    def say(self, text: str) -> None:
        if self._log is not None:
            with self._log.open("a", encoding="utf-8") as log:
                log.write(text + "\n")
        if self.quiet:
            return
        line = f"{self._scenario:<46} {text}\n" if self._side_by_side else text + "\n"
        # A worker's stdout belongs to its controller; stderr reaches the user whole lines at a time.
        stream = sys.__stderr__ if self._side_by_side else sys.__stdout__
        assert stream is not None
        stream.flush()
        os.write(stream.fileno(), line.encode())

    def stage(self, text: str) -> None:
        self.say(f"  {self.seconds:6.1f} s  {text}")

    def check(self, check: Check) -> None:
        word = "ok  " if check.ok else "FAIL"
        self.say(f"  {word}  {check.name:<{NAME_WIDTH}} expected {check.expected}; seen {check.seen}")

    def figure(self, figure: Figure) -> None:
        self.say(f"        {figure.name:<{NAME_WIDTH}} {figure.value:,.6g} {figure.unit}".rstrip())
