# SPDX-License-Identifier: GPL-2.0-or-later
"""What performance scenarios take from a trace."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from statistics import median_low

from scenarios.harness import paths
from scenarios.harness.trace import Record, Trace, Visit

MEMORY_MAP = paths.ROOT / "platform" / "abi" / "guest_memory_map.h"

Figure = Callable[[str, float, str], None]
GOAL = "goal: "  # the start of a check's name: `make bench` prints it with its verdict


def address(name: str) -> int:
    """A number that the guests' memory map defines."""
    match = re.search(rf"^#define {name} (\w+)", MEMORY_MAP.read_text(), re.M)
    assert match, f"{MEMORY_MAP} does not define {name}"
    return int(match[1], 0)


def line_written(trace: Trace, start: str) -> Record | None:
    """The entry to EL2 by which a VM wrote the end of the line with @start to its first serial."""
    transmit = address("GUEST_SERIAL0_BASE")
    line = ""
    for visit in trace.faults(world="vm", write=True):
        if visit.enter.value("ipa") != transmit:
            continue
        char = chr(visit.enter.value("value") & 0xFF)
        if char == "\n" and start in line:
            return visit.enter
        line = "" if char == "\n" else line + char
    return None


def median(values: Iterable[int | None]) -> int:
    """The lower median of what is known, 0 of nothing."""
    known = [value for value in values if value is not None]
    return median_low(known) if known else 0


def round_trip(figure: Figure, name: str, visits: list[Visit]) -> None:
    """Figures of many visits of one kind."""
    figure(name, median(visit.insns for visit in visits), "instructions")
    figure(f"{name}, at EL2", median(visit.el2_insns for visit in visits), "instructions")
    figure(f"{name}, virtual time", median(visit.duration_ns for visit in visits), "ns")
