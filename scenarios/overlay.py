# SPDX-License-Identifier: GPL-2.0-or-later
"""Device tree overlays (Devicetree Specification 0.4, section 5): what AVF's raw API has for a kernel's command line."""

from __future__ import annotations

import struct

MAGIC, VERSION, COMPATIBLE = 0xD00DFEED, 17, 16
BEGIN, END, PROPERTY, LAST = 1, 2, 3, 9
HEADER_BYTES, RESERVED_BYTES = 40, 16


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _node(name: str, content: bytes) -> bytes:
    return struct.pack(">I", BEGIN) + _padded(name.encode() + b"\0") + content + struct.pack(">I", END)


def bootargs(text: str) -> bytes:
    """An overlay of one fragment: /chosen's bootargs are @text."""
    names = b"target-path\0bootargs\0"

    def prop(name: bytes, value: str) -> bytes:
        data = value.encode() + b"\0"
        return struct.pack(">III", PROPERTY, len(data), names.index(name)) + _padded(data)

    fragment = prop(b"target-path", "/chosen") + _node("__overlay__", prop(b"bootargs", text))
    tree = _node("", _node("fragment@0", fragment)) + struct.pack(">I", LAST)
    at = HEADER_BYTES + RESERVED_BYTES
    header = struct.pack(
        ">10I", MAGIC, at + len(tree) + len(names), at, at + len(tree), HEADER_BYTES, VERSION, COMPATIBLE, 0, len(names), len(tree),
    )
    return header + bytes(RESERVED_BYTES) + tree + names
