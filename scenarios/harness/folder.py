# SPDX-License-Identifier: GPL-2.0-or-later
"""A run's folder: made, locked, emptied of the run before, and with room for what will come."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Container
from pathlib import Path

from scenarios.harness import paths
from scenarios.harness.errors import Unusable

ROOM_BYTES = 256 << 20  # initramfs, logs and trace of one run, generously


class RunFolder:
    """out/runs/NAME, held by this process until close(). Raises Unusable with the reason."""

    def __init__(self, name: str, room_bytes: int = ROOM_BYTES) -> None:
        self.path = paths.runs() / name
        self._lock_fd = -1
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock_fd = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
            self._lock()
            self.empty()
            free = shutil.disk_usage(self.path).free
        except OSError as error:
            self.close()
            name = error.filename or self.path
            raise Unusable(f"cannot use the run's folder: {name}: {error.strerror}") from error
        if free < room_bytes:
            self.close()
            raise Unusable(
                f"no space for the run's folder {paths.short(self.path)}:"
                f" {free >> 20} MiB free, {room_bytes >> 20} MiB wanted"
            )

    def write(self, name: str, *parts: bytes | Path) -> Path:
        """A new file of @parts one after the other; a Path stands for its content."""
        path = self.path / name
        try:
            with path.open("wb") as file:
                for part in parts:
                    if isinstance(part, Path):
                        with part.open("rb") as source:
                            shutil.copyfileobj(source, file, 1 << 20)
                    else:
                        file.write(part)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise Unusable(f"cannot write {error.filename or path}: {error.strerror}") from error
        return path

    def close(self) -> None:
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1

    def _lock(self) -> None:
        try:
            fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock_fd)
            self._lock_fd = -1
            raise Unusable(f"another run of this scenario uses {paths.short(self.path)}") from None

    def empty(self, but: Container[str] = ()) -> None:
        """Remove all files @but some; folders belong to other scenarios."""
        for entry in self.path.iterdir():
            if not entry.is_dir() and entry.name != ".lock" and entry.name not in but:
                entry.unlink()
