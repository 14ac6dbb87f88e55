# SPDX-License-Identifier: GPL-2.0-or-later
"""virtualizationservice: VMs from their start to the reason that the client hears, and who is left when one dies."""

from __future__ import annotations

import struct

import pytest

from scenarios import idsigs, microdroid
from scenarios.cli import NO_VMM, app_files, cid, reason, run_app, run_vm, start_vm
from scenarios.harness.checks import Checks, at_least, matches
from scenarios.harness.host import Host

CID_MIN, CID_MAX = 2048, 65535
INSTANCE_KEY = 1032  # where an instance image has its package's key: behind header, entry's head, version and count

# mov x0, #0x4000 (pvpanic); ldp x1, x2, [x0]: a device access that no syndrome describes; b .
UNDECODABLE = struct.pack("<3I", 0xD2880000, 0xA9400801, 0x14000000)

@pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])
def test_service_runs_bare_guest(host: Host, check: Checks, protected: bool) -> None:
    """A bare C guest runs through the service: its console reaches the client, which hears of its end."""
    done = run_vm(host, "hello", protected)
    check("the client ends well", 0, done.exit)
    check("CID of the VM", True, CID_MIN <= cid(done.out) <= CID_MAX)
    check("the guest's reports", ["begin", "value", "value", "ok", "value", "end"], [report.kind for report in done.reports])
    check("reason of its death", "SHUTDOWN", reason(done.out))
    check("it is no VM that is listed", "Running VMs: 0", host.run(["vm", "list"], 30.0).out.strip())
    again = run_vm(host, "hello", protected)
    check("CID of the next VM", cid(done.out) + 1, cid(again.out))
    check("no vmm is left", 0, host.run(NO_VMM, 20.0).exit)
    said = host.run(["dmesg"]).out
    check("the service serves", True, "virtualizationservice: serves" in said)
    check("it has no vsock of its own", False, "no vsock of its own" in said)


@pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])
def test_service_tells_why(host: Host, check: Checks, protected: bool) -> None:
    """Reset, panic, a crash, a stall, stop and a killed vmm each reach the client as AVF's reason."""
    host.put("/guest/undecodable.bin", UNDECODABLE)
    reasons = {"reset": "REBOOT", "panic": "UNKNOWN", "stall": "WATCHDOG_REBOOT"}
    if not protected:  # a protected guest gets an abort of its own for that (lifecycle/guest_crash)
        reasons["undecodable"] = "CRASH"
    for program, wanted in reasons.items():
        check(f"{program}: reason", wanted, reason(run_vm(host, program, protected).out))
    job = start_vm(host, "spin", protected, "stopped")
    job.wait_line("spinning")
    job.signal("TERM")
    job.wait()
    check("stop: reason", "KILLED", reason(job.out()))
    job = start_vm(host, "spin", protected, "killed")
    job.wait_line("spinning")
    host.run(["sh", "-c", "kill -9 $(pidof vmm)"], ok=True)
    check("its vmm is killed: exit of the client", 0, job.wait())
    check("its vmm is killed: reason", "KILLED", reason(job.out()))


@pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])
def test_service_client_killed(host: Host, check: Checks, protected: bool) -> None:
    """A client that is killed takes its VMs with it; another client's go on."""
    victim = start_vm(host, "spin", protected, "victim")
    other = start_vm(host, "spin", protected, "other")
    victim.wait_line("spinning")
    other.wait_line("spinning")
    victim.signal("KILL")
    victim.wait()
    gone = host.run(["sh", "-c", "while test $(pidof vmm | wc -w) -gt 1; do :; done"], 20.0)
    check("the victim's vmm goes", 0, gone.exit)
    listed = host.run(["vm", "list"], 30.0).out.splitlines()
    check("VMs in the service's list", "Running VMs: 1", listed[0])
    other.signal("TERM")
    other.wait()
    check("the other VM: reason", "KILLED", reason(other.out()))
    check("no vmm is left", 0, host.run(NO_VMM, 20.0).exit)


@pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])
def test_service_killed(host: Host, check: Checks, protected: bool) -> None:
    """The service is killed: no vmm outlives it, clients hear -1, and the next client finds a new service."""
    job = start_vm(host, "spin", protected, "orphan")
    job.wait_line("spinning")
    host.run(["sh", "-c", "kill -9 $(pidof virtualizationservice)"], 20.0, ok=True)
    job.wait()
    check("reason that the client takes", "VIRTUALIZATION_SERVICE_DIED", reason(job.out()))
    check("no vmm is left", 0, host.run(NO_VMM, 20.0).exit)
    after = run_vm(host, "hello", protected)
    check("a VM after it: reason", "SHUTDOWN", reason(after.out))
    check("its CID", at_least(cid(job.out()) + 1), cid(after.out))


@app_files
@pytest.mark.host_files({"/guest/unsigned.apk": lambda: idsigs.unsigned(microdroid.package("probe").read_bytes())})
def test_service_refuses(host: Host, check: Checks) -> None:
    """A user without the permission, a configuration that makes no VM, and a package that nobody signed are refused with a sentence."""
    host.put("/run/bad.json", '{"bootloader": "/guest/hello.bin", "memory_mib": 5}')
    bad = host.run(["vm", "run", "/run/bad.json"], 30.0)
    check("odd memory: exit of the client", 1, bad.exit)
    check("odd memory: what it says", matches("memory_mib: it must be even"), bad.err)
    stranger = host.run(["as-user", "1234", "vm", "list"], 30.0)
    check("user 1234: exit of the client", 1, stranger.exit)
    path = run_app(host, True, "--payload-binary-name", "./probe.so")
    check("testPathToBinaryIsRejected", (1, True), (path.exit, "it is the name of a library, not a path" in path.err))
    host.put("/run/odd.idsig", "one that was there")
    unsigned = host.run("vm run-app /guest/unsigned.apk /run/odd.idsig /run/other.img --payload-binary-name probe.so".split(), 30.0)
    check("a package that nobody signed", (1, True), (unsigned.exit, "/guest/unsigned.apk: apk: it has no signing block" in unsigned.err))
    check("its idsig stays", b"one that was there", host.get("/run/odd.idsig"))
    check("an instance's image is not made", 1, host.run(["test", "-e", "/run/other.img"]).exit)
    check("no vmm was started", 0, host.run(NO_VMM, 20.0).exit)


@pytest.mark.limit(300)
@pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])
@app_files
@pytest.mark.host_files({"/guest/hello.apk": microdroid.package("hello")})
def test_service_runs_app(host: Host, check: Checks, protected: bool) -> None:
    """An app VM: Microdroid finds the payload on the disks that the service makes; debug level NONE says nothing."""
    full = run_app(host, protected)
    told = [line for line in full.err.splitlines() if line.startswith(("payload ", "VM encountered"))]
    check("what the client hears", ["payload started", "payload finished with exit code 0"], told)
    check("reason of its death", "SHUTDOWN", reason(full.out))
    check("the payload speaks on the console or the log", True, "identity" in full.out + full.err)
    silent = run_app(host, protected, "--debug", "none")
    check("debug level NONE: reason", "SHUTDOWN", reason(silent.out))
    check("debug level NONE: lines of the guest", told, silent.err.splitlines())
    check("debug level NONE: lines of vm", 2, len(silent.out.splitlines()))
    other = host.run([*"vm run-app /guest/hello.apk /run/hello.idsig /run/instance.img --payload-binary-name hello.so".split(),
                      *(["--protected"] if protected else [])], microdroid.BOOT_S)
    check("another package in this instance: reason", "MICRODROID_PAYLOAD_HAS_CHANGED", reason(other.out))
    told = [line for line in other.err.splitlines() if line.startswith(("payload ", "VM encountered"))]
    check("another package: what the client hears", 1, len(told))
    check("another package: AVF's code, PAYLOAD_CHANGED", matches("code=PAYLOAD_CHANGED"), told[0])
    check("another package: nothing of it ran", False, "I/hello" in other.out + other.err)
    host.run([*f"dd if=/dev/zero of=/run/instance.img bs=1 seek={INSTANCE_KEY} count=32 conv=notrunc".split()], ok=True)
    broken = run_app(host, protected)
    told = [line for line in broken.err.splitlines() if line.startswith(("payload ", "VM encountered"))]
    check("bootFailsWhenMicrodroidDataIsCompromised: one error, and no start", 1, len(told))
    check("bootFailsWhenMicrodroidDataIsCompromised: reason", "MICRODROID_PAYLOAD_HAS_CHANGED", reason(broken.out))
