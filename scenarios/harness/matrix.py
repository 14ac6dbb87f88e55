# SPDX-License-Identifier: GPL-2.0-or-later
"""The isolation matrix: who attacked whom in which way, and the checks that say what came of it.

A scenario names the cell that a check is evidence for. What is written is made of verdicts and
of nothing else: a cell without a check is empty.
"""

from __future__ import annotations

import difflib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenarios.harness.errors import StepFailed

ATTACKERS = {
    "vmm": "its VMM",
    "process": "another process",
    "syscall": "system calls",
    "kernel": "the host's kernel",
    "walk": "the CPU's table walk, told by the host",
    "device": "a device (DMA)",
    "guest": "another guest",
}
VICTIMS = {
    "guest": "memory of a protected guest",
    "realm": "memory of a realm",
    "unshared": "a page that the guest took back",
    "relinquished": "a page that the guest gave back",
    "dead": "memory of a dead VM",
    "registers": "registers of a protected guest",
    "tables": "a VM's tables and vCPUs",
    "hypervisor": "memory of the hypervisor",
    "given": "a page given to the hypervisor",
    "devices": "devices that go to memory",
    "firmware": "the firmware",
}
WAYS = ("read", "write", "execute", "find", "maintain", "call")
HELD, OPEN, BROKEN = "held", "open by design", "BROKEN"
_SEPARATOR = " > "


def cell(attacker: str, victim: str, way: str, open: bool = False) -> str:
    """
    For check(..., cell=). @open: the check shows that this way is open, because this target
    does not claim to close it. Raises StepFailed for a word that there is not.
    """
    for word, known in ((attacker, ATTACKERS), (victim, VICTIMS), (way, WAYS)):
        if word not in known:
            near = difflib.get_close_matches(word, known, 1)
            raise StepFailed(f"the isolation matrix has no {word!r}" + (f"; it has {near[0]!r}" if near else ""))
    return _SEPARATOR.join([attacker, victim, way, *([OPEN] if open else [])])


@dataclass(frozen=True)
class Evidence:
    """One check about one cell."""

    target: str
    attacker: str
    victim: str
    way: str
    outcome: str
    scenario: str
    check: str
    expected: str
    seen: str
    replay: str
    folder: str  # of the run's artefacts, from the matrix's own


def _evidence(verdict: Mapping[str, Any], folder: str) -> Iterable[Evidence]:
    for check in verdict.get("checks", ()):
        words = str(check.get("cell") or "").split(_SEPARATOR)
        if len(words) >= 3:
            outcome = BROKEN if not check["ok"] else OPEN if words[3:] else HELD
            yield Evidence(
                verdict["target"], *words[:3], outcome, verdict["scenario"],
                check["name"], check["expected"], check["seen"], verdict["replay"], folder,
            )  # fmt: skip


def collect(runs: Path, out: Path) -> list[Evidence]:
    """All evidence in the verdicts below @runs, for a matrix in @out; what is no verdict is passed over."""
    found: list[Evidence] = []
    for path in sorted(runs.rglob("verdict.json")):
        try:
            found += _evidence(json.loads(path.read_text()), os.path.relpath(path.parent, out))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def outcome_of(checks: Iterable[Evidence]) -> str:
    """The worst of them."""
    outcomes = {each.outcome for each in checks}
    return next(word for word in (BROKEN, OPEN, HELD) if word in outcomes)


Cells = dict[tuple[str, str], dict[str, list[Evidence]]]


def cells_of(evidence: Iterable[Evidence], target: str) -> Cells:
    """(attacker, victim) -> way -> checks."""
    cells: Cells = defaultdict(lambda: defaultdict(list))
    for each in evidence:
        if each.target == target:
            cells[each.attacker, each.victim][each.way].append(each)
    return cells


def _words(ways: Mapping[str, list[Evidence]]) -> str:
    return ", ".join(f"{way} {outcome_of(ways[way])} ({len(ways[way])})" for way in WAYS if way in ways)


def markdown(evidence: list[Evidence]) -> str:
    parts = []
    for target in sorted({each.target for each in evidence}):
        cells = cells_of(evidence, target)
        parts.append(f"## HYP={target}\n\n| attacker | {' | '.join(VICTIMS.values())} |\n|{'---|' * (len(VICTIMS) + 1)}")
        for attacker, text in ATTACKERS.items():
            row = [_words(cells[attacker, victim]) if (attacker, victim) in cells else "" for victim in VICTIMS]
            parts.append(f"| {text} | {' | '.join(row)} |")
        parts.append("")
    head = "# Isolation matrix\n\nIn brackets: so many checks. Empty: nothing tried.\n"
    return "\n".join([head, *parts])


def write(runs: Path, out: Path) -> list[Evidence]:
    """out/isolation-matrix.{json,md,html} from the verdicts below @runs. No evidence: no files."""
    from scenarios.harness.matrix_page import page  # which takes its words from here

    evidence = collect(runs, out)
    if evidence:
        texts = {
            "json": json.dumps([vars(each) for each in evidence], indent=1) + "\n",
            "md": markdown(evidence),
            "html": page(evidence),
        }
        for suffix, text in texts.items():
            part = out / f"isolation-matrix.{suffix}.part"
            part.write_text(text)
            part.replace(part.with_suffix(""))
    return evidence
