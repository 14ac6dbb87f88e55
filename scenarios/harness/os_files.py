# SPDX-License-Identifier: GPL-2.0-or-later
"""Microdroid as the host's service finds it: the files of the build, by their path in the host."""

from __future__ import annotations

from pathlib import Path

from scenarios.harness import paths

FOLDER = "/usr/share/terrarium/os/microdroid"  # AVF_OS_DIRECTORY
PAYLOAD = "/usr/share/terrarium/payload"  # what `vm run-microdroid` runs
NAMES = ("kernel", "initrd_normal.img", "initrd_debuggable.img", "super.img", "microdroid.json")


def microdroid() -> dict[str, Path]:
    system = {f"{FOLDER}/{name}": paths.out() / "guest/microdroid" / name for name in NAMES}
    return system | {f"{PAYLOAD}/{name}": paths.out() / "guest/payload" / name for name in ("empty.apk", "empty.apk.idsig")}


def is_built() -> bool:
    """Its kernel is no part of `make`."""
    return all(path.is_file() for path in microdroid().values())
