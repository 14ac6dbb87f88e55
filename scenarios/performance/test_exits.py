# SPDX-License-Identifier: GPL-2.0-or-later
"""What each kind of exit costs, counted on the instruction counter from the trace."""

from typing import Any

import pytest

from scenarios.harness.checks import Checks, at_least, at_most
from scenarios.harness.host import Host
from scenarios.harness.machine import Machine
from scenarios.harness.trace import Trace, Visit
from scenarios.harness.vm import VM
from scenarios.performance.measures import Figure, address, median, round_trip

KINDS = {"protected": True, "normal": False}
MARK = "SMCCC_VERSION"  # guest/bare/bench.c calls it before and after each section
SCRATCH = 7  # the serial register that it writes
PAGE_BYTES = 4096
FRESH_PAGES = 256  # FAULTS of guest/bare/bench.c


def split(trace: Trace, sections: int) -> list[list[Visit]]:
    """The visits of all, cut behind each VM's last mark: VMs run one after the other."""
    lives: list[list[Visit]] = [[]]
    marks = 0
    for visit in trace.visits:
        lives[-1].append(visit)
        if (visit.enter.world, visit.kind, visit.name) == ("vm", "HVC", MARK):
            marks += 1
            if marks % (2 * sections) == 0:
                lives.append([])
    return lives[:-1]


def sections(visits: list[Visit]) -> list[list[Visit]]:
    """A VM's visits between mark 2n and mark 2n + 1, for each n."""
    found: list[list[Visit]] = []
    marks = 0
    for visit in visits:
        if visit.enter.world != "vm":
            continue
        if visit.kind == "HVC" and visit.name == MARK:
            marks += 1
            if marks % 2:
                found.append([])
        elif marks % 2:
            found[-1].append(visit)
    return found


def benches(vm: VM) -> dict[str, int]:
    """What the guest did, by section: how many times."""
    values = [report for report in vm.reports() if (report.kind, report.name) == ("value", "bench")]
    return {str(report["name"]): report.number("count") for report in values}


def faults_on_ram(visits: list[Visit]) -> list[Visit]:
    base = address("GUEST_RAM_BASE")
    return [
        visit
        for visit in visits
        if (visit.enter.world, visit.kind) == ("vm", "DATA_ABORT")
        and visit.enter.value("ipa") >= base
    ]


class Tell:
    """check and figure, under the name of one kind of VM."""

    def __init__(self, kind: str, check: Checks, figure: Figure) -> None:
        self._kind, self._check, self._figure = kind, check, figure

    def check(self, name: str, expected: Any, seen: Any) -> None:
        self._check(f"{self._kind}: {name}", expected, seen)

    def figure(self, name: str, value: float, unit: str) -> None:
        self._figure(f"{self._kind}: {name}", value, unit)


def weigh_calls(tell: Tell, done: dict[str, int], parts: dict[str, list[Visit]], protected: bool) -> None:
    calls = [visit for visit in parts["ptp"] if visit.name == "KVM_PTP"]
    tell.check("hypercalls that only the host's kernel can serve", done["ptp"], len(calls))
    round_trip(tell.figure, "hypercall KVM_PTP, served by the host's kernel", calls)
    calls = [visit for visit in parts["hvc"] if visit.name == "PSCI_VERSION"]
    tell.check("hypercalls PSCI_VERSION", done["hvc"], len(calls))
    round_trip(tell.figure, "hypercall PSCI_VERSION", calls)
    calls = [visit for visit in parts["meminfo"] if visit.name == "PKVM_HYP_MEMINFO"]
    tell.check("hypercalls to EL2", done["meminfo"], len(calls))
    if protected:
        tell.check("hypercalls to EL2: made", at_least(1), len(calls))
        round_trip(tell.figure, "hypercall HYP_MEMINFO, served by EL2", calls)


def weigh_memory(
    tell: Tell, done: dict[str, int], parts: dict[str, list[Visit]], life: list[Visit], protected: bool
) -> None:
    port = address("GUEST_SERIAL1_BASE") + SCRATCH
    writes = [v for v in parts["mmio"] if v.kind == "DATA_ABORT" and v.enter.value("ipa") == port]
    tell.check("writes to a device", done["mmio"], len(writes))
    round_trip(tell.figure, "write to a device of the VMM", writes)
    fresh = {v.enter.value("ipa") // PAGE_BYTES for v in faults_on_ram(parts["faults"])}
    expected = FRESH_PAGES if protected else at_most(done["faults"])
    tell.check("pages touched first: with a fault", expected, len(fresh))
    tell.check("pages touched again: faults", 0, len(faults_on_ram(parts["touches"])))
    # A normal VM's pages may come by hundreds at once: so the faults of its whole life.
    faults = faults_on_ram(parts["faults"] if protected else life)
    tell.check("stage-2 faults on memory", at_least(1), len(faults))
    round_trip(tell.figure, "stage-2 fault on memory", faults)
    tell.figure(f"stage-2 faults for {FRESH_PAGES} fresh pages", len(fresh), "faults")


def weigh_row(tell: Tell, done: dict[str, int], parts: dict[str, list[Visit]], gives_ahead: bool) -> None:
    faults = faults_on_ram(parts["row"])
    tell.check("pages touched in order: faults", at_most(done["row"] // 8 if gives_ahead else done["row"]), len(faults))
    tell.figure(f"stage-2 faults for {done['row']} pages in order", len(faults), "faults")


@pytest.mark.icount
@pytest.mark.limit(180)
def test_exits(host: Host, machine: Machine, check: Checks, figure: Figure, target: str) -> None:
    """Hypercalls, MMIO, stage-2 faults and world switches: instructions and virtual time each."""
    done = []
    for protected in KINDS.values():
        vm = host.vm("bench", protected=protected)
        vm.finish()
        done.append(benches(vm))
    trace = machine.trace()
    lives = split(trace, len(done[0]))
    check.must("VMs in the trace", len(KINDS), len(lives))
    for (kind, protected), counts, life in zip(KINDS.items(), done, lives):
        tell = Tell(kind, check, figure)
        parts = dict(zip(counts, sections(life)))
        check.must(f"{kind}: sections in the trace", len(counts), len(parts))
        weigh_calls(tell, counts, parts, protected)
        weigh_memory(tell, counts, parts, life, protected)
        weigh_row(tell, counts, parts, gives_ahead=target == "terrarium")
        traps = [visit for visit in parts["sysreg"] if visit.kind == "SYSREG"]
        tell.figure("traps of 1000 reads of the virtual counter", len(traps), "traps")
    enters, exits = trace.switches("host", "vm"), trace.switches("vm", "host")
    check("switches into VMs", at_least(sum(counts["ptp"] for counts in done)), len(enters))
    figure("world switch host to VM", median(stay.insns for stay in enters), "instructions")
    figure("world switch VM to host", median(stay.insns for stay in exits), "instructions")
