# SPDX-License-Identifier: GPL-2.0-or-later
"""Interrupts of a guest: its GIC as the architecture has it, on either target."""

from __future__ import annotations

import re

import pytest

from scenarios.harness.checks import Checks
from scenarios.harness.host import Host
from scenarios.harness.vm import VM
from scenarios.lifecycle.vgic_answers import ANSWERS

CPUS = 3
# Parts of the guest's program, and how much must hold in each with so many vCPUs.
PARTS = {"identity": 11, "sgi": 10, "priorities": 25, "preemption": 27, "masks": 10, "split_end": 32,
         "timers": 14, "wire": 9, "others": 30}


@pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])
@pytest.mark.vm("gic", cpus=CPUS)
def test_interrupts(vm_running: VM, check: Checks, protected: bool) -> None:
    """SGIs, PPIs and SPIs: levels, edges, priorities, preemption, masks, ends, routes, timers."""
    vm_running.finish()
    all_hold(check, {r.name: int(r["held"]) for r in vm_running.reports() if r.name in PARTS})


def all_hold(check: Checks, held: dict[str, int]) -> None:
    for name, count in PARTS.items():
        check(f"{name.replace('_', ' ')}: what holds", count, held.get(name))


@pytest.mark.machine(smp=2)
def test_interrupts_on_a_returned_cpu(host: Host, check: Checks) -> None:
    """While a guest runs, a CPU of the host goes and comes back; on it another takes interrupts."""
    spinning = host.vm("spin", protected=True, cpus=2)
    for value in (0, 1):
        host.run(["sh", "-c", f"echo {value} > /sys/devices/system/cpu/cpu1/online"], ok=True)
    gic = ["vmm", "run", "--raw", "/guest/gic.bin", "--mem", "16", "--cpus", str(CPUS)]
    result = host.run(["taskset", "-c", "1", *gic])
    check("exit code of the VMM", 0, result.exit)
    rows = re.findall(r"terrarium: value (\w+) held=(\d+)", result.out)
    all_hold(check, {name: int(count) for name, count in rows})
    spinning.stop()
    check("exit code of the other", 0, spinning.wait())


def test_vgic_api(host: Host, check: Checks) -> None:
    """User space makes, places, saves and restores a vGIC, right and wrong: answers are KVM's."""
    seen = host.run(["vgic-api"], ok=True).out.splitlines()
    check("steps", len(ANSWERS), len(seen))
    steps = zip(ANSWERS, [line.replace(" ", "=", 1) for line in seen])
    check("answers (expected, seen) that differ", [], [pair for pair in steps if pair[0] != pair[1]])
