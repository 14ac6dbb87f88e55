# SPDX-License-Identifier: GPL-2.0-or-later
"""`make test` never passes silently."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ci import junit, stages
from ci.junit import Case

PASSED, FAILED = Case("s", "good"), Case("s", "bad", failure="it broke\nhere")
SKIPPED = Case("s", "left", skipped="no such device")


def stage(tmp_path: Path, script: str, name: str = "s") -> stages.Stage:
    """A stage that runs a line of shell in the place of make."""
    program = tmp_path / f"{name}.sh"
    program.write_text(f"#!/bin/sh\ncd {tmp_path}\n{script}\n")
    program.chmod(0o755)
    return stages.Stage(name, (str(program),), (f"{name}/*.xml",))


def test_junit_round_trip(tmp_path: Path) -> None:
    cases = [PASSED, FAILED, SKIPPED, Case("t", "odd <&> \x1b[0m", 1.5)]
    junit.write(tmp_path / "a/b.xml", cases)
    read = junit.read(tmp_path / "a/b.xml")
    assert [(c.suite, c.failure, c.skipped) for c in read] == [
        ("s", "", ""),
        ("s", "it broke", ""),
        ("s", "", "no such device"),
        ("t", "", ""),
    ]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.xml"]


def test_broken_junit(tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_text("<testsuite><testcase")
    with pytest.raises(ValueError, match="not JUnit"):
        junit.read(tmp_path / "x.xml")


def test_pytest_errors_are_failures(tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_text(
        '<testsuites><testsuite name="p"><testcase classname="m" name="n">'
        '<error message="at setup">long</error></testcase></testsuite></testsuites>'
    )
    assert junit.read(tmp_path / "x.xml") == [Case("m", "n", failure="at setup")]


def test_a_stage_that_passes(tmp_path: Path) -> None:
    junit.write(tmp_path / "kept.xml", [PASSED])
    run = stage(tmp_path, "mkdir -p s; cp kept.xml s/a.xml")
    assert stages.run_stage(run, tmp_path) == [PASSED]


def test_a_stage_without_cases_fails(tmp_path: Path) -> None:
    (case,) = stages.run_stage(stage(tmp_path, "true"), tmp_path)
    assert case.failure == "s: no case was collected"


def test_an_old_report_does_not_speak_for_a_new_run(tmp_path: Path) -> None:
    junit.write(tmp_path / "s/old.xml", [PASSED])
    (case,) = stages.run_stage(stage(tmp_path, "exit 2"), tmp_path)
    assert case.failure == "s: exit status 2"


def test_a_bad_end_without_a_failed_case_fails(tmp_path: Path) -> None:
    junit.write(tmp_path / "kept.xml", [PASSED])
    run = stage(tmp_path, "mkdir -p s; cp kept.xml s/a.xml; exit 1")
    assert [case.failure for case in stages.run_stage(run, tmp_path)] == ["", "s: exit status 1"]


def test_a_half_written_report_fails(tmp_path: Path) -> None:
    run = stage(tmp_path, "mkdir -p s; echo '<testsuite>' > s/a.xml")
    (case,) = stages.run_stage(run, tmp_path)
    assert "not JUnit" in case.failure


def test_an_unlisted_skip_is_a_failure() -> None:
    (judged,) = stages.judge_skips([SKIPPED], ["other::*"])
    assert "does not list it: no such device" in judged.failure
    assert stages.judge_skips([SKIPPED], ["s::le*"]) == [SKIPPED]


def test_skips_need_a_reason() -> None:
    assert stages.allowed_skips("# x\n\na::b* not on this machine\n") == ["a::b*"]
    with pytest.raises(ValueError, match="a::b needs a reason"):
        stages.allowed_skips("a::b\n")


def test_what_needs_a_failed_stage_is_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    junit.write(tmp_path / "kept.xml", [FAILED])
    first = stage(tmp_path, "mkdir -p one; cp kept.xml one/a.xml; exit 1", "one")
    second = stages.Stage("two", ("false",), ("two.xml",), needs=("one",))
    cases = stages.run_all((first, second), tmp_path, [])
    assert [case.failure for case in cases] == ["it broke", "not run, because one failed"]
    assert "FAILED s::bad: it broke" in capsys.readouterr().out
    assert stages.counts(cases) == "0 passed, 2 failed"


def test_a_stage_beside_others_is_judged_and_speaks_at_the_end(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It ends only when the stage after it has begun: so they run at the same time."""
    junit.write(tmp_path / "kept.xml", [PASSED])
    os.mkfifo(tmp_path / "met")
    waits = replace(stage(tmp_path, "echo of one; cat met; exit 3", "one"), reports=(), beside=True)
    next_one = stage(tmp_path, "echo of two; echo hello >met; mkdir -p two; cp kept.xml two/a.xml", "two")
    cases = stages.run_all((waits, next_one), tmp_path, [])
    assert [(case.suite, case.failure.rpartition(": ")[2]) for case in cases] == [("s", ""), ("one", "exit status 3")]
    said = capfd.readouterr().out
    assert said.index("of two") < said.index("== one\nof one\nhello\n") < said.index("one          0 passed, 1 failed")


def test_our_own_skips_file_is_good() -> None:
    stages.allowed_skips((stages.ROOT / "ci/skips.txt").read_text())


def test_every_stage_is_there_once() -> None:
    names = [stage.name for stage in stages.STAGES]
    assert names == ["build", "proofs", "lint", "unit", "fuzz", "pytest-unit", "planted", "scenarios", "campaign", "fuzz-machine", "mutants"]
    nightly = [stage.name for stage in stages.NIGHTLY]
    assert len(nightly) == len(set(nightly)) and {"campaign", "fuzz-machine", "mutants", "coverage", "scenarios"} <= set(nightly)


def test_every_stage_is_a_target_of_make() -> None:
    files = [stages.ROOT / "Makefile", *stages.ROOT.glob("*/module.mk"), *stages.ROOT.glob("*/*/module.mk")]
    targets = set(re.findall(r"^([a-z-]+):", "\n".join(file.read_text() for file in files), re.M))
    for stage in (*stages.STAGES, *stages.NIGHTLY):
        (target,) = (word for word in stage.command[1:] if not word.startswith("-") and "=" not in word)
        assert target in targets, stage.name


def test_pipelines_run_what_there_is() -> None:
    """A pipeline's nightly job names stages; each of them is there, and none is forgotten."""
    nightly = {stage.name for stage in stages.NIGHTLY} - {"build"}
    for name in ("github-actions.yml", "gitlab-ci.yml"):
        text = (stages.ROOT / "ci" / name).read_text()
        (row,) = re.findall(r"(?:stage|STAGE): \[(.*)\]", text)
        assert set(re.findall(r"[a-z-]+", row)) == nightly, name


def test_the_build_folder_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = replace(stage(tmp_path, 'test "$2" = O=$PWD/out && mkdir -p out/s && cp kept.xml out/s/a.xml'), needs=())
    junit.write(tmp_path / "kept.xml", [PASSED])
    monkeypatch.setattr(stages, "STAGES", (run,))
    monkeypatch.chdir(tmp_path)
    assert stages.main(["--out", "out", "s"]) == 0


def test_an_unknown_stage_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        stages.main(["--out", "/nonexistent", "--nightly", "lint"])
    assert "no stage is named lint; there are build scenarios" in capsys.readouterr().err
