# SPDX-License-Identifier: GPL-2.0-or-later
"""Marks: a stopped machine's state made ready to go on, names, copies, and marks that are damaged."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from scenarios.harness import marks, paths, stopped
from scenarios.harness.errors import MachineFailed, StepFailed, Unusable
from scenarios.harness.steps import Step


def state_of(skipped: int, executed: int, ticks: int, run_state: bytes = b"guest-panicked") -> bytes:
    """As QEMU writes it, but for all that does not matter here."""
    text = b"..." + stopped.MAGIC + ticks.to_bytes(8, "big") + b"...\x05timer" + bytes(8) + b"\x11" * 24
    text += b"\x05\x0ctimer/icount\0\0\0\1" + skipped.to_bytes(8, "big") + executed.to_bytes(8, "big")
    text += (len(run_state) + 1).to_bytes(4, "big") + run_state + bytes(40)
    return text + b'{"name": "timer/icount"}'


def test_a_jump_of_the_clock_while_it_stopped_is_taken_back():
    """Two machines that stopped at the same instruction are the same, jump or not."""
    early = stopped.ready_to_go_on(state_of(1000, 48000, 3000))
    late = stopped.ready_to_go_on(state_of(1466880, 48000, 3000))
    assert early == late
    assert b"\0\0\0\x08running\0" in early and b"guest-panicked" not in early
    assert len(early) == len(state_of(0, 0, 0)) and b"\x11" not in early
    assert (48000 + 1024 - 48000).to_bytes(8, "big") + (48000).to_bytes(8, "big") in early


@pytest.mark.parametrize(
    "state",
    [
        b"",
        state_of(1000, 48000, 3000, b"paused"),
        state_of(1000, 48000, 3000).replace(stopped.MAGIC, b"12345678"),
        state_of(1000, 48000, 3000) + state_of(1000, 48000, 3000),
        state_of(1000, 47000, 3001),  # its clock is behind its guest's
    ],
)
def test_what_no_program_stopped_is_refused(state: bytes):
    with pytest.raises(MachineFailed, match="QEMU saved"):
        stopped.ready_to_go_on(state)


@pytest.mark.parametrize("names", [["a", "a"], ["../a"], [""], ["a b"]])
def test_a_mark_has_a_name_of_its_own(names: list[str]):
    with pytest.raises(StepFailed, match="a mark needs a name of its own"):
        marks.names_of([Step("mark", path=name) for name in names])
    assert marks.names_of([Step("mark", path="before-it"), Step("run", argv=("a",))]) == ["before-it"]


def test_a_copy_has_the_same_holes(tmp_path: Path):
    source, target = tmp_path / "a", tmp_path / "b"
    with source.open("wb") as file:
        file.write(b"one")
        file.seek(1 << 20)
        file.write(b"two")
        file.truncate(8 << 20)
    marks.copy_sparse(source, target)
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_blocks <= source.stat().st_blocks
    source.write_bytes(b"")
    marks.copy_sparse(source, target)
    assert target.read_bytes() == b""


@pytest.fixture
def made(tmp_path: Path, image: Path) -> Path:
    """A mark's folder as make() leaves it."""
    place = tmp_path / "marks" / "here"
    place.mkdir(parents=True)
    for name in ("ram", "state", "plan.bin", "results.bin", "console.log"):
        (place / name).write_bytes(b"x" * 100)
    options = paths.machine_description.from_env({"KERNEL": str(image), "ICOUNT": "1"})
    setup = marks.Setup(options=options)
    plan = [Step("put", path="/a", data=b"\xff"), Step("mark", path="here"), Step("run", argv=("a", "b"))]
    marks._finish(place, setup, "isolation/it", plan, {"plan": "1"})
    return place


def test_a_mark_is_what_was_saved(made: Path):
    mark = marks.load(made)
    assert (mark.name, mark.scenario, mark.target) == ("here", "isolation/it", "terrarium")
    assert mark.plan[0] == Step("put", path="/a", data=b"\xff") and mark.plan[2].argv == ("a", "b")
    argv = mark.argv(Path("/r,1"), Path("/c"), ["p.so,out=x"])
    assert argv[argv.index("-incoming") + 1] == f"file:{made}/state"
    assert argv[-2:] == ["-plugin", "p.so,out=x"] and "file,id=results,path=/r,,1" in argv
    assert "panic=none" in argv and "-kernel" not in argv and "-qmp" not in argv
    assert dataclasses.replace(mark) == mark
    more = mark.argv(Path("/r"), Path("/c"), [], ["edu"])
    assert more[-2:] == ["-device", "edu"]  # behind all that was saved, whose places are as they were


def test_a_mark_that_is_not_as_it_was_is_refused_with_one_sentence(made: Path):
    (made / "ram").write_bytes(b"y" * 101)
    with pytest.raises(Unusable, match="here is damaged: ram is not as it was saved"):
        marks.load(made)
    (made / "ram").unlink()
    with pytest.raises(Unusable, match="there is no mark .*here: No such file"):
        marks.load(made)
    (made / "mark.json").write_text(json.dumps({"files": {}}))
    with pytest.raises(Unusable, match="here is damaged: mark.json is not readable"):
        marks.load(made)
    with pytest.raises(Unusable, match="there is no mark .*there: No such file"):
        marks.load(made.parent / "there")
