# SPDX-License-Identifier: GPL-2.0-or-later
"""The bench's table, its comparison with an earlier file, and files that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scenarios.harness.errors import Unusable
from scenarios.performance import bench

NOW = {
    "a: same": {"value": 1234567, "unit": "instructions"},
    "a: slower": {"value": 110.0, "unit": "ns"},
    "a: a little": {"value": 1.01, "unit": "s"},
    "a: new": {"value": 3, "unit": "faults"},
    "a: other unit": {"value": 3, "unit": "MiB"},
    "a: from nothing": {"value": 5, "unit": "faults"},
}
BASE = {
    "a: same": {"value": 1234567, "unit": "instructions"},
    "a: slower": {"value": 100.0, "unit": "ns"},
    "a: a little": {"value": 1.0, "unit": "s"},
    "a: other unit": {"value": 3, "unit": "KiB"},
    "a: from nothing": {"value": 0, "unit": "faults"},
    "a: old": {"value": 1, "unit": "s"},
}


def test_table_alone() -> None:
    lines = bench.table(NOW, None).splitlines()
    assert lines[0].split() == ["a:", "same", "1,234,567", "instructions"]
    assert lines[2].split() == ["a:", "a", "little", "1.01", "s"]
    assert len(lines) == len(NOW)


def test_table_with_an_earlier_file() -> None:
    lines = bench.table(NOW, BASE).splitlines()
    assert lines[0].endswith("instructions  =")
    assert lines[1].endswith("+10.0%, was 100  <--")
    assert lines[2].endswith("+1.0%, was 1")
    assert lines[3].endswith("new") and lines[4].endswith("new")
    assert lines[5].endswith("was 0")
    assert lines[6].split() == ["a:", "old", "gone"]


def test_written_file_is_a_base(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    bench.write(NOW, path)
    assert bench.load_base(path) == NOW
    assert json.loads(path.read_text())["format"] == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "No such file or directory"),
        ("not json", "this is no file of `make bench`"),
        ("[1]", "this is no file of `make bench`"),
        ('{"format": 1}', "this is no file of `make bench`"),
        ('{"format": 7, "figures": {}}', "it has format 7, not 1"),
    ],
)
def test_bad_base(tmp_path: Path, text: str | None, sentence: str) -> None:
    path = tmp_path / "base.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(Unusable, match=f"^BASE={path}: {sentence}$"):
        bench.load_base(path)
