# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks with a partition table, read back by the words of the specification (UEFI 2.10, 5.3)."""

from __future__ import annotations

import struct
import zlib

from scenarios import gpt


def read(disk: bytes, sector: int) -> dict[str, bytes]:
    """The partitions by the header at @sector; asserts what the specification asks of it."""
    head = disk[sector * 512 : sector * 512 + 92]
    signature, revision, size, crc, zero, own, other, first, last = struct.unpack_from("<8sIIIIQQQQ", head)
    table, count, entry_bytes, table_crc = struct.unpack_from("<QIII", head, 72)
    assert (signature, revision, size, zero, own) == (b"EFI PART", 0x10000, 92, 0, sector)
    assert crc == zlib.crc32(head[:16] + bytes(4) + head[20:])
    assert {own, other} == {1, len(disk) // 512 - 1}
    entries = disk[table * 512 : table * 512 + count * entry_bytes]
    assert table_crc == zlib.crc32(entries)
    found = {}
    for at in range(0, len(entries), entry_bytes):
        begin, end = struct.unpack_from("<QQ", entries, at + 32)
        if any(entries[at : at + 16]):
            assert first <= begin <= end <= last
            assert begin * 512 % 4096 == 0
            found[entries[at + 56 : at + 128].decode("utf-16-le").rstrip("\0")] = disk[begin * 512 : (end + 1) * 512]
    return found


def test_both_tables_hold_what_was_put_in() -> None:
    contents = {"one": b"1", "two": b"2" * 5000, "empty": b"", "three": b"3" * 4096}
    disk = gpt.disk(contents)
    assert len(disk) % 4096 == 0
    assert disk[510:512] == b"\x55\xaa" and disk[450] == 0xEE
    for sector in (1, len(disk) // 512 - 1):
        found = read(disk, sector)
        assert list(found) == list(contents)
        for label, content in contents.items():
            assert found[label].rstrip(b"\0") == content
    assert gpt.disk(contents) == disk
