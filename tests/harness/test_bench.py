# SPDX-License-Identifier: GPL-2.0-or-later
"""The bench's table, its comparison with an earlier file, and files that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scenarios.harness import verdict
from scenarios.harness.checks import Check
from scenarios.harness.errors import Unusable
from scenarios.performance import bench
from scenarios.performance.measures import GOAL

BOTH = ["terrarium", "pkvm"]


def figure(unit: str, **values: float) -> dict:
    return {"unit": unit, "values": values}


NOW = {
    "a: same": figure("instructions", terrarium=1234567, pkvm=1234567),
    "a: slower": figure("ns", terrarium=110.0, pkvm=220.0),
    "a: a little": figure("s", terrarium=1.01),
    "a: new": figure("faults", terrarium=3, pkvm=0),
    "a: other unit": figure("MiB", terrarium=3, pkvm=1.5),
    "a: from nothing": figure("faults", pkvm=5),
}
BASE = {
    "a: same": figure("instructions", terrarium=1234567, pkvm=1234567),
    "a: slower": figure("ns", terrarium=100.0, pkvm=220.0),
    "a: a little": figure("s", terrarium=1.0),
    "a: other unit": figure("KiB", terrarium=3, pkvm=1.5),
    "a: from nothing": figure("faults", pkvm=0),
    "a: old": figure("s", terrarium=1),
}


def test_table_of_both_targets() -> None:
    lines = bench.table(NOW, BOTH, None).splitlines()
    assert lines[0].split() == ["terrarium", "pkvm", "ratio"]
    assert lines[1].split() == ["a:", "same", "1,234,567", "1,234,567", "1.00", "instructions"]
    assert lines[2].split() == ["a:", "slower", "110", "220", "0.50", "ns"]
    assert lines[3].split() == ["a:", "a", "little", "1.01", "-", "s"]
    assert lines[4].split() == ["a:", "new", "3", "0", "faults"]
    assert len(lines) == 1 + len(NOW)


def test_table_of_one_target() -> None:
    lines = bench.table(NOW, ["pkvm"], None).splitlines()
    assert lines[0].split() == ["pkvm"]
    assert lines[2].split() == ["a:", "slower", "220", "ns"]


def test_table_with_an_earlier_file() -> None:
    lines = bench.table(NOW, BOTH, BASE).splitlines()
    assert lines[1].endswith("instructions  =")
    assert lines[2].endswith("ns            terrarium +10.0%, was 100  <--")
    assert lines[3].endswith("terrarium +1.0%, was 1")
    assert lines[4].endswith("terrarium new  pkvm new") and lines[5].endswith("terrarium new  pkvm new")
    assert lines[6].endswith("pkvm was 0")
    assert lines[7].split() == ["a:", "old", "gone"]


def test_written_file_is_a_base(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    bench.write(NOW, path)
    assert bench.load_base(path) == NOW
    assert json.loads(path.read_text())["format"] == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "No such file or directory"),
        ("not json", "this is no file of `make bench`"),
        ("[1]", "this is no file of `make bench`"),
        ('{"format": 2}', "this is no file of `make bench`"),
        ('{"format": 7, "figures": {}}', "it has format 7, not 2"),
    ],
)
def test_bad_base(tmp_path: Path, text: str | None, sentence: str) -> None:
    path = tmp_path / "base.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(Unusable, match=f"^BASE={path}: {sentence}$"):
        bench.load_base(path)


def test_goals(tmp_path: Path) -> None:
    checks = [Check(f"{GOAL}half the time", "at most 0.5", "0.4", True), Check("no goal", "1", "1", True),
              Check(f"{GOAL}half the memory", "at most 0.5", "0.6", False)]
    judged = verdict.Verdict(scenario="performance/x", title="", target="pkvm", options="", result="fail", cause="", checks=checks,
                             figures=[], seconds=1.0, trace=None, inputs={}, replay="")
    verdict.write(judged, tmp_path)
    lines = [line.split() for line in bench.goals([tmp_path])]
    assert [line[0] for line in lines] == ["ok", "FAIL"]
    assert " ".join(lines[1]) == "FAIL pkvm/performance/x: half the memory at most 0.5; seen 0.6"


def test_scenarios_elsewhere(tmp_path: Path) -> None:
    for name in ("avf_least_memory.normal", "avf_least_memory.protected", "avf_least_memory_of_others", "debian_login"):
        (tmp_path / "endurance" / name).mkdir(parents=True)
    (tmp_path / bench.DEFAULT_SCENARIO).mkdir(parents=True)
    assert [str(folder.relative_to(tmp_path)) for folder in bench.elsewhere(tmp_path)] == [
        "endurance/avf_least_memory.normal", "endurance/avf_least_memory.protected", bench.DEFAULT_SCENARIO]
