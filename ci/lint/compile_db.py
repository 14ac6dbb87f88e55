# SPDX-License-Identifier: GPL-2.0-or-later
"""How each C file is compiled: asked of make itself, so that nobody keeps a second list."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

_COMPILER = re.compile(r"(?:^|/)(aarch64-linux-gnu-)?(?:gcc|cc|clang)(?:-\d+)?$")
_WITH_VALUE = {"-I", "-D", "-U", "-include", "-isystem", "-idirafter", "--sysroot"}
_KEEP = re.compile(
    r"-(?:I|D|U|std=|isystem|idirafter|iquote|-sysroot|f(?:freestanding|no-builtin|PIC|pic|PIE)|nostdinc"
    r"|m(?:general-regs-only|strict-align)|pthread)"
)
_END = {"&&", "||", ";", "|", "{", "}", ">", "2>&1"}


def ask_make(root: Path) -> str:
    """What make would run to build everything from nothing. Nothing is run."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    make = subprocess.run(
        ["make", "-C", str(root), "-nBk", "--no-print-directory", "all", "unit-programs", "fuzzers"],
        capture_output=True,
        text=True,
        env=environment,
    )
    return make.stdout


def flags_by_file(dry_run: str, root: Path) -> dict[str, list[str]]:
    """Path from @root -> flags for clang; a file compiled twice keeps the first."""
    flags: dict[str, list[str]] = {}
    for line in dry_run.replace("\\\n", " ").splitlines():
        if "gcc" not in line and "cc" not in line and "clang" not in line:
            continue
        for compiler, words in _commands(line):
            kept = _kept(words)
            if compiler.group(1):
                kept.insert(0, "--target=aarch64-linux-gnu")
            for word in words:
                if not word.endswith(".c"):
                    continue
                path = os.path.relpath(os.path.join(root, word), root)
                if (root / path).is_file() and not path.startswith(("..", "out/")):
                    flags.setdefault(path, kept)
    return flags


def _commands(line: str) -> list[tuple[re.Match[str], list[str]]]:
    """(compiler, arguments) of each compiler call in a line of shell."""
    try:
        words = shlex.split(line)
    except ValueError:
        return []
    calls = []
    for start, word in enumerate(words):
        compiler = _COMPILER.search(word)
        if compiler:
            rest = words[start + 1 :]
            end = next((n for n, other in enumerate(rest) if other.rstrip(";") != other or other in _END), len(rest))
            calls.append((compiler, rest[:end] + [rest[end].rstrip(";")] if end < len(rest) else rest))
    return calls


def _kept(words: list[str]) -> list[str]:
    """The flags that decide what the source means; warnings and outputs are dropped."""
    kept: list[str] = []
    take_next = False
    for word in words:
        if take_next or _KEEP.match(word):
            # Headers that are not ours are not looked into.
            kept.append(re.sub(r"^-I(?=/(?:.*/)?usr/)", "-isystem", word))
            take_next = word in _WITH_VALUE and not take_next
        elif word in _WITH_VALUE:
            kept.append(word)
            take_next = True
    return kept
