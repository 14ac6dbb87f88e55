# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs every planted failure on the machine and holds its verdict against what it must say."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scenarios.harness import paths

ROOT = Path(__file__).resolve().parents[2]
RUNS = Path(os.environ.get("O") or ROOT / "out") / "planted"

TARGET = os.environ.get("HYP") or paths.machine_description.DESCRIPTION["hyp"]["default"]

CAUSES = {
    "wrong_secret": r"VM wrong-secret: the guest reported: fail secret_intact",
    "never_reports": r"VM never-report never began: no `begin` within 4 s",
    "kernel_panic": r"the host's kernel failed: Kernel panic - not syncing: sysrq triggered crash",
    "no_boot": r"the host's kernel failed: Kernel panic - not syncing: ",
    "qemu_killed": r"QEMU died: it was killed by SIGKILL",
    "plugin_that_cannot_load": r"QEMU died: it exited with status 1: .*LICENSE",
    "limit": r"the run's limit of 1 s ended while waiting for ",
    "program_that_does_not_end": r"the end of `sleep 1000` did not come within 3 s",
    "closed_run_that_differs": r"call 1 was run `echo` in the recording, is now run `echo put run`"
    r"|call 1 was run `echo` in the recording, is now run `echo results run`",
}


# Of our own hypervisor.
OWN = {
    "hypervisor_fault": r"the hypervisor stopped: exception by row 4, at page_list_pop \(platform/hypervisor/include/hyp/pool.h:\d+\), "
    r"called from .*owner_apply \(.*hvc_host_call \(.*trap_host \(",
}


def run(**options: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name not in ("SCENARIO", "ICOUNT", "LIMIT")}
    env |= {"SCENARIO_ROOT": "tests/harness/planted", "RUNS": str(RUNS), "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-m", "scenarios.harness", "run", options.pop("scenario", "planted" + options.pop("name", ""))]
    return subprocess.run(argv, env=env | options, cwd=ROOT, text=True, capture_output=True, timeout=600)


@pytest.fixture(scope="module")
def outcome() -> Iterator[subprocess.CompletedProcess[str]]:
    """One run of the runner over all of them."""
    yield run()


@pytest.fixture(scope="module")
def own_outcome() -> Iterator[subprocess.CompletedProcess[str]]:
    yield run(HYP="terrarium", name="/hypervisor_fault")


def test_the_run_fails(outcome: subprocess.CompletedProcess[str]) -> None:
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    count = len(CAUSES) + (len(OWN) if TARGET == "terrarium" else 0)
    assert f"{count} scenarios: 0 passed, {count} failed, 0 skipped" in outcome.stdout


@pytest.mark.parametrize("name", CAUSES)
def test_the_verdict_names_the_cause(outcome: subprocess.CompletedProcess[str], name: str) -> None:
    verdict = json.loads((RUNS / TARGET / "planted" / name / "verdict.json").read_text())
    assert verdict["result"] == "fail"
    assert re.search(CAUSES[name], verdict["cause"]), verdict["cause"]


@pytest.mark.parametrize("name", CAUSES)
def test_the_logs_are_kept(outcome: subprocess.CompletedProcess[str], name: str) -> None:
    kept = {path.name for path in (RUNS / TARGET / "planted" / name).iterdir()}
    assert {"cmdline.txt", "qemu.log", "verdict.json", "junit.xml"} <= kept
    assert "initrd.cpio" not in kept


@pytest.mark.parametrize("name", OWN)
def test_the_hypervisors_own_failure(own_outcome: subprocess.CompletedProcess[str], name: str) -> None:
    folder = RUNS / "terrarium" / "planted" / name
    verdict = json.loads((folder / "verdict.json").read_text())
    assert own_outcome.returncode == 1 and verdict["result"] == "fail"
    assert re.search(OWN[name], verdict["cause"]), verdict["cause"]
    report = (folder / "hyp-report.txt").read_text()
    assert "hyp x28 " in report and re.search(r"trace \d+ cpu \d vm 0 vcpu 0 hyp_enter 0x1 0x5a000000\n", report)


def test_the_oracle_says_what_an_injected_fault_opened() -> None:
    """EL2's instruction that invalidates is skipped: seen before anybody could use what is stale."""
    fault = "at=tlbi:vmalle1is:4 do=skip"
    done = run(HYP="terrarium", SCENARIO_ROOT="scenarios", scenario="isolation/secret_and_shared_page",
               ORACLE="a", INJECT=fault)  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    verdict = json.loads((RUNS / "terrarium/isolation/secret_and_shared_page/verdict.json").read_text())
    breach = verdict["oracle"]["breach"]
    assert verdict["cause"].startswith("oracle: tier a, stale: "), verdict["cause"]
    assert breach["rule"] == "stale" and breach["who"] and breach["owner"] and breach["how"]
    assert all(breach[key] for key in ("pc", "el", "ipa", "pa")), breach
    assert breach["trace"][-1]["type"] == "RETURN", "the trace ends with the return that was judged"
