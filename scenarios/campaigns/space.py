# SPDX-License-Identifier: GPL-2.0-or-later
"""Injections drawn from a fault space, the same for the same seed on every machine."""

from __future__ import annotations

import bisect
import dataclasses
import fnmatch
import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

from scenarios.campaigns import a64, liveness, targets
from scenarios.campaigns.description import FLAGS, REGISTERS, Campaign, Space, nearest
from scenarios.campaigns.liveness import Classes
from scenarios.campaigns.moments import Moments
from scenarios.campaigns.record import Recording, Symbols
from scenarios.harness.errors import Unusable


@dataclasses.dataclass(frozen=True)
class Injection:
    """One run with one fault."""

    id: int
    space: str
    kind: str
    insn: int  # as in the trigger insn:el2:N: EL2's instruction of this instant
    register: str  # x5, n, or the place in memory; "": none
    bit: int
    pc: int
    symbol: str  # function+offset; the call, or the return, of a fault that is not in EL2
    weight: int  # instants that this one stands for
    draws: int  # how often the sample drew it
    audit: bool  # ruled out by liveness, run all the same to see that this is right
    fault: str  # words for the inject plugin

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Population:
    """What one space consists of, in faults (instant x bit)."""

    name: str
    live: int
    dead: int  # masked by def-use: needs no run
    classes: int  # (class x bit), each of which one run decides
    injections: int
    draws: int
    audit: int


def words(kind: str, insn: int, register: str, bit: int) -> str:
    """The fault as the inject plugin and INJECT= take it."""
    at = f"at=insn:el2:{insn}"
    if kind == "register":
        return f"{at} do=reg:{register} flip={bit}"
    if kind == "flags":
        return f"{at} do=pstate flip={register}"
    if kind == "loaded":
        name, _, second = register.partition("/")
        return f"{at} do=loaded{':2' if second else ''} flip={bit}"
    if kind == "memory":
        return f"{at} do=mem:va:{register}/8 flip={bit}"
    return f"{at} do=skip"


def classes_of(space: Space, recording: Recording) -> tuple[Classes, Classes]:
    """(live, dead), before symbols and bits are looked at."""
    numbers = {REGISTERS.index(name) for name in space.registers}
    by_kind: dict[str, Callable[[], tuple[Classes, Classes]]] = {
        "register": lambda: liveness.of_registers(recording, numbers),
        "flags": lambda: liveness.of_flags(recording),
        "loaded": lambda: liveness.of_loads(recording),
        "memory": lambda: liveness.of_memory(recording),
        "skip": lambda: liveness.of_instructions(recording),
    }
    return by_kind[space.kind]()


def _narrow(space: Space, classes: Classes, recording: Recording, symbols: Symbols) -> Classes:
    """Those of the wanted symbols, and of their bits the wanted ones."""
    kept = Classes()
    low, high = space.bits
    holds: dict[int, bool] = {}
    numbers = {REGISTERS.index(name) for name in space.registers}
    for use, register, first, width, weight in zip(
        classes.use, classes.register, classes.low, classes.width, classes.weight
    ):
        pc = recording.steps[use].pc
        if pc not in holds:
            holds[pc] = space.holds_symbol(symbols.name(pc))
        if not holds[pc] or space.kind == "loaded" and register not in numbers:
            continue
        if space.kind in ("flags", "skip"):
            kept.add(use, register, first, width, weight)
            continue
        begin, end = max(first, low), min(first + width, high)
        if begin < end:
            kept.add(use, register, begin, end - begin, weight)
    return kept


def _of_points(space: Space, points: list[targets.Point]) -> Classes:
    """The same points as classes of one instant each."""
    classes = Classes()
    low, high = space.bits
    for point in points:
        classes.add(point.step, 0, low, high - low, 1)
    return classes


class _Drawer:
    """Draws (class, bit) with the chance of its weight."""

    def __init__(self, classes: Classes, rng: random.Random) -> None:
        self._classes, self._rng = classes, rng
        sizes = (weight * width for weight, width in zip(classes.weight, classes.width))
        self._ends = list(itertools.accumulate(sizes))

    def draw(self) -> tuple[int, int]:
        at = int(self._rng.random() * self._ends[-1])
        number = bisect.bisect_right(self._ends, at)
        return number, self._classes.low[number] + int(self._rng.random() * self._classes.width[number])


