# SPDX-License-Identifier: GPL-2.0-or-later
"""A bug planted in the hypervisor: `make fuzz-machine` finds it, shortens it, and its command shows it again."""

import dataclasses
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ci.mutants import spec
from ci.mutants.tree import Tree
from scenarios.harness import paths
from scenarios.isolation import fuzz_plan

PLANTED = "page_of_another_vm"
TRIES = "6"
SEED = "1"
SHORT = 200  # calls, of 2,000; further tries would leave fewer


def run(tree: Tree, module: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A part of the runner on the machine with the bug."""
    env = {name: value for name, value in os.environ.items() if name not in ("SCENARIO", "RUNS", "LIMIT", "TRACE", "ICOUNT", "FUZZ_CALLS")}
    env |= {"O": str(tree.out), "PYTHONPATH": str(paths.ROOT), "HYP": "terrarium", "JOBS": "1", "ORACLE": "a"} | variables
    return subprocess.run([sys.executable, "-m", module, *words], env=env, cwd=paths.ROOT, text=True, capture_output=True, timeout=600)


@pytest.fixture(scope="module")
def tree() -> Iterator[Tree]:
    (mutant,) = spec.choose(spec.load(), [PLANTED], False)
    tree = Tree(dataclasses.replace(mutant, name=f"fuzzed_{PLANTED}"), paths.out())
    tree.make()
    tree.build("hypervisor/hyp.bin")
    yield tree
    tree.tidy()


def test_a_planted_bug_is_found_shortened_and_shown_again(tree: Tree) -> None:
    fuzzed = run(tree, "scenarios.fuzz", SIDE="host", FUZZ_SECONDS="1", FUZZ_SEED=SEED, SHRINK_TRIES=TRIES)
    assert fuzzed.returncode == 1, fuzzed.stdout + fuzzed.stderr
    assert re.search(r"fuzz: host: seed 1 FAILED: .*oracle", fuzzed.stdout), fuzzed.stdout
    kept = tree.out / "fuzz-machine/terrarium/finding-1"
    words = dict(re.findall(r"(\w+)=(\S+)", (kept / "plan.txt").read_text()))
    plan = fuzz_plan.parse(words["FUZZ_SEED"], words["FUZZ_CALLS"])
    assert plan.count() <= SHORT, fuzzed.stdout
    assert (kept / "trace.bin").stat().st_size > 0
    again = {name: words[name] for name in ("HYP", "ORACLE", "FUZZ_SEED", "FUZZ_CALLS")}
    replayed = run(tree, "scenarios.harness", "run", words["SCENARIO"], **again)
    assert replayed.returncode == 1 and "oracle" in replayed.stdout, replayed.stdout + replayed.stderr
    runs = Path(os.environ.get("O") or paths.ROOT / "out") / "planted"
    unbroken = run(tree, "scenarios.harness", "run", words["SCENARIO"], O=str(paths.out()), RUNS=str(runs), **again)
    assert unbroken.returncode == 0, unbroken.stdout + unbroken.stderr
