# SPDX-License-Identifier: GPL-2.0-or-later
"""restart(): one machine ends, with all that its end tells, before the next one starts; machines are played."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scenarios.harness import run as run_module
from scenarios.harness.errors import MachineFailed, RungFailed, Unusable
from scenarios.harness.rungs import Rungs
from scenarios.harness.run import CLOSED, RECORDING, Plea, ScenarioRun
from scenarios.harness.steps import Result


class Lives:
    """What the machines of one run did, in order, and how each of them goes."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.ends: list[MachineFailed | None] = []  # how the first, the second, … ends; else well
        self.never_ready = 0  # the number of a machine whose host does not come


class Played:
    """LiveMachine, as far as a run sees it. Its host's files live as long as it does."""

    lives: Lives

    def __init__(self, setup: Any, folder: Any, progress: Any) -> None:
        self.number = 1 + sum(word.startswith("start") for word in self.lives.told)
        self.artefacts, self.inputs = folder.path, {"machine": str(self.number)}
        self.failure: MachineFailed | None = None
        self.trace_if_decoded = None

    def start(self) -> None:
        self.lives.told.append(f"start {self.number}")

    def ready(self) -> SimpleNamespace:
        if self.number == self.lives.never_ready:
            raise MachineFailed("no `ready`")
        self.lives.told.append(f"ready {self.number}")
        return SimpleNamespace(run=lambda argv, timeout: Result(tuple(argv), 0, f"machine {self.number}", ""))

    def decoded(self) -> None:
        self.lives.told.append(f"decoded {self.number}")
        if self.number <= len(self.lives.ends):
            self.failure = self.lives.ends[self.number - 1]

    def close(self, orderly: bool = True) -> None:
        self.lives.told.append(f"close {self.number}")


@pytest.fixture
def lives(monkeypatch: pytest.MonkeyPatch) -> Lives:
    monkeypatch.setattr(Played, "lives", Lives(), raising=False)
    monkeypatch.setattr(run_module, "LiveMachine", Played)
    return Played.lives


class Finds:
    """An instrument that has something against a machine, from its end on."""

    words = ()

    def __init__(self) -> None:
        self.finds: str | None = None

    def report(self, folder: Path) -> None:
        return None

    def finding(self, folder: Path) -> str | None:
        return self.finds


@pytest.fixture
def instrument() -> Finds:
    return Finds()


@pytest.fixture
def run(lives: Lives, instrument: Finds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScenarioRun:
    monkeypatch.setenv("O", str(tmp_path / "out"))
    options = SimpleNamespace(icount=False, hyp="terrarium", words=lambda: "", key=lambda: "")
    setup = SimpleNamespace(options=options, instruments=[instrument], plugins=[], trace=True, limit_s=120.0)
    made = ScenarioRun(Plea("mine/a", "", None), setup, Rungs(tmp_path / "rungs"), False)
    made.begin()
    return made


def says(host: Any) -> str:
    return host.run(["anything"]).out


def test_another_machine_and_its_host(run: ScenarioRun, lives: Lives) -> None:
    first = run.host()
    second = run.restarted_host()
    assert lives.told == ["start 1", "ready 1", "decoded 1", "close 1", "start 2", "ready 2"]
    assert (says(first), says(second)) == ("machine 1", "machine 2")
    assert run.host() is second, "who asks again has the new one"
    third = run.restarted_host()
    assert says(third) == "machine 3"
    run.close_machine()
    assert lives.told[-4:] == ["start 3", "ready 3", "decoded 3", "close 3"]
    assert run.judge().inputs == {"machine": "3"}


def test_the_vm_is_gone_with_its_machine(run: ScenarioRun) -> None:
    run.host()
    run._vm = SimpleNamespace(name="of the first machine")
    run.restarted_host()
    with pytest.raises(Unusable, match="need the marker vm"):
        run.vm_created()  # it would make one, and not give the old one out


def test_a_machine_that_ended_badly_is_the_cause(run: ScenarioRun, lives: Lives) -> None:
    lives.ends = [MachineFailed("QEMU died")]
    run.host()
    with pytest.raises(MachineFailed, match="^QEMU died$"):
        run.restarted_host()
    assert "start 2" not in lives.told
    judged = run.judge()
    assert (judged.result, judged.cause) == ("fail", "QEMU died")


def test_what_an_instrument_found_in_the_first_life(run: ScenarioRun, lives: Lives, instrument: Finds) -> None:
    run.host()
    instrument.finds = "the oracle: a page of two owners"
    with pytest.raises(MachineFailed, match="a page of two owners"):
        run.restarted_host()
    assert "start 2" not in lives.told
    assert run.judge().cause == instrument.finds


def test_the_second_machine_does_not_come_up(run: ScenarioRun, lives: Lives) -> None:
    lives.never_ready = 2
    run.host()
    with pytest.raises(MachineFailed, match="no `ready`"):
        run.restarted_host()
    run.close_machine()
    assert lives.told[-1] == "close 2", "it is let go of all the same"
    with pytest.raises(RungFailed, match="rung host failed before"):
        run.restarted_host()


@pytest.mark.parametrize("phase", [RECORDING, CLOSED])
def test_a_closed_run_has_one_machine(run: ScenarioRun, lives: Lives, phase: str) -> None:
    run.host()
    run.phase = phase
    with pytest.raises(Unusable, match="no ICOUNT=1"):
        run.restarted_host()
    assert lives.told == ["start 1", "ready 1"], "it goes on"
