# SPDX-License-Identifier: GPL-2.0-or-later
"""What is no part of `make` for the time it takes: not built by it, but kept up to date once it is there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = """
ALL :=
PYTHON := echo build
MKINITRAMFS :=
include guest/kernel/module.mk guest/debian/module.mk
all: $(ALL); @echo done
"""


def say(folder: Path) -> str:
    """What `make` says, its output in @folder."""
    ready = folder / "sdk/.ready"
    if not ready.exists():
        ready.parent.mkdir()
        ready.touch()
    command = ["make", "-s", "-f", "-", "all", f"O={folder}", f"SDK={folder}/sdk"]
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return subprocess.run(command, cwd=ROOT, env=env, input=MAKEFILE, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name, builder", [("microdroid/kernel", "guest/kernel/build.py"), ("debian/root.img", "guest/debian/build.py")])
def test_only_what_is_there_and_old(name: str, builder: str, tmp_path: Path) -> None:
    assert builder not in say(tmp_path)
    file = tmp_path / "guest" / name
    file.parent.mkdir(parents=True)
    file.touch()
    os.utime(file, (0, 0))
    assert f"build {builder}" in say(tmp_path)
    assert builder not in say(tmp_path)
