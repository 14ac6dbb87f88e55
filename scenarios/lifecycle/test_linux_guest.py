# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest as big as an operating system."""

from __future__ import annotations

import pytest

from scenarios.harness.checks import Checks, at_least
from scenarios.harness.host import Host
from scenarios.harness.paths import out
from scenarios.harness.vm import VM
from scenarios.isolation.attacks import secret_words

KERNEL = "/guest/linux-image"
INITRD = "/guest/linux-initrd"
CID = 7
PORT = 5000  # the guest calls it; it answers at the next one
CALL_BYTES = 150_000
GUEST_BYTES = 200_000  # what guest/linux/vsock.c sends
BOOT_S = 150.0
SEED = 271828182  # of the guest's secret
PARAMS = "console=ttyS0 quiet terrarium.block terrarium.console terrarium.rng"
# Linux 7.3 makes a realm's bounce buffers 1 MiB for each GiB of memory unless told: too few for a disk.
BOUNCE = " swiotlb=8192"  # of 2 KiB
STEPS = (
    "block_open", "block_write", "block_open_read_only", "block_is_read_only",
    "block_refuses_writes", "console_input", "console_output", "rng_is_virtio", "rng_read",
    "vsock_connect", "vsock_echo", "vsock_accept", "vsock_end", "secret_intact",
)


def checksum(data: bytes) -> int:
    """FNV-1a, as the guest computes it."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & (1 << 64) - 1
    return value


linux_files = pytest.mark.host_files(
    {KERNEL: out() / "sdk/kernel/Image", INITRD: out() / "guest/linux-initrd.cpio.gz"}
)


@pytest.mark.limit(300)
@linux_files
def test_linux_guest(host: Host, check: Checks) -> None:
    """The stock Debian kernel boots as a normal VM and uses its disks, console, rng and sockets."""
    run_linux(host, check, realm=False)


@pytest.mark.limit(300)
@pytest.mark.only_on("terrarium", reason="upstream pKVM has no guests that speak RSI")
@linux_files
def test_linux_realm(host: Host, check: Checks) -> None:
    """The same kernel, unmodified, is a protected VM by Arm CCA's RSI, and uses the same devices."""
    run_linux(host, check, realm=True)


def check_secret(vm: VM, host: Host, check: Checks, realm: bool) -> None:
    """What the host's kernel finds of the guest's memory: all of it, or what a realm shares."""
    host.module("attack")
    found = host.run(["attack", "scan", hex(secret_words(2, SEED)[1])]).report
    places = found.number("hits")
    if not realm:
        check("places in host memory that hold a word of the guest's secret", at_least(1), places)
        return
    check("places in host memory that hold a word of the guest's secret", 0, places)
    held = vm.attack("kernel", "hold")
    check("pages of the guest that the host may not read", at_least(10_000), held["refused"])
    check("pages that the guest shares, for its devices", at_least(100), held["readable"])


def run_linux(host: Host, check: Checks, realm: bool) -> None:
    disk = bytes(range(256)) * 64
    fixed = bytes(reversed(disk))
    host.put("/run/disk", disk)
    host.put("/run/fixed-disk", fixed)
    host.run(["mkfifo", "/run/hvc0-input"], ok=True)
    vm = host.vm(
        None,
        name="linux",
        protected=realm,
        mem=256,
        options=[
            *(["--rsi"] if realm else []),
            "--kernel", KERNEL, "--initrd", INITRD,
            "--params", f"{PARAMS}{BOUNCE if realm else ''} terrarium.vsock={PORT} terrarium.secret={SEED}",
            "--block", "/run/disk", "--block", "/run/fixed-disk,ro", "--rng", "--cid", str(CID),
            "--console", "file:/run/hvc0", "--console-input", "/run/hvc0-input",
        ],
    )
    echo = host.job("echo", ["vsock", "listen", str(PORT)])
    release = host.run(["uname", "-r"], ok=True).out.strip()
    check("the guest's init runs on the host's own kernel", release,
          vm.report("init", BOOT_S)["kernel"])

    vm.report("console_open", BOOT_S)
    check_secret(vm, host, check, realm)
    host.run(["sh", "-c", "echo hello guest > /run/hvc0-input"], ok=True)
    vm.report("vsock_listen")
    called = host.run(["vsock", "call", str(CID), str(PORT + 1), str(CALL_BYTES)]).report
    check("the guest answers a call from the host, bytes", CALL_BYTES, called["bytes"])
    vm.finish()
    if realm:
        released = host.run(["attack", "kernel", "release"]).report
        check("of the pages that were refused, zeroed after the end", at_least(10_000), released["zero"])
        check("of these, not zeroed", 0, released["nonzero"])

    kinds = {report.name: report.kind for report in vm.reports()}
    for step in STEPS:
        check(f"guest: {step.replace('_', ' ')}", "ok", kinds.get(step, "missing"))
    disks = {report["name"]: report for report in vm.reports() if report.name == "disk"}
    check("the guest read the disk", checksum(disk[:4096]), disks["vda"]["check"])
    check("the guest read the read-only disk", checksum(fixed[:4096]), disks["vdb"]["check"])
    written = vm.report("block_written")
    after = host.get("/run/disk")
    at, size = int(written["at"]), int(written["bytes"])
    check("the guest's block is on the disk", written["check"], checksum(after[at : at + size]))
    check("the disk below it is as it was", checksum(disk[:at]), checksum(after[:at]))
    check("the read-only disk is as it was", checksum(fixed),
          checksum(host.get("/run/fixed-disk")))
    check("hvc0", "echo: hello guest", host.get("/run/hvc0").decode("ascii", "replace").strip())
    check("the host answered the guest's call", 0, echo.wait())
    served = echo.out().splitlines()[-1]
    check("as the guest's CID, bytes", f"terrarium: value served cid={CID} bytes={GUEST_BYTES}",
          served)
