# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules about C that no compiler knows: contracts, sizes, who includes whom."""

from __future__ import annotations

import posixpath
import re

from ci.lint.c_source import Prototype, functions, includes, prototypes
from ci.lint.tree import Problem, Tree

# Headers that another folder may include. Their functions carry a contract.
_PUBLIC = re.compile(r"(platform/abi|vmm|vmm/service|vmm/libavf/include/\w+|qemu-plugins/common|guest/bare/lib)/[^/]+\.h")

# Who judges must not share code with what it judges.
_JUDGES = ("qemu-plugins/", "scenarios/")
_JUDGED = ("vmm/", "platform/", "guest/")
_SHARED = "platform/abi/"

_FILE_LINES = 700
_FUNCTION_LINES = 80
_EXCEPTIONS = "ci/size_exceptions.txt"


def header_contract(tree: Tree) -> list[Problem]:
    """Every function in a public header has a comment; every @name in it is a parameter."""
    found = []
    for path in tree.files:
        if not _PUBLIC.fullmatch(path):
            continue
        known: dict[str, set[str]] = {}  # of a comment: the parameters of all that it is about
        of_comment: dict[str, Prototype] = {}
        for proto in prototypes(tree.text(path)):
            comment = proto.comment[: proto.comment.find("*/")]
            if not comment:
                found.append(Problem(path, proto.line, f"{proto.name}() has no comment above it"))
            known.setdefault(comment, set()).update(proto.params)
            of_comment.setdefault(comment, proto)
        for comment, proto in of_comment.items():
            for name in re.findall(r"(?<!\w)@(\w+)", comment):
                if name not in known[comment]:
                    text = f"@{name} is not a parameter of {proto.name}()"
                    found.append(Problem(path, proto.line, text))
    return found


def header_guard(tree: Tree) -> list[Problem]:
    """A header's guard is FOLDER_FILE_H, with one or more folders of its path."""
    found = []
    for path in tree.named(".h"):
        guard = re.search(r"^#ifndef (\w+)\n#define (\w+)$", tree.text(path), re.MULTILINE)
        if not guard or guard.group(1) != guard.group(2):
            found.append(Problem(path, 0, "no include guard (#ifndef X, #define X)"))
            continue
        *folders, name = [re.sub(r"\W", "_", part).upper() for part in path.split("/")]
        count = len(folders)
        spans = [folders[a:b] for a in range(count) for b in range(a + 1, count + 1)]
        if guard.group(1) not in {"_".join([*span, name]) for span in spans}:
            found.append(Problem(path, 0, f"{guard.group(1)} should be {folders[-1]}_{name}"))
    return found


def include_bans(tree: Tree) -> list[Problem]:
    """Judges include nothing of what they judge, but the shared ABI."""
    found = []
    for path in tree.named(".c", ".h", ".S"):
        if not path.startswith(_JUDGES):
            continue
        for line, what in includes(tree.text(path)):
            beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), what))
            target = beside if what.startswith(".") else what
            if target.startswith(_JUDGED) and not target.startswith(_SHARED):
                found.append(Problem(path, line, f"a judge may not include {what}: only {_SHARED}"))
    for path in tree.named(".py"):
        if path.startswith("scenarios/"):
            for number, text in enumerate(tree.lines(path), 1):
                if re.match(r"\s*(from|import)\s+(vmm|platform\.hypervisor|guest)\b", text):
                    found.append(Problem(path, number, "a scenario may not import what it judges"))
    return found


def sizes(tree: Tree) -> list[Problem]:
    """No long files or functions, but those listed with a reason; no stale exceptions."""
    allowed, found = _exceptions(tree)
    too_long = {}
    for path in tree.named(".c", ".h", ".S"):
        count = len(tree.lines(path))
        if count > _FILE_LINES:
            too_long[path] = (0, f"{count} lines; split it above {_FILE_LINES}")
        if path.endswith(".c"):
            for function in functions(tree.text(path)):
                if function.lines > _FUNCTION_LINES:
                    text = f"{function.name}() has {function.lines} lines; split it above {_FUNCTION_LINES}"
                    too_long[f"{path}:{function.name}"] = (function.line, text)
    for key, (line, text) in too_long.items():
        if key not in allowed:
            found.append(Problem(key.split(":")[0], line, text))
    for key, line in allowed.items():
        if key not in too_long:
            found.append(Problem(_EXCEPTIONS, line, f"{key} is not too long (any more): remove it"))
    return found


def _exceptions(tree: Tree) -> tuple[dict[str, int], list[Problem]]:
    """Lines "path[:function]  reason" -> their line numbers."""
    allowed: dict[str, int] = {}
    found = []
    if _EXCEPTIONS in tree.files:
        for number, line in enumerate(tree.lines(_EXCEPTIONS), 1):
            if not line.strip() or line.startswith("#"):
                continue
            key, _, reason = line.partition(" ")
            if len(reason.split()) < 3:
                found.append(Problem(_EXCEPTIONS, number, f"{key} needs a reason"))
            allowed[key] = number
    return allowed, found


CHECKS = {
    "header-contract": header_contract,
    "header-guard": header_guard,
    "include-bans": include_bans,
    "sizes": sizes,
}
