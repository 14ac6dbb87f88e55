# SPDX-License-Identifier: GPL-2.0-or-later
"""Interrupts of a guest: its GIC as the architecture has it, on either target."""

from __future__ import annotations

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
    held = {r.name: int(r["held"]) for r in vm_running.reports() if r.name in PARTS}
    for name, count in PARTS.items():
        check(f"{name.replace('_', ' ')}: what holds", count, held.get(name))


def test_vgic_api(host: Host, check: Checks) -> None:
    """User space makes, places, saves and restores a vGIC, right and wrong: answers are KVM's."""
    seen = host.run(["vgic-api"], ok=True).out.splitlines()
    check("steps", len(ANSWERS), len(seen))
    steps = zip(ANSWERS, [line.replace(" ", "=", 1) for line in seen])
    check("answers (expected, seen) that differ", [], [pair for pair in steps if pair[0] != pair[1]])
