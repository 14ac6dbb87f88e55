# SPDX-License-Identifier: GPL-2.0-or-later
"""From power-on to a guest, counted on the instruction counter."""

import pytest

from scenarios.harness.checks import Checks
from scenarios.harness.machine import Machine
from scenarios.harness.vm import VM
from scenarios.performance.measures import Figure, line_written


@pytest.mark.icount
@pytest.mark.cold
@pytest.mark.vm("hello")
def test_boot(vm_running: VM, machine: Machine, check: Checks, figure: Figure) -> None:
    """Power-on to a protected guest's first instruction, and on to its first report."""
    vm_running.finish()
    check("exit code of the VMM", 0, vm_running.exit_code)
    trace = machine.trace()
    start = trace.first_guest_entry()
    begin = line_written(trace, "terrarium: begin")
    check.must("the guest was entered", True, start is not None)
    check.must("its first report is in the trace", True, begin is not None)
    assert start is not None and begin is not None
    figure("power-on to guest's first instruction", start.insns, "instructions")
    figure("power-on to guest's first instruction, virtual time", start.time_ns, "ns")
    figure("power-on to guest's first report", begin.insns, "instructions")
    figure("power-on to guest's first report, virtual time", begin.time_ns, "ns")
    figure("guest's first instruction to its first report", begin.insns - start.insns, "instructions")
    figure("of all instructions, at EL2", begin.el2_insns, "instructions")
