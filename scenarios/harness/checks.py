# SPDX-License-Identifier: GPL-2.0-or-later
"""What a scenario states: expected and seen, one line each, stored for the verdict."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

from scenarios.harness.errors import CheckFailed


@dataclasses.dataclass(frozen=True)
class Expect:
    """An expectation that is not one value."""

    words: str
    holds: Callable[[Any], bool]


def at_least(bound: float) -> Expect:
    return Expect(f"at least {show(bound)}", lambda seen: seen >= bound)


def at_most(bound: float) -> Expect:
    return Expect(f"at most {show(bound)}", lambda seen: seen <= bound)


def between(low: float, high: float) -> Expect:
    """low <= seen <= high."""
    return Expect(f"{show(low)} to {show(high)}", lambda seen: low <= seen <= high)


def one_of(*values: Any) -> Expect:
    return Expect("one of " + ", ".join(map(show, values)), lambda seen: seen in values)


def not_equal(value: Any) -> Expect:
    return Expect(f"not {show(value)}", lambda seen: seen != value)


def matches(regex: str) -> Expect:
    return Expect(f"matches {regex}", lambda seen: re.search(regex, str(seen)) is not None)


def show(value: Any) -> str:
    """@value for a reader: long integers in hexadecimal, long texts cut."""
    if isinstance(value, Expect):
        return value.words
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "nothing"}[value]
    if isinstance(value, int) and abs(value) >= 1 << 24:
        return hex(value)
    if isinstance(value, bytes):
        return (value[:16].hex(" ") + (" ..." if len(value) > 16 else "")) or "no bytes"
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


@dataclasses.dataclass(frozen=True)
class Check:
    name: str
    expected: str
    seen: str
    ok: bool
    cell: str = ""  # of the isolation matrix, matrix.py


@dataclasses.dataclass(frozen=True)
class Figure:
    name: str
    value: float
    unit: str


class Checks:
    """check(name, expected, seen) states and goes on; check.must(...) raises when it does not hold."""

    def __init__(self, tell: Callable[[Check], None]) -> None:
        self._tell = tell
        self.made: list[Check] = []

    def __call__(self, name: str, expected: Any, seen: Any, cell: str = "") -> bool:
        if isinstance(expected, Expect):
            try:
                ok = bool(expected.holds(seen))
            except TypeError:  # "at least 3" of nothing
                ok = False
        else:
            ok = bool(expected == seen) and isinstance(expected, bool) == isinstance(seen, bool)
        check = Check(name, show(expected), show(seen), ok, cell)
        self.made.append(check)
        self._tell(check)
        return ok

    def must(self, name: str, expected: Any, seen: Any) -> None:
        """As calling it, and raises CheckFailed when the check does not hold."""
        if not self(name, expected, seen):
            raise CheckFailed(self.cause() or name)

    def cause(self) -> str | None:
        """The first check that does not hold, in words."""
        for check in self.made:
            if not check.ok:
                return f"{check.name}: expected {check.expected}, seen {check.seen}"
        return None
