# SPDX-License-Identifier: GPL-2.0-or-later
"""clang-tidy on every C file that the build compiles, and each header on its own."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path, PurePosixPath

from ci.lint import compile_db
from ci.lint.c_source import includes
from ci.lint.tools import run_tool
from ci.lint.tree import Problem, Tree

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "platform/sdk"))

from cache import cache_folder  # noqa: E402  (platform/sdk)

# Not for clang: kernel modules are compiled by the kernel's own makefiles.
_KERNEL = "linux/module.h"
_INCLUDED = re.compile(rb'^# \d+ "([^"<]+)"', re.MULTILINE)  # a line marker of the preprocessor
_KEPT_S = 60 * 24 * 3600  # a clean file's mark that nobody asked for so long goes


@lru_cache(maxsize=4)
def _flags(root: Path) -> dict[str, list[str]]:
    return compile_db.flags_by_file(compile_db.ask_make(root), root)


def is_kernel_code(tree: Tree, path: str) -> bool:
    """A module's source, by its Kbuild or what it includes; a module's header."""
    kbuild = f"{path.rpartition('/')[0]}/Kbuild"
    rules = tree.text(kbuild) if kbuild in tree.files else ""
    own = f"{PurePosixPath(path).stem}.o" in rules.split()
    return own or "wildcard" in rules or _KERNEL in tree.text(path)


def only_assembly(tree: Tree, path: str) -> bool:
    """A header that assembly includes and no C does."""
    users = [
        user
        for user in tree.named(".c", ".h", ".S", ".lds", ".ld")
        for _, what in includes(tree.text(user))
        if path.endswith(what) and user != path
    ]
    return bool(users) and all(user.endswith((".S", ".lds", ".ld")) for user in users)


def tidy(tree: Tree, flags: dict[str, list[str]] | None = None) -> list[Problem]:
    """clang-tidy says nothing (.clang-tidy). A clean file is remembered in the cache by its content."""
    flags = _flags(tree.root) if flags is None else flags
    sources = [path for path in tree.named(".c") if not is_kernel_code(tree, path)]
    found = [
        Problem(path, 0, "no rule of the build compiles it")
        for path in sources
        if path not in flags
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(_tidy_one, tree, p, flags[p]) for p in sources if p in flags]
        for job in jobs:
            found += job.result()
    _forget_old(_marks())
    return sorted(set(found))


def headers_alone(tree: Tree, flags: dict[str, list[str]] | None = None) -> list[Problem]:
    """Each header compiles with nothing before it."""
    flags = _flags(tree.root) if flags is None else flags
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [
            pool.submit(_header_alone, tree, path, _flags_near(path, flags))
            for path in tree.named(".h")
            if not is_kernel_code(tree, path) and not only_assembly(tree, path)
        ]
        return [problem for job in jobs for problem in job.result()]


def _tidy_one(tree: Tree, path: str, flags: list[str]) -> list[Problem]:
    clean = _marks() / _fingerprint(tree, path, flags)
    if clean.exists():
        _remember(clean)
        return []
    said = run_tool(tree, ["clang-tidy", "--quiet", path, "--", *flags], ["-w"])
    # Some findings about our code are reported in a header that is not ours.
    problems = [problem for problem in said if problem.path in tree.files or not problem.line]
    if not problems:
        _remember(clean)
    return problems


def _marks() -> Path:
    """Empty files, each named by what clang-tidy found nothing in."""
    return cache_folder() / "clean-c"


def _remember(clean: Path) -> None:
    try:
        clean.parent.mkdir(parents=True, exist_ok=True)
        clean.touch()
    except OSError:
        pass  # no room, or not ours: the next run looks at the file again


def _forget_old(marks: Path) -> None:
    for mark in marks.glob("*"):
        try:
            if mark.stat().st_mtime < time.time() - _KEPT_S:
                mark.unlink()
        except OSError:
            pass  # another run was faster, or it is not ours


@lru_cache(maxsize=1)
def _version() -> bytes:
    return subprocess.run(["clang-tidy", "--version"], check=True, capture_output=True).stdout


def _fingerprint(tree: Tree, path: str, flags: list[str]) -> str:
    """Changes with all that decides about clang-tidy's answer: itself, .clang-tidy, the flags, the file, and the
    whole content of what it includes: comments and macros, too, which the preprocessed text does not have."""
    text = subprocess.run(["clang", "-E", *flags, path], cwd=tree.root, capture_output=True)
    included = sorted(set(_INCLUDED.findall(text.stdout)))
    parts = [_version(), tree.data(".clang-tidy"), repr(flags).encode(), tree.data(path), text.stdout, text.stderr]
    parts += [_digest(tree.root / os.fsdecode(name)) for name in included]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


@lru_cache(maxsize=None)
def _digest(path: Path) -> bytes:
    try:
        return hashlib.sha256(path.read_bytes()).digest()
    except OSError:  # "<built-in>" and its like
        return b""


def _header_alone(tree: Tree, path: str, flags: list[str]) -> list[Problem]:
    command = ["clang", "-fsyntax-only", "-x", "c", "-Wno-pragma-once-outside-header", *flags]
    problems = run_tool(tree, command, [path])
    return [Problem(path, p.line, f"not alone: {p.text}") for p in problems[:1]]


def _flags_near(path: str, flags: dict[str, list[str]]) -> list[str]:
    """The flags of the C file that shares the longest way with @path."""
    own = PurePosixPath(path).parts

    def shared(other: str) -> int:
        parts = PurePosixPath(other).parts
        return next((n for n, (a, b) in enumerate(zip(own, parts)) if a != b), len(own))

    same_name = path[:-2] + ".c"
    if same_name in flags:
        return flags[same_name]
    nearest = max(sorted(flags), key=shared, default="")
    return flags[nearest] if nearest and shared(nearest) else ["-std=gnu11", "-I."]


CHECKS = {"c-tidy": tidy, "headers-alone": headers_alone}
