# SPDX-License-Identifier: GPL-2.0-or-later
"""The pages that a protected VM is made of: how many, who can have them, and that they come back."""

import re

import pytest

from scenarios.harness.checks import Checks, at_least, matches
from scenarios.harness.host import Host
from scenarios.harness.matrix import cell
from scenarios.harness.report import Report
from scenarios.harness.vm import VM
from scenarios.isolation.attacks import COMPROMISED, check_guest_is_whole, check_no_secret, secret_words, wait_for_pages

# platform/abi/hyp_hypercalls.h, hyp_status.h
MEM_DONATE, MEM_RETURN, VM_DONATE, VM_CONFIG = 0xC6007001, 0xC6007002, 0xC6007011, 0xC6007012
VM_MAP, MAP_ALL = 0xC6007013, 7
VM_UNMAP, VM_RECLAIM, VM_DESTROY, VM_STATS = 0xC6007014, 0xC6007016, 0xC6007017, 0xC6007018
OK, EPERM, EBUSY, ENOENT = 0, -3, -6, -7
FIRST_VM = 1  # the first VM's number
VM_PAGES, VCPU_PAGES, PAGE = 4, 4, 4096
PAGEMAP_PFN = (1 << 55) - 1  # proc(5)
WAYS = {"kernel": "efault", "mapped": matches("sig(bus|segv)")}
ATTACKER = {"kernel": "kernel", "mapped": "process"}  # of the isolation matrix


def call(host: Host, *words: int) -> tuple[int, Report]:
    """A hypercall of the host's kernel: its status, and all it answered."""
    report = host.run(["attack", "call", "hvc", *map(hex, words)], ok=True).report
    status = report.number("x0")
    return status - (1 << 64) if status >> 63 else status, report


def access(host: Host, who: str, what: str, pfn: int) -> Report:
    data = ["--data", "0x600dda7a5eed1e55"] if what == "write" else []
    return host.run(["attack", who, what, "--pa", hex(pfn * PAGE), *data], ok=True).report


def refused_pages(host: Host) -> int:
    """How many pages of RAM the host's kernel cannot read."""
    return host.run(["attack", "scan", hex(secret_words(2)[1])], ok=True).report.number("refused")


def frame(host: Host, vm: VM, ipa: int) -> int:
    """The page frame that the host's kernel gave for the guest's page."""
    info = vm.info
    page = (info["ram_hva"] + ipa - info["ram_ipa"]) // PAGE
    line = f"dd if=/proc/{info['pid']}/pagemap bs=8 skip={page} count=1 | hexdump -v -e '1/4 \"%08x \"'"
    low, high = host.run(["sh", "-c", line], ok=True).out.split()
    return int(high + low, 16) & PAGEMAP_PFN


@pytest.mark.only_on("terrarium", reason="upstream gives and takes a VM's pages by calls that only its own kernel makes")
def test_host_takes_vm_pages(host: Host, check: Checks) -> None:
    """The host's kernel asks for a living VM's pages by all calls; they come back when it is dead."""
    host.module("attack")
    check("before: there is no VM", ENOENT, call(host, VM_STATS, FIRST_VM)[0])
    before = refused_pages(host)
    vm = host.vm("keep_secret", protected=True, mem=16, **COMPROMISED)
    guest = wait_for_pages(vm)
    ipa = guest.number("private_ipa")
    pfn = frame(host, vm, ipa)

    status, stats = call(host, VM_STATS, FIRST_VM)
    held, meta, shared = (stats.number(x) for x in ("x1", "x2", "x3"))
    check("the VM is known", OK, status)
    check("pages for its tables and its vCPU", at_least(VM_PAGES + VCPU_PAGES), meta)
    gone = refused_pages(host) - before
    check("pages that the kernel cannot read any more", held - shared, gone, cell("kernel", "tables", "read"))
    for who, refused in WAYS.items():
        for what in ("read", "write"):
            seen = access(host, who, what, pfn)
            check(f"{who} {what}s its page", refused, seen["result"], cell(ATTACKER[who], "guest", what))
            check_no_secret(check, f"{who} {what}s its page", seen)
    asked = cell("kernel", "guest", "call")
    check("giving its page to the hypervisor", EPERM, call(host, MEM_DONATE, pfn, 1)[0], asked)
    check("taking its page as the hypervisor's", EPERM, call(host, MEM_RETURN, pfn, 1)[0], asked)
    check("taking its page as a dead VM's", EPERM, call(host, VM_RECLAIM, FIRST_VM, pfn, 1)[0], asked)
    check("giving its page for its tables", EPERM, call(host, VM_DONATE, FIRST_VM, pfn, 1)[0], asked)
    other = host.job("other", ["attack", "page"]).wait_line("value page")
    other_pfn = int(re.search(r"pfn=(\S+)", other)[1], 0)  # type: ignore[index]
    status = call(host, VM_MAP, FIRST_VM, other_pfn, ipa // PAGE, 1, MAP_ALL)[0]
    check("mapping another page over its page", EBUSY, status, cell("kernel", "guest", "write"))
    status, free = EBUSY, ipa // PAGE
    while status == EBUSY:  # where the guest has no page yet
        free += 1
        status = call(host, VM_MAP, FIRST_VM, pfn, free, 1, MAP_ALL)[0]
    check("mapping its page at another address, too", EPERM, status, cell("kernel", "guest", "write"))
    check("unmapping its page", EPERM, call(host, VM_UNMAP, FIRST_VM, ipa // PAGE, 1)[0], asked)
    check("ending it while it lives", EPERM, call(host, VM_DESTROY, FIRST_VM)[0])
    check("other rules for it, now that it ran", EBUSY, call(host, VM_CONFIG, FIRST_VM, 1, 1)[0])

    check_guest_is_whole(vm, guest, host, check)
    check("afterwards: there is no VM", ENOENT, call(host, VM_STATS, FIRST_VM)[0])
    check("afterwards: pages that the kernel cannot read", before, refused_pages(host))
    check_no_secret(check, "what is in its page", access(host, "kernel", "read", pfn))
