# SPDX-License-Identifier: GPL-2.0-or-later
"""
What QEMU itself says while the trace is taken (its trace points, `-d trace:...`), in the trace's order.

With log=on the trace plugin writes "trace: N" into the same log before each record N. A line
behind it happened after record N and before the next, so it gets that record's time. That holds
with -icount, too, where QEMU's log has no time of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "events.log"

# What QEMU's log may begin a line with (-msg timestamp=on).
_STAMP = re.compile(r"^(?:\d+@\d+\.\d+:|\d{4}-\d\d-\d\dT[\d:.]+Z )")
_EVENT = re.compile(r"^[a-z][a-z0-9_]+$")


@dataclass(slots=True)
class QemuEvent:
    """One line of QEMU's own."""

    after: int  # index of the record that it follows, -1: none
    time_ns: int
    name: str  # smmuv3_translate_success
    text: str  # the rest of the line

    def describe(self) -> dict[str, Any]:
        return {"type": "QEMU", "name": self.name, "time_ns": self.time_ns, "text": self.text}


def read_log(path: Path, times: dict[int, int]) -> Iterator[QemuEvent]:
    """The events of a log; @times: record index to its time. Lines of others are passed over."""
    after = -1
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            line = _STAMP.sub("", line.rstrip("\n"))
            name, _, text = line.partition(" ")
            if name == "trace:" and text.isdecimal():
                after = int(text) if int(text) in times else after
            elif _EVENT.match(name):
                yield QemuEvent(after, times.get(after, 0), name, text)
