# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of several scenarios in one saved machine: all are there, and each scenario has its own in their places."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scenarios.harness import store
from scenarios.harness.store import Store


def test_all_contents_once(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(b"kernel")
    sets = [{"/a": tmp_path / "kernel", "/b": "text"}, {"/c": b"kernel", "/b": lambda: b"other"}, {"/b": "text"}]
    contents = Store(sets).contents()
    assert sorted(Path(c).read_bytes() if isinstance(c, Path) else c for c in contents.values() if c != "text") == [b"kernel", b"other"]
    assert len(contents) == 3 and all(place.startswith(store.FOLDER + "/") for place in contents)
    assert Store(list(reversed(sets))).contents().keys() == contents.keys()


@pytest.mark.parametrize("sets", [[], [{"/a": "x"}], [{"/a": "x"}, {"/a": b"x"}]])
def test_one_set_of_files_has_a_machine_of_its_own(sets: list[store.Given]) -> None:
    assert Store(sets).contents() == {}


def test_another_scenarios_files_that_are_not_there_harm_nobody(tmp_path: Path) -> None:
    assert Store([{"/a": "x"}, {"/b": Path("/nonexistent/file")}]).contents() == {}


def test_each_scenario_has_its_own_in_their_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "FOLDER", str(tmp_path / "store"))
    mine = {f"{tmp_path}/host/it's/deep": "text", f"{tmp_path}/host/other": b"bytes"}
    for place, content in Store([mine, {"/not/mine": "secret"}]).contents().items():
        Path(place).parent.mkdir(exist_ok=True)
        Path(place).write_bytes(content.encode() if isinstance(content, str) else content)
    (tmp_path / "host").mkdir()
    (tmp_path / "host/other").write_text("what was there before")
    subprocess.run(store.linking(mine), check=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "host").rglob("*") if path.is_file()} == {"deep": b"text", "other": b"bytes"}
    Path(store.place_of("text")).unlink()
    gone = subprocess.run(store.linking(mine), stderr=subprocess.PIPE, text=True)
    assert gone.returncode != 0 and "store" in gone.stderr
