# SPDX-License-Identifier: GPL-2.0-or-later
"""EL2 runs out of pages: at the first time, at the second, until none is left. So does its SMMU not answer."""

from __future__ import annotations

import re

import pytest

from scenarios.faults import smmu
from scenarios.faults.made import call, el2_symbols, made
from scenarios.harness.checks import Checks, at_least, at_most, between, matches
from scenarios.harness.host import Host
from scenarios.harness.machine import Machine
from scenarios.lifecycle.memory import free_memory

# Calls that no hypervisor knows: between BEGIN + n and END, the n-th allocation fails.
BEGIN, END = 0xC600F100, 0xC600F1FF
SWEEP = 20
LIFE = ["vm-life", "--protected", "64", "1"]
LEFT_OVER = 1 << 20  # bytes that the host's own caches may have taken meanwhile
UPSTREAM = "upstream's EL2 panics at the first page that it is refused and waits for its own lock then (README.md), and has no SMMU"


def each_fails(_target: str) -> str:
    words = "at=symbol:pool_alloc:{} from=call:{:#x} until=call:{:#x}:{} do=return value=0"
    return "; ".join(words.format(n, BEGIN + n, END, n) for n in range(1, SWEEP + 1))


def pool_pages(machine: Machine) -> int:
    """Free pages of EL2's pool, read from outside."""
    known = el2_symbols(machine.options)

    def word(name: str, offset: int = 0) -> int:
        said = machine.qmp("human-monitor-command", **{"command-line": f"xp /1gx {known[name] + offset:#x}"})
        return int(re.split(r":\s*", said.strip())[1], 16)

    return (word("limit") - word("mark")) // 4096 + word("returned", 8)


@pytest.mark.only_on("terrarium", reason=UPSTREAM)
@pytest.mark.machine(smp=1)
@pytest.mark.oracle("a")
@pytest.mark.inject(faults=each_fails)
def test_allocations_fail(host: Host, machine: Machine, check: Checks) -> None:
    """Each allocation of EL2 in a VM's life fails once: an error, nothing lost, and the next VM lives."""
    host.module("attack")
    check("control: a VM's life", 0, host.run(LIFE).exit)
    pool, memory = pool_pages(machine), free_memory(host)
    ends = []
    for number in range(1, SWEEP + 1):
        call(host, BEGIN + number)
        disturbed = host.run(LIFE)
        call(host, END)
        ends.append(disturbed.exit)
        if disturbed.exit != 0:
            check(f"allocation {number} fails: what the VMM is told", matches("(?s).*Cannot allocate memory.*"), disturbed.err)
        check(f"allocation {number}: the next VM's life", 0, host.run(LIFE).exit)
    check("pages of EL2's pool that are gone", 0, pool - pool_pages(machine))
    check("bytes of the host that are gone", at_most(LEFT_OVER), memory - free_memory(host))
    numbers = sorted(shot["fault"] for shot in made(machine))
    check("allocations that failed: all of a life", between(1, SWEEP - 1), len(numbers))
    check("these are the first", list(range(1, len(numbers) + 1)), numbers)
    failed = [number for number, status in enumerate(ends, 1) if status != 0]
    check("lives that ended with an error, of those without a page", at_least(1), len(failed))
    check("lives that ended with an error though no page was refused", [], sorted(set(failed) - set(numbers)))


@pytest.mark.only_on("terrarium", reason=UPSTREAM)
@pytest.mark.machine(smp=1)
@pytest.mark.oracle("a")
@pytest.mark.parametrize("number", [smmu.at_flush(number) for number in range(1, smmu.FLUSHES + 2)])
def test_smmu_does_not_answer(host: Host, machine: Machine, check: Checks, number: int) -> None:
    """From its n-th flush on the SMMU refuses commands: devices are cut off, EL2 goes on, no page is where it may not be."""
    check(f"flush {number}, if there is one in a life, fails", number <= smmu.FLUSHES, smmu.life(host, machine, check))
