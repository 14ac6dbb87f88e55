# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules about files of every kind can fail, and do so only when they should."""

from __future__ import annotations

from pathlib import Path

import pytest

from ci.lint import file_rules
from ci.lint.tree import Tree
from tests.ci.trees import C_SPDX, PY_SPDX, places, tree_of


def test_spdx_is_the_first_line(tmp_path: Path) -> None:
    tree = tree_of(
        tmp_path,
        {
            "good.c": C_SPDX,
            "good.sh": "#!/bin/sh\n" + PY_SPDX,
            "tool": "#!/usr/bin/python3\nprint()\n",
            "late.py": '"""Text first."""\n' + PY_SPDX,
            "other.h": "/* SPDX-License-Identifier: MIT */\n",
            "README.md": "no licence line is asked of prose\n",
            "empty.py": "",
        },
    )
    assert places(file_rules.spdx(tree)) == ["empty.py:1", "late.py:1", "other.h:1", "tool:2"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("data", b"a\0b\n"),
        ("vmm/main.o", b"text\n"),
        ("guest/hello.bin", b"text\n"),
        ("notes.md", b"no end of line"),
        ("dos.txt", b"one\r\ntwo\r\n"),
    ],
)
def test_binary_and_generated_files_are_found(tmp_path: Path, path: str, content: bytes) -> None:
    (problem,) = file_rules.only_text(tree_of(tmp_path, {path: content, "fine.c": C_SPDX}))
    assert problem.path == path


def test_text_is_no_binary(tmp_path: Path) -> None:
    assert file_rules.only_text(tree_of(tmp_path, {"a.c": C_SPDX, "empty.txt": ""})) == []


def test_machine_paths(tmp_path: Path) -> None:
    tree = tree_of(
        tmp_path,
        {
            "a.py": "x = 1\npath = '" + "/ho" + "me/anna/terrarium'\n",
            "b.md": "see /wo" + "rk/main\n",
            "c.md": "see .." + "/shared/design.md and iss" + "ue 7\n",
            "fine.md": "~/.cache/terrarium, $HOME/x, https://example.org/home/page, out/home/x\n",
        },
    )
    assert places(file_rules.machine_paths(tree)) == ["a.py:2", "b.md:1", "c.md:1"]


def test_mirror_hosts_come_from_apt(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {"a.sh": "#\ncurl http://mirror.example.net/debian\n", "b.sh": "#\n"})
    assert places(file_rules.mirrors(tree, frozenset({"mirror.example.net"}))) == ["a.sh:2"]
    assert file_rules.mirrors(tree, frozenset({"other.example.net"})) == []


def test_mirror_hosts_are_hosts() -> None:
    assert all("." in host and "/" not in host for host in file_rules.mirror_hosts())


@pytest.mark.parametrize(
    ("path", "limit", "first"),
    [("a.py", 300, "#\n"), ("vmm/module.mk", 40, "#\n"), ("run", 50, "#!/bin/sh\n")],
)
def test_script_sizes(tmp_path: Path, path: str, limit: int, first: str) -> None:
    fits = tree_of(tmp_path / "fits", {path: first + "#\n" * (limit - 1)})
    assert file_rules.script_sizes(fits) == []
    above = tree_of(tmp_path / "above", {path: first + "#\n" * limit})
    assert places(file_rules.script_sizes(above)) == [f"{path}:0"]


def test_a_tree_without_git_leaves_out_outputs(tmp_path: Path) -> None:
    tree_of(tmp_path, {"a.c": C_SPDX, "out/b.c": "", "x/__pycache__/c.pyc": ""})
    assert Tree(tmp_path).files == ["a.c"]
