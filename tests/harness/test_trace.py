# SPDX-License-Identifier: GPL-2.0-or-later
"""What the decoder makes of records: names, pairs of entry and return, selections."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.harness.trace import Trace, Visit
from tests.harness import trace_bytes as tb


def load(tmp_path: Path, data: bytes, partial: bool = False) -> Trace:
    path = tmp_path / "trace.bin"
    path.write_bytes(data)
    return Trace.load(path, partial)


def one_visit(tmp_path: Path, *records: bytes) -> Visit:
    trace = load(tmp_path, tb.header() + b"".join(records) + tb.end())
    return trace.visits[0]


def test_calls_have_names_args_and_results(tmp_path: Path) -> None:
    trace = load(tmp_path, tb.a_run())
    (share,) = trace.calls(world="vm")
    assert share.name == "PKVM_MEM_SHARE"
    assert share.args == (0xC6000003, 0x80001000, 0, 0, 0x44, 0, 0, 0x77)
    assert share.results == (0, 0x99, 0, 5)
    assert (share.duration_ns, share.el2_insns) == (100, 100)
    assert [call.name for call in trace.calls(world="host")] == ["__kvm_vcpu_run"] * 2
    assert trace.calls(name="PKVM_MEM_SHARE", vmid=7) == [share]
    assert trace.calls(name="PKVM_MEM_SHARE", vmid=8) == []


def test_host_call_ends_when_the_host_goes_on(tmp_path: Path) -> None:
    first, second = load(tmp_path, tb.a_run()).calls(name="__kvm_vcpu_run")
    assert first.results is not None and first.results[0] == 1
    assert (first.duration_ns, first.el2_insns, first.insns) == (130, 80, 130)
    assert second.results is not None and second.results[0] == 2
    assert second.el2_insns == 170


def test_fault_of_a_vm_ends_when_that_vm_goes_on(tmp_path: Path) -> None:
    trace = load(tmp_path, tb.a_run())
    (fault,) = trace.faults(world="vm")
    assert fault.name == "fault write"
    assert fault.duration_ns == 130
    assert trace.faults(ipa=0x80002FFF) == [fault]
    assert trace.faults(ipa=0x80003000) == []
    assert trace.faults(write=True) == [fault]
    assert trace.faults(write=False) == []
    described = next(r for r in trace.records if r["type"] == "DATA_ABORT")
    assert described["size"] == 4 and described["write"] is True
    assert described["ipa"] == 0x80002010 and described["va"] == 0x2010
    assert described["value"] == 0xAB and described["el"] == 0
    assert described["cause"] == "translation level 3" and described["table_walk"] is False


def test_visit_of_a_vm_that_changes_its_vcpu(tmp_path: Path) -> None:
    fault = one_visit(
        tmp_path,
        tb.rec(tb.DATA_ABORT, (0x92000007,), world=tb.VM, vmid=7, pc=0x80000010, t=5),
        tb.rec(tb.RETURN, world=tb.VM, vmid=7, vcpu=1, pc=0x80000010, t=9),
    )
    assert fault.duration_ns == 4
    assert fault.el2_insns is None


def test_another_vm_with_the_same_vmid_is_no_return(tmp_path: Path) -> None:
    fault = one_visit(
        tmp_path,
        tb.rec(tb.DATA_ABORT, (0x92000007,), world=tb.VM, vmid=7, pc=0x80000010),
        tb.rec(tb.RETURN, world=tb.VM, vmid=7, pc=0x80000000),
    )
    assert fault.leave is None


def test_return_to_the_vector_is_a_return(tmp_path: Path) -> None:
    fault = one_visit(
        tmp_path,
        tb.rec(tb.DATA_ABORT, (0x92000007,), world=tb.VM, vmid=7, pc=0x80000010),
        tb.rec(tb.RETURN, world=tb.VM, vmid=7, pc=0x80010200),
    )
    assert fault.leave is not None


def test_host_on_two_cpus_is_kept_apart(tmp_path: Path) -> None:
    trace = load(
        tmp_path,
        tb.header()
        + tb.rec(tb.INSN_ABORT, (0x82000007,), vcpu=0, pc=0x1000, t=1)
        + tb.rec(tb.INSN_ABORT, (0x82000007,), vcpu=1, pc=0x1000, t=2)
        + tb.rec(tb.RETURN, vcpu=1, pc=0x1000, t=3)
        + tb.rec(tb.RETURN, vcpu=0, pc=0x1000, t=5)
        + tb.end(),
    )
    assert [visit.duration_ns for visit in trace.visits] == [4, 1]
    assert trace.visits[0].name == "fault execute"


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (tb.rec(tb.HVC, (0xC6000003,)), "__pkvm_host_thing"),
        (tb.rec(tb.HVC, (0xC6000003,), world=tb.VM, vmid=3), "PKVM_MEM_SHARE"),
        (tb.rec(tb.HVC, (0,)), "HVC_SET_VECTORS"),
        (tb.rec(tb.SMC, (0xC4000000,)), "PSCI_VERSION"),
        (tb.rec(tb.HVC, (0x12345678,)), "0x12345678"),
        (tb.rec(tb.HVC, (0x11,), aux=0xEA1), "#0xea1:0x11"),
        (tb.rec(tb.SYSREG, (0x6230F856,)), "msr CNTP_THING"),
        (tb.rec(tb.SYSREG, (0x6230F858,)), "msr S3_3_C14_C12_0"),
        (tb.rec(tb.SYSREG, (0x623A3016,)), "msr ICC_SGI1R_EL1"),
        (tb.rec(tb.SYSREG, (0x623A3017,)), "mrs ICC_SGI1R_EL1"),
        (tb.rec(tb.WFX, (0x07E00000,)), "wfi"),
        (tb.rec(tb.WFX, (0x07E00001,)), "wfe"),
        (tb.rec(tb.DATA_ABORT, (0x92000087,)), "fault table walk"),
        (tb.rec(tb.DATA_ABORT, (0x92000007,)), "fault read"),
        (tb.rec(tb.EXCEPTION, (0x1FE00000,)), "exception floating point"),
        (tb.rec(tb.EXCEPTION, (0xFC000000,)), "exception 0x3f"),
        (tb.rec(tb.EL2_EXCEPTION, (0xF2000001,), world=tb.EL2, el=2), "el2_exception"),
        (tb.rec(tb.HVC, (7,), aux=0xEA1) + tb.more(0, 0, 0, 0, 12), "xen memory_op"),
        (tb.rec(tb.HVC, (7,), aux=0xEA1) + tb.more(0, 0, 0, 0, 99), "xen 99"),
        (tb.rec(tb.SYSREG, (0x622A000A,)), "msr DBGBCR5_EL1"),
        (tb.rec(tb.ROOT, (5, 4), world=tb.EL2, el=2, aux=0xE108), "root VTTBR_EL2"),
        (tb.rec(tb.ACK, (27,), aux=0xC660), "ack 27"),
        (tb.rec(tb.EOI, (27,), aux=0xC661), "eoi 27"),
        (tb.rec(tb.MARK, (0x65746F6E6F64,)), "mark donote"),
        (tb.rec(tb.MARK, (0xFF,)), "mark 0xff"),
    ],
    ids=range(25),
)
def test_names(tmp_path: Path, record: bytes, name: str) -> None:
    trace = load(tmp_path, tb.header() + record + tb.end())
    assert next(trace.records)["name"] == name


def test_selections(tmp_path: Path) -> None:
    trace = load(tmp_path, tb.a_run())
    entry = trace.first_guest_entry()
    assert entry is not None and (entry.time_ns, entry.pc) == (1050, 0x80000000)
    assert len(trace.guest_entries(vmid=7)) == 3
    assert trace.first_guest_entry(vmid=8) is None
    assert trace.count(type="HVC", world="host") == 2
    assert trace.count(type="DATA_ABORT", world="vm", vmid=7) == 1
    part = trace.between(1200, 1400)
    assert [call.name for call in part.calls()] == ["__kvm_vcpu_run", "PKVM_MEM_SHARE"]
    assert part.faults() == []
    (psci,) = trace.firmware_calls()
    assert psci.name == "PSCI_VERSION" and psci.results is not None
    assert psci.results[0] == 0x10001 and psci.enter.pc == 0x1100


def test_switches_of_the_world(tmp_path: Path) -> None:
    trace = load(tmp_path, tb.a_run())
    assert [stay.insns for stay in trace.switches("host", "vm")] == [50, 30]
    assert [stay.insns for stay in trace.switches("vm", "host")] == [30, 40]
    assert [stay.insns for stay in trace.switches("vm", "vm")] == [100]
    assert trace.switches("host", "host") == []


def test_summary(tmp_path: Path) -> None:
    trace = load(tmp_path, tb.a_run())
    summary = trace.summary
    assert summary["clock"] == "icount"
    assert (summary["hypercalls"], summary["guest_hypercalls"]) == (3, 1)
    assert (summary["stage2_faults"], summary["guest_entries"]) == (1, 3)
    rows = {(row["world"], row["name"]): row for row in summary["rows"]}
    assert rows["host", "__kvm_vcpu_run"]["count"] == 2
    assert rows["host", "__kvm_vcpu_run"]["el2_insns"] == {"min": 80, "median": 80, "max": 170}
    assert "el2_insns" not in rows["host", "PSCI_VERSION"]
    assert "80 / 80 / 170" in trace.table()
    assert trace.one_line() == (
        "3 hypercalls (1 by VMs), 1 stage-2 faults (1 by VMs), 3 entries to VMs"
    )
