# SPDX-License-Identifier: GPL-2.0-or-later
"""From records to what belongs together: an entry and its return, and EL2's stays in between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scenarios.harness.trace_format import CallWords, Header, Record
from scenarios.harness.trace_names import CALLS, event_name


@dataclass(slots=True)
class Visit:
    """An entry to EL2 and the return to who entered; or a call of firmware. `leave` None: never."""

    name: str
    enter: Record
    leave: Record | None = None
    words: CallWords = CallWords()

    @property
    def kind(self) -> str:
        return self.enter.type.name

    @property
    def args(self) -> tuple[int, ...]:
        """x0 to x7 of a call."""
        return (*self.enter.v, *self.enter.more[:4])

    @property
    def results(self) -> tuple[int, ...] | None:
        """x0 to x3 at the return."""
        return self.leave.v if self.leave else None

    @property
    def named_args(self) -> dict[str, int]:
        """A call's arguments by the names that its ABI gives them; {} where nothing is published."""
        return {word: self.args[number] for number, word in self.words.arguments if number < 8}

    @property
    def named_results(self) -> dict[str, int]:
        """As named_args; {} also for a call that did not return."""
        results = self.results or ()
        return {word: results[n] for n, word in self.words.results if n < len(results)}

    @property
    def duration_ns(self) -> int | None:
        return self.leave.time_ns - self.enter.time_ns if self.leave else None

    @property
    def el2_insns(self) -> int | None:
        """
        Instructions at EL2 until the return, with those of visits in between (a VM's exit that
        the host handles has the host's calls in it). None when it returned on another vCPU.
        """
        if self.leave is None or self.leave.vcpu != self.enter.vcpu:
            return None
        return self.leave.el2_insns - self.enter.el2_insns

    @property
    def insns(self) -> int | None:
        """As el2_insns, at all levels: the whole round trip as the world sees it."""
        if self.leave is None or self.leave.vcpu != self.enter.vcpu:
            return None
        return self.leave.insns - self.enter.insns


def _continues(enter: Record, leave: Record) -> bool:
    """Whether a return goes on where an entry left: there, behind it, or at the world's vector."""
    if leave.pc in (enter.pc, enter.pc + 4):
        return True
    return leave.pc & 0x7F == 0 and leave.pc & 0x7FF >= 0x200


class _Open:
    """Visits that have not returned. Virtual CPUs of a VM may change the CPU in between."""

    def __init__(self) -> None:
        self._visits: dict[tuple[str, int], dict[int, Visit]] = {}

    def enter(self, visit: Visit) -> None:
        key = (visit.enter.world, visit.enter.vmid)
        self._visits.setdefault(key, {})[visit.enter.vcpu] = visit

    def leave(self, record: Record) -> None:
        # The host's VMID may be other before and after its stage 2 is on.
        vmids = [k for k in self._visits if k[0] == record.world]
        if record.world == "vm":
            vmids = [k for k in vmids if k[1] == record.vmid]
        for key in vmids:
            here = self._visits[key]
            order = [record.vcpu] if record.world != "vm" else []
            order += [] if order else sorted(here, key=lambda vcpu: vcpu != record.vcpu)
            for vcpu in order:
                visit = here.get(vcpu)
                if visit and (record.world != "vm" or _continues(visit.enter, record)):
                    visit.leave = record
                    del here[vcpu]
                    return


def _visit(header: Header, record: Record) -> Visit:
    name = event_name(header, record)
    words = header.words.get(name) if record.type.name in CALLS else None
    return Visit(name, record, words=words or CallWords())


def pair(header: Header, records: Iterable[Record]) -> Iterator[Visit]:
    """Visits in the order of their entry; each is complete only when all records are consumed."""
    opened = _Open()
    firmware: dict[int, Visit] = {}
    for record in records:
        group = record.type.group
        if group == "enter":
            visit = _visit(header, record)
            opened.enter(visit)
            yield visit
        elif group == "return":
            opened.leave(record)
        elif record.type.name == "FW_CALL":
            firmware[record.vcpu] = _visit(header, record)
            yield firmware[record.vcpu]
        elif record.type.name == "FW_RETURN" and record.vcpu in firmware:
            firmware.pop(record.vcpu).leave = record


@dataclass(slots=True)
class Stay:
    """EL2's time between one entry and the next return on the same vCPU, whoever that goes to."""

    enter: Record
    leave: Record

    @property
    def insns(self) -> int:
        return self.leave.el2_insns - self.enter.el2_insns


def stays(records: Iterable[Record]) -> Iterator[Stay]:
    entered: dict[int, Record] = {}
    for record in records:
        if record.type.group == "enter":
            entered[record.vcpu] = record
        elif record.type.group == "return" and record.vcpu in entered:
            yield Stay(entered.pop(record.vcpu), record)
