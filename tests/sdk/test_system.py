# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages of the machine itself, and its own tools."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.sdk.conftest import SDK


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A PATH with a dpkg that has nothing but git, and an apt that notes what it is asked."""
    tools = tmp_path / "tools"
    program(tools, "dpkg-query", 'eval last=\\$$#; [ "$last" = git ] && printf installed')
    program(tools, "apt-get", f'echo "$@" >>{tmp_path}/asked')
    program(tools, "id", "echo 0")
    for name in ("dirname", "sed", "mktemp", "rm", "tail", "cat"):
        program(tools, name, f'exec /usr/bin/{name} "$@"')
    return tools


def run(tools: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(tools), "TMPDIR": os.environ.get("TMPDIR", "/tmp")}
    return subprocess.run([SDK / "system.sh"], env=environment, capture_output=True, text=True)


def test_what_is_missing_is_installed(machine: Path, tmp_path: Path) -> None:
    done = run(machine)
    assert (done.returncode, done.stderr) == (0, "")
    (asked,) = (tmp_path / "asked").read_text().splitlines()
    assert "install" in asked and "clang" in asked.split() and "git" not in asked.split()


def test_nothing_is_said_when_nothing_is_missing(machine: Path, tmp_path: Path) -> None:
    program(machine, "dpkg-query", "printf installed")
    done = run(machine)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (tmp_path / "asked").exists()


def test_lists_are_fetched_when_installing_fails(machine: Path, tmp_path: Path) -> None:
    program(
        machine,
        "apt-get",
        f'echo "$1" >>{tmp_path}/asked; [ "$1" = update ] || grep -q update {tmp_path}/asked',
    )
    program(machine, "grep", 'exec /usr/bin/grep "$@"')
    assert run(machine).returncode == 0
    assert (tmp_path / "asked").read_text().split() == ["install", "update", "install"]


def test_apt_that_cannot_install(machine: Path) -> None:
    program(machine, "apt-get", "echo 'E: no such host' >&2; exit 100")
    done = run(machine)
    assert done.returncode == 1
    assert "E: no such host" in done.stderr
    assert re.search(r"^setup: apt-get could not install:.* clang", done.stderr, re.MULTILINE)


def test_neither_root_nor_sudo(machine: Path, tmp_path: Path) -> None:
    program(machine, "id", "echo 1000")
    done = run(machine)
    assert done.returncode == 1
    assert done.stderr.startswith("setup: not root and no sudo; have an administrator run: apt-get")
    assert not (tmp_path / "asked").exists()


def test_sudo_is_used_by_others_than_root(machine: Path, tmp_path: Path) -> None:
    program(machine, "id", "echo 1000")
    program(machine, "sudo", f'echo sudo >>{tmp_path}/asked; exec "$@"')
    assert run(machine).returncode == 0
    assert (tmp_path / "asked").read_text().startswith("sudo\n")


def test_no_debian(machine: Path) -> None:
    (machine / "apt-get").unlink()
    done = run(machine)
    assert done.returncode == 1
    assert "Debian 12 or 13" in done.stderr


@pytest.mark.parametrize(
    ("said", "used"),
    [
        ("QEMU emulator version 11.1.3 (Debian 1:11.1.3+ds-1)", True),
        ("QEMU emulator version 12.0.0", True),
        ("QEMU emulator version 10.0.2 (Debian 1:99.9)", False),
        ("no version here", False),
    ],
)
def test_the_machines_own_tool_if_new_enough(
    said: str,
    used: bool,
    tmp_path: Path,
    modules: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program(tmp_path / "bin", "some-tool", f"echo '{said}'")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    monkeypatch.delenv("TERRARIUM_SDK_ONLY", raising=False)
    description = {"system": "some-tool", "at_least": "11.1"}
    found = modules("sdk").system_tool(description)
    assert found == (tmp_path / "bin/some-tool" if used else None)
    monkeypatch.setenv("TERRARIUM_SDK_ONLY", "1")
    assert modules("sdk").system_tool(description) is None


def test_the_mirror_is_the_one_that_apt_has(
    tmp_path: Path, modules: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "Other\\tOther\\thttp://a.example/x/\\nDebian\\tDebian\\thttp://b.example/debian/\\n"
    program(tmp_path / "bin", "apt-get", f"printf '{lines}'")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    monkeypatch.delenv("DEBIAN_MIRROR", raising=False)
    assert modules("aptroot").system_mirror() == "http://b.example/debian"
    monkeypatch.setenv("DEBIAN_MIRROR", "file:/srv/debian/")
    assert modules("aptroot").system_mirror() == "file:/srv/debian"
