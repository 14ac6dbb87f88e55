# SPDX-License-Identifier: GPL-2.0-or-later
"""Small parts of the runner: console, checks, rungs, verdicts, names, symbols, cpio, folders."""

import json
import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scenarios.harness import catalogue, cpio, symbols, verdict
from scenarios.harness.catalogue import Entry
from scenarios.harness.checks import Check, Checks, Figure, at_least, between, matches, not_equal, one_of
from scenarios.harness.console import ConsoleWatcher
from scenarios.harness.errors import CheckFailed, MachineFailed, RungFailed, StepFailed, Unusable
from scenarios.harness.folder import RunFolder
from scenarios.harness.rungs import Rungs


def watch(text: bytes, step: int = 7):
    stages: list[str] = []
    failures: list[str] = []
    watcher = ConsoleWatcher(stages.append, failures.append)
    for start in range(0, len(text), step):
        watcher.feed(text[start : start + step])
    watcher.end()
    return stages, failures, watcher


def test_stages_of_a_boot():
    stages, failures, watcher = watch(
        b"[    0.000000] Booting Linux on physical CPU 0x0000000000\r\n"
        b"[    0.5] kvm [1]: nv: 570 coarse grained trap handlers\r\n"
        b"[    1.25][    T1] kvm [1]: Protected hVHE mode initialized successfully\n"
        b"[    2.0] Run /init as init process\n[    2.5] last words"
    )
    assert stages == ["kernel starts", "EL2 up: Protected hVHE mode", "host's init"]
    assert failures == [] and watcher.last_line == "last words"


@pytest.mark.parametrize(
    "line",
    [
        b"[    1.0] Kernel panic - not syncing: sysrq triggered crash",
        b"[    1.0] Internal error: Oops: 0000000096000004 [#1]  SMP",
        b"[    1.0] Unable to handle kernel NULL pointer dereference at virtual address 0",
        b"[    1.0] kernel BUG at mm/slub.c:1!",
        b"[    1.0] BUG: scheduling while atomic: swapper/0/0",
        b"[    1.0] watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [vmm:77]",
        b"[    1.0] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
        b"[    1.0] rcu: INFO: rcu_sched self-detected stall on CPU",
        b"[    1.0] INFO: task vmm:77 blocked for more than 120 seconds.",
        b"[    1.0] kvm [77]: nVHE hyp panic at: [<ffff8000810b7cc8>] handle_trap+0x0/0x8!",
        b"[    1.0] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100",
    ],
)
def test_a_failing_kernel_is_seen_once_with_its_line(line: bytes):
    _, failures, _ = watch(line + b"\n" + line + b"\n")
    assert failures == [f"the host's kernel failed: {line[len('[    1.0] ') :].decode()}"]


@pytest.mark.parametrize(
    "line",
    [
        b"[    1.0] rcu: \tRCU restricting CPUs from NR_CPUS=512 to nr_cpu_ids=2.",
        b"[    1.0] Speculative Return Stack debugging: DEBUG",
        b"[    1.0] kvm: protected VMs are experimental and for development only, tainting kernel",
        b"[    1.0] printk: debug: ignoring loglevel setting.",
    ],
)
def test_ordinary_lines_are_no_failure(line: bytes):
    assert watch(line + b"\n")[1] == []


def test_checks_go_on_and_keep_the_first_cause():
    told: list[Check] = []
    check = Checks(told.append)
    assert check("a", 1, 1) and not check("b", "ok", "fail") and not check("c", 5, 6)
    assert [made.ok for made in told] == [True, False, False]
    assert check.cause() == "b: expected ok, seen fail"
    with pytest.raises(CheckFailed, match="b: expected ok, seen fail"):
        check.must("d", True, False)


@pytest.mark.parametrize(
    "expected, good, bad",
    [
        (at_least(3), 3, 2),
        (between(1, 2), 2, 3),
        (one_of("a", "b"), "b", "c"),
        (not_equal(0), 1, 0),
        (matches("^x+$"), "xx", "xy"),
        (True, True, 1),
        (0, 0, False),
        (at_least(1), 1, None),
    ],
)
def test_expectations(expected, good, bad):
    check = Checks(lambda made: None)
    assert check("good", expected, good) and not check("bad", expected, bad)


def test_a_failed_rung_fails_later_users_at_once(tmp_path: Path):
    rungs, calls = Rungs(tmp_path / "rungs"), []

    def fails():
        calls.append(1)
        raise MachineFailed("QEMU died")

    with pytest.raises(MachineFailed):
        rungs.climb("machine", "SMP=2", fails, "a/one")
    other_worker = Rungs(tmp_path / "rungs")
    with pytest.raises(RungFailed, match=r"rung machine failed before .*\(a/one: QEMU died\)"):
        other_worker.climb("machine", "SMP=2", fails, "a/two")
    assert len(calls) == 1
    assert other_worker.climb("machine", "SMP=4", lambda: 5, "a/three") == 5
    assert other_worker.climb("host", "SMP=2", lambda: 6, "a/three") == 6


def test_a_scenarios_own_mistake_does_not_spoil_the_rung(tmp_path: Path):
    rungs = Rungs(tmp_path / "rungs")

    def mistaken():
        raise StepFailed("no such program")

    with pytest.raises(StepFailed):
        rungs.climb("vm_created", "x", mistaken, "a/one")
    assert rungs.climb("vm_created", "x", lambda: 1, "a/two") == 1


