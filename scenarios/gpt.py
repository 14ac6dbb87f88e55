# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks with a GUID partition table (UEFI 2.10, chapter 5): partitions by name, in order, each at a whole 4 KiB."""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Mapping

SECTOR = 512
ALIGN = 4096 // SECTOR  # sectors
ENTRIES, ENTRY_BYTES = 128, 128
TABLE_SECTORS = ENTRIES * ENTRY_BYTES // SECTOR
FIRST = 40  # sector of the first partition: behind the protective MBR, the header and the table
DATA_TYPE = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")  # Linux file system data


def _guid(name: str) -> uuid.UUID:
    return uuid.uuid5(DATA_TYPE, name)


def _header(own: int, other: int, table: int, last: int, total: int, entries: bytes) -> bytes:
    def pack(crc: int) -> bytes:
        return struct.pack(
            "<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, own, other, FIRST, last,
            _guid("disk").bytes_le, table, ENTRIES, ENTRY_BYTES, zlib.crc32(entries))

    assert other < total
    return pack(zlib.crc32(pack(0))).ljust(SECTOR, b"\0")


def disk(partitions: Mapping[str, bytes]) -> bytes:
    """The image of a disk with these @partitions (label -> content)."""
    entries, data, sector = b"", b"", FIRST
    for label, content in partitions.items():
        sectors = max(-(-len(content) // SECTOR), 1)
        entries += struct.pack(
            "<16s16sQQQ72s", DATA_TYPE.bytes_le, _guid(label).bytes_le, sector, sector + sectors - 1, 0,
            label.encode("utf-16-le"))
        sectors += -sectors % ALIGN
        data += content.ljust(sectors * SECTOR, b"\0")
        sector += sectors
    entries = entries.ljust(ENTRIES * ENTRY_BYTES, b"\0")
    pad = -(sector + TABLE_SECTORS + 1) % ALIGN  # Linux reads a disk's last sectors by pages
    sector += pad
    total = sector + TABLE_SECTORS + 1
    mbr = bytes(446) + struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1, total - 1)
    mbr = mbr.ljust(510, b"\0") + b"\x55\xaa"
    front = _header(1, total - 1, 2, sector - 1, total, entries)
    back = _header(total - 1, 1, sector, sector - 1, total, entries)
    return (mbr + front + entries).ljust(FIRST * SECTOR, b"\0") + data + bytes(pad * SECTOR) + entries + back
