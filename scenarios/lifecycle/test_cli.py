# SPDX-License-Identifier: GPL-2.0-or-later
"""`vm`, the command of the host's users: what it says, and the files and consoles that it gives."""

from __future__ import annotations

import re

import pytest

from scenarios import microdroid
from scenarios.cli import NO_VMM, app_files, cid, reason, start_vm, write_config
from scenarios.harness.checks import Checks, matches
from scenarios.harness.host import Host

INSTANCE_BYTES = 10 << 20
NO_CONSOLE = "no VM with CID 4711 has a console here"


def test_vm_info(host: Host, check: Checks) -> None:
    """`vm` says what the host can run, and makes partitions' images; what is not there yet it refuses."""
    info = host.run(["vm", "info"], 30.0, ok=True).out
    check("what runs", True, "Both protected and non-protected VMs are supported." in info)
    check("/dev/kvm", True, "/dev/kvm exists." in info)
    check("devices", True, "Assignable devices: []" in info)
    feature = host.run(["vm", "check-feature-enabled", "com.android.kvm.NETWORK"], 30.0, ok=True)
    check("a feature", "Feature com.android.kvm.NETWORK is disabled", feature.out.strip())
    host.run(["vm", "create-partition", "-t", "instance", "/run/instance.img", str(INSTANCE_BYTES)], 30.0, ok=True)
    made = host.run(["sh", "-c", "stat -c %s /run/instance.img; head -c 19 /run/instance.img"], ok=True).out.split()
    check("an instance's image", [str(INSTANCE_BYTES), "Android-VM-instance"], made)
    again = host.run(["vm", "create-partition", "/run/instance.img", "4096"], 30.0)
    check("a file that is there is kept", (1, True), (again.exit, "File exists" in again.err))
    host.put("/run/vm.json", '{"bootloader": "/guest/hello.bin"}')
    for flag, words in {"-b": ["-b"], "--dump-device-tree": ["--dump-device-tree", "/run/dt"], "-n": ["-n"]}.items():
        refused = host.run(["vm", "run", *words, "/run/vm.json"], 30.0)
        check(f"{flag}: refused", (1, True), (refused.exit, "not supported" in refused.err))
    usage = host.run(["vm", "fly"], 30.0)
    check("no such command", (2, True), (usage.exit, "fly: no such command" in usage.err))


@pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])
def test_vm_list_and_console(host: Host, check: Checks, protected: bool) -> None:
    """A VM that runs is in the list with its user and terminal; `vm console` shows it, until the VM ends."""
    runner = start_vm(host, "spin", protected, "runner")
    runner.wait_line("spinning")
    number = cid(runner.out())
    listed = host.run(["vm", "list"], 30.0, ok=True).out.splitlines()
    check("VMs", "Running VMs: 1", listed[0])
    check("the VM", matches(
        rf"cid={number} name=spin state=STARTING protected={'yes' if protected else 'no'} uid=0 pid=\d+ console=/dev/pts/\d+"
    ), listed[1])
    console = host.job("console", ["vm", "console", str(number)])
    check("its console, for one who comes late", matches(".*spinning"), console.wait_line("spinning"))
    nobody = host.run(["vm", "console", "4711"], 30.0)
    check("a VM that is not there", (2, True), (nobody.exit, NO_CONSOLE in nobody.err))
    runner.signal("TERM")
    check("vm ends as by the signal", 128 + 15, runner.wait())
    check("reason of the VM's end", "KILLED", reason(runner.out()))
    check("the console ends with the VM", 0, console.wait())
    check("no vmm is left", 0, host.run(NO_VMM, 20.0).exit)


@pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])
def test_vm_huge_pages(host: Host, check: Checks, protected: bool) -> None:
    """testHugePages: a normal VM's memory is in huge pages if its user wants that; a protected one's never, and vm says so."""
    config = write_config(host, "spin", protected)
    if protected:
        refused = host.run(["vm", "run", "--hugepages", "--mem", "64", config], 30.0)
        check("testHugePages: refused", (1, True), (refused.exit, "huge-pages: of a protected VM: not supported" in refused.err))
        check("no vmm is left", 0, host.run(NO_VMM, 20.0).exit)
        return
    asked = {}
    for name, words in {"without": [], "with": ["--hugepages"]}.items():
        runner = host.job(name, ["vm", "run", *words, "--mem", "64", config])
        runner.wait_line("spinning")
        maps = host.run(["sh", "-c", "cat /proc/$(pidof vmm)/smaps"], ok=True).out
        # The flag of MADV_HUGEPAGE: Linux, Documentation/filesystems/proc.rst.
        asked[name] = re.search(r"^VmFlags:.*\bhg\b", maps, re.MULTILINE) is not None
        runner.signal("TERM")
        runner.wait()
    check("testHugePages: huge pages are asked for", {"without": False, "with": True}, asked)


@pytest.mark.limit(300)
@pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])
@app_files
def test_vm_run_microdroid(host: Host, check: Checks, protected: bool) -> None:
    """testRunEmptyPayload: `vm run-microdroid` boots Microdroid with a payload that waits; it is listed, and stopped."""
    kind = ["--protected"] if protected else []
    runner = host.job("microdroid", ["vm", "run-microdroid", *kind])
    check("the payload", "payload started", runner.wait_line("^payload started", stream="err", timeout=microdroid.BOOT_S))
    listed = host.run(["vm", "list"], 30.0, ok=True).out
    check("the VM", matches(rf"name=VmRunMicrodroid state=STARTED protected={'yes' if protected else 'no'} "), listed)
    runner.signal("INT")
    check("vm ends as by the signal", 128 + 2, runner.wait())
    check("reason of the VM's end", "KILLED", reason(runner.out()))
    left = host.run(["sh", "-c", "ls -d /tmp/microdroid-* 2>/dev/null"]).out
    check("files that are left", "", left)
    check("no vmm is left", 0, host.run(NO_VMM, 20.0).exit)
