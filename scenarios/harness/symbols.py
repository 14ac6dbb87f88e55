# SPDX-License-Identifier: GPL-2.0-or-later
"""Symbols of the host's kernel for a debugger, from /proc/kallsyms: Debian ships no vmlinux with them."""

from __future__ import annotations

import dataclasses
import re
import struct
import subprocess
from pathlib import Path

from scenarios.harness import paths

EL2_PREFIX = "__kvm_nvhe_"
EM_AARCH64, ET_EXEC, SHT_NOBITS, SHT_SYMTAB, SHT_STRTAB = 183, 2, 8, 2, 3
SHF_ALLOC_EXEC = 2 | 4
STB_GLOBAL, STT_OBJECT, STT_FUNC = 1, 1, 2
ELF_BYTES, SECTION_BYTES, SYMBOL_BYTES = 64, 64, 24


@dataclasses.dataclass(frozen=True)
class Symbol:
    name: str
    address: int
    is_code: bool


def parse_kallsyms(text: str) -> list[Symbol]:
    """The kernel's own symbols, not those of its modules, by address. Hidden addresses are an error."""
    symbols = []
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3:  # a module's has its name behind
            symbols.append(Symbol(words[2], int(words[0], 16), words[1] in "tTwW"))
    if not any(symbol.address for symbol in symbols):
        raise ValueError("kallsyms shows no addresses")
    return sorted(symbols, key=lambda symbol: symbol.address)


def el2_only(symbols: list[Symbol]) -> list[Symbol]:
    """What runs at EL2, under its own names."""
    return [
        dataclasses.replace(symbol, name=symbol.name.removeprefix(EL2_PREFIX))
        for symbol in symbols
        if symbol.name.startswith(EL2_PREFIX)
    ]


def address_of(symbols: list[Symbol], name: str) -> int:
    return next(symbol.address for symbol in symbols if symbol.name == name)


def address_in(file: Path, name: str) -> int:
    """That of @name in the ELF file @file, by the SDK's nm. Raises LookupError."""
    tool = paths.out() / "sdk" / "bin" / "aarch64-linux-gnu-nm"
    text = subprocess.run([tool, file], check=True, capture_output=True, text=True).stdout
    found = re.search(rf"^([0-9a-f]+) \w {re.escape(name)}$", text, re.M)
    if found is None:
        raise LookupError(f"{paths.short(file)} has no {name}")
    return int(found[1], 16)


def all_in(file: Path) -> dict[str, int]:
    """Those of the ELF file @file, by the SDK's nm; of several with one name the first."""
    tool = paths.out() / "sdk" / "bin" / "aarch64-linux-gnu-nm"
    text = subprocess.run([tool, "-n", file], check=True, capture_output=True, text=True).stdout
    found: dict[str, int] = {}
    for address, name in re.findall(r"^([0-9a-f]+) \w (\S+)$", text, re.M):
        found.setdefault(name, int(address, 16))
    return found


def elf(symbols: list[Symbol]) -> bytes:
    """An ELF file with nothing but @symbols, in one section that spans them."""
    base, end = symbols[0].address, symbols[-1].address + 4
    names, table = bytearray(b"\0"), bytearray(SYMBOL_BYTES)
    for symbol in symbols:
        kind = STT_FUNC if symbol.is_code else STT_OBJECT
        table += struct.pack("<IBBHQQ", len(names), STB_GLOBAL << 4 | kind, 0, 1, symbol.address, 0)
        names += symbol.name.encode() + b"\0"
    section_names = b"\0.text\0.symtab\0.strtab\0.shstrtab\0"
    table_at = ELF_BYTES
    names_at = table_at + len(table)
    section_names_at = names_at + len(names)
    sections_at = -(-(section_names_at + len(section_names)) // 8) * 8
    head = struct.pack(
        "<4sBBBB8xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 0, ET_EXEC, EM_AARCH64, 1, base, 0,
        sections_at, 0, ELF_BYTES, 0, 0, SECTION_BYTES, 5, 4,
    )  # fmt: skip
    rows = [
        (0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        (1, SHT_NOBITS, SHF_ALLOC_EXEC, base, table_at, end - base, 0, 0, 4, 0),
        (7, SHT_SYMTAB, 0, 0, table_at, len(table), 3, 1, 8, SYMBOL_BYTES),
        (15, SHT_STRTAB, 0, 0, names_at, len(names), 0, 0, 1, 0),
        (23, SHT_STRTAB, 0, 0, section_names_at, len(section_names), 0, 0, 1, 0),
    ]
    body = head + bytes(table) + bytes(names) + section_names
    body += bytes(sections_at - len(body))
    return body + b"".join(struct.pack("<IIQQQQIIQQ", *row) for row in rows)
