# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of a trace: JSON lines, the file for Perfetto, counters, QEMU's events, the command line."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from scenarios.harness import instruments, tracefile
from scenarios.harness.errors import Recorded, Unusable
from scenarios.harness.machine import Machine
from scenarios.harness.run import Plea, ScenarioRun
from scenarios.harness.trace import Trace, main
from scenarios.harness.trace_counters import shared_pages
from scenarios.harness.trace_perfetto import write_perfetto
from tests.harness import trace_bytes as tb


def load(tmp_path: Path, data: bytes, partial: bool = False) -> Trace:
    path = tmp_path / "trace.bin"
    path.write_bytes(data)
    return Trace.load(path, partial)


def test_json_lines_keep_large_numbers(tmp_path: Path) -> None:
    trace = load(
        tmp_path, tb.header() + tb.rec(tb.HVC, (0xFFFF_FFFF_FFFF_FFFF,), t=2**60) + tb.end()
    )
    trace.write_jsonl(tmp_path / "out.jsonl")
    (line,) = (tmp_path / "out.jsonl").read_text().splitlines()
    read = json.loads(line)
    assert read["args"][0] == "0xffffffffffffffff"
    assert read["time_ns"] == 2**60
    assert read["world"] == "host" and "vmid" not in read


def test_perfetto_has_a_track_per_world_and_vcpu(tmp_path: Path) -> None:
    trace = load(tmp_path, tb.a_run())
    write_perfetto(trace, tmp_path / "out.json")
    events = json.loads((tmp_path / "out.json").read_text())["traceEvents"]
    worlds = {e["args"]["name"]: e["pid"] for e in events if e["name"] == "process_name"}
    assert set(worlds) == {"host", "vm 7", "EL2"}
    share = next(e for e in events if e["name"] == "PKVM_MEM_SHARE")
    assert (share["ph"], share["pid"], share["tid"]) == ("X", worlds["vm 7"], 0)
    assert (share["ts"], share["dur"]) == (1.3, 0.1)
    assert share["args"]["results"][1] == "0x99"
    assert share["args"]["ipa"] == "0x80001000" and share["args"]["-> status"] == "0x0"
    counters = [(e["name"], e["pid"], *e["args"].values()) for e in events if e["ph"] == "C"]
    assert counters == [
        ("stage-2 faults", worlds["vm 7"], 1), ("shared pages", worlds["vm 7"], 1)
    ]  # fmt: skip
    stays = [e["name"] for e in events if e["pid"] == worlds["EL2"] and e["ph"] == "X"]
    assert stays[0] == "host → vm 7" and "vm 7 → host" in stays


def guest_call(vmid: int, number: int, *args: int, status: int = 0, results: tuple[int, ...] = ()) -> bytes:
    call = (number, *args)
    return (
        tb.rec(tb.HVC, call[:4], world=tb.VM, vmid=vmid)
        + tb.more(*call[4:])
        + tb.rec(tb.RETURN, (status, *results), world=tb.VM, vmid=vmid)
    )


SHARES = (
    "call any 0xc6000003=PKVM_MEM_SHARE x1=ipa x2=pages>x0=status\n"
    "call any 0xc6000004=PKVM_MEM_UNSHARE x1=ipa x2=pages>x0=status\n"
    "call any 0xc4000197=RSI_IPA_STATE_SET x1=base x2=top x3=ripas>x0=status x1=top\n"
    "call any 0x84000008=PSCI_SYSTEM_OFF >x0=status\n"
)


def test_shared_pages_are_counted(tmp_path: Path) -> None:
    trace = load(
        tmp_path,
        tb.header(SHARES)
        + guest_call(1, 0xC6000003, 0x80001000, 0)
        + guest_call(1, 0xC6000003, 0x80001000, 2)
        + guest_call(1, 0xC6000003, 0x80009000, 1, status=2**64 - 3)
        + guest_call(2, 0xC4000197, 0x80000000, 0x80008000, 0, results=(0x80004000,))
        + guest_call(1, 0xC6000004, 0x80002000, 1)
        + guest_call(2, 0xC4000197, 0x80000000, 0x80002000, 1, results=(0x80002000,))
        + tb.rec(tb.HVC, (0x84000008,), world=tb.VM, vmid=1) + tb.more()
        + tb.end(),
    )  # fmt: skip
    assert [(step.world, step.value) for step in shared_pages(trace.visits)] == [
        ("vm 1", 1), ("vm 1", 2), ("vm 2", 4), ("vm 1", 1), ("vm 2", 2), ("vm 1", 0)
    ]  # fmt: skip


