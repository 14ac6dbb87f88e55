# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults beside EL2's own registers and memory: arguments of calls, descriptors of page tables, devices."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
from collections.abc import Callable, Iterator

from scenarios.campaigns import a64
from scenarios.campaigns.description import REGISTERS, Space, nearest
from scenarios.campaigns.moments import PAGE_BYTES, Moments
from scenarios.campaigns.record import Recording, Symbols
from scenarios.harness.errors import Unusable

KINDS = ("argument", "descriptor", "dma")
LINE_BYTES = 64  # what a device writes: one of a page's 64 lines, the "bit" of the fault
RANGE = re.compile(r"pa:(0x[0-9a-f]+)/([0-9]+)")


@dataclasses.dataclass(frozen=True)
class Point:
    """Faults at one instant, one for each bit."""

    step: int  # of the recording
    where: str  # what is hit, as the results have it
    symbol: str
    at: str  # the words, up to the model
    model: Callable[[int], str]  # from the bit to the rest of them

    def words(self, bit: int) -> str:
        return self.at + self.model(bit)


def _flip(bit: int) -> str:
    return f" flip={bit}"


def _is_read(recording: Recording, step: int, register: int) -> bool:
    """Whether EL2 reads the register before it writes it, from the instruction @step on."""
    for each in recording.steps[step:]:
        effect = a64.effect(each.opcode)
        if any(number == register for number, _ in effect.reads) or effect.ends:
            return True
        if register in effect.writes:
            return False
    return True


def _arguments(space: Space, recording: Recording, moments: Moments) -> tuple[list[Point], list[Point]]:
    names = sorted({call.name for call in moments.calls})
    for pattern in space.calls:
        if not any(fnmatch.fnmatchcase(name, pattern) for name in names):
            raise Unusable(f"space {space.name}: the golden run has no call {pattern}{nearest(pattern, names)}")
    live: list[Point] = []
    dead: list[Point] = []
    for call in moments.calls:
        if space.calls and not any(fnmatch.fnmatchcase(call.name, one) for one in space.calls):
            continue
        for name in space.registers:
            number = REGISTERS.index(name)
            point = Point(call.step, name, call.name, f"at=call:any:{call.number} do=arg:{number}", _flip)
            (live if _is_read(recording, call.step, number) else dead).append(point)
    return live, dead


def _stage2(space: Space, moments: Moments) -> Iterator[Point]:
    """At each return to whom the table is for, the descriptors of all pages that came up before."""
    world = "vm" if space.table == "vm" else "host"
    pages = moments.guest if world == "vm" else moments.machine
    for each in moments.returns:
        if each.world != world:
            continue
        at = f"at=eret:{each.of_world} who={world} do=pte:{world}:"
        for page in pages:
            if page.since <= each.step:
                where = f"{world}:{page.address:#x}"
                yield Point(each.step, where, f"return to {world}", f"{at}{page.address:#x}", _flip)


def _stage1(recording: Recording, symbols: Symbols) -> Iterator[Point]:
    """Just before EL2 goes to memory, the descriptor that maps it there."""
    for number, step in enumerate(recording.steps):
        if step.address:
            page = step.address & -PAGE_BYTES
            at = f"at=insn:el2:{recording.first + number} do=pte:el2:{page:#x}"
            yield Point(number, f"el2:{page:#x}", symbols.place(step.pc), at, _flip)


def _el2_pages(ranges: str) -> Iterator[int]:
    for address, size in RANGE.findall(ranges):
        first = int(address, 16) & -PAGE_BYTES
        yield from range(first, int(address, 16) + int(size), PAGE_BYTES)


def _devices(space: Space, moments: Moments, ranges: str) -> Iterator[Point]:
    """At each return from EL2, a device writes into each of the pages."""
    el2 = space.pages == "el2"
    pages = [*_el2_pages(ranges)] if el2 else [page.address for page in moments.machine]
    for each in moments.returns:
        for page in pages:
            def line(bit: int, page: int = page) -> str:
                return f"{page + bit * LINE_BYTES:#x}/{LINE_BYTES}"

            at = f"at=eret:{each.number} do=dma:write:pa:"
            yield Point(each.step, f"pa:{page:#x}", f"return to {each.world}", at, line)


def points(
    space: Space, recording: Recording, symbols: Symbols, moments: Moments, ranges: str
) -> tuple[list[Point], list[Point]]:
    """(live, dead): instants x places; dead: nobody looks there before it is overwritten. @ranges: EL2's data."""
    if space.kind == "argument":
        return _arguments(space, recording, moments)
    if space.kind == "dma":
        return list(_devices(space, moments, ranges)), []
    return list(_stage1(recording, symbols) if space.table == "el2" else _stage2(space, moments)), []
