# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the host kernel's console: which stage the boot has reached, and whether the kernel failed."""

from __future__ import annotations

import re
from collections.abc import Callable

from scenarios.harness.hyp_report import HypReport

# What the kernel prints when it cannot go on or must not. The line is the run's cause.
FATAL = re.compile(
    r"Kernel panic - not syncing"
    r"|Internal error: "
    r"|Unable to handle kernel "
    r"|kernel BUG at "
    r"|\bBUG: "
    r"|soft lockup - CPU"
    r"|hard LOCKUP"
    r"|rcu_\w+ (?:self-)?detected (?:expedited )?stalls?"
    r"|rcu: INFO: .*stall"
    r"|blocked for more than [0-9]+ seconds"
    r"|nVHE hyp panic"
    r"|SError Interrupt on CPU"
    r"|VFS: Unable to mount root"
    r"|Attempted to kill init"
)
STAGES = (
    (re.compile(r"Booting Linux on physical CPU"), lambda m: "kernel starts"),
    (re.compile(r"^hyp: [0-9]+ CPUs, RAM "), lambda m: "EL2 up: Terrarium's hypervisor"),
    (re.compile(r"kvm \[1\]: ((?:Protected )?\w+ mode) initialized"), lambda m: f"EL2 up: {m[1]}"),
    (re.compile(r"Run /init as init process"), lambda m: "host's init"),
)
TIMESTAMP = re.compile(r"^\[ *[0-9]+\.[0-9]+\](?:\[ *[CT][0-9]+\])? ")
LINE_MAX = 4096


class ConsoleWatcher:
    """Cuts the console's bytes into lines and calls @stage and @fatal, each with a text."""

    def __init__(self, stage: Callable[[str], None], fatal: Callable[[str], None]) -> None:
        """@fatal gets the cause of the run's end."""
        self._stage, self._fatal = stage, fatal
        self.hyp_report = HypReport(self._stopped)
        self._rest = b""
        self.last_line = ""
        self.fatal_line: str | None = None

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-LINE_MAX:]
        for raw in lines:
            self._line(TIMESTAMP.sub("", raw.decode("utf-8", "replace").rstrip("\r")))

    def end(self) -> None:
        """The console is closed: what has no newline is a line too."""
        if self._rest:
            self.feed(b"\n")
        self.hyp_report.end()

    def _stopped(self, cause: str) -> None:
        if self.fatal_line is None:
            self.fatal_line = cause
            self._fatal(cause)

    def _line(self, line: str) -> None:
        if not line.strip():
            return
        self.last_line = line
        for pattern, text in STAGES:
            match = pattern.search(line)
            if match:
                self._stage(text(match))
        self.hyp_report.line(line)
        if self.fatal_line is None and FATAL.search(line):
            self.fatal_line = line
            self._fatal(f"the host's kernel failed: {line}")
