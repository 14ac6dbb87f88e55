# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls to the hypervisor from a seed, sensible and wild, while a protected guest keeps its secret."""

import re

import pytest

from scenarios.harness.checks import Checks, at_least, at_most, one_of
from scenarios.harness.host import Host
from scenarios.harness.matrix import cell
from scenarios.harness.vm import VM
from scenarios.isolation.attacks import CRASHED, check_guest_is_whole, wait_for_pages

GUEST_CALLS = HOST_CALLS = 100_000
SEED = 20_260_101
ANSWERS = 11  # of platform/abi/calls.h; the last: a number that no call answers


def oopses(host: Host) -> list[str]:
    return re.findall(r"Internal error|Oops|BUG:|Call trace", host.run(["dmesg"], ok=True).out)


@pytest.mark.limit(300)
@pytest.mark.vm("keep_secret", protected=True, mem=16)
def test_guest_fuzzes_calls(vm_running: VM, host: Host, check: Checks) -> None:
    """A protected guest makes 100,000 calls of all kinds; it alone has to bear what they lead to."""
    other, pages = vm_running, wait_for_pages(vm_running)
    fuzzer = host.vm("fuzz_calls", protected=True, mem=16)
    ended = fuzzer.wait(timeout=240)
    check("the guest that fuzzes ended well, or by its own fault", one_of(0, CRASHED), ended)
    if ended == 0:
        done = fuzzer.report("fuzzed")
        check("calls made", GUEST_CALLS, done["calls"])
        for answer in ("accepted", "refused", "unknown"):
            check(f"of these, {answer}", at_least(1), done[answer])
        check("its other memory", "ok", fuzzer.report("secret_intact", any_kind=True).kind)
    check_guest_is_whole(other, pages, host, check, cell("guest", "guest", "call"))
    check("oopses of the host's kernel", [], oopses(host))


@pytest.mark.limit(300)
@pytest.mark.only_on("terrarium", reason="upstream's calls are between parts of one kernel, which trusts itself to make them well")
@pytest.mark.vm("keep_secret", protected=True, mem=16)
def test_host_fuzzes_calls(vm_running: VM, host: Host, check: Checks) -> None:
    """The host's kernel makes 100,000 hypercalls of all kinds while a protected guest runs."""
    pages = wait_for_pages(vm_running)
    host.module("calls")
    before = host.memory()["MemFree"]
    done = host.run(["calls", "fuzz", str(SEED), str(HOST_CALLS)], timeout=240, ok=True).report
    answers = [done.number(f"answer{i}") for i in range(ANSWERS)]
    check("hypercalls made", at_least(HOST_CALLS * 9 // 10), sum(answers))
    check("kinds of answers", at_least(8), len([count for count in answers if count]))
    check("answers that no call has", 0, answers[-1])
    for what in ("vms", "runs", "others"):
        check(f"of these: {what}", at_least(10), done[what])
    check("pages that the host did not get back", 0, done["lost"])
    check("the host's free memory is less by at most, MiB", at_most(16), (before - host.memory()["MemFree"]) >> 20)
    check_guest_is_whole(vm_running, pages, host, check, cell("kernel", "guest", "call"))
    check("oopses of the host's kernel", [], oopses(host))
