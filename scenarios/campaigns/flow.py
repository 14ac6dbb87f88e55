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


class _Value:
    """Registers, memory and flags that hold something of the changed value."""

    def __init__(self, row: Mapping[str, Any], step: Step) -> None:
        effect, register = a64.effect(step.opcode), str(row["register"])
        self.registers: set[int] = set()
        self.memory: set[int] = set()
        self.flags = row["kind"] == "flags"
        self.skips = row["kind"] in ("skip", "loaded")  # the hit instruction itself is no user of it
        if row["kind"] == "register":
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

    def at(self, step: Step) -> str | None:
        """The value's use in the step, "" for one in a computation; None: the step has nothing of it."""
        effect = a64.effect(step.opcode)
        word = step.address & ~7
        read = [number for number, _ in effect.reads if number in self.registers]
        loads = bool(step.flags & LOAD) and word in self.memory
        decides = effect.reads_flags and self.flags
        if not read and not loads and not decides:
            self.registers -= set(effect.writes)
            self.flags = self.flags and not effect.writes_flags
            if step.flags & STORE:
                self.memory.discard(word)
            return None
        uses = [use(step.opcode, number) for number in read]
        if decides and step.opcode >> 25 == 0x2A:
            uses.append(DECIDES)
        self.registers |= set(effect.writes)
        self.flags = self.flags or effect.writes_flags
        if step.flags & STORE and STORED in uses:
            self.memory.add(word)
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
