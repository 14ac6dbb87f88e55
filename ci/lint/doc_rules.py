# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules about what is written for people: README files and commit messages."""

from __future__ import annotations

import re
import subprocess
from pathlib import PurePosixPath

from ci.lint.tree import Problem, Tree

_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_TICKS = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"[\w.+-]+(?:/[\w.+-]+)*/?")
_FOLDERS = ("platform/", "vmm/", "guest/", "qemu-plugins/", "scenarios/", "tests/", "ci/", ".ci/")

_SUBJECT = re.compile(r"[\w.][\w./, -]*: \S")
_SUBJECT_COLUMNS = 72


def readme_paths(tree: Tree) -> list[Problem]:
    """What a README names exists: links, paths of ours, and every path in its map."""
    found = []
    for path in tree.named(".md"):
        folder = PurePosixPath(path).parent
        for number, line, in_map in _marked_lines(tree.lines(path)):
            names = {name for name in _LINK.findall(line) if ":" not in name}
            ticks = {name for name in _TICKS.findall(line) if _PATH.fullmatch(name)}
            names |= {name for name in ticks if name.startswith(_FOLDERS)}
            if in_map:
                names |= {name for name in ticks if "/" in name or "." in name}
                names |= set(_first_of_tree_line(line))
            for name in sorted(names):
                if name.startswith("out/") or tree.exists(str(folder / name)) or tree.exists(name):
                    continue
                found.append(Problem(path, number, f"{name} does not exist"))
    return found


def readme_everywhere(tree: Tree) -> list[Problem]:
    """Every part that the root Makefile includes has a README.md."""
    parts = re.findall(r"^include (\S+)/module\.mk$", tree.text("Makefile"), re.MULTILINE)
    return [
        Problem(f"{part}/module.mk", 0, "no README.md beside it")
        for part in parts
        if f"{part}/README.md" not in tree.files
    ]


def commit_subject(subject: str) -> str:
    """What is wrong with a commit's first line, or nothing."""
    if len(subject) > _SUBJECT_COLUMNS:
        return f"{len(subject)} columns; at most {_SUBJECT_COLUMNS}"
    if not _SUBJECT.match(subject):
        return 'should read "area: what"'
    return ""


def commit_message(tree: Tree) -> list[Problem]:
    """The last commit is "area: what", in 72 columns. A merge says what it likes."""
    if not (tree.root / ".git").exists():
        return []
    git = subprocess.run(
        ["git", "-C", str(tree.root), "log", "-1", "--no-merges", "--format=%h %s", "HEAD"],
        capture_output=True,
        text=True,
    )
    short, _, subject = git.stdout.strip().partition(" ")
    wrong = commit_subject(subject) if git.returncode == 0 and short else ""
    return [Problem(f"commit {short}", 0, f"{subject!r}: {wrong}")] if wrong else []


def _marked_lines(lines: list[str]) -> list[tuple[int, str, bool]]:
    """(number, line, whether it stands below a heading with the word "map")."""
    marked, in_map = [], False
    for number, line in enumerate(lines, 1):
        if re.match(r"#+ ", line):
            in_map = re.search(r"\bmap\b", line, re.IGNORECASE) is not None
        marked.append((number, line, in_map))
    return marked


def _first_of_tree_line(line: str) -> list[str]:
    """The path that an indented tree drawing's line starts with."""
    match = re.match(r"(?:    |\t)\s*([\w.+/-]+)(?:\s|$)", line)
    return [match.group(1)] if match and re.search(r"[./]", match.group(1)) else []


CHECKS = {
    "readme-paths": readme_paths,
    "readme-everywhere": readme_everywhere,
    "commit-message": commit_message,
}
