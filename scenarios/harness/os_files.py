# SPDX-License-Identifier: GPL-2.0-or-later
"""Microdroid as the host's service finds it: the files of the build, by their path in the host."""

from __future__ import annotations

from pathlib import Path

from scenarios.harness import paths

FOLDER = "/usr/share/terrarium/os/microdroid"  # AVF_OS_DIRECTORY
NAMES = ("kernel", "initrd_normal.img", "initrd_debuggable.img", "super.img", "microdroid.json")


def microdroid() -> dict[str, Path]:
    return {f"{FOLDER}/{name}": paths.out() / "guest/microdroid" / name for name in NAMES}


def is_built() -> bool:
    """Its kernel is no part of `make`."""
    return all(path.is_file() for path in microdroid().values())
