# SPDX-License-Identifier: GPL-2.0-or-later
"""The little of ELF (64 bit, little endian) that building an initramfs needs."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NEEDED, _DT_STRTAB, _DT_SONAME = 1, 5, 14
_EM_AARCH64 = 183


class ElfError(Exception):
    """A file that is not what it should be, in one sentence."""


@dataclass
class Elf:
    """What a program or library asks of the system that loads it."""

    machine: int
    interpreter: str | None = None
    soname: str | None = None
    needed: list[str] = field(default_factory=list)

    @property
    def is_arm64(self) -> bool:
        return self.machine == _EM_AARCH64


def is_elf(data: bytes) -> bool:
    return data[:6] == b"\x7fELF\x02\x01"


def parse(data: bytes) -> Elf:
    """Interpreter, DT_SONAME and DT_NEEDED of a program or shared library."""
    if not is_elf(data):
        raise ElfError("not a 64-bit little-endian ELF file")
    try:
        return _parse(data)
    except (struct.error, ValueError, IndexError) as error:
        raise ElfError(f"damaged ELF file ({error})") from error


def _parse(data: bytes) -> Elf:
    (machine,) = struct.unpack_from("<H", data, 18)
    (phoff,) = struct.unpack_from("<Q", data, 32)
    phentsize, phnum = struct.unpack_from("<HH", data, 54)
    elf = Elf(machine)
    loads: list[tuple[int, int, int]] = []
    dynamic: tuple[int, int] | None = None
    for index in range(phnum):
        kind, _, offset, vaddr, _, filesz = struct.unpack_from("<IIQQQQ", data, phoff + index * phentsize)
        if kind == _PT_LOAD:
            loads.append((vaddr, offset, filesz))
        elif kind == _PT_DYNAMIC:
            dynamic = (offset, filesz)
        elif kind == _PT_INTERP:
            elf.interpreter = _string(data, offset)
    if dynamic is not None:
        _parse_dynamic(elf, data, dynamic, loads)
    return elf


def _parse_dynamic(
    elf: Elf, data: bytes, dynamic: tuple[int, int], loads: list[tuple[int, int, int]]
) -> None:
    entries = list(struct.iter_unpack("<QQ", data[dynamic[0] : dynamic[0] + dynamic[1]]))
    tables = [value for tag, value in entries if tag == _DT_STRTAB]
    if not tables:
        return
    strings = _file_offset(tables[0], loads)
    for tag, value in entries:
        if tag == _DT_NEEDED:
            elf.needed.append(_string(data, strings + value))
        elif tag == _DT_SONAME:
            elf.soname = _string(data, strings + value)


def _file_offset(vaddr: int, loads: list[tuple[int, int, int]]) -> int:
    for start, offset, size in loads:
        if start <= vaddr < start + size:
            return vaddr - start + offset
    raise ValueError(f"address {vaddr:#x} is in no segment")


def _string(data: bytes, offset: int) -> str:
    return data[offset : data.index(b"\0", offset)].decode()


def section(data: bytes, name: str) -> bytes:
    """Content of the section @name, empty if there is none (kernel modules: .modinfo)."""
    if not is_elf(data):
        raise ElfError("not a 64-bit little-endian ELF file")
    (shoff,) = struct.unpack_from("<Q", data, 40)
    shentsize, shnum, shstrndx = struct.unpack_from("<HHH", data, 58)
    headers = [struct.unpack_from("<IIQQQQ", data, shoff + i * shentsize) for i in range(shnum)]
    names = headers[shstrndx][4]
    for name_offset, _, _, _, offset, size in headers:
        if _string(data, names + name_offset) == name:
            return data[offset : offset + size]
    return b""
