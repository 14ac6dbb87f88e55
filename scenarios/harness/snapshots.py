# SPDX-License-Identifier: GPL-2.0-or-later
"""Saved machines, in out/snapshots/KEY: found by content, made once, checked before each use, bounded.

A snapshot is a folder: `ram` (the machine's RAM; sparse), `state` (the rest, as QEMU migrates it),
what else its maker leaves there, and `meta.json`. It is made beside its place and moved
there whole. KEY.lock is held shared by whoever uses it, exclusively by whoever makes or removes it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scenarios.harness import paths
from scenarios.harness.errors import Unusable

FORMAT = 1
LIMIT_BYTES = 4 << 30  # of all snapshots; one of a 1 GiB machine takes 150 MiB
TRIES = 3
META = "meta.json"


def folder() -> Path:
    return paths.out() / "snapshots"


def key_of(words: Any) -> str:
    """The key of what @words, anything that JSON can say, describe."""
    text = json.dumps([FORMAT, words], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


class Snapshot:
    """One that is whole. Stays where it is until close()."""

    def __init__(self, key: str, meta: dict[str, Any], lock_fd: int) -> None:
        self.key, self.meta, self._lock_fd = key, meta, lock_fd
        self.path = folder() / key
        self.saved = paths.machine_description.Saved(self.path / "ram", self.path / "state")

    def close(self) -> None:
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1


def obtain(
    key: str, make: Callable[[Path], dict[str, Any]], say: Callable[[str], None]
) -> Snapshot | None:
    """The snapshot @key, made by @make if there is none. None: there is no place for it.

    @make  leaves `ram` and `state` in a folder and returns what to remember; its Failure is handed on.
    @say   gets a sentence on what is wrong with a snapshot, or with the place for them.
    """
    try:
        for _ in range(TRIES):
            fd = _lock(key, fcntl.LOCK_SH)
            fault, meta = examine(key)
            if fault is None:
                os.utime(fd)  # the least recently used are removed first
                return Snapshot(key, meta, fd)
            os.close(fd)
            with _locked(key):
                fault, meta = examine(key)
                if fault is not None:
                    if fault:
                        say(f"snapshot {key} {fault}; it is made anew")
                    _make(key, make)
        say("snapshots are removed faster than they can be used; this machine boots")
    except OSError as error:
        say(f"no snapshot: {error.filename or folder()}: {error.strerror}; this machine boots")
    except Unusable as error:
        say(f"no snapshot: {error}; this machine boots")
    return None


def examine(key: str) -> tuple[str | None, dict[str, Any]]:
    """(what is wrong with snapshot @key, "" for not there, None for nothing; what is known of it)."""
    place = folder() / key
    if not place.exists():
        return "", {}
    try:
        meta = json.loads((place / META).read_text())
        files: dict[str, list[int]] = meta["files"]
        if meta["format"] != FORMAT or meta["key"] != key:
            return "is of another build", {}
        for name, seen in files.items():
            if seen != stamp(place / name):
                return f"is damaged: {name} is not as it was saved", {}
        if {"ram", "state"} - files.keys():
            return "is damaged: files are missing", {}
        if hashlib.sha256((place / "state").read_bytes()).hexdigest() != meta["state"]:
            return "is damaged: state is not as it was saved", {}
    except FileNotFoundError as error:
        return f"is damaged: {Path(error.filename).name} is missing", {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"is damaged: {META} is not readable", {}
    return None, meta


def stamp(path: Path) -> list[int]:
    """Changes with each write. Reading all of RAM to check it would take longer than to boot."""
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]


def _make(key: str, make: Callable[[Path], dict[str, Any]]) -> None:
    """Called with the lock held."""
    place, new = folder() / key, folder() / f"{key}.new"
    for path in (place, new):
        if path.exists():
            shutil.rmtree(path)
    new.mkdir()
    try:
        known = make(new)
        meta = {"format": FORMAT, "key": key, **known}
        meta["files"] = {path.name: stamp(path) for path in sorted(new.iterdir())}
        meta["state"] = hashlib.sha256((new / "state").read_bytes()).hexdigest()
        (new / META).write_text(json.dumps(meta, indent=1) + "\n")
        new.rename(place)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    _make_room(key)


def _make_room(but: str) -> None:
    """Remove what was not used for longest, and what its maker left half made, until all fits."""
    locks = sorted(folder().glob("*.lock"), key=lambda path: -path.stat().st_mtime_ns)
    total = _bytes(folder() / but)
    for lock in locks:
        key = lock.stem
        if key == but:
            continue
        total += _bytes(folder() / key)
        try:
            with _locked(key, fcntl.LOCK_NB):
                shutil.rmtree(folder() / f"{key}.new", ignore_errors=True)
                if total > LIMIT_BYTES:
                    total -= _bytes(folder() / key)
                    shutil.rmtree(folder() / key, ignore_errors=True)
                if not (folder() / key).exists():
                    lock.unlink()
        except BlockingIOError:
            pass  # in use


def _bytes(place: Path) -> int:
    """On the disk: RAM that was never written takes nothing."""
    return sum(path.stat().st_blocks * 512 for path in place.iterdir()) if place.is_dir() else 0


def _lock(key: str, how: int) -> int:
    """A descriptor that holds the lock of @key until it is closed."""
    path = folder() / f"{key}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, how)
            if os.fstat(fd).st_ino == path.stat().st_ino:
                return fd
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)  # somebody removed it in between


@contextmanager
def _locked(key: str, how: int = 0) -> Iterator[None]:
    fd = _lock(key, fcntl.LOCK_EX | how)
    try:
        yield
    finally:
        os.close(fd)
