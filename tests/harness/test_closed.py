# SPDX-License-Identifier: GPL-2.0-or-later
"""Recording a plan, running its script in a real shell, and answering the same calls from the results."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from scenarios.harness import closed, cpio
from scenarios.harness.closed import ClosedDriver
from scenarios.harness.errors import Divergence, MachineFailed, Recorded, StepFailed, Unusable
from scenarios.harness.host import Host
from scenarios.harness.steps import Recorder, Result, Step


class Instant:
    """A driver that knows every answer."""

    def run(self, argv, timeout_s):
        return Result(argv, 0, "recorded", "")

    def last(self, argv, timeout_s):
        raise AssertionError("a recording does not run it")

    def put(self, path, data):
        pass

    def get(self, path):
        return b"recorded"

    def mark(self, name):
        pass


def record(scenario) -> list[Step]:
    recorder = Recorder(Instant)
    scenario(recorder)
    return recorder.plan


def run_closed(plan: list[Step], folder: Path) -> Path:
    """What the host's init does with a plan, in @folder instead of /plan."""
    for path, data in closed.files_of(plan).items():
        target = folder / path.removeprefix("/plan/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.replace(b"/plan/", f"{folder}/".encode()))
    with (folder / "results.bin").open("wb") as out:
        # As a shell's own words see it: dash knows descriptors of one digit only.
        shell = f"exec 9>&1; TERRARIUM_RESULTS_FD=9 exec /bin/sh {folder}/run"
        subprocess.run(["/bin/sh", "-c", shell], stdout=out, check=True, timeout=60)
        out.write(bytes(1024))
    return folder / "results.bin"


def driver(plan: list[Step], tmp_path: Path) -> ClosedDriver:
    return ClosedDriver(plan, closed.read_results(run_closed(plan, tmp_path)), "it powered off before")


def test_the_last_call_is_recorded_and_not_run(tmp_path: Path):
    recorder = Recorder(Instant)
    host = Host(recorder, print)
    host.run(["true"])
    with pytest.raises(Recorded):
        host.last_run(["sh", "-c", "echo out; exit 3"], ok=3)
    assert [step.argv[0] for step in recorder.plan] == ["true", "sh"]
    nowhere = Recorder(lambda: pytest.fail("no machine is needed for it"))
    with pytest.raises(Recorded):
        Host(nowhere, print).last_run(["true"])
    assert len(nowhere.plan) == 1
    replay = driver(recorder.plan, tmp_path)
    closed_host = Host(replay, print)
    closed_host.run(["true"])
    assert closed_host.last_run(["sh", "-c", "echo out; exit 3"], ok=3).out == "out\n"
    replay.finish()
    with pytest.raises(Divergence):
        closed_host.run(["true"])


def test_the_last_calls_status_is_judged(tmp_path: Path):
    plan = [Step("run", argv=("sh", "-c", "exit 3"))]
    with pytest.raises(StepFailed, match="ended with 3"):
        Host(driver(plan, tmp_path), print).last_run(plan[0].argv, ok=True)


def test_the_same_calls_get_the_closed_runs_answers(tmp_path: Path):
    path = str(tmp_path / "deep" / "it's a file")

    def scenario(host):
        host.put(path, b"\0one\n" * 3)
        words = host.run(("printf", "%s|", "a b", "$HOME", "'"), 5)
        failing = host.run(("sh", "-c", "echo no >&2; exit 7"), 5)
        return words, failing, host.get(path)

    plan = record(scenario)
    replay = driver(plan, tmp_path)
    words, failing, data = scenario(replay)
    replay.finish()
    assert (words.exit, words.out) == (0, "a b|$HOME|'|")
    assert (failing.exit, failing.err) == (7, "no\n")
    assert data == b"\0one\n" * 3


def test_two_plans_of_the_same_calls_are_the_same_archive(tmp_path: Path):
    plan = [Step("run", argv=("true",)), Step("put", path="/a/b", data=b"x")]
    assert cpio.archive(closed.files_of(plan)) == cpio.archive(dict(reversed(closed.files_of(plan).items())))


def test_the_plans_memory_is_the_same_for_the_same_plan_and_has_its_bounds():
    """Header and place of the archive: platform/host/plan.h."""
    plan = [Step("put", path="/a", data=b"x" * 1000), Step("mark", path="here")]
    memory = closed.memory(plan)
    assert memory == closed.memory(list(plan)) and memory[:8] == b"TERRPLAN"
    archive = memory[4096:]
    assert int.from_bytes(memory[8:16], "little") == len(archive)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        assert {name: tar.extractfile(name).read() for name in tar.getnames()} == {
            path.removeprefix("/"): data for path, data in closed.files_of(plan).items()
        }
    with pytest.raises(Unusable, match="the plan has 4[0-9]{3} KiB, more than its memory .4096 KiB.: .*host_files"):
        closed.memory([Step("put", path="/a", data=bytes(4 << 20))])


def test_a_mark_is_a_step_and_one_that_failed_is_told(tmp_path: Path):
    plan = record(lambda host: host.mark("here"))
    assert plan == [Step("mark", path="here")]
    with pytest.raises(StepFailed, match="mark"):  # the test's shell has no such program
        driver(plan, tmp_path).mark("here")
    closed.ClosedDriver(plan, {"0/exit": b"0\n"}, "").mark("here")


@pytest.mark.parametrize(
    "scenario, sentence",
    [
        (lambda host: host.run(("echo", "2"), 5), "call 0 was run `echo 1` in the recording, is now run `echo 2`"),
        (lambda host: host.get("/etc/hostname"), "is now get /etc/hostname"),
        (lambda host: (host.run(("echo", "1"), 5), host.run(("echo", "1"), 5)), "call 1 is not in the recording"),
    ],
)
def test_another_call_is_an_error(tmp_path: Path, scenario, sentence):
    replay = driver([Step("run", argv=("echo", "1"))], tmp_path)
    with pytest.raises(Divergence) as error:
        scenario(replay)
    assert sentence in str(error.value)


def test_fewer_calls_are_an_error(tmp_path: Path):
    replay = driver([Step("run", argv=("echo", "1"))], tmp_path)
    with pytest.raises(Divergence, match="ended before call 0 of its recording: run `echo 1`"):
        replay.finish()


def test_a_file_that_is_not_there(tmp_path: Path):
    replay = driver([Step("get", path=str(tmp_path / "none"))], tmp_path)
    with pytest.raises(StepFailed, match="none: .*No such file"):
        replay.get(str(tmp_path / "none"))


def test_a_machine_that_stopped_in_the_middle_names_the_step(tmp_path: Path):
    plan = [Step("run", argv=("echo", "1")), Step("run", argv=("echo", "2"))]
    stream = run_closed(plan, tmp_path)
    results = closed.read_results(stream)
    cut = stream.read_bytes().index(b"1/") + 700  # in the second step's archive
    stream.write_bytes(stream.read_bytes()[:cut])
    results = closed.read_results(stream)
    replay = ClosedDriver(plan, results, "the host's kernel failed: Kernel panic")
    assert replay.run(("echo", "1"), 5).out == "1\n"
    with pytest.raises(MachineFailed, match="no result of run `echo 2`: the host's kernel failed"):
        replay.run(("echo", "2"), 5)


def test_no_results_at_all(tmp_path: Path):
    assert closed.read_results(tmp_path / "none") == {}
    (tmp_path / "noise").write_bytes(b"noise" * 300)
    assert closed.read_results(tmp_path / "noise") == {}
