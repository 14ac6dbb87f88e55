# SPDX-License-Identifier: GPL-2.0-or-later
"""How a VM ends: by its guest, by the host, by a fault; each with its own exit code."""

from __future__ import annotations

import struct

import pytest

from scenarios.harness.checks import Checks, at_least, matches
from scenarios.harness.host import Host
from scenarios.harness.vm import VM

KINDS = {"protected": True, "normal": False}  # both in one machine: its boot is most of the time

STOPPED, RESET, CRASH, PANIC, WATCHDOG = 0, 32, 33, 34, 36
GUEST_STATUS = 7  # guest/bare/exit_status.c
BAD_ADDRESS = 0x7FDEAD0000  # guest/bare/fault.c
PETS = 5  # guest/bare/stall.c
KILLED = 128 + 9

# mov x0, #0x4000 (pvpanic); ldp x1, x2, [x0]: a device access that no syndrome describes; b .
UNDECODABLE = struct.pack("<3I", 0xD2880000, 0xA9400801, 0x14000000)


def nothing_is_left(vm: VM, host: Host, check: Checks) -> None:
    """No process of the VMM and no socket; waits for the janitor's last step."""
    gone = f"while pidof vmm || test -e {vm.control_path}; do :; done"
    check("processes and control socket are gone", 0, host.run(["sh", "-c", gone], 20.0).exit)


def test_run_to_completion(host: Host, check: Checks) -> None:
    """A guest runs to its end, and its exit status is seen."""
    for kind, protected in KINDS.items():
        vm = host.vm("exit_status", protected=protected)
        check(f"{kind}: exit code of the VMM", STOPPED, vm.wait())
        check(f"{kind}: status that the guest ended with", GUEST_STATUS, vm.status)
        nothing_is_left(vm, host, check)


def test_stop_from_host(host: Host, check: Checks) -> None:
    """The host stops a running VM by its control socket."""
    for kind, protected in KINDS.items():
        vm = host.vm("spin", protected=protected)
        vm.report("spinning")
        vm.stop()
        check(f"{kind}: exit code of the VMM", STOPPED, vm.wait())
        check(f"{kind}: the guest ended by itself", None, vm.status)
        check(f"{kind}: the VMM says why", matches("vmm: info: stopped by the control socket"),
              vm.log())
        nothing_is_left(vm, host, check)


@pytest.mark.vm("spin", protected=True, cpus=4)
def test_stop_by_signal(vm_running: VM, host: Host, check: Checks) -> None:
    """SIGTERM stops a VM with four vCPUs, of which three were never switched on."""
    vm_running.report("spinning")
    vm_running.signal("TERM")
    check("exit code of the VMM", STOPPED, vm_running.wait())
    check("the VMM says why", matches("vmm: info: stopped by a signal"), vm_running.log())
    nothing_is_left(vm_running, host, check)


def test_killed(host: Host, check: Checks) -> None:
    """A VMM that is killed leaves nothing behind, and the next VM runs."""
    for kind, protected in KINDS.items():
        vm = host.vm("spin", protected=protected, cpus=2)
        vm.report("spinning")
        vm.signal("KILL")
        check(f"{kind}: exit status of the VMM", KILLED, vm.wait())
        nothing_is_left(vm, host, check)
        after = host.vm("hello", protected=protected)
        after.finish()
        check(f"{kind}: a VM after it", STOPPED, after.exit_code)


def test_guest_reset(host: Host, check: Checks) -> None:
    """A guest that resets its machine ends the VM with the code that says so."""
    for kind, protected in KINDS.items():
        vm = host.vm("reset", protected=protected)
        vm.report("about_to_reset")
        check(f"{kind}: exit code of the VMM", RESET, vm.wait())


def test_guest_panic(host: Host, check: Checks) -> None:
    """A guest that panics says so by pvpanic."""
    for kind, protected in KINDS.items():
        vm = host.vm("panic", protected=protected)
        vm.report("about_to_panic")
        check(f"{kind}: exit code of the VMM", PANIC, vm.wait())
        check(f"{kind}: the guest ended by itself", None, vm.status)


def test_guest_fault(host: Host, check: Checks) -> None:
    """A guest that reads a bad address reports where, and panics."""
    for kind, protected in KINDS.items():
        vm = host.vm("fault", protected=protected)
        vm.report("about_to_read")
        check(f"{kind}: exit code of the VMM", PANIC, vm.wait())
        faults = [report for report in vm.reports() if report.kind == "fault"]
        check(f"{kind}: faults that the guest reported", 1, len(faults))
        check(f"{kind}: address of the fault", BAD_ADDRESS, faults[0]["far"] if faults else None)
        frames = [report for report in vm.reports() if report.name == "frame"]
        check(f"{kind}: frames of the back trace", at_least(2), len(frames))


def test_guest_crash(host: Host, check: Checks) -> None:
    """A guest that KVM cannot run on is a crash, with a reason."""
    host.put("/run/undecodable.bin", UNDECODABLE)
    vm = host.vm(None, name="crash", protected=False, options=["--raw", "/run/undecodable.bin"])
    check("exit code of the VMM", CRASH, vm.wait())
    check("the VMM says why", matches("an instruction that KVM cannot decode"), vm.log())


def test_watchdog(host: Host, check: Checks) -> None:
    """A guest that stops petting its stall detector is ended by it; without one it finds none."""
    for kind, protected in KINDS.items():
        vm = host.vm("stall", protected=protected)
        petted = vm.report("petted")["count"]
        check(f"{kind}: the guest petted in time before", PETS, petted)
        vm.report("stalling")
        check(f"{kind}: exit code of the VMM", WATCHDOG, vm.wait())
        check(f"{kind}: it was warned by an interrupt first",
              matches("vCPU 0 did not pet .*: interrupted"), vm.log())
    without = host.vm("stall", options=["--no-watchdog"])
    found = without.report("stall_detector", any_kind=True)
    check("without: the guest's stall detector", "fail", found.kind)
