# SPDX-License-Identifier: GPL-2.0-or-later
"""A campaign's description, NAME.toml in this folder: read, and checked before anything runs."""

from __future__ import annotations

import dataclasses
import difflib
import fnmatch
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from scenarios.harness.errors import Unusable

FOLDER = Path(__file__).parent
# What a fault hits, and which keys a space of that kind may have beside those that all have.
KEYS_OF = {
    "register": ("registers", "bits", "symbols"), "flags": ("symbols",), "loaded": ("registers", "bits", "symbols"),
    "memory": ("bits", "symbols"), "skip": ("symbols",), "argument": ("registers", "bits", "calls"),
    "descriptor": ("table", "bits"), "dma": ("pages",),
}  # fmt: skip
KINDS = tuple(KEYS_OF)
SPACE_KEYS = ("name", "kind", "injections", "audit")
TABLES = ("host", "vm", "el2")  # stage 2 of the host and of the VM, stage 1 of EL2
PAGES = ("calls", "el2")  # that calls of the golden run name; EL2's data
NO_AUDIT = ("descriptor", "dma")  # of which nothing can be ruled out
REGISTERS = (*(f"x{n}" for n in range(31)), "sp")
FLAGS = ("n", "z", "c", "v")
ALL = "all"
LISTED = 12  # so many words are worth a list
MAX_INJECTIONS = 10_000_000
SLACK, SLACK_MIN, SLACK_MAX = 15_000_000, 1_000_000, 10**12
MAX_MINUTES = 100_000


@dataclasses.dataclass(frozen=True)
class Space:
    """One part of the fault space, sampled for itself. Bits are [low, high)."""

    name: str
    kind: str
    registers: tuple[str, ...]
    bits: tuple[int, int]
    symbols: tuple[str, ...]  # patterns as of a shell; none: everywhere
    injections: int | None  # None: all of it
    audit: int  # of what liveness rules out, so many are run to see that it is right
    calls: tuple[str, ...] = ()  # argument: patterns of names; none: all
    table: str = ""  # descriptor
    pages: str = ""  # dma

    def holds_symbol(self, symbol: str) -> bool:
        return not self.symbols or any(fnmatch.fnmatchcase(symbol, one) for one in self.symbols)


@dataclasses.dataclass(frozen=True)
class Campaign:
    name: str
    title: str
    scenario: str
    mark: str  # where the snapshot is that every run starts from
    seed: int
    slack: int  # a run with so many instructions more than the golden run hangs
    minutes: int  # after which no further injection is begun; 0: all are
    spaces: tuple[Space, ...]
    limit: int | None = None  # INJECTIONS=, instead of what the spaces say

    @property
    def wanted(self) -> int | None:
        """Injections of all parts together; None: at least one part is exhaustive."""
        counts = [space.injections for space in self.spaces]
        return None if None in counts else sum(count or 0 for count in counts)

    def limited(self, injections: int | None) -> Campaign:
        """With so many injections instead of its own, parted as it parts its own. None: as it is."""
        if injections is None:
            return self
        own = [space.injections or 0 for space in self.spaces]
        if 0 in own:
            raise Unusable(f"INJECTIONS={injections}: {self.name} has a space that is exhaustive")
        ends = [injections * sum(own[: n + 1]) // sum(own) for n in range(len(own))]
        shares = [max(1, end - begin) for begin, end in zip([0, *ends], ends)]
        spaces = [dataclasses.replace(each, injections=n) for each, n in zip(self.spaces, shares)]
        return dataclasses.replace(self, spaces=tuple(spaces), limit=injections)


class _Table:
    """A table of the file, whose keys are taken one by one; what is left over is a mistake."""

    def __init__(self, where: str, table: Any, keys: Collection[str]) -> None:
        if not isinstance(table, Mapping):
            raise Unusable(f"{where}: must be a table")
        self._where, self._table = where, table
        for key in table:
            if key not in keys:
                raise Unusable(f"{where}: no such key: {key}{nearest(key, keys)}")

    def text(self, key: str, default: str | None = None) -> str:
        value = self._table.get(key, default)
        if not isinstance(value, str) or not value:
            raise Unusable(f"{self._where}: {key} must be a text")
        return value

    def number(self, key: str, low: int, high: int, default: int | None = None) -> int:
        value = self._table.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Unusable(f"{self._where}: {key} must be a number from {low} to {high}")
        return value

    def raw(self, key: str, default: Any = None) -> Any:
        return self._table.get(key, default)

    def word(self, key: str, allowed: Collection[str]) -> str:
        value = self.text(key)
        if value not in allowed:
            listed = ", ".join(allowed)
            raise Unusable(f"{self._where}: {key}: no such word: {value}; there are: {listed}")
        return value


def nearest(word: str, words: Collection[str]) -> str:
    near = difflib.get_close_matches(word, words, 2, 0.5)
    if near or len(words) > LISTED:
        return f"; near it: {', '.join(near)}" if near else ""
    return f"; there are: {', '.join(words)}"


def registers_of(where: str, text: str) -> tuple[str, ...]:
    """ "x0-x3 sp" -> x0 x1 x2 x3 sp. Raises Unusable."""
    names: list[str] = []
    for word in text.split():
        low, dash, high = word.partition("-")
        for name in (low, high) if dash else (low,):
            if name not in REGISTERS:
                raise Unusable(f"{where}: registers: no such register: {name}; there are x0 to x30 and sp")
        first, last = REGISTERS.index(low), REGISTERS.index(high if dash else low)
        if first > last:
            raise Unusable(f"{where}: registers: {word} goes backwards")
        names += REGISTERS[first : last + 1]
    return tuple(dict.fromkeys(names))


def _bits_of(where: str, text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,2})(?:-([0-9]{1,2}))?", text)
    low, high = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if not low <= high <= 63:
        raise Unusable(f"{where}: bits: {text} is no range such as 0-63")
    return low, high + 1


