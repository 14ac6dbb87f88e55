# SPDX-License-Identifier: GPL-2.0-or-later
"""The runner from its command line to verdict and exit status, with programs that only pretend to be QEMU."""

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios.harness import paths

TARGET = paths.machine_description.DESCRIPTION["hyp"]["default"]
HEAD = "import pytest, os, signal\n"


class Runner:
    """A folder of scenarios, an out folder with a false QEMU, and the runner on them."""

    def __init__(self, tmp_path: Path, image: Path) -> None:
        self.root, self.out = tmp_path / "mine", tmp_path / "out"
        self.root.mkdir()
        for name in ("sdk/bin", "host", "plugins"):
            (self.out / name).mkdir(parents=True)
        (self.out / "host/initramfs.cpio").write_bytes(b"x")
        for name in ("trace", "yield"):
            (self.out / f"plugins/{name}.so").write_bytes(b"x")
        for name in ("conftest.py", "pytest.ini"):
            (self.root / name).write_text((paths.ROOT / "scenarios" / name).read_text())
        self.env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(paths.ROOT), "O": str(self.out)}
        self.env |= {"SCENARIO_ROOT": str(self.root), "KERNEL": str(image), "PYTHONDONTWRITEBYTECODE": "1"}
        self.env["COLD"] = "1"  # a false QEMU cannot be saved
        self.qemu("exit 0")

    def qemu(self, script: str) -> None:
        path = self.out / "sdk/bin/qemu-system-aarch64"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def scenario(self, text: str, name: str = "test_it.py") -> None:
        (self.root / name).write_text(HEAD + text)

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "scenarios.harness", *(words or ("run", "mine"))]
        # As from a terminal: who starts the tests in the background has SIGINT ignored.
        return subprocess.Popen(
            argv, env=self.env | env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, *words: str, **env: str) -> tuple[int, str]:
        with self.start(*words, **env) as process:
            text = process.communicate(timeout=100)[0]
        return process.returncode, text

    def verdict(self, name: str) -> dict:
        return json.loads((self.out / "runs" / TARGET / name / "verdict.json").read_text())


@pytest.fixture
def runner(tmp_path: Path, image: Path) -> Runner:
    return Runner(tmp_path, image)


def test_checks_decide(runner: Runner):
    runner.scenario('def test_good(check):\n    """Title."""\n    check("sum", 2, 1 + 1)\n')
    status, text = runner.run()
    assert status == 0, text
    assert "mine/good  Title." in text and "sum" in text and "expected 2; seen 2" in text
    assert "PASS  mine/good: 1 of 1 checks held" in text and "artefacts: " in text
    assert runner.verdict("mine/good")["result"] == "pass"
    assert (runner.out / "runs" / TARGET / "mine/good/junit.xml").exists()


@pytest.mark.parametrize(
    "body, cause",
    [
        ("check('a', 1, 2); check('b', 1, 1)", "a: expected 1, seen 2"),
        ("pass", "made no check: a verdict without evidence"),
        ("check('a', 1, 1); pytest.skip('no time')", "skipped, and ci/skips.txt does not list it: no time"),
        ("check('a', 1, 1); assert 3 == 4", "AssertionError: "),
        ("check.must('a', 1, 2)", "a: expected 1, seen 2"),
    ],
)
def test_what_is_no_pass(runner: Runner, body: str, cause: str):
    runner.scenario(f"def test_bad(check):\n    {body}\n")
    status, text = runner.run()
    assert status == 1
    assert "FAIL  mine/bad: " in text and cause in text
    assert runner.verdict("mine/bad")["result"] == "fail"
    assert cause in runner.verdict("mine/bad")["cause"]


def test_a_recording_that_has_all_its_calls_is_no_failure(runner: Runner):
    runner.scenario("from scenarios.harness.errors import Recorded\ndef test_a(check):\n    check('x', 1, 1)\n    raise Recorded\n")
    status, text = runner.run()
    assert status == 0 and "PASS  mine/a: 1 of 1 checks held" in text, text


@pytest.mark.parametrize(("marker", "cause"), [
    ("@pytest.mark.icount\n", "a closed run has one machine: a scenario that restarts its host has no ICOUNT=1"),
    ("", "QEMU died: it exited with status 0"),  # it starts the next machine, whose QEMU is none
])
def test_a_restart(runner: Runner, marker: str, cause: str):
    host = "@pytest.fixture\ndef host():\n    return None\n"  # that of a first machine
    runner.scenario(f"{host}{marker}def test_a(restart, check):\n    check('x', 1, 1)\n    restart()\n")
    status, text = runner.run()
    assert status == 1 and cause in runner.verdict("mine/a")["cause"], text


