# SPDX-License-Identifier: GPL-2.0-or-later
"""A compromised host against a protected guest that speaks Arm CCA's RSI."""

from __future__ import annotations

import pytest

from scenarios.harness.checks import Checks, at_least, one_of
from scenarios.harness.host import Host
from scenarios.harness.vm import VM
from scenarios.isolation.attacks import (
    COMPROMISED,
    GREETING,
    check_guest_is_whole,
    check_host_lives,
    check_no_secret,
    let_go,
    secret_words,
    wait_for_pages,
)

WRITTEN = 0xBAD
SIGNAL = one_of("sigbus", "sigsegv")
pytestmark = [
    pytest.mark.only_on("terrarium", reason="upstream pKVM has no guests that speak RSI"),
    pytest.mark.vm(
        "keep_secret",
        protected=True,
        mem=16,
        options=[*COMPROMISED["options"], "--rsi"],
        env=COMPROMISED["env"],
    ),
]


def test_realm_is_private(vm_running: VM, host: Host, check: Checks) -> None:
    """VMM, system calls and kernel cannot read, write or find what a realm has not shared."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    ipa = pages.number("private_ipa")
    for who, refusal in (("vmm", SIGNAL), ("syscall", "efault"), ("kernel", "efault")):
        seen = vm.attack(who, "read", ipa=ipa)
        check(f"secret read by way of {who}", refusal, seen["result"])
        check_no_secret(check, f"read by way of {who}", seen)
        seen = vm.attack(who, "write", ipa=ipa, data=WRITTEN)
        check(f"secret written by way of {who}", refusal, seen["result"])
    seen = vm.attack("vmm", "exec", ipa=pages.number("code_ipa"))
    check("code called by the VMM", SIGNAL, seen["result"])
    found = host.run(["attack", "scan", hex(secret_words(2)[1])]).report
    check("host memory searched, pages", at_least(100_000), found["read"])
    check("places in it that hold a word of the secret", 0, found["hits"])
    check_guest_is_whole(vm, pages, host, check)


def test_realm_shares_a_page(vm_running: VM, host: Host, check: Checks) -> None:
    """A page that a realm shares is readable; taken back, it is private, and empty for both."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    ipa = pages.number("shared_ipa")
    for who in ("vmm", "process", "syscall", "kernel"):
        seen = vm.attack(who, "read", ipa=ipa)
        check(f"shared page read by way of {who}", f"x{GREETING[:16].hex()}", seen.values.get("bytes"))
    let_go(vm, pages, 1)
    vm.report("unshared")
    vm.report("waiting", go=2)
    for who, refusal in (("vmm", SIGNAL), ("syscall", "efault"), ("kernel", "efault")):
        seen = vm.attack(who, "read", ipa=ipa)
        check(f"page taken back read by way of {who}", refusal, seen["result"])
    let_go(vm, pages, 2)
    check("exit code of the VMM", 0, vm.wait())
    check("status of the guest", 0, vm.status)
    check_host_lives(host, check)


def test_dead_realm_memory_zeroed(vm_running: VM, host: Host, check: Checks) -> None:
    """The memory of a realm whose VMM is killed comes back to the host zeroed, shared pages too."""
    vm = vm_running
    wait_for_pages(vm)
    held = vm.attack("kernel", "hold")
    check("pages of the guest that the host may not read", at_least(10), held["refused"])
    vm.signal("KILL")
    check("exit status of the killed VMM", 128 + 9, vm.wait())
    left = host.run(["attack", "kernel", "release"]).report
    check("of these pages, zeroed", held["refused"], left["zero"])
    check("of these pages, not zeroed", 0, left["nonzero"])
    check("of these pages, still refused", 0, left["refused"])
    found = host.run(["attack", "scan", hex(secret_words(2)[1])]).report
    check("places in host memory that hold a word of the secret", 0, found["hits"])
    check_host_lives(host, check)
