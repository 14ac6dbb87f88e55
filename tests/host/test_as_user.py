# SPDX-License-Identifier: GPL-2.0-or-later
"""as-user: gives root's rights away, and says what is wrong."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


def run(program: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *words], capture_output=True, text=True, check=False)


def test_user_and_group(tool: Callable[[str], Path]) -> None:
    done = run(tool("as-user"), "1234", "sh", "-c", "id -u; id -g; id -G")
    if os.geteuid() == 0:
        assert (done.returncode, done.stdout.split()) == (0, ["1234", "1234", "1234"])
    else:
        assert done.returncode == 125 and "setgroups" in done.stderr


@pytest.mark.parametrize("words", [(), ("1234",), ("0", "true"), ("65534", "true"), ("12x", "true"), ("-1", "true")])
def test_bad_arguments(tool: Callable[[str], Path], words: tuple[str, ...]) -> None:
    done = run(tool("as-user"), *words)
    assert done.returncode == 125 and done.stderr.startswith("usage: as-user")
