# SPDX-License-Identifier: GPL-2.0-or-later
"""What the isolation scenarios share: the secret guest's protocol and a compromised VMM."""

from __future__ import annotations

import pytest

from scenarios.harness.checks import Checks, one_of
from scenarios.harness.host import Host
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


def check_guest_is_whole(vm: VM, pages: Report, host: Host, check: Checks) -> None:
    """The guest finds secret and code unchanged and ends well; the host still works."""
    let_go(vm, pages, 1)
    check("guest finds its secret", "ok", vm.report("secret_intact", any_kind=True).kind)
    check("guest finds its code", "ok", vm.report("code_intact", any_kind=True).kind)
    vm.report("waiting", go=2)
    let_go(vm, pages, 2)
    check("exit code of the VMM", 0, vm.wait())
    check("status of the guest", 0, vm.status)
    check_host_lives(host, check)


def check_taken_or_refused(
    vm: VM, pages: Report, host: Host, check: Checks, what: str, seen: Report, taken: str
) -> None:
    """The access was refused and the guest is whole; or the host took the page by force.

    @taken  the result that says so: the hypervisor gave the host the page, zeroed, and the guest
            can touch it no more. The VMM then ends with a crash, before the guest could use it.
    """
    if seen.values.get("access") == "read":
        check_no_secret(check, what, seen)
    if not check(what, one_of("efault", taken), seen["result"]):
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
