# SPDX-License-Identifier: GPL-2.0-or-later
"""A page that a protected guest gives back while it runs."""

import pytest

from scenarios.harness.checks import Checks
from scenarios.harness.host import Host
from scenarios.harness.matrix import cell
from scenarios.harness.vm import VM
from scenarios.isolation.attacks import check_host_lives, check_no_secret, check_not_found, let_go, wait_for_pages

WAYS = ("kernel", "syscall")


@pytest.mark.only_on("terrarium", reason="upstream pKVM has no MEM_RELINQUISH")
@pytest.mark.vm("give_back", protected=True, mem=16, options=["--no-sandbox"],
                env=["LD_PRELOAD=/usr/lib/terrarium/libattack.so"])  # fmt: skip
def test_given_back(vm_running: VM, host: Host, check: Checks) -> None:
    """Refused before, the page is the host's when the guest gives it back, and empty; the guest's next touch takes it again."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    ipa = pages.number("private_ipa")
    for who in WAYS:
        seen = vm.attack(who, "read", ipa=ipa)
        check(f"before: read by way of {who}", "efault", seen["result"], cell(who, "guest", "read"))
    let_go(vm, pages, 1)
    check("the guest gives the page back", "ok", vm.report("given_back", any_kind=True).kind)
    vm.report("waiting", go=2)
    for who in WAYS:
        seen = vm.attack(who, "read", ipa=ipa)
        check(f"given back: read by way of {who}", "zeros", seen["result"], cell(who, "relinquished", "read"))
        check_no_secret(check, f"given back: read by way of {who}", seen)
    check_not_found(host, check, "relinquished")
    let_go(vm, pages, 2)
    check("the guest's next page there holds no secret", "ok", vm.report("is_empty", any_kind=True).kind)
    vm.report("waiting", go=3)
    for who in WAYS:
        seen = vm.attack(who, "read", ipa=ipa)
        check(f"taken again: read by way of {who}", "efault", seen["result"], cell(who, "guest", "read"))
    let_go(vm, pages, 3)
    check("exit code of the VMM", 0, vm.wait())
    check("status of the guest", 0, vm.status)
    check_host_lives(host, check)