def test_qemus_own_events_are_merged(tmp_path: Path) -> None:
    (tmp_path / "events.log").write_text(
        "smmu_reset_exit \ntrace: 0\ntrace: 1\n"
        "1234@99.000001:smmuv3_translate_abort dev sid=0x10\n"
        "Some other word of QEMU's\ntrace: 3\n2026-11-21T11:44:48.385455Z smmuv3_cmdq_tlbi_nh vmid=1\n"
    )
    trace = load(tmp_path, tb.a_run())
    assert [(e.name, e.text, e.time_ns) for e in trace.events] == [
        ("smmu_reset_exit", "", 0),
        ("smmuv3_translate_abort", "dev sid=0x10", 1000),
        ("smmuv3_cmdq_tlbi_nh", "vmid=1", 1050),
    ]
    trace.write_jsonl(tmp_path / "o.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert [line["type"] for line in lines[:6]] == ["QEMU", "RETURN", "HVC", "QEMU", "RETURN", "QEMU"]
    answer = next(line for line in lines if line["name"] == "return PKVM_MEM_SHARE")
    assert answer["named"] == {"status": "0x0"} and lines[answer["of"]] is not None
    write_perfetto(trace, tmp_path / "out.json")
    events = json.loads((tmp_path / "out.json").read_text())["traceEvents"]
    abort = next(e for e in events if e["name"] == "smmuv3_translate_abort")
    assert (abort["ph"], abort["ts"]) == ("i", 1.0)
    assert ("qemu", "QEMU", "smmuv3_cmdq_tlbi_nh", 1) in [
        tuple(row.values()) for row in trace.summary["events"]
    ]


def test_filters_of_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "trace.bin", tmp_path / "o.jsonl"
    path.write_bytes(tb.a_run())
    words = ["--world", "vm", "--vmid", "7", "--from", "1200", "--to", "1500"]
    assert main([str(path), "--jsonl", str(out), *words, "--name", "PKVM_MEM_SHARE"]) == 0
    (line,) = [json.loads(text) for text in out.read_text().splitlines()]
    assert line["named"] == {"ipa": "0x80001000", "pages": "0x0"}
    assert main([str(path), "--world", "vm", "--summary"]) == 0
    assert "__kvm_vcpu_run" not in capsys.readouterr().out


def test_slices_of_one_track_nest(tmp_path: Path) -> None:
    write_perfetto(load(tmp_path, tb.a_run()), tmp_path / "out.json")
    events = json.loads((tmp_path / "out.json").read_text())["traceEvents"]
    tracks: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for event in events:
        if event["ph"] == "X":
            span = (event["ts"], event["ts"] + event["dur"])
            tracks.setdefault((event["pid"], event["tid"]), []).append(span)
    for spans in tracks.values():
        for start, stop in spans:
            assert not any(start < other < stop < end for other, end in spans)


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "trace.bin"
    path.write_bytes(tb.a_run())
    out = tmp_path / "o.jsonl"
    assert main([str(path), "--jsonl", str(out), "--summary"]) == 0
    assert "PKVM_MEM_SHARE" in capsys.readouterr().out
    assert len(out.read_text().splitlines()) == 13
    path.write_bytes(b"no trace")
    assert main([str(path)]) == 1
    assert capsys.readouterr().err == f"trace: {path}: this is not a trace\n"


def test_hundred_thousand_events_take_seconds(tmp_path: Path) -> None:
    fault = tb.rec(tb.DATA_ABORT, (0x92000007, 0x8000, 0x8000), pc=0x1000)
    data = tb.header() + (fault + tb.rec(tb.RETURN, pc=0x1000)) * 50_000 + tb.end(100_000)
    start = time.process_time()
    trace = load(tmp_path, data)
    assert trace.summary["stage2_faults"] == 50_000
    assert time.process_time() - start < 10  # about 1 s on the slowest machine tried


def test_readable_files_of_a_long_trace_are_made_on_demand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trace.bin").write_bytes(tb.a_run())
    trace, note = tracefile.decode(tmp_path)
    assert note == "" and (tmp_path / "trace.jsonl").exists()
    (tmp_path / "trace.jsonl").unlink()
    monkeypatch.setattr(tracefile, "READABLE_RECORDS", len(trace.raw) - 1)
    again, note = tracefile.decode(tmp_path)
    assert again.one_line() == trace.one_line()
    assert f"{len(trace.raw)} records" in note and "trace.bin --jsonl" in note
    assert not (tmp_path / "trace.jsonl").exists()


def test_words_for_the_trace(tmp_path: Path) -> None:
    options = SimpleNamespace(icount=False)
    chosen = instruments.traced("calls+vm+smmu")
    assert dict(chosen.arguments(tmp_path, options)) == {
        "out": str(tmp_path / "trace.bin"), "clock": "host", "host-vmid": "0",
        "only": "calls", "worlds": "vm", "log": "on",
    }  # fmt: skip
    line = instruments.logging([chosen, instruments.TRACE], tmp_path)
    assert line[::2] == ["-d", "-D"] and "plugin" in line[1].split(",")
    assert instruments.logging([instruments.TRACE], tmp_path) == []
    with pytest.raises(Unusable, match="TRACE=calls\\+fault: there is no 'fault'; allowed: calls "):
        instruments.traced("calls+fault")


@pytest.mark.parametrize("failing", [True, False])
@pytest.mark.parametrize("side_by_side", [True, False])
def test_who_gets_a_trace_for_people(tmp_path: Path, failing: bool, side_by_side: bool) -> None:
    (tmp_path / "trace.bin").write_bytes(tb.a_run())
    setup = SimpleNamespace(options=SimpleNamespace(icount=False, hyp="terrarium"))
    run = ScenarioRun(Plea("mine/a", "", None), setup, SimpleNamespace(), side_by_side)
    run._trace = tracefile.load(tmp_path)
    verdict = SimpleNamespace(failing=lambda: failing, result="pass", cause=None)
    run._write_readable(verdict, SimpleNamespace(path=tmp_path))
    written = {path.name for path in tmp_path.iterdir()} - {"trace.bin"}
    assert written == ({"trace.jsonl", "trace.perfetto.json"} if failing or not side_by_side else set())
    if written:
        run._write_readable(verdict, SimpleNamespace(path=tmp_path / "none"))
        assert verdict.result == "fail" and "the trace cannot be written for people: FileNotFoundError" in verdict.cause


def test_a_recording_ends_where_it_asks_for_its_trace() -> None:
    ended = []
    machine = SimpleNamespace(_setup=SimpleNamespace(recording=True), end=lambda: ended.append(True), decoded=lambda: None)
    with pytest.raises(Recorded):
        Machine.trace(machine)
    assert ended
