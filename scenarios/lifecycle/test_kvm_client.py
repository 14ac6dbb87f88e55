# SPDX-License-Identifier: GPL-2.0-or-later
"""KVM clients that are not ours, as they come from their packages, find /dev/kvm to be KVM."""

from __future__ import annotations

import re

import pytest

from scenarios.harness.checks import Checks, matches
from scenarios.harness.host import Host
from scenarios.harness.paths import out
from scenarios.harness.report import PREFIX, parse

KERNEL = "/guest/linux-image"
INITRD = "/guest/linux-initrd"
BOOT_S = 200.0
CPUS = 2

# platform/host/client.toml: the program, its own loader and libraries.
LIBRARIES = "/client/usr/lib/aarch64-linux-gnu"
QEMU = [
    "/client/lib/ld-linux-aarch64.so.1", "--library-path", LIBRARIES,
    "/client/usr/bin/qemu-system-aarch64",
]  # fmt: skip


@pytest.mark.limit(300)
@pytest.mark.host_archives("host/client.cpio")
@pytest.mark.host_files(
    {KERNEL: out() / "sdk/kernel/Image", INITRD: out() / "guest/linux-initrd.cpio.gz"}
)
def test_qemu_runs_linux(host: Host, check: Checks) -> None:
    """Debian's own arm64 QEMU boots the stock kernel on /dev/kvm, to its init and to its end."""
    version = host.run([*QEMU, "--version"], ok=True).out
    check("the client", matches(r"^QEMU emulator version [0-9.]+ \(Debian "), version)
    client = host.job("qemu", [
        *QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-accel", "kvm", "-cpu", "host", "-machine", "virt,gic-version=3,its=off",
        "-smp", str(CPUS), "-m", "256",
        "-kernel", KERNEL, "-initrd", INITRD, "-append", "console=hvc0 quiet terrarium.hvc",
        "-chardev", "stdio,id=out,signal=off",
        "-device", "virtio-serial-pci", "-device", "virtconsole,chardev=out",
    ])  # fmt: skip
    client.await_line(f"^{PREFIX}end", "out", BOOT_S)
    check("what the client said", "", client.err().strip())
    check.must("exit status of the client", 0, client.wait())
    said = {report.name or report.kind: report for report in parse(re.sub("\r", "", client.out()))}
    release = host.run(["uname", "-r"], ok=True).out.strip()
    check("the guest's init runs on the host's own kernel", release, said["init"]["kernel"])
    check("status that the guest ended with", 0, said["end"]["status"])
