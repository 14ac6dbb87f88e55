# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan of fuzzing (platform/abi/fuzz_plan.h): which calls of a seed's sequence are made."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MAGIC = b"terrarium fuzz 1"
RANGES_MAX = 1000
NUMBER_END = 1 << 32


class BadPlan(ValueError):
    """Words that are no plan; the text is one sentence for the user."""


@dataclass(frozen=True)
class Plan:
    """@ranges: (first, behind the last) of the calls' numbers, ascending and apart."""

    seed: int
    ranges: tuple[tuple[int, int], ...]

    def count(self) -> int:
        return sum(end - first for first, end in self.ranges)

    def numbers(self) -> list[int]:
        return [number for first, end in self.ranges for number in range(first, end)]

    def calls(self) -> str:
        """As FUZZ_CALLS: "3,7-9"."""
        return ",".join(str(first) if end == first + 1 else f"{first}-{end - 1}" for first, end in self.ranges)

    def words(self) -> str:
        return f"FUZZ_SEED={self.seed} FUZZ_CALLS={self.calls()}"

    def image(self, program: bytes) -> bytes:
        """@program, a guest that takes a plan, with this one in it."""
        place = program.find(MAGIC)
        if place < 0 or program.find(MAGIC, place + 1) >= 0:
            raise BadPlan("the guest's image has no place for a plan, or several")
        body = struct.pack("<QII", self.seed, len(self.ranges), 0)
        body += b"".join(struct.pack("<II", first, end - first) for first, end in self.ranges)
        place += len(MAGIC)
        return program[:place] + body + program[place + len(body) :]


def of_numbers(seed: int, numbers: Iterable[int]) -> Plan:
    """The plan of just these calls. BadPlan when they make more ranges than a plan has."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number:
            ranges[-1][1] += 1
        else:
            ranges.append([number, number + 1])
    if not 1 <= len(ranges) <= RANGES_MAX:
        raise BadPlan(f"a plan has 1 to {RANGES_MAX} ranges, not {len(ranges)}")
    return Plan(seed, tuple((first, end) for first, end in ranges))


def parse(seed: str, calls: str) -> Plan:
    """FUZZ_SEED and FUZZ_CALLS. Raises BadPlan."""
    if not re.fullmatch(r"[0-9]{1,20}", seed) or int(seed) >= 1 << 64:
        raise BadPlan(f"FUZZ_SEED={seed}: must be a number, at most {(1 << 64) - 1}")
    ranges, least = [], 0
    for part in calls.split(","):
        match = re.fullmatch(r"([0-9]{1,10})(?:-([0-9]{1,10}))?", part)
        first, end = (int(match[1]), int(match[2] or match[1]) + 1) if match else (0, 0)
        if not least <= first < end < NUMBER_END:
            raise BadPlan(f"FUZZ_CALLS={calls}: must be ascending numbers and ranges, as 3,7-9")
        ranges.append((first, end))
        least = end
    if len(ranges) > RANGES_MAX:
        raise BadPlan(f"FUZZ_CALLS={calls[:20]}…: at most {RANGES_MAX} ranges")
    return Plan(int(seed), tuple(ranges))


def from_env(env: Mapping[str, str], seed: int, count: int) -> Plan:
    """The user's plan, or the first @count calls of @seed. Raises BadPlan."""
    return parse(env.get("FUZZ_SEED") or str(seed), env.get("FUZZ_CALLS") or f"0-{count - 1}")
