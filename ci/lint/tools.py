# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules that other programs know: clang-format, shellcheck, pyflakes, Python itself."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess

from ci.lint.tree import Problem, Tree

_MESSAGE = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+):(?:\d+:)? *(?P<text>.+)$")


def run_tool(tree: Tree, command: list[str], paths: list[str]) -> list[Problem]:
    """Run @command on @paths; its "path:line: text" lines are the problems.

    A tool that is missing, or fails without saying where, is a problem too.
    """
    if not paths:
        return []
    if not shutil.which(command[0]):
        return [Problem(command[0], 0, "is not installed: make setup")]
    tool = subprocess.run([*command, *paths], cwd=tree.root, capture_output=True, text=True)
    output = tool.stdout + tool.stderr
    found = []
    for line in output.splitlines():
        match = _MESSAGE.match(line)
        if match and "note:" not in match["text"]:
            path = match["path"].removeprefix(f"{tree.root}/")
            found.append(Problem(path, int(match["line"]), match["text"]))
    if tool.returncode and not found:
        found.append(Problem(command[0], 0, f"exit {tool.returncode}: {output.strip()[-500:]}"))
    return found if tool.returncode else []


def is_shell(tree: Tree, path: str) -> bool:
    return path.endswith(".sh") or re.match(r"#!.*\b(?:ba|da)?sh\b", tree.text(path)[:80]) is not None


def c_format(tree: Tree) -> list[Problem]:
    """C is formatted as .clang-format says (`make format` does it)."""
    paths = list(tree.named(".c", ".h"))
    found: dict[str, Problem] = {}
    for problem in run_tool(tree, ["clang-format", "--dry-run", "-Werror", "--style=file"], paths):
        text = f"not in the house format: clang-format -i {problem.path}"
        found.setdefault(problem.path, Problem(problem.path, problem.line, text))
    return list(found.values())


def shell(tree: Tree) -> list[Problem]:
    """Shell scripts pass shellcheck."""
    return run_tool(
        tree, ["shellcheck", "-x", "-S", "warning", "-f", "gcc"], [p for p in tree.files if is_shell(tree, p)]
    )


def python_syntax(tree: Tree) -> list[Problem]:
    """Python files compile."""
    found = []
    for path in tree.named(".py"):
        try:
            ast.parse(tree.data(path), path)
        except (SyntaxError, ValueError) as error:
            found.append(Problem(path, getattr(error, "lineno", 0) or 0, f"{error}"))
    return found


def python_names(tree: Tree) -> list[Problem]:
    """Python files pass pyflakes: no unused import, no unknown name."""
    return run_tool(tree, ["/usr/bin/python3", "-m", "pyflakes"], list(tree.named(".py")))


CHECKS = {
    "c-format": c_format,
    "shell": shell,
    "python-syntax": python_syntax,
    "python-names": python_names,
}
