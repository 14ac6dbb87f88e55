# SPDX-License-Identifier: GPL-2.0-or-later
"""The download cache: packages by file name, each checked by its SHA-256.

Layout below ${TERRARIUM_CACHE:-${XDG_CACHE_HOME:-~/.cache}/terrarium}:
  archives/   whole, checked package files
  partial/    half-fetched ones, resumed by the next run
  resolved/   which packages make up which set (one JSON file a set)
  apt/        the private apt's lists
  built/      what takes minutes to build (guest/kernel)
  clean-c/    a mark for each C file that clang-tidy found nothing in (ci/lint)
"""

import fcntl
import hashlib
import json
import os
import shutil
from pathlib import Path

from aptroot import AptRoot, Package
from errors import SdkError, explain_os_error

SLICE_BYTES = 24 << 20  # fetched between two progress lines
SPARE_BYTES = 64 << 20  # room that must be left on the disk


def cache_folder() -> Path:
    """Where downloads are kept, from the environment. Not created here."""
    chosen = os.environ.get("TERRARIUM_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "terrarium"


def sha256_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def need_space(folder: Path, size: int, doing: str) -> None:
    """Raise SdkError now rather than ENOSPC half-way."""
    free = shutil.disk_usage(folder).free
    if free < size + SPARE_BYTES:
        raise SdkError(f"no disk space for {doing}: {folder} has {megabytes(free)} free "
                       f"and needs {megabytes(size + SPARE_BYTES)}")


class Cache:
    """The cache folder, locked for this process until it ends."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.archives = folder / "archives"
        self.partial = folder / "partial"
        self.resolved = folder / "resolved"
        try:
            for sub in (self.archives, self.partial, self.resolved):
                sub.mkdir(parents=True, exist_ok=True)
            self._lock = open(folder / ".lock", "w", encoding="ascii")
        except OSError as error:
            raise explain_os_error(error, f"creating the cache folder {folder} (TERRARIUM_CACHE)") from error
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def recall(self, name: str, key: str) -> list[Package] | None:
        """The packages of set `name` as resolved before, or None if it never
        was or `key` (the set's description) has changed."""
        try:
            record = json.loads((self.resolved / f"{name}.json").read_text())
            if record["key"] != key:
                return None
            return [Package(**p) for p in record["packages"]]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def remember(self, name: str, key: str, packages: list[Package]) -> None:
        record = {"key": key, "packages": [p.asdict() for p in packages]}
        path = self.resolved / f"{name}.json"
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(record, indent=1))
        temporary.replace(path)

    def missing(self, packages: list[Package], say) -> list[Package]:
        """Those not in the cache. A file with another hash is thrown out."""
        absent = []
        for package in packages:
            path = self.archives / package.file
            if not path.exists():
                absent.append(package)
            elif path.stat().st_size != package.size or sha256_of(path) != package.sha256:
                say(f"{package.file} in the cache is broken (size or hash): fetching it again")
                path.unlink()
                absent.append(package)
        return absent

    def fetch(self, name: str, packages: list[Package], apt: AptRoot, say) -> None:
        """Bring what is missing of `packages`, with progress."""
        absent = self.missing(packages, say)
        total = sum(p.size for p in absent)
        if not absent:
            return
        need_space(self.folder, total, f"the packages of {name}")
        done = 0
        say(f"fetching {name}: {len(absent)} packages, {megabytes(total)}")
        while absent:
            batch, size = [], 0
            while absent and size < SLICE_BYTES:
                batch.append(absent.pop(0))
                size += batch[-1].size
            apt.fetch(batch, self.partial)
            for package in batch:
                path = self.partial / package.file
                if sha256_of(path) != package.sha256:
                    path.unlink()
                    raise SdkError(f"{package.file}: the mirror's file has another hash than its signed list says")
                path.replace(self.archives / package.file)
            done += size
            say(f"fetching {name}: {megabytes(done)} of {megabytes(total)}")
