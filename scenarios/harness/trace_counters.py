# SPDX-License-Identifier: GPL-2.0-or-later
"""What a trace adds up to over time: faults per world, and pages that VMs share with the host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scenarios.harness.trace_format import Record
from scenarios.harness.trace_names import world_label
from scenarios.harness.trace_pairs import Visit

_ENDS = ("PSCI_SYSTEM_OFF", "PSCI_SYSTEM_RESET", "PSCI_SYSTEM_RESET2")
_PAGE = 12


@dataclass(slots=True)
class Step:
    """From @time_ns on, @name of @world is @value."""

    time_ns: int
    world: str
    vcpu: int
    name: str
    value: int


def faults(records: Iterable[Record]) -> Iterator[Step]:
    """Stage-2 faults so far."""
    totals: Counter[str] = Counter()
    for record in records:
        if record.type.name in ("DATA_ABORT", "INSN_ABORT"):
            world = world_label(record)
            totals[world] += 1
            yield Step(record.time_ns, world, record.vcpu, "stage-2 faults", totals[world])


def _change(visit: Visit) -> tuple[bool, range] | None:
    """The pages that a guest's call shares (True) or takes back, None if it does neither."""
    args, results = visit.named_args, visit.named_results
    if visit.leave is None or results.get("status") != 0:
        return None
    if visit.name in ("PKVM_MEM_SHARE", "PKVM_MEM_UNSHARE"):
        first = args["ipa"] >> _PAGE
        return visit.name == "PKVM_MEM_SHARE", range(first, first + max(args["pages"], 1))
    if visit.name == "PKVM_MEM_RELINQUISH":
        first = args["ipa"] >> _PAGE
        return False, range(first, first + 1)
    if visit.name == "RSI_IPA_STATE_SET":
        # RIPAS EMPTY: the realm sees the host's page there from now on.
        return args["ripas"] == 0, range(args["base"] >> _PAGE, results["top"] >> _PAGE)
    return None


def shared_pages(visits: Iterable[Visit]) -> Iterator[Step]:
    """
    Pages that a VM shares with the host, by its own calls and their results. A VM is known by its
    VMID; it shares nothing any more when it turns itself off. (One that is killed keeps its count
    until the next VM with that VMID does so.)
    """
    pages: dict[str, set[int]] = {}
    for visit in visits:
        if visit.enter.world != "vm":
            continue
        world = world_label(visit.enter)
        change = _change(visit)
        before = len(pages.get(world, ()))
        if change:
            shares, which = change
            here = pages.setdefault(world, set())
            here.update(which) if shares else here.difference_update(which)
        elif visit.name in _ENDS:
            pages.pop(world, None)
        after = len(pages.get(world, ()))
        if after != before or change:
            end = visit.leave or visit.enter
            yield Step(end.time_ns, world, visit.enter.vcpu, "shared pages", after)
