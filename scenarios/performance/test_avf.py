# SPDX-License-Identifier: GPL-2.0-or-later
"""AVF's own benchmarks (MicrodroidBenchmarks), by their names: an app VM of the service, from run() to its end."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from statistics import median_low

import pytest

from scenarios import microdroid
from scenarios.harness import os_files
from scenarios.harness.checks import Checks, at_least, at_most
from scenarios.harness.host import Host
from scenarios.harness.machine import Machine
from scenarios.harness.report import Report
from scenarios.harness.trace import Record, Trace
from scenarios.harness.trace_names import mark_name
from scenarios.performance.measures import GOAL, Figure

PACKAGES = "/guest/payload"
SOCKET = "/run/terrarium/virtualizationservice.sock"  # AVF_SERVICE_SOCKET
MIB, KIB, PAGE_BYTES = 1 << 20, 1 << 10, 4096
BOOTS = 3  # vmm/libavf/tools/bench_tests.c
VMM_MIB = 5  # the vmm's own memory, for each VM
SERVICE_SHARE = 0.05  # of the time from run() to the payload's start
# A mark of host or guest -> what ends with it; the first of a boot is avf-run.
PHASES = {
    "md-first": "kernel_boot_time",
    "md-init": "userspace_boot_time, first stage",
    "md-mgr": "userspace_boot_time, init",
    "md-mount": "userspace_boot_time, the package verified and mounted",
    "avf-live": "userspace_boot_time, the host hears of the payload's start",
}
GUEST_MEMORY = {"buffers": "Buffers", "cached": "Cached", "slab": "Slab", "unreclaimable": "SUnreclaim"}

files = pytest.mark.host_files(
    {f"{PACKAGES}/{name}.apk": microdroid.package(name) for name in ("benchmark", "hello")}
    | {f"{PACKAGES}/{name}.apk.idsig": microdroid.idsig(name) for name in ("benchmark", "hello")} | os_files.microdroid())
both_kinds = pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])


def avf_test(host: Host, kind: str, group: str) -> list[Report]:
    """What a group of avf-test says, as the scenario's last call. In a closed run no init starts the service for it."""
    begin = f"mkdir -p {Path(SOCKET).parent}; test -S {SOCKET} || virtualizationservice >/dev/null 2>&1 & until test -S {SOCKET}; do :; done"
    script = f"{begin}; exec avf-test {kind} /run/avf {PACKAGES} {group}"
    return host.last_run(["sh", "-c", script], 600.0, ok=True).reports


@dataclasses.dataclass
class Boot:
    """One boot in the trace: where its marks and the guest's first instruction are."""

    marks: dict[str, Record]
    first: Record

    def cost(self, start: str, end: str) -> tuple[float, int]:
        """Virtual time in ms, and instructions of all levels, between two moments."""
        a, b = (self.first if name == "first" else self.marks[name] for name in (start, end))
        return (b.time_ns - a.time_ns) / 1e6, b.insns - a.insns


def boots(trace: Trace) -> list[Boot]:
    marks = [(mark_name(record.v[0]), record) for record in trace.raw if record.type.name == "MARK"]
    entries = trace.guest_entries()
    found: list[Boot] = []
    for name, record in marks:
        if name == "avf-run":
            found.append(Boot({}, next(entry for entry in entries if entry.index > record.index)))
        if found:
            found[-1].marks[name] = record
    return found


def spend(figure: Figure, name: str, found: list[Boot], start: str, end: str) -> float:
    """The median's figures; its virtual time."""
    costs = [boot.cost(start, end) for boot in found]
    time = median_low(cost[0] for cost in costs)
    figure(name, time, "ms")
    figure(f"{name}, instructions", median_low(cost[1] for cost in costs), "instructions")
    return time


def phases(figure: Figure, found: list[Boot]) -> None:
    spend(figure, "boot_time", found, "avf-run", "avf-live")
    spend(figure, "vm_starting_time", found, "avf-run", "first")
    before = "first"
    for mark, name in PHASES.items():
        spend(figure, name, found, before, mark)
        before = mark
    spend(figure, "userspace_boot_time", found, "md-first", "avf-live")
    spend(figure, "vm_kill_time", found, "avf-stop", "avf-end")


def rate(figure: Figure, name: str, report: Report) -> None:
    figure(name, report.number("bytes") / MIB / (report.number("ns") / 1e9), "MiB/s")


def memory(figure: Figure, check: Checks, reports: dict[str, Report], guest: dict[str, int]) -> None:
    figure("mem_used", (guest["MemTotal"] - guest["MemFree"] - guest["Buffers"] - guest["Cached"] - guest["Slab"]) / KIB, "MiB")
    for name, entry in GUEST_MEMORY.items():
        figure(f"mem_{name}", guest[entry] / KIB, "MiB")
    vmm = reports["vmm_memory"]
    for kind in ("rss", "pss"):
        own = vmm.number(kind) - vmm.number(f"guest_{kind}")
        figure(f"mem_vmm_host_{kind}", own / MIB, "MiB")
        figure(f"mem_vmm_guest_{kind}", vmm.number(f"guest_{kind}") / MIB, "MiB")
    check("the guest's memory is the largest of the vmm's", at_least(256 * MIB), vmm.number("largest"))
    check(f"{GOAL}memory of the vmm beside its guest's, MiB", at_most(VMM_MIB), own / MIB)


@pytest.mark.icount
@pytest.mark.limit(900)
@both_kinds
@files
def test_avf(host: Host, machine: Machine, check: Checks, figure: Figure, protected: bool) -> None:
    """boot_time and its phases, mem_*, vsock, virtio-blk, latency/*, vm_kill_time, in virtual time and instructions."""
    kind = "protected" if protected else "normal"
    lines = avf_test(host, kind, "bench")
    reports = {line.name: line for line in lines}
    starts = [line for line in lines if line.name == "boot"]
    guest = {str(line["name"]): line.number("kib") for line in lines if line.name == "guest_memory"}
    check.must("boots", BOOTS, len(starts))
    memory(figure, check, reports, guest)
    figure("latency/rpc", reports["latency_rpc"].number("ns") / 1e3, "us")
    figure("latency/vsock", reports["latency_vsock"].number("ns") / 1e3, "us")
    rate(figure, "vsock/transfer_host_to_vm", reports["vsock_transfer_host_to_vm"])
    rate(figure, "virtio-blk/seq_read", reports["virtio_blk_seq_read"])
    rate(figure, "virtio-blk/rand_read", reports["virtio_blk_rand_read"])
    shares = [line.number("service_ns") / line.number("started_ns") for line in starts[1:]]
    check("the service's time is known", True, min(shares) > 0)
    trace = machine.trace()
    found = boots(trace)
    check.must("boots in the trace", BOOTS, len(found))
    phases(figure, found[1:])  # the first has the service's own start in it
    figure("boot_time, the service's own start included", found[0].cost("avf-run", "avf-live")[0], "ms")
    figure("the service's share of boot_time", max(shares) * 100, "%")
    if protected:
        shared = {call.args[1] for call in trace.calls(world="vm", name="PKVM_MEM_SHARE")}  # the same in each boot
        figure("mem_protected_shared", len(shared) * PAGE_BYTES / MIB, "MiB")
    check(f"{GOAL}the service's share of boot_time", at_most(SERVICE_SHARE), max(shares))
