# SPDX-License-Identifier: GPL-2.0-or-later
"""What guests can ask of the hypervisor: each call answers as its document says, and no more."""

from __future__ import annotations

import pytest

from scenarios.harness.checks import Checks, at_least
from scenarios.harness.host import Host
from scenarios.harness.matrix import cell
from scenarios.harness.vm import VM

EXIT_HVC = 4  # of the exits that `calls watch` prints, those of hyp_vcpu.h from 1 on
OFFERED = ("ranges", "relinquish", "mmio_guard", "trng")


def check_all_ok(vm: VM, check: Checks) -> int:
    """One check for each of the guest's, and its end; how many there were."""
    vm.wait()
    judged = [report for report in vm.reports() if report.kind in ("ok", "fail")]
    for report in judged:
        check(" ".join(report.line.split()[2:]), "ok", report.kind)
    check("status of the guest", 0, vm.status)
    check("exit code of the VMM", 0, vm.exit_code)
    return len(judged)


@pytest.mark.vm("protected_calls", protected=True, mem=16)
def test_protected_calls(vm_running: VM, target: str, check: Checks) -> None:
    """A protected guest shares ranges, gives pages back, guards its MMIO, asks for numbers and PSCI."""
    offered = vm_running.report("offered")
    if target == "terrarium":
        for name in OFFERED:
            check(f"offered: {name}", 1, offered.number(name))
    check_all_ok(vm_running, check)


@pytest.mark.only_on("terrarium", reason="upstream pKVM has no guests that speak RSI")
def test_rsi_calls(host: Host, check: Checks) -> None:
    """Arm CCA's realm services, call by call; memory shared and taken back is empty both times."""
    host.module("calls")
    host.run(["calls", "watch", "start"], ok=True)
    vm = host.vm("rsi", protected=True, mem=16, options=["--rsi"])
    check("the guest found RSI", 1, vm.report("realm").number("is"))
    check_all_ok(vm, check)
    _, *exits = host.run(["calls", "watch", "stop"], ok=True).reports
    check("calls that came to the host", at_least(1), exits[EXIT_HVC]["runs"])
    seen = hex(exits[EXIT_HVC].number("marked"))
    check("registers of the realm that the host saw with them", "0x0", seen, cell("kernel", "registers", "read"))


@pytest.mark.only_on("terrarium", reason="upstream pKVM has no guests that speak RSI")
@pytest.mark.machine(smp=4)
@pytest.mark.vm("smp", protected=True, mem=16, cpus=4, options=["--rsi"])
def test_realm_smp(vm_running: VM, check: Checks) -> None:
    """A realm with four CPUs turns them on and off by PSCI, which it reaches by SMC."""
    check_all_ok(vm_running, check)
