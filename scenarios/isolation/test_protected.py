# SPDX-License-Identifier: GPL-2.0-or-later
"""A compromised host against a protected guest: its VMM, another process, system calls, its kernel."""

from __future__ import annotations

from scenarios.harness.checks import Checks, at_least
from scenarios.harness.host import Host
from scenarios.harness.vm import VM
from scenarios.isolation.attacks import (
    GREETING,
    check_guest_is_whole,
    check_host_lives,
    check_no_secret,
    check_taken_or_refused,
    let_go,
    protected_secret,
    secret_words,
    wait_for_pages,
)
from scenarios.targets import REFUSED_SIGNAL

WRITTEN = 0xBAD


@protected_secret
def test_host_reads_guest(vm_running: VM, host: Host, check: Checks, target: str) -> None:
    """The VMM reads a protected guest's page through its own mapping and gets a signal."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    seen = vm.attack("vmm", "read", ipa=pages.number("private_ipa"))
    check("VMM reads the secret", REFUSED_SIGNAL[target], seen["result"])
    check_no_secret(check, "VMM reads", seen)
    check_guest_is_whole(vm, pages, host, check)


@protected_secret
def test_host_writes_guest(vm_running: VM, host: Host, check: Checks, target: str) -> None:
    """The VMM writes a protected guest's pages through its own mapping and gets a signal."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    for page in ("private_ipa", "code_ipa"):
        seen = vm.attack("vmm", "write", ipa=pages.number(page), data=WRITTEN)
        check(f"VMM writes {page}", REFUSED_SIGNAL[target], seen["result"])
    check_guest_is_whole(vm, pages, host, check)


@protected_secret
def test_host_executes_guest(vm_running: VM, host: Host, check: Checks, target: str) -> None:
    """The VMM, and a process mapped by the kernel, call a protected guest's code and get a signal."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    for who in ("vmm", "kernel"):
        seen = vm.attack(who, "exec", ipa=pages.number("code_ipa"))
        check(f"code called by way of {who}", REFUSED_SIGNAL[target], seen["result"])
    check_guest_is_whole(vm, pages, host, check)


@protected_secret
def test_process_reads_guest(vm_running: VM, host: Host, check: Checks) -> None:
    """Another process reads a protected guest's page by process_vm_readv: refused, or a page lost."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    seen = vm.attack("process", "read", ipa=pages.number("private_ipa"))
    check_taken_or_refused(vm, pages, host, check, "process reads the secret", seen, "zeros")


@protected_secret
def test_process_writes_guest(vm_running: VM, host: Host, check: Checks) -> None:
    """Another process writes a protected guest's page by process_vm_writev: refused, or a page lost."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    seen = vm.attack("process", "write", ipa=pages.number("private_ipa"), data=WRITTEN)
    check_taken_or_refused(vm, pages, host, check, "process writes the secret", seen, "done")


@protected_secret
def test_syscall_buffer_guest(vm_running: VM, host: Host, check: Checks) -> None:
    """System calls of the VMM have a protected guest's page as their buffer: refused, or a page lost."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    ipa = pages.number("private_ipa")
    what, taken = "write(2) of the secret to a pipe", "zeros"
    seen = vm.attack("syscall", "read", ipa=ipa)
    if seen["result"] == "efault":
        check(what, "efault", seen["result"])
        what, taken = "read(2) from a pipe into the secret", "done"
        seen = vm.attack("syscall", "write", ipa=ipa, data=WRITTEN)
    check_taken_or_refused(vm, pages, host, check, what, seen, taken)


@protected_secret
def test_spliced_guest(vm_running: VM, host: Host, check: Checks) -> None:
    """The VMM hands a protected guest's page to the kernel by vmsplice: refused, or a page lost."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    seen = vm.attack("syscall", "read", ipa=pages.number("private_ipa"), by="splice")
    check_taken_or_refused(vm, pages, host, check, "page spliced into a pipe", seen, "zeros")


@protected_secret
def test_kernel_reads_guest(vm_running: VM, host: Host, check: Checks) -> None:
    """The host's kernel reads and writes a protected guest's page, and searches all of its memory."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    ipa = pages.number("private_ipa")
    for via in ("linear", "alias"):
        seen = vm.attack("kernel", "read", ipa=ipa, via=via)
        check(f"kernel reads the secret ({via} mapping)", "efault", seen["result"])
        check_no_secret(check, f"kernel reads ({via})", seen)
        seen = vm.attack("kernel", "write", ipa=ipa, data=WRITTEN, via=via)
        check(f"kernel writes the secret ({via} mapping)", "efault", seen["result"])
    found = host.run(["attack", "scan", hex(secret_words(2)[1])]).report
    check("host memory searched, pages", at_least(100_000), found["read"])
    check("places in it that hold a word of the secret", 0, found["hits"])
    check_guest_is_whole(vm, pages, host, check)


@protected_secret
def test_shared_page_until_unshared(
    vm_running: VM, host: Host, check: Checks, target: str
) -> None:
    """A page that the guest shares is readable, and after it takes the page back is not."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    ipa = pages.number("shared_ipa")
    begin = GREETING[:16].hex()
    for who in ("vmm", "process", "syscall", "kernel"):
        seen = vm.attack(who, "read", ipa=ipa)
        check(f"shared page read by way of {who}", f"x{begin}", seen.values.get("bytes"))
    let_go(vm, pages, 1)
    vm.report("unshared")
    vm.report("waiting", go=2)
    signal = REFUSED_SIGNAL[target]
    for who, refusal in (("vmm", signal), ("syscall", "efault"), ("kernel", "efault")):
        seen = vm.attack(who, "read", ipa=ipa)
        check(f"page taken back read by way of {who}", refusal, seen["result"])
        check(f"bytes read by way of {who}", 0, seen["size"])
    let_go(vm, pages, 2)
    check("exit code of the VMM", 0, vm.wait())
    check("status of the guest", 0, vm.status)
    check_host_lives(host, check)


@protected_secret
def test_dead_vm_memory_zeroed(vm_running: VM, host: Host, check: Checks) -> None:
    """The memory of a protected VM whose VMM is killed comes back to the host zeroed."""
    vm = vm_running
    wait_for_pages(vm)
    held = vm.attack("kernel", "hold")
    check("pages of the guest that the host may not read", at_least(10), held["refused"])
    vm.signal("KILL")
    check("exit status of the killed VMM", 128 + 9, vm.wait())
    # The module kept the pages from the allocator: what is in them is what the VM left.
    left = host.run(["attack", "kernel", "release"]).report
    check("of these pages, zeroed", held["refused"], left["zero"])
    check("of these pages, not zeroed", 0, left["nonzero"])
    check("of these pages, still refused", 0, left["refused"])
    found = host.run(["attack", "scan", hex(secret_words(2)[1])]).report
    check("places in host memory that hold a word of the secret", 0, found["hits"])
    check_host_lives(host, check)