def judged(result: str = "pass", cause: str | None = None) -> verdict.Verdict:
    return verdict.Verdict(
        scenario="isolation/x", title="A title.", target="pkvm", options="HYP=pkvm", result=result,
        cause=cause, checks=[Check("a", "1", "1", True)], figures=[Figure("n", 5, "ns")], seconds=1.5,
        trace={"hypercalls": 3}, inputs={}, replay="make run-scenario SCENARIO=isolation/x",
    )  # fmt: skip


def test_verdict_is_written_whole_and_read_back(tmp_path: Path):
    verdict.write(judged("fail", "bad \x1b[0m <cause> & more"), tmp_path)
    content = json.loads((tmp_path / "verdict.json").read_text())
    assert content["cause"].startswith("bad ") and "versions" in content
    assert verdict.read(tmp_path) == judged("fail", "bad \x1b[0m <cause> & more")
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert suite.attrib["failures"] == "1"
    case = suite.find("testcase")
    assert case is not None and (case.attrib["classname"], case.attrib["name"]) == ("pkvm/isolation", "x")
    failure = case.find("failure")
    assert failure is not None and "<cause> & more" in failure.attrib["message"]
    assert not list(tmp_path.glob("*.new"))


def test_suite_of_verdicts(tmp_path: Path):
    for name, result in (("a", "pass"), ("b", "fail")):
        (tmp_path / name).mkdir()
        verdict.write(judged(result, None if result == "pass" else "why"), tmp_path / name)
    verdict.write_suite([tmp_path / "a", tmp_path / "b"], tmp_path / "junit.xml")
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("2", "1")


def test_a_pass_without_evidence_is_none():
    assert "without evidence" in str(verdict.without_evidence("pass", []))
    assert verdict.without_evidence("pass", [Check("a", "1", "1", True)]) is None


NAMES = ["isolation/host_reads_guest.protected", "isolation/host_reads_guest.normal", "lifecycle/host_boots"]
ENTRIES = [Entry(name, "pkvm", "", None, "") for name in NAMES]


@pytest.mark.parametrize(
    "word, chosen",
    [
        ("isolation/host_reads_guest", NAMES[:2]),
        ("isolation/host_reads_guest.normal", NAMES[1:2]),
        ("isolation", NAMES[:2]),
        ("lifecycle/", NAMES[2:]),
    ],
)
def test_a_word_names_one_its_variants_or_a_folder(word, chosen):
    assert [entry.scenario for entry in catalogue.choose(ENTRIES, word)] == chosen


@pytest.mark.parametrize(
    "word, near",
    [("isolation/host_read_guest", NAMES[0]), ("host_boots", NAMES[2]), ("lifecicle", "lifecycle"), ("zzz", "list-scenarios")],
)
def test_an_unknown_name_offers_the_nearest(word, near):
    with pytest.raises(Unusable) as refusal:
        catalogue.choose(ENTRIES, word)
    assert f"SCENARIO={word}: no such scenario" in str(refusal.value) and near in str(refusal.value)


def test_symbol_file_is_read_by_binutils(tmp_path: Path):
    table = "ffff800080000000 T _text\nffff8000810b0000 T __kvm_nvhe___kvm_hyp_init\nffff800081efd020 d __kvm_nvhe_x\n"
    found = symbols.parse_kallsyms(table + "ffff80007a000000 t init\t[virtio_blk]\n")
    assert [symbol.name for symbol in symbols.el2_only(found)] == ["__kvm_hyp_init", "x"]
    (tmp_path / "kernel.elf").write_bytes(symbols.elf(found))
    read = subprocess.run(["readelf", "-Ws", tmp_path / "kernel.elf"], capture_output=True, text=True, check=True)
    assert "ffff8000810b0000     0 FUNC    GLOBAL DEFAULT    1 __kvm_nvhe___kvm_hyp_init" in read.stdout
    assert "OBJECT" in read.stdout and read.stderr == ""
    with pytest.raises(ValueError, match="no addresses"):
        symbols.parse_kallsyms("0000000000000000 T _text\n")


def test_archive_is_read_by_cpio(tmp_path: Path):
    source = tmp_path / "source"
    source.write_bytes(b"file\n")
    data = cpio.archive({"/a/b/c": "text", "/a/run": source}, frozenset({"/a/run"}))
    assert len(data) % cpio.ALIGN == 0
    subprocess.run(["cpio", "-idm", "--quiet"], input=data, cwd=tmp_path, check=True)
    assert (tmp_path / "a/b/c").read_text() == "text" and (tmp_path / "a/run").read_bytes() == b"file\n"
    assert os.access(tmp_path / "a/run", os.X_OK) and not os.stat(tmp_path / "a/b/c").st_mode & 0o111


def test_run_folder_is_emptied_and_held(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    first = RunFolder("a/b")
    first.write("old", b"x")
    with pytest.raises(Unusable, match="another run of this scenario"):
        RunFolder("a/b")
    first.close()
    second = RunFolder("a/b")
    assert [path.name for path in second.path.iterdir()] == [".lock"]
    second.close()


def test_no_room_and_no_folder(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    with pytest.raises(Unusable, match=r"no space for the run's folder .*: \d+ MiB free, \d+ MiB wanted"):
        RunFolder("a", room_bytes=1 << 62)
    folder = RunFolder("a")
    (folder.path / "full").symlink_to("/dev/full")
    with pytest.raises(Unusable, match="cannot write .*full: No space left on device"):
        folder.write("full", b"x" * 100000)
    assert not (folder.path / "full").is_symlink()
    folder.close()
    (tmp_path / "file").touch()
    monkeypatch.setenv("RUNS", str(tmp_path / "file"))
    with pytest.raises(Unusable, match="cannot use the run's folder: .*file.*: Not a directory"):
        RunFolder("a")
