# SPDX-License-Identifier: GPL-2.0-or-later
"""
Where a changed value goes: followed through the golden run's instructions, from the hit on, to where it counts.

Past the first branch that the faulty run takes another way, it executes other instructions
than these; that branch is the place then.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from scenarios.campaigns import a64
from scenarios.campaigns.description import REGISTERS
from scenarios.campaigns.record import LOAD, STORE, Recording, Step

STEPS_MAX = 50_000  # so far a value is followed
ADDRESSED, STORED = "the address of a store", "what is stored"
READ_FROM, DECIDES = "the address of a load", "decides a branch"
TARGET, SYSTEM = "where it branches to", "the operand of a system instruction"
LEAVES, CALLS = "a register that EL2 leaves with", "a call's argument"


@dataclasses.dataclass(frozen=True)
class Place:
    """What the value is for in the instruction number @step of the recording."""

    step: int
    what: str


def is_store(opcode: int) -> bool:
    return opcode >> 25 & 5 == 4 and not a64.effect(opcode).loads


def is_branch(opcode: int) -> bool:
    """Conditional or not, by a register or not."""
    return opcode >> 26 & 0x1F == 5 or opcode >> 25 in (0x2A, 0x6B) or opcode >> 25 & 0x3F in (0x1A, 0x1B)


def use(opcode: int, number: int) -> str:
    """What the instruction takes the register with this number for; "" for a computation."""
    effect = a64.effect(opcode)
    if opcode >> 25 & 5 == 4:
        if number == opcode >> 5 & 31 or opcode >> 26 & 1:
            return ADDRESSED if is_store(opcode) else READ_FROM
        if opcode >> 28 & 3 == 3 and number == opcode >> 16 & 31 and opcode >> 21 & 1 and not opcode >> 24 & 1:
            return ADDRESSED if is_store(opcode) else READ_FROM  # an index
        return STORED
    if opcode >> 22 == 0x354:
        return SYSTEM if opcode >> 19 & 3 else ""
    if effect.ends:
        return LEAVES if opcode >> 25 == 0x6B else CALLS
    if opcode >> 25 & 0x3F in (0x1A, 0x1B):
        return DECIDES
    return TARGET if opcode >> 25 == 0x6B else ""


def slots_of(step: Step) -> list[tuple[int, int]]:
    """(register, 8 bytes of memory) that the step moves between."""
    first = (step.opcode & 31, step.address & ~7)
    if step.opcode >> 27 & 7 != 5:
        return [first]
    second = step.address + (8 if step.opcode >> 31 else 4)
    return [first, (step.opcode >> 10 & 31, second & ~7)]


class _Value:
    """Registers, memory and flags that hold something of the changed value."""

    def __init__(self, row: Mapping[str, Any], step: Step) -> None:
        effect, register = a64.effect(step.opcode), str(row["register"])
        self.registers: set[int] = set()
        self.memory: set[int] = set()
        self.flags = row["kind"] == "flags"
        self.skips = row["kind"] in ("skip", "loaded")  # the hit instruction itself is no user of it
        if row["kind"] in ("register", "argument"):
            self.registers.add(REGISTERS.index(register))
        elif row["kind"] == "memory":
            self.memory.add(step.address & ~7)
        elif row["kind"] == "loaded":
            self.registers.add(REGISTERS.index(register.partition("/")[0]))
        elif row["kind"] == "skip":
            self.registers |= set(effect.writes)
            self.flags = effect.writes_flags
            self.memory |= {step.address & ~7} if step.flags & STORE else set()

    @property
    def is_gone(self) -> bool:
        return not (self.registers or self.memory or self.flags)

    def _moves(self, step: Step, read: set[int]) -> set[int]:
        """What the step does to memory; the registers that it loads the value into."""
        slots = slots_of(step)
        if step.flags & STORE:
            for number, word in slots:
                (self.memory.add if number in read and number != step.opcode >> 5 & 31 else self.memory.discard)(word)
        return {number for number, word in slots if step.flags & LOAD and word in self.memory}

    def at(self, step: Step) -> str | None:
        """The value's use in the step, "" for one in a computation; None: the step has nothing of it."""
        effect = a64.effect(step.opcode)
        read = {number for number, _ in effect.reads if number in self.registers}
        decides = effect.reads_flags and self.flags
        uses = [use(step.opcode, number) for number in read]
        loaded = self._moves(step, read)
        if not read and not loaded and not decides:
            self.registers -= set(effect.writes)
            self.flags = self.flags and not effect.writes_flags
            return None
        if decides and step.opcode >> 25 == 0x2A:
            uses.append(DECIDES)
        whole = set(effect.writes) - set(effect.loads)
        self.registers = (self.registers - set(effect.loads)) | whole | loaded
        if READ_FROM in uses:
            self.registers |= set(effect.loads)
        self.flags = self.flags or effect.writes_flags
        order = (ADDRESSED, DECIDES, TARGET, SYSTEM, STORED, LEAVES, CALLS, READ_FROM, "")
        return min(uses or [""], key=order.index)


def places(row: Mapping[str, Any], recording: Recording, most: int) -> list[Place]:
    """The first @most uses of the value that @row's fault changed that are no computations."""
    at = int(row["insn"]) - recording.first
    value = _Value(row, recording.steps[at])
    found: list[Place] = []
    start = at + 1 if value.skips else at
    for number in range(start, min(len(recording.steps), at + STEPS_MAX)):
        if value.is_gone:
            break
        what = value.at(recording.steps[number])
        if what:
            found.append(Place(number, what))
            if len(found) >= most or what in (LEAVES, CALLS, DECIDES, TARGET):
                break
    return found
