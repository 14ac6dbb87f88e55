# SPDX-License-Identifier: GPL-2.0-or-later
"""The trace on the machine: marks, roots, interrupts, the SMMU's events in order, and vCPUs in one thread."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios.harness import cpio, paths, xen
from scenarios.harness.trace import Trace
from scenarios.harness.trace_counters import shared_pages

ROOT = Path(__file__).resolve().parents[2]
RUNS = Path(os.environ.get("O") or ROOT / "out") / "trace-check"
SCENARIO = "isolation/secret_and_shared_page"
TARGET = os.environ.get("HYP") or "terrarium"
WORDS = "calls+firmware+faults+waits+irqs+sysregs+others+roots+acks+marks+smmu"


def run(**options: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name not in ("ICOUNT", "LIMIT", "ORACLE")}
    env |= {"RUNS": str(RUNS), "PYTHONPATH": str(ROOT), "HYP": TARGET}
    argv = [sys.executable, "-m", "scenarios.harness", "run", SCENARIO]
    return subprocess.run(argv, env=env | options, cwd=ROOT, text=True, capture_output=True, timeout=300)


@pytest.fixture(scope="module")
def folder() -> Path:
    done = run(TRACE=WORDS)
    assert done.returncode == 0, done.stdout + done.stderr
    return RUNS / TARGET / SCENARIO


def test_all_kinds_of_events(folder: Path) -> None:
    trace = Trace.load(folder / "trace.bin")
    described = list(trace.records)
    marks = [each["name"] for each in described if each["type"] == "MARK" and each["world"] == "vm"]
    assert marks[0] == "mark begin" and "mark pages" in marks
    assert not [each for each in described if each["type"] == "EOI"]
    roots = [each for each in described if each["type"] == "ROOT"]
    assert {"root VTTBR_EL2"} <= {each["name"] for each in roots}
    assert all(each["root"] != each["before"] or "EL12" in each["name"] for each in roots)
    acks = {(each["world"], each["intid"]) for each in described if each["type"] == "ACK"}
    assert ("vm", 27) in acks and ("host", 30) in acks
    assert [step.value for step in shared_pages(trace.visits)] == [1, 2, 1, 0]
    (share, *_), (unshare,) = (trace.calls(world="vm", name=f"PKVM_MEM_{word}") for word in ("SHARE", "UNSHARE"))
    assert share.named_args["ipa"] == unshare.named_args["ipa"]
    assert share.named_results == unshare.named_results == {"status": 0}


def test_the_smmu_is_merged_in_order(folder: Path) -> None:
    trace = Trace.load(folder / "trace.bin")
    names = {event.name for event in trace.events}
    assert "smmuv3_translate_success" in names or "smmuv3_translate_bypass" in names
    assert [event.after for event in trace.events] == sorted(event.after for event in trace.events)
    trace.write_jsonl(folder / "merged.jsonl")
    with (folder / "merged.jsonl").open() as lines:
        times = [json.loads(line)["time_ns"] for line in lines]
    assert times == sorted(times) and len(times) == len(trace.raw) + len(trace.events)


def test_bad_words_are_one_sentence() -> None:
    done = run(TRACE="calls+fault")
    assert done.returncode != 0
    assert "TRACE=calls+fault: there is no 'fault'; allowed: calls faults" in done.stdout + done.stderr


def test_vcpus_that_share_a_thread(tmp_path: Path) -> None:
    """QEMU's index lies there; each vCPU's entries to EL2 and returns alternate all the same."""
    describe = paths.machine_description
    options = describe.from_env({"HYP": "terrarium"})
    files = {"/init": "#!/bin/busybox sh\n/bin/busybox poweroff -f\n", "/bin/busybox": paths.out() / xen.BUSYBOX}
    initrd = tmp_path / "initrd.cpio"
    initrd.write_bytes(cpio.archive(files, frozenset(files)))
    channels = describe.Channels(console=f"file,path={tmp_path / 'console.log'}")
    plugin = f"{paths.out() / 'plugins' / 'trace.so'},out={tmp_path / 'trace.bin'}"
    argv = [word.replace("thread=multi", "thread=single") for word in describe.command(options, channels, initrd, [plugin])]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    for vcpu in range(options.smp):
        groups = [r.type.group for r in Trace.load(tmp_path / "trace.bin").raw if r.vcpu == vcpu]
        passages = [group for group in groups if group in ("enter", "return")]
        assert len(passages) > 10
        assert all(one != other for one, other in zip(passages, passages[1:]))
