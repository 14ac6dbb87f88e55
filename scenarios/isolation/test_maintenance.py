# SPDX-License-Identifier: GPL-2.0-or-later
"""Cache maintenance by address, and address translation, on pages that are not the host's.

QEMU has no caches: of these instructions it does ZVA, a store, and CVAP, which goes to memory; the
others do nothing there, on any page. So of them only their traces are looked for: that the guest is whole.
"""

from scenarios.harness.checks import Checks, matches
from scenarios.harness.host import Host
from scenarios.harness.matrix import cell
from scenarios.harness.report import Report
from scenarios.harness.vm import VM
from scenarios.isolation.attacks import (
    check_guest_is_whole,
    check_host_lives,
    let_go,
    normal_secret,
    protected_secret,
    wait_for_pages,
)
from scenarios.targets import hypervisor_memory

# platform/abi/attack.h
REACHES = ("CVAP", "ZVA")
IDLE = ("CVAC", "CVAU", "CIVAC", "IVAU")
KERNEL_IDLE = (*IDLE, "IVAC")
REFUSED = {"kernel": "efault", "mapped": matches("sig(bus|segv)")}
ATTACKER = {"kernel": "kernel", "mapped": "process"}  # of the isolation matrix
PAR_FAULT, PAR_ADDRESS, PAGE = 1, (1 << 52) - (1 << 12), 4096


def maintain(host: Host, who: str, operation: str, address: str) -> Report:
    line = f"attack {who} maintain --by {operation} --pa {address}"
    return host.run(["sh", "-c", line], ok=True).report


def said(key: str) -> str:
    """What the holder of a page said, looked up in the host, so that the call is the same in every run."""
    return f'"$(sed -n "s/.* {key}=\\([^ ]*\\).*/\\1/p" /run/job/holder/out)"'


def check_controls(host: Host, check: Checks) -> None:
    """All of them, on a page of the host's own."""
    host.module("attack")
    host.job("holder", ["attack", "page"]).wait_line("value page")
    read = f"attack kernel read --pa {said('pa')}"
    for who, idle in (("kernel", KERNEL_IDLE), ("mapped", IDLE)):
        for operation in ("CVAP", *idle):
            check(f"control: {who}: {operation} on its own page", "returned",
                  maintain(host, who, operation, said("pa"))["result"])
        check("control: what is in it", "data", host.run(["sh", "-c", read], ok=True).report["result"])
        check(f"control: {who}: ZVA on its own page", "returned", maintain(host, who, "ZVA", said("pa"))["result"])
        check("control: what is in it then", "zeros", host.run(["sh", "-c", read], ok=True).report["result"])
        host.run(["sh", "-c", f"attack kernel write --data 1 --pa {said('pa')}"], ok=True)


def check_refused(check: Checks, who: str, operation: str, what: str, seen: Report, victim: str) -> None:
    check(f"{who}: {operation} on {what}", REFUSED[who], seen["result"], cell(ATTACKER[who], victim, "maintain"))


@protected_secret
def test_maintained_guest(vm_running: VM, host: Host, check: Checks) -> None:
    """The host cleans, invalidates, zeroes and translates a protected guest's page: refused, or nothing comes of it."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    check_controls(host, check)
    ipa = pages.number("private_ipa")
    for who, idle in (("kernel", KERNEL_IDLE), ("mapped", IDLE)):
        for operation in REACHES:
            seen = vm.attack(who, "maintain", ipa=ipa, by=operation)
            check_refused(check, who, operation, "the guest's secret", seen, "guest")
        for operation in idle:
            vm.attack(who, "maintain", ipa=ipa, by=operation)
            vm.attack(who, "maintain", ipa=pages.number("code_ipa"), by=operation)
    par = vm.attack("kernel", "maintain", ipa=ipa, by="AT_S1E1R").number("value")
    check("AT S1E1R of the secret tells its address", (0, True), (par & PAR_FAULT, par & PAR_ADDRESS > 0))
    check_guest_is_whole(vm, pages, host, check, cell("kernel", "guest", "maintain"))


@normal_secret
def test_maintained_normal_guest(vm_running: VM, host: Host, check: Checks) -> None:
    """The control: the host zeroes a line of a page of a guest that is not protected, which finds out."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    ipa = pages.number("private_ipa")
    for number, who in enumerate(("kernel", "mapped"), start=1):
        for operation in REACHES:
            seen = vm.attack(who, "maintain", ipa=ipa, by=operation)
            check(f"{who}: {operation} on the guest's page", "returned", seen["result"])
        check("what is there then", "zeros", vm.attack("kernel", "read", ipa=ipa)["result"])
        vm.attack("kernel", "write", ipa=ipa, data=number)
    let_go(vm, pages, 1)
    check("guest finds its secret", "fail", vm.report("secret_intact", any_kind=True).kind)
    let_go(vm, pages, 2)
    check("exit code of the VMM", 0, vm.wait())
    check_host_lives(host, check)


def test_maintained_hypervisor(host: Host, check: Checks, target: str) -> None:
    """The host cleans and zeroes the hypervisor's memory: refused."""
    base, size = hypervisor_memory(target, host)
    check_controls(host, check)
    for place, offset in (("first", 0), ("middle", size // 2), ("last", size - PAGE)):
        for who in REFUSED:
            for operation in REACHES:
                seen = maintain(host, who, operation, hex(base + offset))
                check_refused(check, who, operation, f"the hypervisor's {place} page", seen, "hypervisor")
    check_host_lives(host, check)
