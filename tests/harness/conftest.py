# SPDX-License-Identifier: GPL-2.0-or-later
"""Shared by the runner's tests: a kernel that is none, and options made of the user's words."""

import os
from pathlib import Path

import pytest

from scenarios.harness import paths

collect_ignore = ["planted"]  # needs the machine: make test-planted


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A file with the magic number of an arm64 Image (booting.rst: at offset 56)."""
    path = tmp_path / "Image"
    path.write_bytes(bytes(56) + b"ARM\x64" + bytes(64))
    return path


@pytest.fixture
def options(image: Path):
    def make(append: str = "", **words: str):
        return paths.machine_description.from_env({"KERNEL": str(image), **words}, append)

    return make


@pytest.fixture
def no_user_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the user had given none."""
    for name in list(os.environ):
        if name in {"HYP", "SMP", "MEM", "CPU", "ICOUNT", "KERNEL", "LIMIT", "SCENARIO_ROOT", "JOBS", "KEEP"}:
            monkeypatch.delenv(name)
