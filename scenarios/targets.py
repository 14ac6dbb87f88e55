# SPDX-License-Identifier: GPL-2.0-or-later
"""What a scenario must ask in another way on each target."""

from __future__ import annotations

import re
import struct

from scenarios.harness.host import Host

# The signal of a process whose own access EL2 refuses. Upstream's host gets a permission fault of
# its page tables; ours an alignment fault, the one cause for which Linux looks at no table and
# does not try again for ever (platform/hypervisor/README.md).
REFUSED_SIGNAL = {"terrarium": "sigbus", "pkvm": "sigsegv"}

COMPATIBLE = "/proc/device-tree/hypervisor/compatible"
RESERVED = "/proc/device-tree/reserved-memory/hypervisor/reg"


def protects_vms(target: str, host: Host) -> bool:
    """Whether EL2 says to the host that it makes protected VMs: upstream's line in the log, our node."""
    if target == "terrarium":
        return host.get(COMPATIBLE) == b"terrarium,hypervisor\0"
    return "kvm [1]: Protected" in host.run(["dmesg"], ok=True).out


def hypervisor_memory(target: str, host: Host) -> tuple[int, int]:
    """(base, bytes), from whoever tells the host: the device tree, or upstream pKVM's line in the log."""
    if target == "terrarium":
        base, size = struct.unpack(">QQ", host.get(RESERVED))
        return base, size
    line = re.search(r"Reserved ([0-9]+) MiB at 0x([0-9a-f]+)", host.run(["dmesg"], ok=True).out)
    assert line is not None, "the kernel says nowhere what pKVM reserved"
    return int(line[2], 16), int(line[1]) << 20
