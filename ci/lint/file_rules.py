# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules about files of every kind: licence lines, sizes, words that may not stand in them."""

from __future__ import annotations

import re
import subprocess
from functools import lru_cache
from urllib.parse import urlsplit

from ci.lint.tree import Problem, Tree

_SPDX = re.compile(r"SPDX-License-Identifier: (GPL-2\.0-or-later|GPL-2\.0)\b")
_SOURCE = (
    ".c", ".h", ".S", ".ld", ".lds", ".py", ".sh", ".mk", ".dts", ".dtsi", ".toml", ".yml", ".yaml",
    ".txt", "Makefile", "Containerfile", ".clang-format", ".clang-tidy", ".editorconfig",
    ".gitattributes",
)  # fmt: skip

# Text that people write has none of these; tools leave them behind.
_GENERATED = re.compile(
    r"\.(o|a|so|ko|elf|bin|img|cpio|gz|xz|zst|deb|dtb|d|gcno|gcda|pyc|orig|rej|swp)$|^out/|\.mod\.c$"
)

# Folders of one developer's or one machine's, which exist nowhere else.
_MACHINE_PATH = re.compile(r"(?<![\w.~$})-])/(?:work|home|Users)/\w")
_WORKPLACE = re.compile(r"\.\./(?:shared)\b|\bissue #?\d+\b", re.IGNORECASE)

_PYTHON_LINES = 300
_MODULE_LINES = 40
_SHELL_LINES = 50


def spdx(tree: Tree) -> list[Problem]:
    """The licence line is the first, or the second after a #! line."""
    found = []
    for path in tree.files:
        lines = tree.lines(path)[:2]
        script = bool(lines) and lines[0].startswith("#!")
        if not script and not path.endswith(_SOURCE) or path == "LICENSE":
            continue
        if not _SPDX.search("\n".join(lines[script : script + 1])):
            found.append(Problem(path, 1 + script, "no SPDX-License-Identifier: GPL-2.0-or-later"))
    return found


def only_text(tree: Tree) -> list[Problem]:
    """Nothing binary and nothing that a tool made is under version control."""
    found = []
    for path in tree.files:
        data = tree.data(path)
        if b"\0" in data:
            found.append(Problem(path, 0, "is binary: build or fetch it instead"))
        elif _GENERATED.search(path):
            found.append(Problem(path, 0, "looks generated: build it under out/ instead"))
        elif len(data) and not data.endswith(b"\n"):
            found.append(Problem(path, data.count(b"\n") + 1, "no newline at the end"))
        elif b"\r\n" in data:
            found.append(Problem(path, 1, "has CR LF line ends"))
    return found


def machine_paths(tree: Tree) -> list[Problem]:
    """No path or note that means something on one machine only."""
    found = []
    for path in tree.files:
        if path == "LICENSE":
            continue
        for number, line in enumerate(tree.lines(path), 1):
            match = _MACHINE_PATH.search(line) or _WORKPLACE.search(line)
            if match:
                found.append(Problem(path, number, f"means nothing elsewhere: {match.group()}"))
    return found


@lru_cache(maxsize=None)
def mirror_hosts() -> frozenset[str]:
    """Hosts that this machine's apt fetches from (none where there is no apt)."""
    try:
        apt = subprocess.run(
            ["apt-get", "indextargets", "--format", "$(URI)"], capture_output=True, text=True
        )
    except FileNotFoundError:
        return frozenset()
    hosts = {urlsplit(uri).hostname or "" for uri in apt.stdout.split()}
    return frozenset(host for host in hosts if "." in host)


def mirrors(tree: Tree, hosts: frozenset[str] | None = None) -> list[Problem]:
    """No host of a package mirror: apt's own configuration or DEBIAN_MIRROR says it."""
    found = []
    for path in tree.files:
        text = tree.text(path)
        for host in sorted(mirror_hosts() if hosts is None else hosts):
            offset = text.find(host)
            if offset >= 0:
                line = text.count("\n", 0, offset) + 1
                found.append(Problem(path, line, "names a package mirror that apt uses here"))
    return found


def script_sizes(tree: Tree) -> list[Problem]:
    """Python files, shell scripts and module.mk stay small."""
    found = []
    for path in tree.files:
        lines = tree.lines(path)
        first = lines[0] if lines else ""
        if path.endswith(".py"):
            limit = _PYTHON_LINES
        elif path.endswith("module.mk"):
            limit = _MODULE_LINES
        elif path.endswith(".sh") or re.match(r"#!.*\b(ba|da)?sh\b", first):
            limit = _SHELL_LINES
        else:
            continue
        if len(lines) > limit:
            found.append(Problem(path, 0, f"{len(lines)} lines; split it above {limit}"))
    return found


CHECKS = {
    "spdx": spdx,
    "only-text": only_text,
    "machine-paths": machine_paths,
    "mirrors": mirrors,
    "script-sizes": script_sizes,
}
