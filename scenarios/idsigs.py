# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages without their signature; idsigs (APK Signature Scheme v4), read and made anew. With nothing of what is judged."""

from __future__ import annotations

import hashlib
import struct

BLOCK, DIGEST = 4096, 32


def _levels(data: bytes) -> tuple[bytes, bytes]:
    """Root digest and hash tree of @data, without a salt."""
    tree, level = b"", data
    while True:
        level += bytes(-len(level) % BLOCK)
        level = b"".join(hashlib.sha256(level[at : at + BLOCK]).digest() for at in range(0, len(level), BLOCK))
        level += bytes(-len(level) % BLOCK)
        tree = level + tree
        if len(level) == BLOCK:
            return hashlib.sha256(level).digest(), tree


def unsigned(package: bytes) -> bytes:
    """@package without its APK Signing Block: the zip that it was before it was signed."""
    end = package.rindex(b"PK\5\6")
    (directory,) = struct.unpack_from("<I", package, end + 16)
    (size,) = struct.unpack_from("<Q", package, directory - 24)  # the block's, without the first of its two sizes
    start = directory - size - 8
    return package[:start] + package[directory : end + 16] + struct.pack("<I", start) + package[end + 20 :]


def places(idsig: bytes) -> dict[str, int]:
    """Where its parts begin: version, hashing info, signing info, each with its size in front, then the tree with its."""
    (hashing,) = struct.unpack_from("<I", idsig, 4)
    signing = 8 + hashing
    (signing_bytes,) = struct.unpack_from("<I", idsig, signing)
    return {"root": signing - DIGEST, "signing": signing, "tree": signing + 4 + signing_bytes + 4}


def of(package: bytes, idsig: bytes) -> bytes:
    """@idsig with root digest and tree of @package; what it says of the package's signer stays."""
    at = places(idsig)
    root, tree = _levels(package)
    return (idsig[: at["root"]] + root + idsig[at["signing"] : at["tree"] - 4] + struct.pack("<I", len(tree)) + tree)
