# SPDX-License-Identifier: GPL-2.0-or-later
"""By which timer the host keeps time, and what is left for guests."""

import re

from scenarios.harness.checks import Checks, at_least
from scenarios.harness.host import Host
from scenarios.harness.machine import Machine

NODE = "/proc/device-tree/hypervisor"
PHYSICAL, VIRTUAL = 30, 27  # interrupts of the GIC (Arm BSA, 3.6)


def ticks(host: Host, interrupt: int) -> list[int]:
    """How often each CPU had this interrupt of the kernel's timer; nothing: it does not use it."""
    text = host.run(["cat", "/proc/interrupts"], ok=True).out
    found = re.search(rf"^\s*\d+:((?:\s+\d+)+)\s+GICv3\s+{interrupt}\s.*arch_timer", text, re.M)
    return [int(number) for number in found[1].split()] if found else []


def test_host_timer(machine: Machine, host: Host, check: Checks) -> None:
    """Each CPU of the host runs on the physical timer; the virtual one is kept for guests."""
    cpus = machine.options.smp
    before = ticks(host, PHYSICAL)
    check("CPUs on the physical timer", cpus, len(before))
    for cpu in range(cpus):
        host.run(["taskset", "-c", str(cpu), "sleep", "0.05"], ok=True)
    grown = [now - then for now, then in zip(ticks(host, PHYSICAL), before)]
    for cpu, count in enumerate(grown):
        check(f"CPU {cpu}: interrupts of it since", at_least(1), count)
    check("CPUs on the virtual timer", 0, len(ticks(host, VIRTUAL)))
    if machine.options.hyp == "terrarium":
        names = host.get(f"{NODE}/interrupt-names").split(b"\0")[:-1]
        check("interrupts for whoever runs guests", [b"vtimer", b"maintenance"], names)
