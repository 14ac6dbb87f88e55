# SPDX-License-Identifier: GPL-2.0-or-later
"""What the inject plugin recorded of a golden run: the instructions that EL2 executed."""

from __future__ import annotations

import bisect
import dataclasses
import struct
from collections.abc import Iterable
from pathlib import Path

from scenarios.harness.errors import Unusable

HEADER = struct.Struct("<8sIIQQ")
RECORD = struct.Struct("<QIIQ")
MAGIC, VERSION = b"TRRMINJ\0", 1
LOAD, STORE, FIRST = 1, 2, 4  # flags of a record


@dataclasses.dataclass(frozen=True)
class Step:
    """One executed instruction."""

    pc: int
    opcode: int
    flags: int
    address: int  # of its first access; 0: none


@dataclasses.dataclass(frozen=True)
class Recording:
    """@steps[i] is the instruction that the trigger insn:el2:(first + i) means."""

    first: int
    steps: list[Step]

    @property
    def visits(self) -> int:
        return sum(1 for step in self.steps if step.flags & FIRST)


def read(path: Path) -> Recording:
    """Raises Unusable with one sentence."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unusable(f"the golden run left no record of EL2's instructions: {error.strerror}") from error
    if len(data) < HEADER.size:
        raise Unusable(f"{path.name}: the record is cut short: {len(data)} bytes")
    magic, version, size, first, count = HEADER.unpack_from(data)
    if (magic, version, size) != (MAGIC, VERSION, RECORD.size):
        raise Unusable(f"{path.name}: no record of version {VERSION} with {RECORD.size} bytes each")
    body = memoryview(data)[HEADER.size :]
    whole = len(body) // RECORD.size
    if count > whole:
        raise Unusable(f"{path.name}: the record is cut short: {whole} of {count} instructions")
    body = body[: (count or whole) * RECORD.size]
    steps = [Step(*each) for each in RECORD.iter_unpack(body)]
    if not steps:
        raise Unusable(f"{path.name}: EL2 executed nothing between the mark and the end")
    return Recording(first, steps)


def write(path: Path, recording: Recording) -> None:
    """For tests: as the plugin writes it."""
    head = HEADER.pack(MAGIC, VERSION, RECORD.size, recording.first, len(recording.steps))
    body = b"".join(RECORD.pack(*dataclasses.astuple(step)) for step in recording.steps)
    path.write_bytes(head + body)


class Symbols:
    """Names of EL2's code by address."""

    def __init__(self, symbols: Iterable[tuple[int, str]]) -> None:
        self.pairs = pairs = sorted(symbols)
        self._addresses = [address for address, _ in pairs]
        self.names = self._names = [name for _, name in pairs]

    def name(self, address: int) -> str:
        """The function that holds @address, or the address itself below all of them."""
        at = bisect.bisect_right(self._addresses, address) - 1
        return self._names[at] if at >= 0 else f"{address:#x}"

    def place(self, address: int) -> str:
        """function+offset."""
        at = bisect.bisect_right(self._addresses, address) - 1
        if at < 0:
            return f"{address:#x}"
        offset = address - self._addresses[at]
        return f"{self._names[at]}+{offset:#x}" if offset else self._names[at]