def _sample(space: Space, live: Classes, rng: random.Random) -> list[tuple[int, int, int]]:
    """(class, bit, draws): as many different ones as wanted, or all of them."""
    everything = sum(live.width)
    if space.injections is None or space.injections >= everything:
        return [
            (number, bit, live.weight[number])
            for number in range(len(live))
            for bit in range(live.low[number], live.low[number] + live.width[number])
        ]
    drawer, drawn = _Drawer(live, rng), dict[tuple[int, int], int]()
    while len(drawn) < space.injections:
        point = drawer.draw()
        drawn[point] = drawn.get(point, 0) + 1
    return [(number, bit, draws) for (number, bit), draws in drawn.items()]


class Plan:
    """All injections of a campaign, in the order in which they run."""

    def __init__(
        self, campaign: Campaign, recording: Recording, symbols: Symbols,
        moments: Callable[[], Moments] | None = None, ranges: str = "",
    ) -> None:  # fmt: skip
        """@moments, of the golden run, are asked for when a space needs them; @ranges: EL2's data."""
        self.populations: list[Population] = []
        self.injections: list[Injection] = []
        self._recording, self._symbols = recording, symbols
        self._moments, self._ranges = moments, ranges
        for space in campaign.spaces:
            self._add(space, random.Random(f"{campaign.seed}/{space.name}"))
        random.Random(f"{campaign.seed}").shuffle(self.injections)
        self.injections = [
            dataclasses.replace(each, id=number) for number, each in enumerate(self.injections)
        ]

    def _add(self, space: Space, rng: random.Random) -> None:
        for pattern in space.symbols:
            if not any(fnmatch.fnmatchcase(name, pattern) for name in self._symbols.names):
                near = nearest(pattern, self._symbols.names) if self._symbols.names else ""
                raise Unusable(f"space {space.name}: EL2 has no function {pattern}{near}")
        points: tuple[list[targets.Point], list[targets.Point]] | None = None
        if space.kind in targets.KINDS:
            assert self._moments is not None
            points = targets.points(space, self._recording, self._symbols, self._moments(), self._ranges)
            live, dead = (_of_points(space, each) for each in points)
        else:
            live, dead = (
                _narrow(space, classes, self._recording, self._symbols)
                for classes in classes_of(space, self._recording)
            )
        if not len(live):
            raise Unusable(f"space {space.name}: the golden run executed nothing that it could hit")
        sample = _sample(space, live, rng)
        for number, bit, draws in sample:
            at = live.use[number]
            self._inject(space, live, number, at, bit, draws, False, points[0][number] if points else None)
        audit = space.audit if len(dead) else 0
        for number, bit, at in self._audited(dead, audit, rng):
            self._inject(space, dead, number, at, bit, 0, True, points[1][number] if points else None)
        counted = (live.points(), dead.points(), sum(live.width), len(sample))
        draws = sum(draws for _, _, draws in sample)
        self.populations.append(Population(space.name, *counted, draws, audit))

    def _audited(self, dead: Classes, count: int, rng: random.Random) -> Iterator[tuple[int, int, int]]:
        drawer = _Drawer(dead, rng) if count else None
        for _ in range(count):
            assert drawer is not None
            number, bit = drawer.draw()
            yield number, bit, dead.use[number] - int(rng.random() * dead.weight[number])

    def _inject(
        self, space: Space, classes: Classes, number: int, at: int, bit: int, draws: int, audit: bool,
        point: targets.Point | None,
    ) -> None:  # fmt: skip
        step = self._recording.steps[at]
        insn = self._recording.first + at
        if point is not None:
            register, symbol, fault = point.where, point.symbol, point.words(bit)
        else:
            register = self._register(space, classes.register[number], step.opcode, step.address, bit)
            symbol, fault = self._symbols.place(step.pc), words(space.kind, insn, register, bit)
        self.injections.append(
            Injection(
                id=0,
                space=space.name,
                kind=space.kind,
                insn=insn,
                register=register,
                bit=bit if space.kind not in ("flags", "skip") else 0,
                pc=step.pc,
                symbol=symbol,
                weight=classes.weight[number],
                draws=draws,
                audit=audit,
                fault=fault,
            )
        )

    def _register(self, space: Space, number: int, opcode: int, address: int, bit: int) -> str:
        if space.kind == "flags":
            return FLAGS[bit]
        if space.kind == "skip":
            return ""
        if space.kind == "memory":
            return f"{address & ~7:#x}"
        second = space.kind == "loaded" and a64.effect(opcode).loads.index(number) == 1
        return REGISTERS[number] + ("/2" if second else "")
