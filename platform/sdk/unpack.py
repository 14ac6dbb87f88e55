# SPDX-License-Identifier: GPL-2.0-or-later
"""Unpack a set's packages into a folder and make its programs run from there."""

import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from errors import SdkError

MERGED = ("bin", "sbin", "lib", "lib64")  # usr-merge: base-files is not unpacked
GROWTH = 6  # unpacked size over packed size, rounded up (measured: 2 to 5.5)


def unpack(debs: list[Path], target: Path) -> None:
    """Unpack `debs` side by side into the new folder `target`. A failure
    leaves no `target`. Raises SdkError."""
    temporary = target.with_name(f".{target.name}.new")
    shutil.rmtree(temporary, ignore_errors=True)
    for name in MERGED:
        (temporary / "usr" / name).mkdir(parents=True)
        (temporary / name).symlink_to(f"usr/{name}")

    def one(deb: Path) -> None:
        # tar, not dpkg-deb -x: it keeps /lib -> usr/lib where a package has ./lib.
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as packed:
            done = subprocess.run(
                ["tar", "-x", "--no-same-owner", "--keep-directory-symlink", "-C", temporary,
                 "--exclude=./usr/share/doc", "--exclude=./usr/share/man", "--exclude=./usr/share/locale",
                 "--exclude=./dev"],
                stdin=packed.stdout, capture_output=True, text=True, check=False)
        if packed.returncode != 0 or done.returncode != 0:
            reason = "no disk space" if "No space left" in done.stderr else done.stderr.strip()[-200:] or "broken file"
            raise SdkError(f"cannot unpack {deb.name}: {reason}")

    try:
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            list(pool.map(one, debs))
        shutil.rmtree(target, ignore_errors=True)
        temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def elf_programs(folder: Path) -> list[Path]:
    """The amd64 ELF files below `folder` that have an interpreter."""
    found = []
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file() or not os.access(path, os.X_OK):
            continue
        with open(path, "rb") as file:
            head = file.read(4096)
        # e_machine 62 is x86-64; PT_INTERP's path lies in the first page.
        if head[:4] == b"\x7fELF" and head[18:20] == b"\x3e\x00" and b"/ld-linux-x86-64" in head:
            found.append(path)
    return found


def relocate(folder: Path, closure: Path) -> None:
    """Make every program below `folder` start with the dynamic loader and
    libraries of `closure` (a folder with its own libc6): the machine's own may
    be older. A plain run path is not inherited by libraries, hence --force-rpath.
    """
    loader = closure / "usr/lib64/ld-linux-x86-64.so.2"
    if not loader.exists():
        loader = closure / "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
    if not loader.exists():
        raise SdkError(f"{closure} has no dynamic loader: the set lacks libc6")
    paths = f"{closure}/usr/lib/x86_64-linux-gnu"
    programs = elf_programs(folder)
    # In this order, one by one: patchelf 0.18 (Debian 13) breaks cc1 in the other, or with both at once.
    for argv in (["--force-rpath", "--set-rpath", paths], ["--set-interpreter", str(loader)]):
        done = subprocess.run(["patchelf", *argv, *programs], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SdkError(f"patchelf failed in {folder.name}: {done.stderr.strip()[-200:]}")


def version_of(argv: list[str]) -> tuple[int, ...] | None:
    """The first dotted number that a program prints, or None if it does not run."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\d+(\.\d+)+", re.sub(r"\(.*?\)", "", done.stdout))
    if done.returncode != 0 or not match:
        return None
    return tuple(int(part) for part in match.group().split("."))
