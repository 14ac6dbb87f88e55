# SPDX-License-Identifier: GPL-2.0-or-later
"""What the isolation scenarios share: the secret guest's protocol and a compromised VMM."""

from __future__ import annotations

import pytest

from scenarios.harness.checks import Checks, at_least, one_of
from scenarios.harness.host import Host
from scenarios.harness.matrix import cell
from scenarios.harness.report import Report
from scenarios.harness.vm import VM

# As guest/bare/keep_secret.c tells the world.
SEED = 0x6169726172726574
CODE_RESULT = 0x5EC0
GREETING = b"Hello, host. This page is shared."
WORDS_PER_PAGE = 4096 // 8
CRASHED = 33  # the VMM's exit code

# A VMM that attacks its own guest: without its sandbox, our library inside.
COMPROMISED = {
    "options": ["--no-sandbox"],
    "env": ["LD_PRELOAD=/usr/lib/terrarium/libattack.so"],
}
protected_secret = pytest.mark.vm("keep_secret", protected=True, mem=16, **COMPROMISED)
normal_secret = pytest.mark.vm("keep_secret", protected=False, mem=16, **COMPROMISED)


def secret_words(count: int, seed: int = SEED) -> list[int]:
    """The first 64-bit words of a secret page: Marsaglia's xorshift64 (13, 7, 17)."""
    words, x = [], seed
    for _ in range(count):
        x ^= x << 13 & (1 << 64) - 1
        x ^= x >> 7
        x ^= x << 17 & (1 << 64) - 1
        words.append(x)
    return words


def wait_for_pages(vm: VM) -> Report:
    """The guest's pages, once it waits for the attack."""
    pages = vm.report("pages")
    vm.report("waiting", go=1)
    return pages


def let_go(vm: VM, pages: Report, number: int) -> None:
    """Let the guest go on for the @number-th time."""
    vm.attack("process", "write", ipa=pages.number("control_ipa"), data=number)


def check_no_secret(check: Checks, what: str, seen: Report) -> None:
    """No word of the secret is among the bytes that came back, whatever the result was."""
    data = bytes.fromhex(str(seen.values.get("bytes", "x"))[1:])
    words = {int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)}
    found = words & set(secret_words(WORDS_PER_PAGE))
    check(f"{what}: words of the secret", 0, len(found))


def check_shared_until_unshared(vm: VM, host: Host, check: Checks, signal: object, victim: str) -> None:
    """All ways read the page that the guest shares, none once it took the page back.

    @signal  what a process gets for an access that is refused
    @victim  of the isolation matrix: whose page it is
    """
    pages = wait_for_pages(vm)
    ipa = pages.number("shared_ipa")
    begin = GREETING[:16].hex()
    for who in ("vmm", "process", "syscall", "kernel"):
        seen = vm.attack(who, "read", ipa=ipa)
        check(f"shared page read by way of {who}", f"x{begin}", seen.values.get("bytes"))
    let_go(vm, pages, 1)
    vm.report("unshared")
    vm.report("waiting", go=2)
    for who, refusal in (("vmm", signal), ("syscall", "efault"), ("kernel", "efault")):
        seen = vm.attack(who, "read", ipa=ipa)
        tried = cell(who, "unshared", "read")
        check(f"page taken back read by way of {who}", refusal, seen["result"], tried)
        check(f"bytes read by way of {who}", 0, seen["size"], cell(who, victim, "read"))
    let_go(vm, pages, 2)
    check("exit code of the VMM", 0, vm.wait())
    check("status of the guest", 0, vm.status)
    check_host_lives(host, check)


def check_dead_memory_zeroed(vm: VM, host: Host, check: Checks) -> None:
    """The memory of a guest whose VMM is killed comes back to the host zeroed, all of it."""
    wait_for_pages(vm)
    held = vm.attack("kernel", "hold")
    check("pages of the guest that the host may not read", at_least(10), held["refused"])
    vm.signal("KILL")
    check("exit status of the killed VMM", 128 + 9, vm.wait())
    # The module kept the pages from the allocator: what is in them is what the VM left.
    left = host.run(["attack", "kernel", "release"]).report
    read = cell("kernel", "dead", "read")
    check("of these pages, zeroed", held["refused"], left["zero"], read)
    check("of these pages, not zeroed", 0, left["nonzero"], read)
    check("of these pages, still refused", 0, left["refused"])
    check_not_found(host, check, "dead")
    check_host_lives(host, check)


def check_not_found(host: Host, check: Checks, victim: str) -> None:
    """The host's kernel reads all memory that it can, and finds no word of the secret."""
    found = host.run(["attack", "scan", hex(secret_words(2)[1])]).report
    check("host memory searched, pages", at_least(100_000), found["read"])
    check("places in it that hold a word of the secret", 0, found["hits"], cell("kernel", victim, "find"))


def check_guest_is_whole(vm: VM, pages: Report, host: Host, check: Checks, tried: str = "") -> None:
    """The guest finds secret and code unchanged and ends well; the host still works.

    @tried  the cell of the isolation matrix that this is evidence for
    """
    let_go(vm, pages, 1)
    check("guest finds its secret", "ok", vm.report("secret_intact", any_kind=True).kind, tried)
    check("guest finds its code", "ok", vm.report("code_intact", any_kind=True).kind)
    vm.report("waiting", go=2)
    let_go(vm, pages, 2)
    check("exit code of the VMM", 0, vm.wait())
    check("status of the guest", 0, vm.status)
    check_host_lives(host, check)


def check_taken_or_refused(
    vm: VM, pages: Report, host: Host, check: Checks, what: str, seen: Report, taken: str, tried: str
) -> None:
    """The access was refused and the guest is whole; or the host took the page by force.

    @tried  the cell of the isolation matrix
    @taken  the result that says so: the hypervisor gave the host the page, zeroed, and the guest
            can touch it no more. The VMM then ends with a crash, before the guest could use it.
    """
    if seen.values.get("access") == "read":
        check_no_secret(check, what, seen)
    if not check(what, one_of("efault", taken), seen["result"], tried):
        return
    if seen["result"] == "efault":
        check_guest_is_whole(vm, pages, host, check)
        return
    let_go(vm, pages, 2)  # as far as it comes
    check("guest lost its page, the VM is stopped: exit code of the VMM", CRASHED, vm.wait())
    judged = [report.name for report in vm.reports() if report.name == "secret_intact"]
    check("guest used what the host left there", 0, len(judged))
    check_host_lives(host, check)


def check_host_lives(host: Host, check: Checks) -> None:
    check("host still runs programs", 0, host.run(["true"]).exit)
