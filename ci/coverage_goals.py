# SPDX-License-Identifier: GPL-2.0-or-later
"""How much of the hypervisor's lines tests must reach: less fails `make coverage`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ci.coverage_info import Info, Source, merge

EL2 = "platform/hypervisor/"
SCENARIOS_PERCENT = 85
MERGED_PERCENT = 95
UNIT_PERCENT = 85  # of each of these, by unit tests alone
_UNIT = {
    "ownership": ("owner", "pool"),
    "stage 2": ("s2", "host_s2", "guest_memory"),
    "vCPU": ("vcpu", "vcpu_exit", "vcpu_regs", "vm", "world_switch"),
    "hypercall": ("hvc_host", "guest_call", "guest_psci", "smc", "trng"),
    "RSI": ("guest_rsi", "sha256"),
}


@dataclass(frozen=True)
class Goal:
    """@percent of @found lines. What has no lines is not met: then a file lies elsewhere, or no test links it."""

    name: str
    percent: int
    hit: int
    found: int

    def met(self) -> bool:
        return self.found > 0 and 100 * self.hit >= self.percent * self.found

    def line(self) -> str:
        seen = f"{self.hit}/{self.found}, {100 * self.hit / self.found:.1f}%" if self.found else "there are none"
        return f"{'ok  ' if self.met() else 'FAIL'}  {self.name}: at least {self.percent}%; {seen}"


def _goal(name: str, percent: int, sources: Iterable[Source]) -> Goal:
    sources = list(sources)
    return Goal(name, percent, sum(s.lines_hit() for s in sources), sum(len(s.lines) for s in sources))


def of_unit(unit: Info) -> list[Goal]:
    """Each group's, each of whose files must be there."""
    goals = []
    for name, files in _UNIT.items():
        paths = [f"{EL2}src/{file}.c" for file in files]
        sources = [unit[path] for path in paths if path in unit]
        goals.append(_goal(f"lines of {name} files by unit tests", UNIT_PERCENT, sources if len(sources) == len(paths) else ()))
    return goals


def of_el2(scenarios: Info, unit: Info) -> list[Goal]:
    mine = {path: source for path, source in unit.items() if path.startswith(EL2)}
    return [
        _goal("lines at EL2 by scenarios", SCENARIOS_PERCENT, scenarios.values()),
        _goal("lines at EL2 by scenarios or unit tests", MERGED_PERCENT, merge((scenarios, mine)).values()),
    ]
