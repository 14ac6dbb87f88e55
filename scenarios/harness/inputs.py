# SPDX-License-Identifier: GPL-2.0-or-later
"""What a machine is started with: its initramfs in parts, and digests of its files."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from scenarios.harness import cpio, paths
from scenarios.harness.errors import Unusable

Part = bytes | Path  # a Path stands for its content
_digests: dict[tuple[str, int, int, int, int], str] = {}


def base_initramfs() -> Path:
    path = Path(os.environ.get("INITRAMFS") or paths.out() / "host" / "initramfs.cpio")
    if not path.is_file():
        raise Unusable(f"{paths.short(path)} is not built; `make` builds it")
    return path


def guest_files() -> dict[str, cpio.Content]:
    """The bare guests, at /guest/NAME.bin in the host."""
    folder = paths.out() / "guest"
    return {f"/guest/{path.name}": path for path in sorted(folder.glob("*.bin"))}


def build_missing(files: Mapping[str, cpio.Content]) -> None:
    """Have make build those of @files that are below out/ and are not there: what takes minutes is no part of
    `make`. Raises Unusable."""
    missing = sorted(
        str(path.resolve()) for path in files.values()
        if isinstance(path, Path) and path.resolve().is_relative_to(paths.out().resolve()) and not path.exists()
    )
    if not missing:
        return
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "-s", "-C", paths.ROOT, *missing], env=env, check=False)
    if done.returncode != 0:
        raise Unusable(f"make could not build {' '.join(paths.short(Path(path)) for path in missing)}")


def initramfs(
    files: Mapping[str, cpio.Content],
    archives: Sequence[Path] = (),
    executable: frozenset[str] = frozenset(),
) -> list[Part]:
    """The host's own, the build's further @archives, the guests and @files, one after the other."""
    try:
        last = cpio.archive(guest_files() | dict(files), executable)
    except OSError as error:
        raise Unusable(f"cannot read {error.filename}: {error.strerror}") from error
    parts: list[Part] = []
    for path in (base_initramfs(), *archives):
        parts += [path, bytes(-path.stat().st_size % cpio.ALIGN)]
    return [*parts, last]


def digest(path: Path) -> str:
    """SHA-256. Read once per process, as long as nobody writes to the file."""
    with path.open("rb") as file:
        stat = os.fstat(file.fileno())
        # The time of the last change is the kernel's own: nobody can set it back.
        key = (str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        if key not in _digests:
            _digests[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _digests[key]


def digest_of(part: Part) -> str:
    return digest(part) if isinstance(part, Path) else hashlib.sha256(part).hexdigest()
