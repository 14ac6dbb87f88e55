# SPDX-License-Identifier: GPL-2.0-or-later
"""The instruments, each asked about one mutant: unit tests, fuzzers, scenarios, the oracle."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

from ci.mutants.spec import ROOT, BadMutant
from ci.mutants.tree import Tree
from ci.unit import run_program

FUZZ_RUNS, FUZZ_S = 20000, 120
SCENARIO_S = 400  # over all limits of the runner's own
LIMIT_S = "150"   # of one scenario, unless the user names one

ORACLE_FILE = "oracle.json"  # in a run's folder, written at a breach
_STAMP = re.compile(r"^ *([0-9]+\.[0-9]) s  ")


@dataclass(frozen=True)
class Finding:
    """What one instrument says. @seconds: from its start to the first word of it."""

    instrument: str
    caught: bool
    seconds: float
    evidence: str = ""


def unit(tree: Tree) -> Finding:
    """The unit tests of what changed."""
    tree.build(*_programs("tests/hypervisor/hyp_*.c", "tests"))
    began = time.monotonic()
    for name, program in tree.programs("tests").items():
        cases, _ = run_program(program)
        for case in cases:
            if case.failure:
                text = _short(case.failure.replace(f"{tree.root}/", "").replace(f"{ROOT}/", ""))
                return Finding("unit", True, time.monotonic() - began, f"{name}: {case.name}: {text}")
    return Finding("unit", False, time.monotonic() - began)


def fuzz(tree: Tree) -> Finding:
    """The native fuzzers, from their first seed."""
    tree.build(*_programs("tests/fuzz/hyp_*.c", "fuzz"))
    began = time.monotonic()
    for name, program in tree.programs("fuzz").items():
        command = [str(program), "-seed=1", f"-runs={FUZZ_RUNS}", f"-artifact_prefix={tree.folder}/"]
        status, text = _run(command, {}, FUZZ_S)
        if status != 0:
            said = [line for line in text.splitlines() if "Assert" in line or "ERROR" in line or "error" in line]
            return Finding("fuzz", True, time.monotonic() - began, f"{name}: {_short((said or ['it stopped'])[0])}")
    return Finding("fuzz", False, time.monotonic() - began)


class Machine:
    """
    A mutant's scenarios, asked by the oracle and by their own checks. A run in which the oracle is
    silent answers for both; only after a breach, which ends the machine, is there another without it.
    """

    def __init__(self, tree: Tree) -> None:
        tree.build("hypervisor/hyp.bin")
        self._tree = tree
        self._checked: dict[str, Finding] = {}  # by scenario, what its checks said

    def oracle(self, tiers: str) -> Finding:
        """What @tiers say, until the first breach. What the scenario's own checks say is kept."""
        total = 0.0
        for name in self._tree.mutant.scenarios:
            finding = self._run(name, tiers)
            total += finding.seconds
            if finding.instrument.startswith("oracle"):
                return replace(finding, seconds=total)
            self._checked.setdefault(name, finding)
        return Finding(f"oracle {tiers}" if len(tiers) == 1 else "oracle", False, total)

    def scenario(self) -> Finding:
        """What the scenarios say, one after the other, until one fails."""
        total = 0.0
        for name in self._tree.mutant.scenarios:
            finding = self._checked[name] if name in self._checked else self._run(name, "off")
            total += finding.seconds
            if finding.caught:
                return replace(finding, seconds=total)
        return Finding("scenario", False, total)

    def _run(self, name: str, oracle: str) -> Finding:
        tree, run = self._tree, self._tree.out / "runs/terrarium" / name
        environment = {"O": str(tree.out), "RUNS": "", "HYP": "terrarium", "JOBS": "1", "ORACLE": oracle}
        environment["LIMIT"] = os.environ.get("LIMIT") or LIMIT_S
        # What is broken is broken from the first instruction on. The control is what snapshots are of.
        environment["COLD"] = "1" if tree.mutant.file else "0"
        _, text = _run([sys.executable, "-m", "scenarios.harness", "run", name], environment, SCENARIO_S)
        try:
            verdict = json.loads((run / "verdict.json").read_text())
        except (OSError, ValueError):
            said = text.strip().splitlines() or ["nothing was printed"]
            raise BadMutant(f"mutant {tree.mutant.name}: {name} has no verdict: {_short(said[-1])}") from None
        if verdict["result"] == "skip":
            raise BadMutant(f"mutant {tree.mutant.name}: {name} was skipped")
        if verdict["result"] == "pass":
            return Finding("scenario", False, verdict["seconds"])
        tier = _tier_of(run)
        text = f"{name}: {_short(str(verdict['cause']).removeprefix('oracle: '))}"
        return Finding(f"oracle {tier}" if tier else "scenario", True, _when(run, verdict), text)


def _tier_of(run: Path) -> str:
    """The tier that ended the run, by what the oracle wrote; "" if it said nothing."""
    try:
        return str(json.loads((run / ORACLE_FILE).read_text())["tier"])
    except (OSError, ValueError, KeyError):
        return ""


def _when(run: Path, verdict: dict[str, object]) -> float:
    """Seconds of the last stage before the first bad news, or all of the run's."""
    last = 0.0
    try:
        for line in (run / "progress.log").read_text().splitlines():
            if line.lstrip().startswith("FAIL"):
                return last
            stamp = _STAMP.match(line)
            last = float(stamp[1]) if stamp else last
    except OSError:
        pass
    return float(str(verdict["seconds"]))


def _programs(pattern: str, folder: str) -> list[str]:
    return [f"{folder}/{path.stem}" for path in sorted(ROOT.glob(pattern))]


def _short(text: str, length: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


_children: set[subprocess.Popen[str]] = set()  # each a process group of its own
_children_lock = threading.Lock()
_stopped = threading.Event()


def stop() -> None:
    """End all that is asked just now, QEMUs and all; nothing is asked any more."""
    _stopped.set()
    with _children_lock:
        for child in _children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGTERM)


def _run(command: list[str], environment: dict[str, str], limit_s: int) -> tuple[int, str]:
    """A program and all that it starts, ended together. (exit status, what it printed)."""
    if _stopped.is_set():
        raise BadMutant("interrupted")
    merged = {**os.environ, **environment}
    with subprocess.Popen(
        command, cwd=ROOT, env={key: text for key, text in merged.items() if text}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    ) as child:  # fmt: skip
        with _children_lock:
            _children.add(child)
        try:
            text, _ = child.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGTERM)
            text, _ = child.communicate()
            return -1, text + f"\nno end in {limit_s} s"
        except BaseException:
            os.killpg(child.pid, signal.SIGTERM)
            raise
        finally:
            with _children_lock:
                _children.discard(child)
    return child.returncode, text
