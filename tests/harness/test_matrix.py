# SPDX-License-Identifier: GPL-2.0-or-later
"""The isolation matrix: made of verdicts, and of nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scenarios.harness import matrix
from scenarios.harness.checks import Checks
from scenarios.harness.errors import StepFailed
from scenarios.harness.matrix import BROKEN, HELD, OPEN, cell


def verdict(runs: Path, target: str, scenario: str, *checks: tuple[str, bool, str]) -> None:
    folder = runs / target / scenario
    folder.mkdir(parents=True)
    rows = [{"name": name, "expected": "efault", "seen": "<data>", "ok": ok, "cell": where} for name, ok, where in checks]
    content = {"target": target, "scenario": scenario, "checks": rows, "replay": f"make run-scenario SCENARIO={scenario}"}
    (folder / "verdict.json").write_text(json.dumps(content))


def test_words_are_from_the_lists() -> None:
    assert cell("vmm", "guest", "read") == "vmm > guest > read"
    assert cell("device", "guest", "read", open=True) == f"device > guest > read > {OPEN}"
    with pytest.raises(StepFailed, match="the isolation matrix has no 'kernl'; it has 'kernel'"):
        cell("kernl", "guest", "read")
    with pytest.raises(StepFailed, match="has no 'teleport'"):
        cell("kernel", "guest", "teleport")


def test_a_check_carries_its_cell() -> None:
    check = Checks(lambda made: None)
    check("a read", "efault", "efault", cell("vmm", "guest", "read"))
    check("something else", 1, 1)
    assert [made.cell for made in check.made] == ["vmm > guest > read", ""]


def test_cells_are_what_verdicts_say(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    read, write = cell("kernel", "guest", "read"), cell("kernel", "guest", "write")
    verdict(runs, "terrarium", "isolation/one", ("a", True, read), ("b", True, write), ("c", True, ""))
    verdict(runs, "terrarium", "isolation/two", ("d", False, write))
    verdict(runs, "pkvm", "isolation/one", ("e", True, cell("kernel", "guest", "read", open=True)))
    (runs / "broken").mkdir()
    (runs / "broken/verdict.json").write_text("{")
    evidence = matrix.write(runs, tmp_path)
    ours = matrix.cells_of(evidence, "terrarium")["kernel", "guest"]
    assert {way: matrix.outcome_of(checks) for way, checks in ours.items()} == {"read": HELD, "write": BROKEN}
    theirs = matrix.cells_of(evidence, "pkvm")["kernel", "guest"]
    assert matrix.outcome_of(theirs["read"]) == OPEN
    text = (tmp_path / "isolation-matrix.md").read_text()
    assert "| the host's kernel | read held (1), write BROKEN (2) |  |" in text
    assert "| its VMM |  |" in text
    page = (tmp_path / "isolation-matrix.html").read_text()
    assert 'href="#terrarium-kernel-guest-write" title="write: BROKEN, 2 checks">write BROKEN 2</a>' in page
    assert '<section id="terrarium-kernel-guest-write">' in page and 'href="runs/terrarium/isolation/two/"' in page
    assert "3 checks of 2 scenarios: 2 held, 0 open by design, 1 BROKEN." in page and "seen &lt;data&gt;" in page and "SCENARIO=isolation/two" in page
    kept = json.loads((tmp_path / "isolation-matrix.json").read_text())
    assert kept[0]["folder"] == "runs/pkvm/isolation/one"
    assert [row["check"] for row in kept] == ["e", "a", "b", "d"]


def test_nothing_tried_is_nothing_written(tmp_path: Path) -> None:
    verdict(tmp_path / "runs", "pkvm", "lifecycle/one", ("a", True, ""))
    assert matrix.write(tmp_path / "runs", tmp_path) == []
    assert list(tmp_path.iterdir()) == [tmp_path / "runs"]
