# SPDX-License-Identifier: GPL-2.0-or-later
"""`make campaign` with mistakes in its variables: one sentence, exit status 2; replays that are as they were, or not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from scenarios.campaigns import __main__ as command
from scenarios.campaigns import campaign, machine, replay, results
from scenarios.campaigns.description import Campaign, Space
from scenarios.harness.errors import Unusable


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "NAME=: no such campaign; there are: "),
        ({"NAME": "ownershp"}, "NAME=ownershp: no such campaign; near it: ownership"),
        ({"NAME": "short ownershp"}, "NAME=ownershp: no such campaign; near it: ownership"),
        ({"NAME": "short", "WORKERS": "0"}, "WORKERS=0: must be a number from 1 to 1024"),
        ({"NAME": "short", "SCHEDULER": "host"}, "SCHEDULER=host: must be an address such as tcp://host:8786"),
        ({"NAME": "short", "RESUME": "yes"}, "RESUME=yes: allowed: 0, 1"),
        ({"NAME": "short", "RESUME": "1"}, "RESUME=1: there are no results to go on from"),
        ({"NAME": "short", "REPLAY": "x"}, "REPLAY=x: must be a number"),
        ({"NAME": "short", "INJECTIONS": "0"}, "INJECTIONS=0: must be a number from 1"),
        ({"NAME": "short", "HYP": "xen"}, "HYP=xen: no such target"),
    ],
)
def test_mistakes(
    given: dict, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("O", str(tmp_path))
    assert command.main(given) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1


def test_several_campaigns(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, str, int]] = []

    def runs(wanted: list, _wishes: object, _file: Path) -> int:
        ran.extend((found.name, target, sum(space.injections for space in found.spaces)) for found, target in wanted)
        return 0

    monkeypatch.setattr(command, "_run", runs)
    assert command.main({"NAME": "descriptors dma", "HYP": "both", "INJECTIONS": "40"}) == 0
    assert ran == [(name, target, 40) for target in ("pkvm", "terrarium") for name in ("descriptors", "dma")]


def test_results_of_another_build_are_not_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("O", str(tmp_path))
    folder = campaign.folder_of("terrarium", "short")
    folder.mkdir(parents=True)
    (folder / results.NAME).write_text('{"format":1,"key":"k"}\n')
    assert command.main({"NAME": "short", "RESUME": "1"}) == 2
    assert "of another build" in capsys.readouterr().err
    assert (folder / results.NAME).read_text() == '{"format":1,"key":"k"}\n'


def spaces(*injections: int | None) -> Campaign:
    made = tuple(Space(f"s{n}", "flags", ("x0",), (0, 64), (), count, 0) for n, count in enumerate(injections))
    return Campaign("c", "t", "s", "m", 1, 4, 0, made)


def test_injections_are_parted_as_the_description_parts_them() -> None:
    limited = spaces(4000, 1000, 5000).limited(100)
    assert [each.injections for each in limited.spaces] == [40, 10, 50]
    assert spaces(4000, 1).limited(None) == spaces(4000, 1)
    assert [each.injections for each in spaces(4000, 1).limited(10).spaces] == [9, 1]
    with pytest.raises(Unusable, match="exhaustive"):
        spaces(None, 1).limited(10)


ROW = {
    "id": 3, "outcome": "sdc", "how": "results", "reason": "r", "before": "0x0", "after": "0x1", "insns": 7,
    "symbol": "f", "pc": 1, "fault": "at=start do=skip", "trace": "", "seconds": 1,
}  # fmt: skip


def fake_run(tmp_path: Path, *rows: dict) -> SimpleNamespace:
    kept = results.Results(tmp_path, {"key": "k"}, resume=False)
    kept.add(list(rows))
    kept.close()
    plan = SimpleNamespace(injections=[SimpleNamespace(as_dict=lambda n=n: {"id": n}) for n in range(9)])
    return SimpleNamespace(folder=tmp_path, key="k", plan=plan, target="terrarium")


@pytest.mark.parametrize(
    ("change", "traces", "status", "said"),
    [
        ({}, ("t", "t"), 0, "1 of 1 injections taken at random: same outcome, byte-identical traces"),
        ({}, ("t", "u"), 1, "the two traces differ"),
        ({}, ("", ""), 1, "there is no trace"),
        ({"outcome": "masked"}, ("t", "t"), 1, "outcome was 'sdc', is 'masked'"),
        ({"insns": 8}, ("t", "t"), 1, "insns was 7, is 8"),
    ],
)
def test_verification(
    change: dict, traces: tuple[str, str], status: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = list(traces)

    def once(_run: object, _injection: object, folder: Path) -> dict:
        folder.mkdir(parents=True)
        (folder / machine.TRACE).write_text(left.pop(0))
        return ROW | change

    monkeypatch.setattr(replay, "once", once)
    lines: list[str] = []
    assert replay.verify(fake_run(tmp_path, ROW), 20, lines.append) == status
    assert said in "\n".join(lines)


def test_replay_of_another_build(tmp_path: Path) -> None:
    run = fake_run(tmp_path, ROW)
    run.key = "other"
    with pytest.raises(Unusable, match="of another build"):
        replay.verify(run, 1, print)
    with pytest.raises(Unusable, match="REPLAY=9: the campaign has injections 0 to 8"):
        campaign.by_id(run, 9)