def test_side_by_side_sums_up(runner: Runner):
    runner.scenario("def test_a(check):\n    check('x', 1, 1)\ndef test_b(check):\n    check('x', 1, 2)\n")
    status, text = runner.run(JOBS="2")
    assert status == 1
    assert "2 scenarios: 1 passed, 1 failed, 0 skipped" in text and f"FAIL  {TARGET}/mine/b: x: expected 1" in text
    assert 'tests="2" failures="1"' in (runner.out / "runs/junit.xml").read_text()


def test_side_by_side_begins_with_what_takes_long(runner: Runner):
    note = "    open(os.environ['O'] + '/' + os.environ['PYTEST_XDIST_WORKER'], 'a').write('{} ')\n    check('x', 1, 1)\n"
    marks = {"a": "", "b": "@pytest.mark.limit(200)\n", "c": "", "d": "", "e": "@pytest.mark.limit(300)\n"}
    runner.scenario("import os\n" + "".join(f"{mark}def test_{name}(check):\n{note.format(name)}" for name, mark in marks.items()))
    assert runner.run(JOBS="2")[0] == 0
    # Whichever worker was there first has the first of all.
    first, second = sorted((path.read_text() for path in runner.out.glob("gw*")), key=lambda text: "e" not in text)
    assert first.startswith("e b ") and not {"e", "b"} & set(second.split())


def test_qemu_that_dies_is_named_with_its_last_words(runner: Runner):
    runner.qemu("echo 'qemu: no such device' >&2; exit 3")
    runner.scenario("def test_dies(host, check):\n    check('x', 1, 1)\n")
    status, text = runner.run()
    assert status == 1
    assert runner.verdict("mine/dies")["cause"] == "QEMU died: it exited with status 3: qemu: no such device"


def test_a_failed_rung_is_not_tried_again(runner: Runner):
    runner.qemu('echo one >>"$O/count"; exit 1')
    runner.scenario("def test_a(machine):\n    pass\ndef test_b(machine):\n    pass\n")
    status, text = runner.run(JOBS="1")
    assert status == 1 and (runner.out / "count").read_text() == "one\n"
    assert "rung machine failed before in this session (mine/a: QEMU died" in text


def test_qemu_that_hangs_ends_at_the_limit(runner: Runner):
    runner.qemu('echo $$ >"$O/pid"; exec sleep 600')
    runner.scenario("def test_hangs(host, check):\n    check('x', 1, 1)\n")
    status, text = runner.run(LIMIT="1")
    assert status == 1 and "limit of 1 s ended while waiting for QEMU's greeting" in text
    assert not Path("/proc", (runner.out / "pid").read_text().strip()).exists()


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_running(runner: Runner, how: signal.Signals, jobs: str):
    """However the runner ends, QEMU goes with it; side by side too."""
    fifo = runner.out / "fifo"
    os.mkfifo(fifo)
    runner.qemu('echo $$ >"$O/fifo"; exec sleep 600')
    for name in "ab"[: int(jobs)]:
        runner.scenario(f"def test_{name}(host, check):\n    pass\n", f"test_{name}.py")
    with runner.start(JOBS=jobs) as process:
        pids: list[int] = []
        started = os.open(fifo, os.O_RDWR)  # so that it can be opened before anybody writes, and waited for
        while len(pids) < int(jobs):
            assert select.select([started], [], [], 60)[0], "no QEMU was started"
            pids += map(int, os.read(started, 4096).split())
        os.close(started)
        machines = [os.pidfd_open(pid) for pid in pids]  # readable when the process has ended
        process.send_signal(how)
        process.communicate(timeout=60)
    assert process.returncode != 0
    for machine in machines:
        assert select.select([machine], [], [], 30)[0], "QEMU still runs"
        os.close(machine)


def test_a_scenario_that_loops_without_waiting_is_stopped(runner: Runner):
    runner.scenario("def test_loops(check):\n    check('x', 1, 1)\n    while True:\n        pass\n")
    status, text = runner.run(LIMIT="1", BACKSTOP="1")
    assert status == 1 and "the scenario still ran 1 s after its limit" in text


