# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans of fuzzing, their way into a guest's image, and how a failing one becomes short."""

from __future__ import annotations

import json
import os
import stat
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from scenarios.fuzz import __main__ as driver
from scenarios.fuzz.shrink import Shrinker
from scenarios.harness.errors import Unusable
from scenarios.isolation import fuzz_plan
from scenarios.isolation.fuzz_plan import MAGIC, BadPlan, Plan


def test_words_of_a_plan() -> None:
    plan = fuzz_plan.parse("7", "3,7-9,10")
    assert plan == Plan(7, ((3, 4), (7, 10), (10, 11)))
    assert plan.count() == 5 and plan.numbers() == [3, 7, 8, 9, 10]
    assert plan.words() == "FUZZ_SEED=7 FUZZ_CALLS=3,7-9,10"
    assert fuzz_plan.from_env({}, 5, 100) == Plan(5, ((0, 100),))
    assert fuzz_plan.from_env({"FUZZ_SEED": "6", "FUZZ_CALLS": "2"}, 5, 100) == Plan(6, ((2, 3),))
    assert fuzz_plan.of_numbers(1, [9, 4, 5]) == Plan(1, ((4, 6), (9, 10)))


@pytest.mark.parametrize(
    ("seed", "calls"),
    [("x", "1"), ("-1", "1"), (str(1 << 64), "1"), ("1", ""), ("1", "3-2"), ("1", "3,3"), ("1", "1,"), ("1", str((1 << 32) + 1)),
     ("1", ",".join(str(2 * n) for n in range(fuzz_plan.RANGES_MAX + 1)))],
)  # fmt: skip
def test_words_that_are_no_plan(seed: str, calls: str) -> None:
    with pytest.raises(BadPlan):
        fuzz_plan.parse(seed, calls)


def test_numbers_that_are_no_plan() -> None:
    with pytest.raises(BadPlan):
        fuzz_plan.of_numbers(1, [])
    with pytest.raises(BadPlan):
        fuzz_plan.of_numbers(1, range(0, 2 * fuzz_plan.RANGES_MAX + 2, 2))


def test_a_plan_goes_into_an_image() -> None:
    image = b"code" + MAGIC + bytes(16 + 8 * fuzz_plan.RANGES_MAX) + b"more"
    made = Plan(7, ((3, 4), (7, 10))).image(image)
    assert len(made) == len(image) and made.startswith(b"code" + MAGIC) and made.endswith(b"more")
    assert struct.unpack_from("<QIIIIII", made, 20) == (7, 2, 0, 3, 1, 7, 3)
    for bad in (b"code", image + MAGIC):
        with pytest.raises(BadPlan):
            Plan(7, ((3, 4),)).image(bad)


@pytest.mark.parametrize("needed", [{0}, {999}, {3, 500, 501}, {10, 20, 30, 40, 990}, set(range(100, 110))])
def test_what_is_needed_is_left(needed: set[int]) -> None:
    tries: list[int] = []

    def fails(numbers: Sequence[int]) -> bool:
        tries.append(len(numbers))
        return needed <= set(numbers)

    assert Shrinker(range(1000), fails).run() == sorted(needed)
    assert len(tries) < 200


def test_shrinking_ends_when_tries_are_used_up() -> None:
    answers = iter([False, True, None])
    assert Shrinker(range(1000), lambda numbers: next(answers)).run() == list(range(256))


def test_bad_requests() -> None:
    for env, cause in (
        ({"HYP": "both", "SIDE": "host"}, "allowed on pkvm"), ({"HYP": "xyz"}, "no such target"), ({"SIDE": "moon"}, "SIDE=moon"),
        ({"HYP": "pkvm", "SIDE": "host"}, "allowed on pkvm"), ({"FUZZ_SECONDS": "soon"}, "FUZZ_SECONDS=soon"),
    ):  # fmt: skip
        with pytest.raises(Unusable, match=cause):
            driver.requests_of(env)
    (request,) = driver.requests_of({"HYP": "pkvm", "FUZZ_SEED": "9"})
    assert request.sides == ("guest", "normal") and request.seed == 9 and request.oracle == "a"


def test_targets_share_the_time_and_a_short_time_has_short_runs() -> None:
    theirs, ours = driver.requests_of({"HYP": "both", "FUZZ_SECONDS": "120"})
    assert (ours.target, ours.seconds) == ("terrarium", 60) and theirs.target == "pkvm"
    assert ours.batch("host") == 40_000 and ours.batch("normal") == 4_000
    (all_day,) = driver.requests_of({"FUZZ_SECONDS": "86400"})
    assert all_day.batch("host") == driver.BATCH["host"]


RUNNER = """#!/usr/bin/python3
import json, os, sys
first, _, last = os.environ["FUZZ_CALLS"].rpartition(",")[2].partition("-")
calls = {int(n) for part in os.environ["FUZZ_CALLS"].split(",") for a, _, b in [part.partition("-")] for n in range(int(a), int(b or a) + 1)}
folder = os.path.join(os.environ["RUNS"], os.environ["HYP"], sys.argv[-1])
os.makedirs(folder, exist_ok=True)
bad = {70, 300} <= calls
if bad and len(calls) < 999 and "TRACE" in os.environ or not bad and os.environ.get("TRACE", "marks") != "marks":
    sys.exit("the trace is not as it should be")
json.dump({"result": "fail" if bad else "pass", "cause": f"page 0x{os.getpid():x} lost" if bad else None}, open(folder + "/verdict.json", "w"))
"""


def test_a_finding_is_shortened_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    runner = tmp_path / "runner"
    runner.write_text(RUNNER)
    runner.chmod(runner.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(driver.sys, "executable", str(runner))
    for name, value in {"O": str(tmp_path), "SIDE": "host", "FUZZ_SECONDS": "1", "JOBS": "1", "HYP": "terrarium", "FUZZ_SEED": "5"}.items():
        monkeypatch.setenv(name, value)
    for name in ("ORACLE", "FUZZ_CALLS", "TRACE"):
        monkeypatch.delenv(name, raising=False)
    assert driver.main() == 1
    command = "make run-scenario SCENARIO=isolation/host_fuzzes_calls HYP=terrarium ORACLE=a FUZZ_SEED=5 FUZZ_CALLS=70,300"
    assert command in capsys.readouterr().out
    kept = tmp_path / "fuzz-machine/terrarium/finding-1"
    assert (kept / "plan.txt").read_text() == command + "\n"
    assert json.loads((kept / "verdict.json").read_text())["result"] == "fail"
    assert "host.5" in (tmp_path / "junit/fuzz-machine.xml").read_text()


def test_a_quiet_time_is_no_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    runner = tmp_path / "runner"
    runner.write_text(RUNNER.replace("{70, 300} <= calls", "False"))
    runner.chmod(0o755)
    monkeypatch.setattr(driver.sys, "executable", str(runner))
    for name, value in {"O": str(tmp_path), "SIDE": "host guest", "FUZZ_SECONDS": "0", "JOBS": "2", "HYP": "terrarium"}.items():
        monkeypatch.setenv(name, value)
    assert driver.main() == 0
    assert f"{2 * driver.BATCH_LEAST} calls" in capsys.readouterr().out
    runner.write_text("#!/bin/sh\nexit 2\n")
    assert driver.main() == 2
    assert "no verdict of" in capsys.readouterr().err
    assert os.environ["SIDE"] == "host guest"
