# SPDX-License-Identifier: GPL-2.0-or-later
"""What the golden run's trace says of its moments: calls, returns from EL2, pages that were named or faulted."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from scenarios.campaigns.record import FIRST, Recording
from scenarios.harness.errors import Unusable
from scenarios.harness.trace import Trace, TraceError
from scenarios.harness.trace_pairs import Visit

CALLS, FAULTS = ("HVC", "SMC"), ("DATA_ABORT", "INSN_ABORT")
PAGE_BYTES = 4096
# How the published calls name their arguments: page numbers of the machine and of a VM, addresses.
FRAME, ADDRESS, GUEST_FRAME, COUNT = "pfn", "phys", "gfn", "pages"
PAGES_MAX = 512  # that one call can name


@dataclasses.dataclass(frozen=True)
class Call:
    number: int  # as in the trigger call:any:number
    step: int  # of the recording: EL2's first instruction behind it
    name: str
    world: str


@dataclasses.dataclass(frozen=True)
class Return:
    number: int  # as in the trigger eret:number
    of_world: int  # as in the trigger eret:of_world who=world
    step: int  # of the recording: the ERET
    world: str


@dataclasses.dataclass(frozen=True)
class Page:
    address: int
    since: int  # the step at which it came up first


@dataclasses.dataclass(frozen=True)
class Moments:
    calls: tuple[Call, ...]
    returns: tuple[Return, ...]
    machine: tuple[Page, ...]  # of the machine's memory, that calls or the host's faults name
    guest: tuple[Page, ...]  # of VMs' memory, in the same way


def _named(visit: Visit, word: str, scale: int) -> list[int]:
    """The pages that a call's argument @word names; @scale: bytes of its unit."""
    first = visit.named_args.get(word)
    if first is None:
        return []
    count = min(max(visit.named_args.get(COUNT, 1), 1), PAGES_MAX)
    return [(first * scale & -PAGE_BYTES) + n * PAGE_BYTES for n in range(count)]


def _pages(found: list[tuple[int, int]]) -> tuple[Page, ...]:
    since: dict[int, int] = {}
    for address, step in sorted(found, key=lambda each: each[1]):
        since.setdefault(address, step)
    return tuple(Page(address, step) for address, step in sorted(since.items()))


def of_trace(trace: Trace, recording: Recording) -> Moments:
    """Raises Unusable when trace and recording are not of the same run."""
    # EL2's instructions are counted from the same start on in both.
    base = recording.first - 1
    calls: list[Call] = []
    machine: list[tuple[int, int]] = []
    guest: list[tuple[int, int]] = []
    for visit in sorted(trace.visits, key=lambda each: each.enter.index):
        step = visit.enter.el2_insns - base
        if not 0 <= step < len(recording.steps) or visit.kind not in CALLS + FAULTS:
            continue
        if not recording.steps[step].flags & FIRST:
            raise Unusable("the golden run's trace and its record are not of the same run")
        if visit.kind in CALLS:
            calls.append(Call(len(calls) + 1, step, visit.name, visit.enter.world))
            for word, scale in ((FRAME, PAGE_BYTES), (ADDRESS, 1)):
                machine += [(page, step) for page in _named(visit, word, scale)]
            guest += [(page, step) for page in _named(visit, GUEST_FRAME, PAGE_BYTES)]
        else:
            where = guest if visit.enter.world == "vm" else machine
            where.append((visit.enter.value("ipa") & -PAGE_BYTES, step))
    return Moments(tuple(calls), _returns(trace, recording), _pages(machine), _pages(guest))


def _returns(trace: Trace, recording: Recording) -> tuple[Return, ...]:
    found: list[Return] = []
    so_far: dict[str, int] = {}
    # A visit's last step is its ERET.
    firsts = [number for number, step in enumerate(recording.steps) if step.flags & FIRST]
    ends = [number - 1 for number in [*firsts[1:], len(recording.steps)]]
    records = [record for record in trace.raw if record.type.group == "return"]
    for record, end in zip(records, ends):
        so_far[record.world] = so_far.get(record.world, 0) + 1
        found.append(Return(len(found) + 1, so_far[record.world], end, record.world))
    if len(records) != len(ends):
        raise Unusable(f"the golden run's trace has {len(records)} returns from EL2, its record {len(ends)} visits")
    return tuple(found)


def read(path: Path, recording: Recording) -> Moments:
    """From the golden run's trace. Raises Unusable."""
    try:
        return of_trace(Trace.load(path, partial=True), recording)
    except (OSError, TraceError) as error:
        raise Unusable(f"the golden run's trace cannot be read: {error}") from error
