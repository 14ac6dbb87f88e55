# SPDX-License-Identifier: GPL-2.0-or-later
"""A writer for the kernel's "newc" archives, the format of an initramfs, and for tar.

What is written depends on the content alone: members are sorted, belong to
root and carry one fixed time. Archives may be concatenated: the kernel unpacks
them in order, later members replace earlier ones.
"""

from __future__ import annotations

import io
import stat
import tarfile
from pathlib import PurePosixPath

# 2026-01-01T00:00:00Z, the time at which a machine on the instruction counter starts.
MTIME = 1767225600
_BLOCK = 512


class Archive:
    """Members by absolute path, which is put below @root; parents appear by themselves (mode 0755)."""

    def __init__(self, root: str = "") -> None:
        self._root = root
        self._members: dict[str, tuple[int, bytes]] = {}

    def directory(self, path: str, mode: int = 0o755) -> None:
        self._add(path, stat.S_IFDIR | mode, b"")

    def file(self, path: str, data: bytes, mode: int = 0o644) -> None:
        self._add(path, stat.S_IFREG | mode, data)

    def symlink(self, path: str, target: str) -> None:
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def _add(self, path: str, mode: int, data: bytes) -> None:
        name = _normal(self._root + path)
        old = self._members.get(name)
        if old is not None and old != (mode, data):
            raise ValueError(f"{path} is in the archive twice, with different content")
        for parent in list(PurePosixPath(name).parents)[:-1]:
            known = self._members.setdefault(str(parent), (stat.S_IFDIR | 0o755, b""))
            if not stat.S_ISDIR(known[0]):
                raise ValueError(f"{path}: {parent} is in the archive and is not a directory")
        self._members[name] = (mode, data)

    def to_bytes(self) -> bytes:
        parts = []
        for number, name in enumerate(sorted(self._members), start=1):
            mode, data = self._members[name]
            parts.append(_member(number, name, mode, data))
        parts.append(_member(0, "TRAILER!!!", 0, b""))
        blob = b"".join(parts)
        return blob + bytes(-len(blob) % _BLOCK)

    def to_tar(self) -> bytes:
        """The same members as a tar archive."""
        stream = io.BytesIO()
        types = {stat.S_IFDIR: tarfile.DIRTYPE, stat.S_IFLNK: tarfile.SYMTYPE, stat.S_IFREG: tarfile.REGTYPE}
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for name in sorted(self._members):
                mode, data = self._members[name]
                member = tarfile.TarInfo(name)
                member.type = types[stat.S_IFMT(mode)]
                member.mode, member.mtime = stat.S_IMODE(mode), MTIME
                if stat.S_ISLNK(mode):
                    member.linkname, data = data.decode(), b""
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        return stream.getvalue()


def _normal(path: str) -> str:
    if not path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise ValueError(f"{path!r}: a member's path starts with / and has no ..")
    name = str(PurePosixPath(path)).lstrip("/")
    if not name:
        raise ValueError("the root directory is not a member")
    return name


def _member(number: int, name: str, mode: int, data: bytes) -> bytes:
    raw = name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (number, mode, 0, 0, links, MTIME if mode else 0, len(data), 0, 0, 0, 0, len(raw), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + raw
    head += bytes(-len(head) % 4)
    return head + data + bytes(-len(data) % 4)
