# SPDX-License-Identifier: GPL-2.0-or-later
"""A package's AndroidManifest.xml in the binary form that Android's tools read (AOSP: ResourceTypes.h).

It says the package's name, its version code and the least API level: nothing else of a manifest is for a VM.
"""

from __future__ import annotations

import struct

NAMESPACE = "http://schemas.android.com/apk/res/android"
# Attributes have a number beside their name: those of android.R.attr.
ATTRIBUTES = {"versionCode": 0x0101021B, "minSdkVersion": 0x0101020C}

CHUNK_XML, CHUNK_STRINGS, CHUNK_RESOURCES = 0x0003, 0x0001, 0x0180
CHUNK_NAMESPACE, CHUNK_NAMESPACE_END, CHUNK_ELEMENT, CHUNK_ELEMENT_END = 0x0100, 0x0101, 0x0102, 0x0103
TYPE_STRING, TYPE_INT = 0x03, 0x10
NONE = 0xFFFFFFFF
LINE = 1


def _chunk(kind: int, head: bytes, body: bytes = b"") -> bytes:
    """@head: what its header has behind type and sizes."""
    return struct.pack("<HHI", kind, 8 + len(head), 8 + len(head) + len(body)) + head + body


def _strings(strings: list[str]) -> bytes:
    data, offsets = b"", b""
    for text in strings:
        offsets += struct.pack("<I", len(data))
        data += struct.pack("<H", len(text)) + text.encode("utf-16-le") + b"\0\0"
    data += b"\0" * (-len(data) % 4)
    head = struct.pack("<5I", len(strings), 0, 0, 28 + len(offsets), 0)
    return _chunk(CHUNK_STRINGS, head, offsets + data)


def _node(kind: int, body: bytes) -> bytes:
    return _chunk(kind, struct.pack("<2I", LINE, NONE), body)


def manifest(package: str, version_code: int, min_sdk: int) -> bytes:
    strings = [*ATTRIBUTES, "android", NAMESPACE, "manifest", "package", "uses-sdk", package]
    at = {text: index for index, text in enumerate(strings)}

    def attribute(name: str, kind: int, value: int) -> bytes:
        space = at[NAMESPACE] if name in ATTRIBUTES else NONE
        raw = value if kind == TYPE_STRING else NONE
        return struct.pack("<3IHBBI", space, at[name], raw, 8, 0, kind, value)

    def element(name: str, *attributes: bytes, inside: bytes = b"") -> bytes:
        head = struct.pack("<2I6H", NONE, at[name], 20, 20, len(attributes), 0, 0, 0)
        end = struct.pack("<2I", NONE, at[name])
        return _node(CHUNK_ELEMENT, head + b"".join(attributes)) + inside + _node(CHUNK_ELEMENT_END, end)

    uses_sdk = element("uses-sdk", attribute("minSdkVersion", TYPE_INT, min_sdk))
    root = element("manifest", attribute("versionCode", TYPE_INT, version_code),
                   attribute("package", TYPE_STRING, at[package]), inside=uses_sdk)
    space = struct.pack("<2I", at["android"], at[NAMESPACE])
    resources = _chunk(CHUNK_RESOURCES, b"", struct.pack(f"<{len(ATTRIBUTES)}I", *ATTRIBUTES.values()))
    body = (_strings(strings) + resources + _node(CHUNK_NAMESPACE, space) + root + _node(CHUNK_NAMESPACE_END, space))
    return _chunk(CHUNK_XML, b"", body)
