# SPDX-License-Identifier: GPL-2.0-or-later
"""The CPU itself, told by the host's kernel to take others' pages for its own page tables."""

import pytest

from scenarios.harness.checks import Checks
from scenarios.harness.host import Host
from scenarios.harness.matrix import cell
from scenarios.harness.vm import VM
from scenarios.isolation.attacks import check_guest_is_whole, wait_for_pages
from scenarios.isolation.test_hypervisor_memory import hypervisor_memory


@pytest.mark.only_on("terrarium", reason="upstream's host takes an abort of its own table walk for a bug of the kernel's")
@pytest.mark.vm("keep_secret", protected=True, mem=16)
def test_host_walks_pages(vm_running: VM, host: Host, target: str, check: Checks) -> None:
    """A page of a guest's, or of the hypervisor's, as a table of the host's kernel: the walk is refused."""
    pages = wait_for_pages(vm_running)
    host.module("attack")
    own = host.run(["attack", "kernel", "walk", "--pa", "own"], ok=True).report
    check("control: walk through a page of its own", "returned", own["result"])
    seen = vm_running.attack("kernel", "walk", ipa=pages.number("private_ipa"))
    check("walk through the guest's secret", "efault", seen["result"], cell("walk", "guest", "read"))
    shared = vm_running.attack("kernel", "walk", ipa=pages.number("shared_ipa"))
    check("control: walk through the page that the guest shares", "returned", shared["result"])
    base, _ = hypervisor_memory(target, host)
    seen = host.run(["attack", "kernel", "walk", "--pa", hex(base)], ok=True).report
    check("walk through the hypervisor's memory", "efault", seen["result"], cell("walk", "hypervisor", "read"))
    check_guest_is_whole(vm_running, pages, host, check)
