# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that VMs took comes back to the host, however they end, and is charged meanwhile."""

from __future__ import annotations

import random

import pytest

from scenarios.harness.checks import Checks, at_least, at_most, between, matches
from scenarios.harness.host import Host
from scenarios.lifecycle.memory import free_memory

MIB = 1 << 20
PAGE = 4096
KILLED = 128 + 9
DEATHS = 20
SEED = 7
# Turns of a shell's loop before the signal: from a VMM that has hardly begun to a guest's end.
TURNS_MAX = 12_000
# What the dead leave in the host: output in /run, slabs. One VM dirties 8 MiB.
TOLERANCE = 4 * MIB
AT_ONCE, LIVES = 12, 4
LOCKED_PAGES = 1024  # of a guest's memory, that its VMM is charged for


def refused_pages(host: Host) -> int:
    """Pages of RAM that the host's kernel cannot read: the hypervisor's and the guests'."""
    return host.run(["attack", "scan", "0x6d656d6f72793f21"], ok=True).report.number("refused")


def nothing_runs(host: Host) -> bool:
    """Once the last janitor of a VMM has ended."""
    return host.run(["sh", "-c", "while pidof vmm; do :; done"], 20.0).exit == 0


@pytest.mark.limit(240)
def test_killed_at_random(host: Host, check: Checks) -> None:
    """Twenty VMMs are killed at random moments; every page is the host's again, and free."""
    host.module("attack")
    for protected in (True, False):
        host.vm("dirty_pages", protected=protected, mem=32, name="first").finish()
    refused, free = refused_pages(host), free_memory(host)
    moments = random.Random(SEED)
    ends = []
    for number in range(DEATHS):
        kind = "" if number % 2 else "--protected"
        start = f"vmm run --raw /guest/dirty_pages.bin --mem 32 {kind} > /run/killed 2>&1 &"
        turns = moments.randrange(TURNS_MAX)
        wait = f"i=0; while [ $i -lt {turns} ]; do i=$((i+1)); done"
        ends.append(host.run(["sh", "-c", f"{start} {wait}; kill -9 $!; wait $!"]).exit)
    check("VMMs that were alive when they were killed", at_least(DEATHS // 4), ends.count(KILLED))
    check("ends other than that and the guest's own", [], [end for end in ends if end not in (0, KILLED)])
    check("no VMM is left", True, nothing_runs(host))
    check("pages that the host cannot read", refused, refused_pages(host))
    check("bytes of memory lost", at_most(TOLERANCE), free - free_memory(host))
    for protected in (True, False):
        after = host.vm("hello", protected=protected)
        after.finish()
        check(f"a {'protected' if protected else 'normal'} VM after them", 0, after.exit_code)


@pytest.mark.limit(240)
def test_many_at_once(host: Host, check: Checks) -> None:
    """Twelve processes make and end VMs at the same time, half of them protected."""
    host.module("attack")
    life = "vm-life $(test $((i % 2)) = 0 && echo --protected) 256"
    host.run(["sh", "-c", f"i=0; {life} 1; i=1; {life} 1"], ok=True)
    refused, free = refused_pages(host), free_memory(host)
    start = f"for i in $(seq {AT_ONCE}); do ({life} {LIVES}; echo end=$?) & done; wait"
    said = host.run(["sh", "-c", start], 120.0)
    check("processes that lived their VMs' lives", AT_ONCE, said.out.count("end=0"))
    check("what they said", "", said.err)
    check("pages that the host cannot read", refused, refused_pages(host))
    check("bytes of memory lost", at_most(TOLERANCE), free - free_memory(host))


def test_locked_memory(host: Host, check: Checks) -> None:
    """A protected VM's pages are charged to RLIMIT_MEMLOCK, page by page, and given back."""
    host.run(["chmod", "666", "/dev/kvm"], ok=True)
    life = f"as-user 1000 vm-life --protected {LOCKED_PAGES}"
    enough_kib = LOCKED_PAGES * PAGE // 1024 + 1024
    for limit_kib in (enough_kib // 2, 0):
        refused = host.run(["sh", "-c", f"ulimit -l {limit_kib}; {life} 1"])
        check(f"{limit_kib} KiB are too few", 1, refused.exit)
        check("what the VMM is told", matches("KVM_RUN: Cannot allocate memory"), refused.err)
    often = host.run(["sh", "-c", f"ulimit -l {enough_kib}; {life} 5"])
    check(f"{enough_kib} KiB are enough, time after time", 0, often.exit)
    normal = f"ulimit -l 0; as-user 1000 vm-life {LOCKED_PAGES} 1"
    check("a normal VM's are not charged", 0, host.run(["sh", "-c", normal]).exit)


@pytest.mark.limit(240)
@pytest.mark.parametrize(
    "cpus",
    [pytest.param(count, marks=pytest.mark.machine(smp=count), id=f"{count}cpus") for count in (1, 3, 8)],
)
def test_host_of(host: Host, check: Checks, cpus: int) -> None:
    """A host of one, three or eight CPUs runs VMs with as many vCPUs, and moves them about."""
    online = int(host.run(["nproc"], ok=True).out)
    check("CPUs online", between(1, 8), online)
    for protected in (True, False):
        vm = host.vm("smp", protected=protected, cpus=cpus)
        vm.finish(120.0)
        seen = sorted(int(report["index"]) for report in vm.reports() if report.name == "cpu")
        check(f"vCPUs of the {'protected' if protected else 'normal'} VM", list(range(cpus)), seen)
    roam = "for c in $(seq 0 $(($(nproc) - 1))); do taskset -c $c vm-life --protected 16 2 || exit 1; done"
    check("a protected VM on each CPU", 0, host.run(["sh", "-c", roam]).exit)
