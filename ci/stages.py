# SPDX-License-Identifier: GPL-2.0-or-later
"""`make test` and `make nightly`: their stages one after the other, and one closing line.

A stage is a target of make that leaves JUnit XML. Nothing passes silently: a
stage that ends badly, that has no case, or a skip that ci/skips.txt does not
list is a failure.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from ci import junit

ROOT = Path(__file__).resolve().parents[1]
_SKIPS = ROOT / "ci/skips.txt"


@dataclass(frozen=True)
class Stage:
    """One target. @reports are patterns below out/; none: passing is the only case.

    @beside: it needs one CPU for long, and runs beside the stages after it; what it says comes at the end.
    """

    name: str
    command: tuple[str, ...]
    reports: tuple[str, ...] = ()
    needs: tuple[str, ...] = field(default=())
    beside: bool = False


_BUILD = Stage("build", ("make", f"-j{os.cpu_count()}", "all"))

# `make test`: every push.
STAGES = (
    _BUILD,
    Stage("proofs", ("make", "proofs"), beside=True),
    Stage("lint", ("make", "lint"), ("junit/lint.xml",)),
    Stage("unit", ("make", f"-j{os.cpu_count()}", "unit"), ("junit/unit.xml",)),
    Stage("fuzz", ("make", f"-j{os.cpu_count()}", "fuzz"), ("junit/fuzz.xml",)),
    Stage("pytest-unit", ("make", "pytest-unit"), ("junit/pytest-unit.xml",)),
    Stage("planted", ("make", "test-planted"), ("junit/planted.xml",), needs=("build",)),
    Stage("scenarios", ("make", "test-scenarios"), ("runs/junit.xml",), needs=("build",)),
    Stage("campaign", ("make", "campaign", "NAME=short", "INJECTIONS=100"), ("junit/campaign.xml",), needs=("build",)),
    Stage("fuzz-machine", ("make", "fuzz-machine", "HYP=both", "FUZZ_SECONDS=30"), ("junit/fuzz-machine.xml",), needs=("build",)),
    Stage("mutants", ("make", "mutants", "SAMPLE=1"), ("junit/mutants.xml",), needs=("build",)),
)

# `make nightly`: the same questions, asked for hours.
NIGHTLY = (
    _BUILD,
    Stage("scenarios", ("make", "test-scenarios", "ORACLE=abc", "LIMIT=900"), ("runs/junit.xml",), needs=("build",)),
    Stage("endurance", ("make", "test-endurance"), ("runs/junit.xml",), needs=("build",)),
    Stage("campaign", ("make", "campaign", "NAME=nightly arguments descriptors dma", "HYP=both"), ("junit/campaign.xml",), needs=("build",)),
    Stage("fuzz", ("make", f"-j{os.cpu_count()}", "fuzz", "FUZZ_SECONDS=300"), ("junit/fuzz.xml",)),
    Stage("fuzz-machine", ("make", "fuzz-machine", "HYP=both", "FUZZ_SECONDS=3600"), ("junit/fuzz-machine.xml",), needs=("build",)),
    Stage("mutants", ("make", "mutants"), ("junit/mutants.xml",), needs=("build",)),
    Stage("coverage", ("make", "coverage"), needs=("build",)),
    Stage("coverage-pkvm", ("make", "coverage", "HYP=pkvm"), needs=("build",)),
)


def run_stage(stage: Stage, out: Path) -> list[junit.Case]:
    """Run it with its output on the terminal, or in out/NAME.log; its cases, and one more if it ended badly."""
    for report in _reports(stage, out):
        report.unlink()  # an old one must not speak for this run
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    print(f"== {stage.name}" + (", beside the next" if stage.beside else ""), flush=True)
    began = time.monotonic()
    with _log_of(stage, out).open("w") if stage.beside else nullcontext() as log:
        said = {"stdout": log, "stderr": log} if log else {}
        command = [*stage.command, "--no-print-directory", f"O={out}"]
        status = subprocess.run(command, cwd=ROOT, env=environment, **said).returncode
    took = time.monotonic() - began
    return collect(stage, out, status, took)


def _log_of(stage: Stage, out: Path) -> Path:
    return out / f"{stage.name}.log"


def collect(stage: Stage, out: Path, status: int, took: float) -> list[junit.Case]:
    """The cases that a stage left, and one more for what they do not say."""
    cases: list[junit.Case] = []
    broken = ""
    for report in _reports(stage, out):
        try:
            cases += junit.read(report)
        except ValueError as error:
            broken = str(error)
    failed = any(case.failure for case in cases)
    if not stage.reports:
        wrong = f"{' '.join(stage.command)}: exit status {status}" if status else ""
        cases.append(junit.Case(stage.name, "end", took, failure=wrong))
    elif broken or not cases or (status and not failed):
        wrong = broken or (f"exit status {status}" if status else "no case was collected")
        cases.append(junit.Case(stage.name, "end", took, failure=f"{stage.name}: {wrong}"))
    return cases


def allowed_skips(text: str) -> list[str]:
    """The patterns of ci/skips.txt. ValueError for one without a reason."""
    patterns = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            pattern, _, reason = line.partition(" ")
            if len(reason.split()) < 3:
                raise ValueError(f"ci/skips.txt: {pattern} needs a reason")
            patterns.append(pattern)
    return patterns


def judge_skips(cases: list[junit.Case], patterns: list[str]) -> list[junit.Case]:
    """A skip that no pattern allows becomes a failure."""
    judged = []
    for case in cases:
        listed = any(fnmatch.fnmatchcase(case.full_name, pattern) for pattern in patterns)
        if case.skipped and not case.failure and not listed:
            text = f"skipped, and ci/skips.txt does not list it: {case.skipped}"
            case = replace(case, failure=text, skipped="")
        judged.append(case)
    return judged


def counts(cases: list[junit.Case]) -> str:
    failed = sum(bool(case.failure) for case in cases)
    skipped = sum(bool(case.skipped) for case in cases)
    text = f"{len(cases) - failed - skipped} passed, {failed} failed"
    return f"{text}, {skipped} skipped" if skipped else text


def run_all(stages: tuple[Stage, ...], out: Path, patterns: list[str]) -> list[junit.Case]:
    """All stages; one whose needed stage failed is itself a failure, not run."""
    everything: list[junit.Case] = []
    lines, bad, besides = [], set(), []

    def run(stage: Stage) -> tuple[list[junit.Case], float]:
        began = time.monotonic()
        return judge_skips(run_stage(stage, out), patterns), time.monotonic() - began

    def ended(stage: Stage, cases: list[junit.Case], took: float) -> None:
        if any(case.failure for case in cases):
            bad.add(stage.name)
        everything.extend(cases)
        beside = ", beside others" if stage.beside else ""
        lines.append(f"  {stage.name:12} {counts(cases):24} {took:6.0f} s{beside}")

    with ThreadPoolExecutor() as pool:
        for stage in stages:
            lost = [name for name in stage.needs if name in bad]
            if lost:
                ended(stage, [junit.Case(stage.name, "end", failure=f"not run, because {lost[0]} failed")], 0.0)
            elif stage.beside:
                besides.append((stage, pool.submit(run, stage)))
            else:
                ended(stage, *run(stage))
        for stage, running in besides:
            result = running.result()
            print(f"== {stage.name}\n{_log_of(stage, out).read_text()}", end="", flush=True)
            ended(stage, *result)
    print("== summary")
    print("\n".join(lines))
    for case in everything:
        if case.failure:
            print(f"  FAILED {case.full_name}: {case.failure.splitlines()[0]}")
    return everything


def _reports(stage: Stage, out: Path) -> list[Path]:
    return sorted({path for pattern in stage.reports for path in out.glob(pattern)})


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m ci.stages", description="Run every stage.")
    # Absolute: some stages' tools go to other folders.
    parser.add_argument("--out", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--nightly", action="store_true", help="the long ones")
    parser.add_argument("stage", nargs="*", help="only these")
    options = parser.parse_args(arguments)
    all_stages = NIGHTLY if options.nightly else STAGES
    unknown = set(options.stage) - {stage.name for stage in all_stages}
    if unknown:
        parser.error(f"no stage is named {sorted(unknown)[0]}; there are {' '.join(s.name for s in all_stages)}")
    if not shutil.which("make"):
        parser.error("make is not installed")
    try:
        patterns = allowed_skips(_SKIPS.read_text())
    except (OSError, ValueError) as error:
        parser.error(str(error))
    stages = tuple(s for s in all_stages if not options.stage or s.name in options.stage)
    try:
        cases = run_all(stages, options.out, patterns)
    except KeyboardInterrupt:
        print("test: interrupted", file=sys.stderr)
        return 130
    junit.write(options.out / "junit/all.xml", cases)
    print(f"test: {counts(cases)}")
    return 1 if any(case.failure for case in cases) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
