# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls to the hypervisor from a seed, sensible and wild, while a protected guest keeps its secret.

FUZZ_SEED and FUZZ_CALLS say which calls are made (fuzz_plan.py); `make fuzz-machine` makes
many, and shortens what fails.
"""

import os
import re

import pytest

from scenarios.harness import paths
from scenarios.harness.checks import Checks, at_least, at_most, one_of
from scenarios.harness.host import Host
from scenarios.harness.matrix import cell
from scenarios.harness.vm import VM
from scenarios.isolation import fuzz_plan
from scenarios.isolation.attacks import CRASHED, check_guest_is_whole, wait_for_pages

CALLS = 100_000
CALLS_OF_NORMAL = 20_000  # many go to its VMM
SEED = 20_260_101
ENOUGH = 50_000  # for every kind of answer to come
ANSWERS = 11  # of platform/abi/calls.h; the last: a number that no call answers
FUZZER = "/guest/fuzz_calls_planned.bin"
KINDS = {"protected": ["--protected"], "normal": [], "realm": ["--protected", "--rsi"]}


def oopses(host: Host) -> list[str]:
    return re.findall(r"Internal error|Oops|BUG:|Call trace", host.run(["dmesg"], ok=True).out)


def guest_fuzzes(kind: str, host: Host, check: Checks) -> None:
    plan = fuzz_plan.from_env(os.environ, SEED, CALLS_OF_NORMAL if kind == "normal" else CALLS)
    host.put(FUZZER, plan.image((paths.out() / "guest/fuzz_calls.bin").read_bytes()))
    fuzzer = host.vm("fuzz_calls_planned", protected=False, mem=16, options=KINDS[kind])
    ended = fuzzer.wait(timeout=240)
    check("the guest that fuzzes ended well, or by its own fault", one_of(0, CRASHED), ended)
    if ended == 0:
        done = fuzzer.report("fuzzed")
        check("calls made", plan.count(), done["calls"])
        for answer in ("accepted", "refused", "unknown"):
            check(f"of these, {answer}", at_least(int(plan.count() >= ENOUGH)), done[answer])
        check("its other memory", "ok", fuzzer.report("secret_intact", any_kind=True).kind)


@pytest.mark.limit(300)
@pytest.mark.parametrize("kind", ["protected", "normal"])
@pytest.mark.vm("keep_secret", protected=True, mem=16)
def test_guest_fuzzes_calls(vm_running: VM, host: Host, check: Checks, kind: str) -> None:
    """A guest makes thousands of calls of all kinds; it alone has to bear what they lead to."""
    pages = wait_for_pages(vm_running)
    guest_fuzzes(kind, host, check)
    check_guest_is_whole(vm_running, pages, host, check, cell("guest", "guest", "call"))
    check("oopses of the host's kernel", [], oopses(host))


@pytest.mark.limit(300)
@pytest.mark.only_on("terrarium", reason="upstream pKVM has no guests that speak RSI")
@pytest.mark.vm("keep_secret", protected=True, mem=16)
def test_realm_fuzzes_calls(vm_running: VM, host: Host, check: Checks) -> None:
    """The same by a guest that speaks RSI, whose calls are among them."""
    pages = wait_for_pages(vm_running)
    guest_fuzzes("realm", host, check)
    check_guest_is_whole(vm_running, pages, host, check, cell("guest", "guest", "call"))
    check("oopses of the host's kernel", [], oopses(host))


@pytest.mark.limit(300)
@pytest.mark.only_on("terrarium", reason="upstream's calls are between parts of one kernel, which trusts itself to make them well")
@pytest.mark.vm("keep_secret", protected=True, mem=16)
def test_host_fuzzes_calls(vm_running: VM, host: Host, check: Checks) -> None:
    """The host's kernel makes 100,000 hypercalls of all kinds while a protected guest runs."""
    plan = fuzz_plan.from_env(os.environ, SEED, CALLS)
    pages = wait_for_pages(vm_running)
    host.module("calls")
    before = host.memory()["MemFree"]
    done = host.run(["calls", "fuzz", str(plan.seed), plan.calls()], timeout=240, ok=True).report
    answers = [done.number(f"answer{i}") for i in range(ANSWERS)]
    check("answers that no call has", 0, answers[-1])
    if plan.count() >= ENOUGH:
        check("hypercalls made", at_least(plan.count() * 9 // 10), sum(answers))
        check("kinds of answers", at_least(8), len([count for count in answers if count]))
        for what in ("vms", "runs", "others"):
            check(f"of these: {what}", at_least(10), done[what])
    check("pages that the host did not get back", 0, done["lost"])
    check("the host's free memory is less by at most, MiB", at_most(16), (before - host.memory()["MemFree"]) >> 20)
    check_guest_is_whole(vm_running, pages, host, check, cell("kernel", "guest", "call"))
    check("oopses of the host's kernel", [], oopses(host))
