# SPDX-License-Identifier: GPL-2.0-or-later
"""Several vCPUs in a VM, several VMs after each other and at once."""

from __future__ import annotations

import json

import pytest

from scenarios.harness.checks import Checks, at_most
from scenarios.harness.host import Host
from scenarios.harness.vm import VM
from scenarios.lifecycle.memory import free_memory

KINDS = {"protected": True, "normal": False}

MIB = 1 << 20
CPUS = 4
IN_A_ROW = 10
AT_ONCE = 4
DIRTY_PAGES = 1280
# Each VM dirties 5 MiB: were the memory of a single one kept, it would be seen. What the jobs
# themselves leave (their output in /run, the kernel's slabs) came to 1.8 to 2.9 MiB.
TOLERANCE = 4 * MIB


def test_smp_bring_up(host: Host, check: Checks) -> None:
    """A guest brings up all its vCPUs by PSCI, and they work at the same time."""
    for kind, protected in KINDS.items():
        vm = host.vm("smp", protected=protected, cpus=CPUS)
        vm.finish()
        reports = vm.reports()
        seen = sorted(int(r["mpidr"]) for r in reports if r.name == "cpu")
        check(f"{kind}: vCPUs that reported", list(range(CPUS)), seen)
        total = next(r for r in reports if r.name == "sum")
        check(f"{kind}: sum that all added to under one lock", total["expected"], total["is"])
        went_off = [r.kind for r in reports if r.name == "cpu_off"]
        check(f"{kind}: vCPUs that went off again", ["ok"] * (CPUS - 1), went_off)


@pytest.mark.vm("smp", protected=True, cpus=8)
def test_smp_most(vm_running: VM, check: Checks) -> None:
    """As many vCPUs as a VM can have."""
    vm_running.finish()
    seen = sorted(int(r["index"]) for r in vm_running.reports() if r.name == "cpu")
    check("vCPUs that reported", list(range(8)), seen)


@pytest.mark.limit(240)
def test_ten_in_a_row(host: Host, check: Checks) -> None:
    """Ten VMs of each kind, one after the other; the host's free memory is back where it was."""
    for kind, option in (("protected", "--protected"), ("normal", "")):
        life = ["vm-life", *option.split(), str(DIRTY_PAGES)]
        host.run([*life, "1"], ok=True)
        before = free_memory(host)
        done = host.run([*life, str(IN_A_ROW)], 200.0, ok=True).report
        check(f"{kind}: lives", IN_A_ROW, done["times"])
        check(f"{kind}: bytes of memory lost", at_most(TOLERANCE), before - free_memory(host))


@pytest.mark.limit(240)
def test_four_at_once(host: Host, check: Checks) -> None:
    """Four VMs at the same time, two of them protected, stopped one after the other."""
    host.vm("dirty_pages", protected=True, mem=32, name="first").finish()
    before = free_memory(host)
    vms = [
        host.vm("spin", protected=number % 2 == 0, mem=32, name=f"at-once-{number}")
        for number in range(AT_ONCE)
    ]
    for vm in vms:
        vm.report("spinning")
    for vm in vms:
        status = host.run(["vmm", "control", vm.control_path, "status"], ok=True)
        check(f"{vm.name} runs, protected", vm.protected, json.loads(status.out)["protected"])
    for vm in vms:
        vm.stop()
        check(f"exit code of {vm.name}", 0, vm.wait())
    check("bytes of memory lost", at_most(TOLERANCE), before - free_memory(host))