@pytest.mark.parametrize(
    "words, env, sentence",
    [
        (("run", "mine/goood"), {}, "SCENARIO=mine/goood: no such scenario; near it: mine/good"),
        (("run",), {"HYP": "xen"}, "HYP=xen: no such target; allowed: pkvm, terrarium"),
        (("shell",), {"HYP": "both"}, "HYP=both: a terminal has one machine"),
        (("run",), {"JOBS": "0", "SCENARIO": "mine"}, "JOBS=0: must be a number, 1 to 64"),
        (("run",), {"LIMIT": "soon", "SCENARIO": "mine"}, "LIMIT=soon: must be a number of seconds"),
        (("run",), {"SCENARIO_ROOT": "/nowhere"}, "SCENARIO_ROOT: /nowhere is no folder"),
    ],
)
def test_bad_input_is_one_sentence(runner: Runner, words, env, sentence):
    runner.scenario("def test_good(check):\n    check('x', 1, 1)\n")
    status, text = runner.run(*words, **env)
    assert status != 0 and sentence in text and "Traceback" not in text


def test_a_folder_that_cannot_be_written(runner: Runner):
    runner.scenario("def test_good(check):\n    check('x', 1, 1)\n")
    (runner.out / "runs").write_text("a file is in the way")
    status, text = runner.run()
    assert status == 2 and "runs: File exists" in text and "Traceback" not in text


def test_a_file_that_is_no_scenario(runner: Runner):
    runner.scenario("this is no Python\n")
    status, text = runner.run()
    assert status == 2 and "cannot be collected" in text and "test_it.py" in text


def test_what_is_not_built_is_said(runner: Runner):
    (runner.out / "host/initramfs.cpio").unlink()
    runner.scenario("def test_x(host, check):\n    check('x', 1, 1)\n")
    status, text = runner.run()
    assert status == 1 and "initramfs.cpio is not built; `make` builds it" in text


def test_both_targets_in_one_run(runner: Runner):
    runner.qemu("exit 3")  # no machine is asked for
    runner.scenario(
        "def test_all(check, target):\n    check('x', target, target)\n"
        "@pytest.mark.only_on('terrarium', reason='it is about its own calls')\n"
        "@pytest.mark.parametrize('number', [1, 2], ids=['one', 'two'])\n"
        "def test_own(check, target, number):\n    check('x', 'terrarium', target)\n"
    )
    status, text = runner.run(HYP="both", JOBS="2")
    assert status == 0 and "4 scenarios: 4 passed" in text
    runs = runner.out / "runs"
    assert {str(path.parent.relative_to(runs)) for path in runs.rglob("verdict.json")} == {
        "pkvm/mine/all", "terrarium/mine/all", "terrarium/mine/own.one", "terrarium/mine/own.two",
    }
    junit = (runs / "junit.xml").read_text()
    assert 'classname="pkvm/mine" name="all"' in junit and 'classname="terrarium/mine"' in junit
    replay = json.loads((runs / "pkvm/mine/all/verdict.json").read_text())["replay"]
    assert "HYP=pkvm" in replay and "HYP=both" not in replay


def test_a_scenario_for_another_target_is_named_not_skipped(runner: Runner):
    runner.scenario(
        "def test_all(check):\n    check('x', 1, 1)\n"
        "@pytest.mark.only_on('terrarium', reason='it is about its own calls')\n"
        "def test_own(check):\n    check('x', 1, 1)\n"
    )
    said = "not here: mine/own is for HYP=terrarium alone: it is about its own calls"
    status, text = runner.run(HYP="pkvm")
    assert status == 0 and said in text
    assert runner.run("run", "mine/own", HYP="terrarium")[0] == 0
    status, text = runner.run("run", "mine/own", HYP="pkvm")
    assert status == 2 and said in text and "no scenario for HYP=pkvm" in text


@pytest.mark.parametrize("mark", ["'xen', reason='none'", "'terrarium'"])
def test_a_mark_without_target_or_reason(runner: Runner, mark: str):
    runner.scenario(f"@pytest.mark.only_on({mark})\ndef test_own(check):\n    pass\n")
    status, text = runner.run()
    assert status == 2 and "only_on needs a target and a reason" in text


def test_list(runner: Runner):
    runner.scenario('def test_good(check):\n    """What it shows."""\n')
    status, text = runner.run("list")
    assert status == 0 and text.split() == ["mine/good", "What", "it", "shows."]
