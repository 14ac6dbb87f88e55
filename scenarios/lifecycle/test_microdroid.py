# SPDX-License-Identifier: GPL-2.0-or-later
"""Microdroid: it boots on each kernel, in each kind of VM, and runs a payload with no rights."""

from __future__ import annotations

import pytest

from scenarios import microdroid
from scenarios.harness.checks import Checks, at_least, matches
from scenarios.harness.host import Host
from scenarios.harness.vm import VM
from scenarios.microdroid import PAYLOAD_DISK, Service, both_kinds, payload_disk, stock, told, trimmed

NO_CAPABILITY = "x0000000000000000"
NOT_CONNECTED = "^MICRODROID_FAILED_TO_CONNECT_TO_VIRTUALIZATION_SERVICE[|]"

with_payload = pytest.mark.host_files({PAYLOAD_DISK: payload_disk})


def runs_the_probe(vm: VM, service: Service, check: Checks) -> None:
    """The payload starts, runs to its end with status 0, and the VM powers off."""
    microdroid.first_report(vm, "identity")
    check("what the host hears", ["started", "finished 0"], told(service.calls()))
    vm.finish(microdroid.BOOT_S)
    check("what the failure port says", "", vm.reason())


@pytest.mark.limit(300)
@both_kinds
@trimmed
def test_microdroid_without_service(host: Host, check: Checks, protected: bool) -> None:
    """With nobody at the host's end of the vsock port the VM says so on its failure port, and powers off."""
    vm = microdroid.start(host, protected)
    line = vm.job.wait_line("^init: started", timeout=microdroid.BOOT_S)
    check("what init says", matches("debug level FULL"), line)
    check("exit code of the VMM: powered off", 0, vm.wait(microdroid.BOOT_S))
    check("what the failure port says", matches(NOT_CONNECTED), vm.reason())


@pytest.mark.limit(300)
@both_kinds
@trimmed
@with_payload
def test_microdroid_boots(host: Host, check: Checks, protected: bool) -> None:
    """testMicrodroidBoots: the trimmed kernel boots the verified system image, as a protected and as a normal VM, and runs a payload."""
    service = Service(host)
    vm = microdroid.start(host, protected)
    runs_the_probe(vm, service, check)
    check("the kernel is the trimmed one", matches("-microdroid$"), vm.report("kernel")["release"])
    memory = vm.report("memory")
    check("testMicrodroidRamUsage: memory that is left of 256 MiB, KiB", at_least(200 * 1024), memory["available_kib"])


@pytest.mark.limit(300)
@stock
@with_payload
def test_microdroid_boots_on_the_stock_kernel(host: Host, check: Checks) -> None:
    """The stock Debian kernel boots the same system image, as a normal VM."""
    service = Service(host)
    vm = microdroid.start(host, protected=False, quiet=True)
    runs_the_probe(vm, service, check)
    check("the kernel is the host's", host.run(["uname", "-r"], ok=True).out.strip(), vm.report("kernel")["release"])


@pytest.mark.limit(300)
@pytest.mark.only_on("terrarium", reason="upstream pKVM has no guests that speak RSI")
@stock
@with_payload
def test_microdroid_realm(host: Host, check: Checks) -> None:
    """The stock kernel boots it as a protected VM by Arm CCA's RSI."""
    service = Service(host)
    runs_the_probe(microdroid.start(host, protected=True, rsi=True, quiet=True), service, check)


@pytest.mark.limit(300)
@both_kinds
@trimmed
@with_payload
def test_microdroid_payload_has_no_rights(host: Host, check: Checks, protected: bool) -> None:
    """payloadIsNotRoot, microdroidLauncherHasEmptyCapabilities, systemPartitionMountFlags, and what it may not do."""
    service = Service(host)
    vm = microdroid.start(host, protected)
    runs_the_probe(vm, service, check)
    check("user, effective user, group, groups", [10000, 10000, 10000, 0],
          [vm.report("identity")[key] for key in ("uid", "euid", "gid", "groups")])
    capabilities = vm.report("capabilities")
    for name in ("inheritable", "permitted", "effective", "bounding", "ambient"):
        check(f"{name} capabilities", NO_CAPABILITY, capabilities[name])
    confinement = vm.report("confinement")
    check("no new privileges, seccomp by filter", [1, 2], [confinement["no_new_privs"], confinement["seccomp"]])
    for name, no_exec in (("root", 0), ("apk", 0), ("data", 1)):
        flags = vm.report("mount", place=name)
        check(f"{name}: read-only, no programs, no set-user-id, no devices", [int(name != "data"), no_exec, 1, 1],
              [flags[key] for key in ("read_only", "no_exec", "no_suid", "no_dev")])
    data = vm.report("data")
    check("/data: create, write, map for execution, run", ["ok", "ok", "EPERM", "EACCES"],
          [data[key] for key in ("create", "write", "map_exec", "exec")])
    write = vm.report("write")
    check("writing to root, package, the kernel's log; reading the system's disk", ["EROFS", "EROFS", "EACCES", "EACCES"],
          [write[key] for key in ("root", "apk", "kmsg", "disk")])
    attempt = vm.report("try")
    for key in ("mount", "setuid", "ptrace", "inet", "netlink"):
        check(f"the call is not there: {key}", "ENOSYS", attempt[key])
    check("a UNIX socket; the failure port", ["ok", "EACCES"], [attempt["unix"], attempt["failure_port"]])
    check("other users' processes", "ENOENT", vm.report("processes")["init"])


@pytest.mark.limit(300)
@both_kinds
@trimmed
@with_payload
def test_microdroid_debug_level_none(host: Host, check: Checks, protected: bool) -> None:
    """Debug level NONE: the payload runs as ever, and the host reads not a byte of it."""
    service = Service(host)
    vm = microdroid.start(host, protected, debuggable=False)
    check("what the host hears", ["started", "finished 0"], told(service.calls()))
    check("exit code of the VMM", 0, vm.wait(microdroid.BOOT_S))
    check("bytes on the console, hvc0", "", vm.job.out())
    check("bytes on the early console, ttyS0", "", host.get("/run/ttyS0").decode())
    check("bytes on the failure port", "", vm.reason())
