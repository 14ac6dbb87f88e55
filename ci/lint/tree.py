# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that lint looks at, and what it says about them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

# Without git (a source archive), these folders hold nothing of ours.
_NOT_OURS = {".git", "out", "__pycache__", ".pytest_cache"}


@dataclass(frozen=True, order=True)
class Problem:
    """One broken rule: where, and what to do about it."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}" if self.line else f"{self.path}: {self.text}"


class Tree:
    """A checkout: files by their path from the root, each read at most once."""

    def __init__(self, root: Path, files: list[str] | None = None) -> None:
        self.root = root
        self.files = sorted(_list_files(root) if files is None else files)
        self._bytes: dict[str, bytes] = {}

    def data(self, path: str) -> bytes:
        if path not in self._bytes:
            self._bytes[path] = (self.root / path).read_bytes()
        return self._bytes[path]

    def text(self, path: str) -> str:
        return self.data(path).decode("utf-8", errors="replace")

    def lines(self, path: str) -> list[str]:
        return self.text(path).splitlines()

    def named(self, *endings: str) -> Iterator[str]:
        """Paths that end with one of these, in order."""
        return (path for path in self.files if path.endswith(endings))

    def exists(self, path: str) -> bool:
        return (self.root / path).exists()


Check = Callable[[Tree], list[Problem]]


def _list_files(root: Path) -> list[str]:
    """What git holds or would hold; all but outputs where there is no git."""
    if (root / ".git").exists():
        git = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True,
            check=True,
        )
        names = [os.fsdecode(name) for name in git.stdout.split(b"\0") if name]
        return [name for name in names if (root / name).is_file()]
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in _NOT_OURS]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return found
