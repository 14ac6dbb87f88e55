# SPDX-License-Identifier: GPL-2.0-or-later
"""EL2 runs out of pages: at the first time, at the second, until none is left. Its SMMU does not answer: at some flushes."""

from __future__ import annotations

import re

import pytest

from scenarios.faults.made import el2_symbols, made
from scenarios.harness.checks import Checks, at_least, at_most, between, matches
from scenarios.harness.errors import StepFailed
from scenarios.harness.host import Host
from scenarios.harness.machine import Machine
from scenarios.lifecycle.memory import free_memory

# Calls that no hypervisor knows: between BEGIN + n and END, the n-th allocation fails.
BEGIN, END = 0xC600F100, 0xC600F1FF
SWEEP = 20
LIFE = ["vm-life", "--protected", "64", "1"]
LEFT_OVER = 1 << 20  # bytes that the host's own caches may have taken meanwhile
CMDQ_CONS = 0x0905009C  # of the SMMU of QEMU's virt machine: how far its command queue is done
UPSTREAM = "upstream's EL2 does not come back from the first page that it is refused (hyp_alloc_pages), and has no SMMU"


def each_fails(_target: str) -> str:
    words = "at=symbol:pool_alloc:{} from=call:{:#x} until=call:{:#x}:{} do=return value=0"
    return "; ".join(words.format(n, BEGIN + n, END, n) for n in range(1, SWEEP + 1))


def call(host: Host, number: int) -> None:
    host.run(["attack", "call", "hvc", hex(number)], ok=True)


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


CALLS = ["calls", "rules"]  # a VM's life by the host's kernel alone, the shortest that there is
UNDISTURBED = 0xC600F200
PATIENCE_S = 10.0
SAID = "SMMU: no answer to a command"


def no_answer(number: int) -> str:
    """The queue stands still with an error from the @number-th time on that EL2 gives it commands. One that does nothing."""
    return (
        f"at=access:read:pa:{CMDQ_CONS:#x}/4 from=symbol:smmu_flush:{number} do=loaded set=24 for=ever; "
        f"at=call:{UNDISTURBED:#x} do=arg:17 flip=0"
    )


def last_sync(number: int) -> pytest.MarkDecorator:
    return pytest.param(number, id=str(number), marks=pytest.mark.inject(faults=no_answer(number)))  # type: ignore[return-value]


@pytest.mark.only_on("terrarium", reason=UPSTREAM)
@pytest.mark.oracle("a")
@pytest.mark.parametrize("number", [last_sync(number) for number in (1, 3, 5)])
def test_smmu_does_not_answer(host: Host, machine: Machine, check: Checks, number: int) -> None:
    """The SMMU refuses its n-th command: devices are cut off, EL2 goes on, no page is where it may not be."""
    host.module("attack")
    host.module("calls")
    call(host, UNDISTURBED)
    try:
        host.run(CALLS, timeout=PATIENCE_S)
        check("the host's answer comes through a device", "none", "came")
    except StepFailed as late:
        check("the host's answer comes through a device", matches(".* did not come within .*"), str(late))
    console = machine.artefacts / "console.log"
    check("EL2 says so, once", 1, console.read_text("utf-8", "replace").count(SAID))
    check("the machine still runs", "running", machine.qmp("query-status")["status"])
    check("faults made", at_least(2), len(made(machine)))
