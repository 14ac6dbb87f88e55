# SPDX-License-Identifier: GPL-2.0-or-later
"""
Def-use of the golden run: which faults are the same fault, and which nobody can see.

A bit of a register that flips anywhere between two accesses of it is one fault: what counts is
the next access. Is that a read, one run stands for all of these instants (a class, as heavy
as it is long). Is it a write, the flip is gone before anybody saw it: it is masked, and needs
no run. On a return from EL2 everything counts as read. Memory is taken by its first accessed
address in the same way. The halves of a register are told apart, for W reads see only one.
"""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Collection

from scenarios.campaigns import a64
from scenarios.campaigns.record import LOAD, STORE, Recording

HALF_BITS = 32
MEMORY = 32  # as a register's number in a class: the memory that the instruction loads


@dataclasses.dataclass
class Classes:
    """
    Columns of equal length. Class i: bits [low, low + width) of a register, flipped at any of the
    @weight instants up to the instruction number @use (0-based), of which @use is the last.
    """

    use: array = dataclasses.field(default_factory=lambda: array("q"))
    register: array = dataclasses.field(default_factory=lambda: array("b"))
    low: array = dataclasses.field(default_factory=lambda: array("b"))
    width: array = dataclasses.field(default_factory=lambda: array("b"))
    weight: array = dataclasses.field(default_factory=lambda: array("q"))

    def add(self, use: int, register: int, low: int, width: int, weight: int) -> None:
        self.use.append(use)
        self.register.append(register)
        self.low.append(low)
        self.width.append(width)
        self.weight.append(weight)

    def __len__(self) -> int:
        return len(self.use)

    def points(self) -> int:
        """Faults (instant x bit) that the classes stand for."""
        return sum(weight * width for weight, width in zip(self.weight, self.width))


def of_registers(recording: Recording, registers: Collection[int]) -> tuple[Classes, Classes]:
    """(live, dead) for single flips in general registers; @registers are numbers, a64.SP for SP."""
    live, dead = Classes(), Classes()
    wanted = [register in registers for register in range(32)]
    last = [[-1, -1] for _ in range(32)]  # the access before, for each half
    for number, step in enumerate(recording.steps):
        effect = a64.effect(step.opcode)
        for register, halves in effect.reads:
            if wanted[register]:
                since = last[register]
                for half in (0, 1):
                    if halves >> half & 1 and since[half] < number:
                        live.add(number, register, half * HALF_BITS, HALF_BITS, number - since[half])
                        since[half] = number
        for register in effect.writes:
            if wanted[register]:
                since = last[register]
                for half in (0, 1):
                    if since[half] < number:
                        dead.add(number, register, half * HALF_BITS, HALF_BITS, number - since[half])
                        since[half] = number
    end = len(recording.steps)
    for register in range(32):
        if wanted[register]:
            for half in (0, 1):  # what the window's end leaves open may be read behind it
                if last[register][half] < end - 1:
                    weight = end - 1 - last[register][half]
                    live.add(end - 1, register, half * HALF_BITS, HALF_BITS, weight)
    return live, dead


def of_flags(recording: Recording) -> tuple[Classes, Classes]:
    """The same for N, Z, C and V, which are bits 0 to 3 of "register" 0."""
    live, dead = Classes(), Classes()
    last = -1
    for number, step in enumerate(recording.steps):
        effect = a64.effect(step.opcode)
        if effect.reads_flags or effect.writes_flags:
            (live if effect.reads_flags else dead).add(number, 0, 0, 4, number - last)
            last = number
    return live, dead


def of_loads(recording: Recording) -> tuple[Classes, Classes]:
    """Flips in what one load brings: seen by it alone. Dead: a later write comes before any read."""
    live, dead = Classes(), Classes()
    fate: dict[int, bool] = {}  # register -> the next access reads it; walked from the end
    found = []
    for number in range(len(recording.steps) - 1, -1, -1):
        effect = a64.effect(recording.steps[number].opcode)
        for register in effect.loads:
            found.append((number, register, fate.get(register, True)))
        for register in effect.writes:
            fate[register] = False
        for register, _ in effect.reads:
            fate[register] = True
    for number, register, seen in reversed(found):
        (live if seen else dead).add(number, register, 0, 64, 1)
    return live, dead


def of_memory(recording: Recording) -> tuple[Classes, Classes]:
    """Flips in the 8 bytes around an address that EL2 loads from; it stays flipped behind the load."""
    live, dead = Classes(), Classes()
    last: dict[int, int] = {}
    for number, step in enumerate(recording.steps):
        if not step.address or not step.flags & (LOAD | STORE):
            continue
        word = step.address & ~7
        weight = number - last.get(word, number - 1)
        (live if step.flags & LOAD else dead).add(number, MEMORY, 0, 64, max(weight, 1))
        last[word] = number
    return live, dead


def of_instructions(recording: Recording) -> tuple[Classes, Classes]:
    """One class for each executed instruction, which has one "bit": skipped."""
    live = Classes()
    for number in range(len(recording.steps)):
        live.add(number, 0, 0, 1, 1)
    return live, Classes()
