# SPDX-License-Identifier: GPL-2.0-or-later
"""A compromised host against a protected guest that speaks Arm CCA's RSI."""

from __future__ import annotations

import pytest

from scenarios.harness.checks import Checks, one_of
from scenarios.harness.host import Host
from scenarios.harness.matrix import cell
from scenarios.harness.vm import VM
from scenarios.isolation.attacks import (
    COMPROMISED,
    check_dead_memory_zeroed,
    check_guest_is_whole,
    check_no_secret,
    check_not_found,
    check_shared_until_unshared,
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
        check(f"secret read by way of {who}", refusal, seen["result"], cell(who, "realm", "read"))
        check_no_secret(check, f"read by way of {who}", seen)
        seen = vm.attack(who, "write", ipa=ipa, data=WRITTEN)
        check(f"secret written by way of {who}", refusal, seen["result"], cell(who, "realm", "write"))
    seen = vm.attack("vmm", "exec", ipa=pages.number("code_ipa"))
    check("code called by the VMM", SIGNAL, seen["result"], cell("vmm", "realm", "execute"))
    check_not_found(host, check, "realm")
    check_guest_is_whole(vm, pages, host, check)


def test_realm_shares_a_page(vm_running: VM, host: Host, check: Checks) -> None:
    """A page that a realm shares is readable; taken back, it is private, and empty for both."""
    check_shared_until_unshared(vm_running, host, check, SIGNAL, "realm")


def test_dead_realm_memory_zeroed(vm_running: VM, host: Host, check: Checks) -> None:
    """The memory of a realm whose VMM is killed comes back to the host zeroed, shared pages too."""
    check_dead_memory_zeroed(vm_running, host, check)
