# SPDX-License-Identifier: GPL-2.0-or-later
"""What each kind of exit costs, counted on the instruction counter from the trace."""

import pytest

from scenarios.harness.checks import Checks, at_least, at_most
from scenarios.harness.machine import Machine
from scenarios.harness.report import Report
from scenarios.harness.trace import Trace, Visit
from scenarios.harness.vm import VM
from scenarios.performance.measures import Figure, address, median, round_trip

MARK = "SMCCC_VERSION"  # guest/bare/bench.c calls it before and after each section
SCRATCH = 7  # the serial register that it writes
PAGE_BYTES = 4096
FRESH_PAGES = 256  # FAULTS of guest/bare/bench.c


def sections(trace: Trace) -> list[list[Visit]]:
    """The VM's visits between mark 2n and mark 2n + 1, for each n."""
    found: list[list[Visit]] = []
    marks = 0
    for visit in trace.visits:
        if visit.enter.world != "vm":
            continue
        if visit.kind == "HVC" and visit.name == MARK:
            marks += 1
            if marks % 2:
                found.append([])
        elif marks % 2:
            found[-1].append(visit)
    return found


def benches(vm: VM) -> list[Report]:
    return [report for report in vm.reports() if (report.kind, report.name) == ("value", "bench")]


def faults_on_ram(visits: list[Visit]) -> list[Visit]:
    base = address("GUEST_RAM_BASE")
    return [
        visit
        for visit in visits
        if (visit.enter.world, visit.kind) == ("vm", "DATA_ABORT")
        and visit.enter.value("ipa") >= base
    ]


@pytest.mark.icount
@pytest.mark.vm("bench")
@pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])
def test_exits(
    vm_running: VM, machine: Machine, check: Checks, figure: Figure, protected: bool
) -> None:
    """Hypercalls, MMIO, stage-2 faults and world switches: instructions and virtual time each."""
    vm_running.finish()
    done = {str(r["name"]): r.number("count") for r in benches(vm_running)}
    trace = machine.trace()
    parts = dict(zip(done, sections(trace)))
    check.must("sections in the trace", len(done), len(sections(trace)))

    calls = [visit for visit in parts["ptp"] if visit.name == "KVM_PTP"]
    check("hypercalls that only the host's kernel can serve", done["ptp"], len(calls))
    round_trip(figure, "hypercall KVM_PTP, served by the host's kernel", calls)

    calls = [visit for visit in parts["hvc"] if visit.name == "PSCI_VERSION"]
    check("hypercalls PSCI_VERSION", done["hvc"], len(calls))
    round_trip(figure, "hypercall PSCI_VERSION", calls)

    calls = [visit for visit in parts["meminfo"] if visit.name == "PKVM_HYP_MEMINFO"]
    check("hypercalls to EL2", done["meminfo"], len(calls))
    check("hypercalls to EL2, if protected", at_least(1 if protected else 0), len(calls))
    if calls:
        round_trip(figure, "hypercall HYP_MEMINFO, served by EL2", calls)

    port = address("GUEST_SERIAL1_BASE") + SCRATCH
    writes = [v for v in parts["mmio"] if v.kind == "DATA_ABORT" and v.enter.value("ipa") == port]
    check("writes to a device", done["mmio"], len(writes))
    round_trip(figure, "write to a device of the VMM", writes)

    fresh = {v.enter.value("ipa") // PAGE_BYTES for v in faults_on_ram(parts["faults"])}
    expected = FRESH_PAGES if protected else at_most(done["faults"])
    check("pages touched first: with a fault", expected, len(fresh))
    check("pages touched again: faults", 0, len(faults_on_ram(parts["touches"])))
    # A normal VM's pages may come by hundreds at once: so the faults of its whole life.
    faults = faults_on_ram(parts["faults"] if protected else trace.visits)
    check("stage-2 faults on memory", at_least(1), len(faults))
    round_trip(figure, "stage-2 fault on memory", faults)
    figure(f"stage-2 faults for {FRESH_PAGES} fresh pages", len(fresh), "faults")

    traps = [visit for visit in parts["sysreg"] if visit.kind == "SYSREG"]
    figure("traps of 1000 reads of the virtual counter", len(traps), "traps")
    enters, exits = trace.switches("host", "vm"), trace.switches("vm", "host")
    check("switches into the VM", at_least(done["hvc"]), len(enters))
    figure("world switch host to VM", median(stay.insns for stay in enters), "instructions")
    figure("world switch VM to host", median(stay.insns for stay in exits), "instructions")
