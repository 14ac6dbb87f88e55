# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's tools, built for this machine under the sanitizers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-g", "-O1", f"-I{ROOT}",
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
]


@pytest.fixture(scope="session")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """tool("job"): path of platform/host/tools/job.c as a program."""
    folder = tmp_path_factory.mktemp("tools")
    found = sorted((ROOT / "platform/host/lib").glob("*.c"))
    libraries = [path for path in found if path.stem != "small_vm"]  # KVM's interface of arm64

    def build(name: str) -> Path:
        program = folder / name
        if not program.exists():
            source = ROOT / f"platform/host/tools/{name}.c"
            subprocess.run(["gcc", *FLAGS, "-o", program, source, *libraries], check=True)
        return program

    return build
