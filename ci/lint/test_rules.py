# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules about tests: none hides another, none is empty, nothing sleeps to wait."""

from __future__ import annotations

import ast
import re
from collections import defaultdict

from ci.lint.c_source import blank
from ci.lint.tree import Problem, Tree


def python_tests(tree: Tree) -> list[Problem]:
    """In a pytest file no test has another's name, and there is a test."""
    found = []
    for path in tree.files:
        if not re.search(r"(^|/)test_\w+\.py$", path) or path.startswith("ci/"):
            continue
        try:
            module = ast.parse(tree.text(path))
        except SyntaxError:
            continue  # python-syntax says so
        tests = 0
        for scope in [module, *(node for node in module.body if isinstance(node, ast.ClassDef))]:
            seen: dict[str, int] = {}
            for node in scope.body:
                if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test"):
                    continue
                tests += 1
                if node.name in seen:
                    text = f"{node.name} hides the one on line {seen[node.name]}"
                    found.append(Problem(path, node.lineno, text))
                seen[node.name] = node.lineno
        if not tests:
            found.append(Problem(path, 0, "holds no test"))
    return found


def scenario_names(tree: Tree) -> list[Problem]:
    """A scenario's name, folder/function, is unique."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in tree.files:
        match = re.fullmatch(r"scenarios/(\w+)/(?:\w+/)*test_\w+\.py", path)
        for name in re.findall(r"^def test_(\w+)", tree.text(path), re.MULTILINE) if match else []:
            places[f"{match.group(1)}/{name}"].append(path)
    return [
        Problem(paths[1], 0, f"the scenario {name} stands in {paths[0]} as well")
        for name, paths in places.items()
        if len(paths) > 1
    ]


def cmocka_tests(tree: Tree) -> list[Problem]:
    """Every cmocka test function is run, once."""
    found = []
    for path in tree.named(".c"):
        text = tree.text(path)
        if not path.startswith("tests/") or "<cmocka.h>" not in text:
            continue
        run = re.findall(r"\bcmocka_unit_test\w*\(\s*(\w+)", text)
        for name in sorted({name for name in run if run.count(name) > 1}):
            # One function may run with several states (prestate), never twice with the same.
            calls = re.findall(rf"\bcmocka_unit_test\w*\(\s*{name}\b[^;]*?\)\s*[,}}]", text)
            if len(set(calls)) < len(calls):
                found.append(Problem(path, 0, f"{name} is run twice"))
        if not run:
            found.append(Problem(path, 0, "includes cmocka.h but runs no test"))
    return found


def no_sleep(tree: Tree) -> list[Problem]:
    """Nobody sleeps to wait: there is an event to wait for."""
    call = re.compile(r"\b(?:time\.|g_|asyncio\.)?(?:u|nano|clock_nano)?sleep\s*\(")
    command = re.compile(r"(?:^|[;&|(]|\bdo\b|\bthen\b)\s*sleep\s+[\d$]")
    found = []
    for path in tree.files:
        pattern = call if path.endswith((".c", ".h", ".py")) else command
        if path.endswith(".md"):
            continue
        text = blank(tree.text(path)) if path.endswith((".c", ".h")) else tree.text(path)
        for number, line in enumerate(text.split("\n"), 1):
            if pattern.search(line) and not line.lstrip().startswith("#"):
                found.append(Problem(path, number, "sleeps; wait for an event instead"))
    return found


CHECKS = {
    "no-sleep": no_sleep,
    "python-tests": python_tests,
    "scenario-names": scenario_names,
    "cmocka-tests": cmocka_tests,
}
