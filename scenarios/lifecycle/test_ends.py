# SPDX-License-Identifier: GPL-2.0-or-later
"""How a VM ends: by its guest, by the host, by a fault; each with its own exit code."""

from __future__ import annotations

import struct

import pytest

from scenarios.harness.checks import Checks, at_least, matches
from scenarios.harness.host import Host
from scenarios.harness.vm import VM

BOTH = pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])

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


@BOTH
@pytest.mark.vm("exit_status")
def test_run_to_completion(vm_running: VM, host: Host, check: Checks, protected: bool) -> None:
    """A guest runs to its end, and its exit status is seen."""
    check("exit code of the VMM", STOPPED, vm_running.wait())
    check("status that the guest ended with", GUEST_STATUS, vm_running.status)
    nothing_is_left(vm_running, host, check)


@BOTH
@pytest.mark.vm("spin")
def test_stop_from_host(vm_running: VM, host: Host, check: Checks, protected: bool) -> None:
    """The host stops a running VM by its control socket."""
    vm_running.report("spinning")
    vm_running.stop()
    check("exit code of the VMM", STOPPED, vm_running.wait())
    check("the guest ended by itself", None, vm_running.status)
    check("the VMM says why", matches("vmm: info: stopped by the control socket"),
          vm_running.log())
    nothing_is_left(vm_running, host, check)


@pytest.mark.vm("spin", protected=True, cpus=4)
def test_stop_by_signal(vm_running: VM, host: Host, check: Checks) -> None:
    """SIGTERM stops a VM with four vCPUs, of which three were never switched on."""
    vm_running.report("spinning")
    vm_running.signal("TERM")
    check("exit code of the VMM", STOPPED, vm_running.wait())
    check("the VMM says why", matches("vmm: info: stopped by a signal"), vm_running.log())
    nothing_is_left(vm_running, host, check)


@BOTH
@pytest.mark.vm("spin", cpus=2)
def test_killed(vm_running: VM, host: Host, check: Checks, protected: bool) -> None:
    """A VMM that is killed leaves nothing behind, and the next VM of that name runs."""
    vm_running.report("spinning")
    vm_running.signal("KILL")
    check("exit status of the VMM", KILLED, vm_running.wait())
    nothing_is_left(vm_running, host, check)
    after = host.vm("hello", protected=protected)
    after.finish()
    check("a VM after it", STOPPED, after.exit_code)


@BOTH
@pytest.mark.vm("reset")
def test_guest_reset(vm_running: VM, check: Checks, protected: bool) -> None:
    """A guest that resets its machine ends the VM with the code that says so."""
    vm_running.report("about_to_reset")
    check("exit code of the VMM", RESET, vm_running.wait())


@BOTH
@pytest.mark.vm("panic")
def test_guest_panic(vm_running: VM, check: Checks, protected: bool) -> None:
    """A guest that panics says so by pvpanic."""
    vm_running.report("about_to_panic")
    check("exit code of the VMM", PANIC, vm_running.wait())
    check("the guest ended by itself", None, vm_running.status)


@BOTH
@pytest.mark.vm("fault")
def test_guest_fault(vm_running: VM, check: Checks, protected: bool) -> None:
    """A guest that reads a bad address reports where, and panics."""
    vm_running.report("about_to_read")
    check("exit code of the VMM", PANIC, vm_running.wait())
    faults = [report for report in vm_running.reports() if report.kind == "fault"]
    check("faults that the guest reported", 1, len(faults))
    check("address of the fault", BAD_ADDRESS, faults[0]["far"] if faults else None)
    frames = [report for report in vm_running.reports() if report.name == "frame"]
    check("frames of the back trace", at_least(2), len(frames))


def test_guest_crash(host: Host, check: Checks) -> None:
    """A guest that KVM cannot run on is a crash, with a reason."""
    host.put("/run/undecodable.bin", UNDECODABLE)
    vm = host.vm(None, name="crash", protected=False, options=["--raw", "/run/undecodable.bin"])
    check("exit code of the VMM", CRASH, vm.wait())
    check("the VMM says why", matches("an instruction that KVM cannot decode"), vm.log())


@BOTH
@pytest.mark.vm("stall")
def test_watchdog(vm_running: VM, check: Checks, protected: bool) -> None:
    """A guest that stops petting its stall detector is ended by it."""
    check("the guest petted in time before", PETS, vm_running.report("petted")["count"])
    vm_running.report("stalling")
    check("exit code of the VMM", WATCHDOG, vm_running.wait())
    check("it was warned by an interrupt first", matches("vCPU 0 did not pet .*: interrupted"),
          vm_running.log())


@pytest.mark.vm("stall", options=["--no-watchdog"])
def test_no_watchdog(vm_created: VM, check: Checks) -> None:
    """Without a watchdog the same guest finds none."""
    found = vm_created.report("stall_detector", any_kind=True)
    check("the guest's stall detector", "fail", found.kind)
