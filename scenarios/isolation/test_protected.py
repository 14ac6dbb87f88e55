# SPDX-License-Identifier: GPL-2.0-or-later
"""A compromised host against a protected guest: its VMM, another process, system calls, its kernel."""

from __future__ import annotations

from scenarios.harness.checks import Checks
from scenarios.harness.host import Host
from scenarios.harness.matrix import cell
from scenarios.harness.vm import VM
from scenarios.isolation.attacks import (
    check_dead_memory_zeroed,
    check_guest_is_whole,
    check_no_secret,
    check_not_found,
    check_shared_until_unshared,
    check_taken_or_refused,
    protected_secret,
    wait_for_pages,
)
from scenarios.targets import REFUSED_SIGNAL

WRITTEN = 0xBAD


@protected_secret
def test_host_reads_guest(vm_running: VM, host: Host, check: Checks, target: str) -> None:
    """The VMM reads a protected guest's page through its own mapping and gets a signal."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    seen = vm.attack("vmm", "read", ipa=pages.number("private_ipa"))
    check("VMM reads the secret", REFUSED_SIGNAL[target], seen["result"], cell("vmm", "guest", "read"))
    check_no_secret(check, "VMM reads", seen)
    check_guest_is_whole(vm, pages, host, check)


@protected_secret
def test_host_writes_guest(vm_running: VM, host: Host, check: Checks, target: str) -> None:
    """The VMM writes a protected guest's pages through its own mapping and gets a signal."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    for page in ("private_ipa", "code_ipa"):
        seen = vm.attack("vmm", "write", ipa=pages.number(page), data=WRITTEN)
        check(f"VMM writes {page}", REFUSED_SIGNAL[target], seen["result"], cell("vmm", "guest", "write"))
    check_guest_is_whole(vm, pages, host, check)


@protected_secret
def test_host_executes_guest(vm_running: VM, host: Host, check: Checks, target: str) -> None:
    """The VMM, and a process mapped by the kernel, call a protected guest's code and get a signal."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    for who in ("vmm", "kernel"):
        seen = vm.attack(who, "exec", ipa=pages.number("code_ipa"))
        check(f"code called by way of {who}", REFUSED_SIGNAL[target], seen["result"], cell(who, "guest", "execute"))
    check_guest_is_whole(vm, pages, host, check)


@protected_secret
def test_process_reads_guest(vm_running: VM, host: Host, check: Checks) -> None:
    """Another process reads a protected guest's page by process_vm_readv: refused, or a page lost."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    seen = vm.attack("process", "read", ipa=pages.number("private_ipa"))
    tried = cell("process", "guest", "read")
    check_taken_or_refused(vm, pages, host, check, "process reads the secret", seen, "zeros", tried)


@protected_secret
def test_process_writes_guest(vm_running: VM, host: Host, check: Checks) -> None:
    """Another process writes a protected guest's page by process_vm_writev: refused, or a page lost."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    seen = vm.attack("process", "write", ipa=pages.number("private_ipa"), data=WRITTEN)
    tried = cell("process", "guest", "write")
    check_taken_or_refused(vm, pages, host, check, "process writes the secret", seen, "done", tried)


@protected_secret
def test_syscall_buffer_guest(vm_running: VM, host: Host, check: Checks) -> None:
    """System calls of the VMM have a protected guest's page as their buffer: refused, or a page lost."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    ipa = pages.number("private_ipa")
    what, taken, tried = "write(2) of the secret to a pipe", "zeros", cell("syscall", "guest", "read")
    seen = vm.attack("syscall", "read", ipa=ipa)
    if seen["result"] == "efault":
        check(what, "efault", seen["result"], tried)
        what, taken, tried = "read(2) from a pipe into the secret", "done", cell("syscall", "guest", "write")
        seen = vm.attack("syscall", "write", ipa=ipa, data=WRITTEN)
    check_taken_or_refused(vm, pages, host, check, what, seen, taken, tried)


@protected_secret
def test_spliced_guest(vm_running: VM, host: Host, check: Checks) -> None:
    """The VMM hands a protected guest's page to the kernel by vmsplice: refused, or a page lost."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    seen = vm.attack("syscall", "read", ipa=pages.number("private_ipa"), by="splice")
    tried = cell("syscall", "guest", "read")
    check_taken_or_refused(vm, pages, host, check, "page spliced into a pipe", seen, "zeros", tried)


@protected_secret
def test_kernel_reads_guest(vm_running: VM, host: Host, check: Checks) -> None:
    """The host's kernel reads and writes a protected guest's page, and searches all of its memory."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    ipa = pages.number("private_ipa")
    for via in ("linear", "alias"):
        seen = vm.attack("kernel", "read", ipa=ipa, via=via)
        check(f"kernel reads the secret ({via} mapping)", "efault", seen["result"], cell("kernel", "guest", "read"))
        check_no_secret(check, f"kernel reads ({via})", seen)
        seen = vm.attack("kernel", "write", ipa=ipa, data=WRITTEN, via=via)
        check(f"kernel writes the secret ({via} mapping)", "efault", seen["result"], cell("kernel", "guest", "write"))
    check_not_found(host, check, "guest")
    check_guest_is_whole(vm, pages, host, check)


@protected_secret
def test_shared_page_until_unshared(vm_running: VM, host: Host, check: Checks, target: str) -> None:
    """A page that the guest shares is readable, and after it takes the page back is not."""
    check_shared_until_unshared(vm_running, host, check, REFUSED_SIGNAL[target], "guest")


@protected_secret
def test_dead_vm_memory_zeroed(vm_running: VM, host: Host, check: Checks) -> None:
    """The memory of a protected VM whose VMM is killed comes back to the host zeroed."""
    check_dead_memory_zeroed(vm_running, host, check)
