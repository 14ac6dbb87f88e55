# SPDX-License-Identifier: GPL-2.0-or-later
"""By which path a fault did what it did: the hit instruction, what the value was for, and what came of it."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from scenarios.campaigns import a64, flow
from scenarios.campaigns.description import REGISTERS
from scenarios.campaigns.record import STORE, Recording, Step, Symbols
from scenarios.harness import paths

EXPLAINED = ("breach",)
PLACES = 3  # that a changed value is followed to
NUMBER = re.compile(r"0x[0-9a-f]+|\b[0-9]+\b")


def target_of(row: Mapping[str, Any]) -> str:
    """What was hit: a register, a flag, memory, an instruction."""
    if row["kind"] in ("skip", "memory", "dma"):
        return str(row["kind"])
    return re.split("[/:]", str(row["register"]))[0]


def way_of(row: Mapping[str, Any]) -> str:
    """What breaches of one kind have in common: the place, what was hit, the oracle's words."""
    where = str(row["symbol"]).partition("+")[0]
    return f"{where}, {row['kind']} {target_of(row)}: {NUMBER.sub('N', str(row['reason']))}"


@lru_cache(maxsize=4096)
def disassembled(opcode: int, pc: int) -> str:
    """The instruction in words, by the SDK's objdump; its opcode when there is none."""
    tool = paths.out() / "sdk" / "bin" / "aarch64-linux-gnu-objdump"
    with tempfile.NamedTemporaryFile() as file:
        file.write(opcode.to_bytes(4, "little"))
        file.flush()
        command = [str(tool), "-D", "-b", "binary", "-m", "aarch64", f"--adjust-vma={pc:#x}", file.name]
        try:
            text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout
        except (OSError, subprocess.SubprocessError):
            return f"{opcode:#010x}"
    return " ".join(text.strip().splitlines()[-1].split("\t")[2:])


def role(opcode: int, register: str) -> str:
    """What the instruction takes the register for."""
    if register not in REGISTERS:
        return "a value"
    what = flow.use(opcode, REGISTERS.index(register))
    if what:
        return what
    return "an operand of a computation" if a64.effect(opcode).writes else "what is compared"


def _hit(row: Mapping[str, Any], step: Step) -> str:
    change = f"{row['before']} became {row['after']}"
    if row["kind"] == "argument":
        return f"{row['register']} of {row['symbol']}: {change}"
    if row["kind"] == "descriptor":
        table, _, address = str(row["register"]).partition(":")
        return f"bit {row['bit']} of what maps {address} for {table}, at {row['symbol']}: {change}"
    if row["kind"] == "dma":
        return f"{row['where']} at {row['symbol']}: {change}"
    where = f"`{disassembled(step.opcode, step.pc)}` at {row['symbol']}"
    if row["kind"] == "register":
        return f"{row['register']}, {role(step.opcode, row['register'])} in {where}: {change}"
    if row["kind"] == "flags":
        return f"flag {row['register'].upper()} before {where}"
    if row["kind"] == "skip":
        what = "a store" if step.flags & STORE else "an instruction"
        return f"{what} left out: {where}"
    if row["kind"] == "memory":
        return f"bit {row['bit']} of memory at {row['register']}, just before {where} loads it"
    return f"bit {row['bit']} of what {where} loaded into {row['register']}: {change}"


def _writer(row: Mapping[str, Any], recording: Recording, symbols: Symbols) -> str:
    """Who wrote the memory that was hit."""
    at = int(row["insn"]) - recording.first
    word = recording.steps[at].address & ~7
    for step in reversed(recording.steps[:at]):
        if step.flags & STORE and word in [place for _, place in flow.slots_of(step)]:
            return f" (written by {symbols.place(step.pc)})"
    return " (written before the mark)"


# What went wrong, by the first use of the changed value that counts.
WENT_WRONG = {
    flow.DECIDES: "a check went the other way",
    flow.ADDRESSED: "a store went elsewhere",
    flow.STORED: "a wrong value was stored",
    flow.TARGET: "execution went elsewhere",
    flow.SYSTEM: "a system instruction had a wrong operand",
    flow.LEAVES: "EL2 left with a wrong register",
    flow.CALLS: "a call had a wrong argument",
    flow.READ_FROM: "a load came from elsewhere",
}


# And without any use of EL2's.
CHANGED = {
    "memory": "memory of EL2 was changed",
    "argument": "a call came with another argument",
    "descriptor": "a page-table entry was changed",
    "dma": "a device wrote",
}


def _class(row: Mapping[str, Any], step: Step, found: Sequence[flow.Place]) -> str:
    if row["kind"] == "skip":
        if step.flags & STORE:
            return "a store was left out"
        if flow.is_branch(step.opcode):
            return "a branch was left out"
    if row["kind"] in CHANGED:
        return CHANGED[row["kind"]]
    return WENT_WRONG[found[0].what] if found else "a computation went wrong"


def path_of(row: Mapping[str, Any], recording: Recording, symbols: Symbols) -> str:
    """What was hit, where, in which role, and where the changed value went from there."""
    at = int(row["insn"]) - recording.first
    found = flow.places(row, recording, PLACES)
    text = f"{_class(row, recording.steps[at], found)}: {_hit(row, recording.steps[at])}"
    if row["kind"] == "memory":
        text += _writer(row, recording, symbols)
    further = [
        f"{place.what} in `{disassembled(recording.steps[place.step].opcode, recording.steps[place.step].pc)}`"
        f" at {symbols.place(recording.steps[place.step].pc)}"
        for place in found
        if place.step != at
    ]
    return text + ("; from there: " + ", then ".join(further) if further else "")


def explained(row: dict[str, Any], recording: Recording, symbols: Symbols) -> dict[str, Any]:
    """@row with its path, where readers will ask for it."""
    if row["outcome"] in EXPLAINED:
        return row | {"path": path_of(row, recording, symbols)}
    return row


def is_explained(row: Mapping[str, Any]) -> bool:
    """Whether a reader learns why: the reason, and for what breaks isolation the path as well."""
    return bool(row["reason"]) and (row["outcome"] not in EXPLAINED or bool(row.get("path")))


def words(row: Mapping[str, Any]) -> str:
    """One injection for the terminal."""
    lines = [f"injection {row['id']}: {row['fault']}", f"  at {row['symbol']} ({row['pc']:#x})"]
    if row.get("path"):
        lines.append(f"  hit: {row['path']}")
    lines.append(f"  {row['where']}: {row['before']} became {row['after']}")
    lines.append(f"  {row['outcome']} ({row['how']}): {row['reason']}")
    lines.append(f"  trace {row['trace'][:16] or 'none'}, {row['insns']:,} instructions, {row['seconds']} s")
    return "\n".join(lines)


def ways(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The breaches for the terminal, those of one way together, the most frequent first."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["outcome"] == "breach":
            groups.setdefault(way_of(row), []).append(row)
    lines = []
    for way, those in sorted(groups.items(), key=lambda each: -len(each[1])):
        lines.append(f"  {len(those):>5} x {way}")
        lines.append(f"          {those[0]['path']}; REPLAY={those[0]['id']}")
    return lines