def _injections_of(where: str, value: Any) -> int | None:
    if value == ALL:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_INJECTIONS:
        raise Unusable(f'{where}: injections must be 1 to {MAX_INJECTIONS}, or "{ALL}"')
    return value


def _patterns(where: str, key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise Unusable(f"{where}: {key} must be a list of patterns")
    return tuple(value)


def _space(where: str, table: Any) -> Space:
    further = tuple(dict.fromkeys(key for keys in KEYS_OF.values() for key in keys))
    given = _Table(where, table, (*SPACE_KEYS, *further))
    kind = given.word("kind", KINDS)
    for key in further:
        if given.raw(key) is not None and key not in KEYS_OF[kind]:
            raise Unusable(f"{where}: kind {kind} has no {key}")
    if kind in NO_AUDIT and given.raw("audit"):
        raise Unusable(f"{where}: kind {kind} has no audit: nothing is ruled out")
    registers = registers_of(where, given.text("registers", "x1-x7" if kind == "argument" else "x0-x30 sp"))
    if kind == "argument" and not set(registers) <= set(REGISTERS[:18]):
        raise Unusable(f"{where}: registers: a call's arguments are in x0 to x17")
    return Space(
        name=given.text("name", kind),
        kind=kind,
        registers=registers,
        bits=_bits_of(where, given.text("bits", "0-63")),
        symbols=_patterns(where, "symbols", given.raw("symbols", [])),
        injections=_injections_of(where, given.raw("injections")),
        audit=given.number("audit", 0, MAX_INJECTIONS, 0),
        calls=_patterns(where, "calls", given.raw("calls", [])),
        table=given.word("table", TABLES) if kind == "descriptor" else "",
        pages=given.word("pages", PAGES) if kind == "dma" else "",
    )


def load(path: Path) -> Campaign:
    """Raises Unusable, naming the file and what is wrong in it."""
    where = path.name
    try:
        content = tomllib.loads(path.read_text())
    except OSError as error:
        raise Unusable(f"{where}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Unusable(f"{where}: {error}") from error
    top = _Table(where, content, ("title", "scenario", "mark", "seed", "slack", "minutes", "space"))
    parts = top.raw("space")
    if not isinstance(parts, list) or not parts:
        raise Unusable(f"{where}: no [[space]]: at least one part of a fault space is wanted")
    spaces = tuple(_space(f"{where}: space {n}", part) for n, part in enumerate(parts, 1))
    names = [space.name for space in spaces]
    for name in names:
        if names.count(name) > 1:
            raise Unusable(f"{where}: two spaces are called {name}; give them names")
    return Campaign(
        name=path.stem,
        title=top.text("title"),
        scenario=top.text("scenario"),
        mark=top.text("mark"),
        seed=top.number("seed", 0, 1 << 63, 1),
        slack=top.number("slack", SLACK_MIN, SLACK_MAX, SLACK),
        minutes=top.number("minutes", 0, MAX_MINUTES, 0),
        spaces=spaces,
    )


def by_name(name: str, folder: Path = FOLDER) -> Campaign:
    names = sorted(path.stem for path in folder.glob("*.toml"))
    if name not in names:
        raise Unusable(f"NAME={name}: no such campaign{nearest(name, names)}")
    return load(folder / f"{name}.toml")
