# SPDX-License-Identifier: GPL-2.0-or-later
"""Descriptions with mistakes in them, results that go on, statistics, progress, outcomes."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from scenarios.campaigns import description, outcome, report, results, statistics
from scenarios.campaigns.progress import Live, duration
from scenarios.harness.errors import Unusable

GOOD = """
title = "t"
scenario = "campaigns/ownership"
mark = "before"
[[space]]
kind = "register"
registers = "x0-x2 sp"
injections = 10
"""


def loaded(tmp_path: Path, text: str) -> description.Campaign:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return description.load(path)


def test_description(tmp_path: Path) -> None:
    campaign = loaded(tmp_path, GOOD)
    assert campaign.spaces[0].registers == ("x0", "x1", "x2", "sp")
    assert (campaign.seed, campaign.slack, campaign.wanted) == (1, 15_000_000, 10)
    assert loaded(tmp_path, GOOD.replace("10", '"all"')).wanted is None


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('kind = "register"', 'kind = "registr"', "kind: no such word: registr; there are: register, flags"),
        ("x0-x2 sp", "x0-x31", "no such register: x31; there are x0 to x30 and sp"),
        ("x0-x2 sp", "x5-x2", "x5-x2 goes backwards"),
        ("injections = 10", "injections = 0", "injections must be 1 to"),
        ("injections = 10", "injektions = 10", "no such key: injektions; near it: injections"),
        ("injections = 10", 'injections = 10\nbits = "5-70"', "bits: 5-70 is no range"),
        ('mark = "before"', "", "mark must be a text"),
        ("[[space]]", "[space]", "no [[space]]"),
        ("[[space]]", "seed = -1\n[[space]]", "seed must be a number from 0"),
        ("title", "= title", "Invalid"),
    ],
)
def test_mistakes_in_a_description(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    with pytest.raises(Unusable) as refusal:
        loaded(tmp_path, GOOD.replace(old, new))
    assert sentence in str(refusal.value) and "mine.toml" in str(refusal.value)


def test_campaign_by_a_name_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ownership.toml").write_text(GOOD)
    with pytest.raises(Unusable, match="NAME=ownrship: no such campaign; near it: ownership"):
        description.by_name("ownrship", tmp_path)


def test_every_campaign_here_can_be_read() -> None:
    for path in description.FOLDER.glob("*.toml"):
        assert description.load(path).name == path.stem


def test_results_go_on_where_they_ended(tmp_path: Path) -> None:
    first = results.Results(tmp_path, {"key": "k"}, resume=False)
    first.add([{"id": 1, "outcome": "infrastructure"}, {"id": 2, "outcome": "masked"}])
    first.close()
    with first.path.open("a") as file:
        file.write('{"id":3,"outc')  # an interrupted write
    again = results.Results(tmp_path, {"key": "k"}, resume=True)
    assert [row["id"] for row in again.done] == [1, 2]
    again.add([{"id": 1, "outcome": "masked"}, {"id": 3, "outcome": "sdc"}])
    again.close()
    _, rows = results.read(again.path)
    assert {row["id"]: row["outcome"] for row in rows} == {1: "masked", 2: "masked", 3: "sdc"}


def test_results_of_another_campaign_are_not_gone_on_with(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="there are no results to go on from"):
        results.Results(tmp_path, {"key": "k"}, resume=True)
    results.Results(tmp_path, {"key": "k"}, resume=False).close()
    with pytest.raises(Unusable, match="of another build, description or target"):
        results.Results(tmp_path, {"key": "other"}, resume=True)
    results.Results(tmp_path, {"key": "new"}, resume=False).close()
    assert json.loads((tmp_path / results.BEFORE).read_text())["key"] == "k"


def test_results_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / results.NAME
    path.write_text('{"format":1,"key":"k"}\nnonsense\n{"id":1}\n')
    with pytest.raises(Unusable, match="line 2 is no result"):
        results.read(path)
    path.write_text("")
    with pytest.raises(Unusable, match="no results of a campaign"):
        results.read(path)


def test_wilson() -> None:
    # Values of the formula worked out by hand: 0 and 5 hits of 10; none of none.
    assert statistics.wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert statistics.wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert statistics.wilson(0, 0) == (0.0, 1.0)


def test_shares_count_what_liveness_ruled_out_as_masked() -> None:
    population = {"name": "r", "live": 25, "dead": 75, "classes": 20, "injections": 4}
    rows = [
        {"id": n, "space": "r", "audit": False, "draws": draws, "outcome": result}
        for n, (result, draws) in enumerate([("masked", 1), ("masked", 1), ("breach", 2), ("infrastructure", 1)])
    ] + [{"id": 9, "space": "r", "audit": True, "draws": 0, "outcome": "sdc"}]
    summary = statistics.of_space(population, rows)
    shares = {row.outcome: row.share for row in summary.rows}
    assert shares["masked"] == pytest.approx(0.75 + 0.25 * 0.5)
    assert shares["breach"] == pytest.approx(0.25 * 0.5) and shares["infrastructure"] == 0
    assert summary.audit_wrong == [9] and not summary.exact
    assert "1 of the dead were run: 1 had an effect" in statistics.table([summary])


def test_progress_says_rate_and_time_left() -> None:
    now, stream = [0.0], io.StringIO()
    live = Live(100, [{"outcome": "masked"}] * 10, stream, lambda: now[0])
    now[0] = 10.0
    live.add([{"outcome": "masked"}] * 19 + [{"outcome": "breach"}])
    assert stream.getvalue() == "30 of 100  7,200 an hour, 0:35 left  masked 29  breach 1\n"
    assert live.end() == "20 injections in 0:10: 7,200 an hour"
    assert duration(3725) == "1:02:05"


def test_console_tells_hypervisor_kernel_and_stall() -> None:
    def of(text: str) -> str | None:
        verdict = outcome.console_verdict(text)
        return verdict and verdict.outcome

    assert of("hello\n") is None
    assert of("[ 1.2] Kernel panic - not syncing: Oops\n") == "host_panic"
    assert of("[ 1.2] watchdog: BUG: soft lockup - CPU#0 stuck\n") == "hang"
    assert of("[ 1.2] kvm [1]: nVHE hyp panic at: x\n[ 1.3] Kernel panic - not syncing: HYP\n") == "el2_stopped"
    assert of("[ 1.2] Internal error: x\nhyp: BUG on CPU with MPIDR 0x0:\nhyp: a reason\n") == "el2_stopped"


def test_results_are_compared_in_the_order_of_steps() -> None:
    golden = {"2/out": b"a\n", "10/out": b"0\n"}
    assert outcome.compare(golden, dict(golden), frozenset()) is None
    both = {"2/out": b"b\n", "10/out": b"33\n"}
    verdict = outcome.compare(golden, both, frozenset({"10/exit"}))
    assert verdict and (verdict.outcome, verdict.reason) == ("sdc", "step 2/out: 'a' became 'b'")
    golden |= {"10/exit": b"0\n"}
    ended = golden | {"10/out": b"33\n", "10/exit": b"33\n"}
    killed = outcome.compare(golden, ended, frozenset({"10/exit"}))
    assert killed and killed.outcome == "guest_killed"
    elsewhere = outcome.compare(golden, ended, frozenset({"2/exit"}))
    assert elsewhere and elsewhere.outcome == "sdc"
    short = outcome.compare(golden, {"2/out": b"a\n"}, frozenset())
    assert short and short.outcome == "host_panic" and "step 10" in short.reason


def test_report_of_a_campaign_without_results(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="results.jsonl: No such file"):
        report.write(tmp_path)
