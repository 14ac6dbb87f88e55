# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes newc archives that are the same for the same content: files to add to an initramfs.

Layout of a newc member: Linux Documentation/driver-api/early-userspace/buffer-format.rst.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

Content = bytes | str | Path
ALIGN = 512  # the next archive of a concatenation starts here; the kernel skips zeroes between


def _member(inode: int, name: str, mode: int, data: bytes) -> Iterator[bytes]:
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    yield head + bytes(-len(head) % 4)
    yield data
    yield bytes(-len(data) % 4)


def read(content: Content) -> bytes:
    """A host file's bytes: a Path is read, a str is text."""
    if isinstance(content, Path):
        return content.read_bytes()
    return content.encode() if isinstance(content, str) else content


def archive(files: Mapping[str, Content], executable: frozenset[str] = frozenset()) -> bytes:
    """An archive of @files (absolute path in the host -> content) with the folders they need."""
    paths = {PurePosixPath(name.lstrip("/")): content for name, content in files.items()}
    folders = {parent for path in paths for parent in path.parents if parent.name}
    chunks: list[bytes] = []
    inode = 1
    for folder in sorted(folders):
        chunks += _member(inode, str(folder), stat.S_IFDIR | 0o755, b"")
        inode += 1
    for path in sorted(paths):
        mode = 0o755 if f"/{path}" in executable else 0o644
        chunks += _member(inode, str(path), stat.S_IFREG | mode, read(paths[path]))
        inode += 1
    chunks += _member(0, "TRAILER!!!", 0, b"")
    whole = b"".join(chunks)
    return whole + bytes(-len(whole) % ALIGN)
