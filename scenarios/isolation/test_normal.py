# SPDX-License-Identifier: GPL-2.0-or-later
"""The control case: the same attacks succeed on a guest that is not protected.

Without it, an attack that never works would look like isolation.
"""

from __future__ import annotations

from scenarios.harness.checks import Checks, at_least
from scenarios.harness.host import Host
from scenarios.harness.vm import VM
from scenarios.isolation.attacks import (
    CODE_RESULT,
    check_host_lives,
    let_go,
    normal_secret,
    secret_words,
    wait_for_pages,
)

READS = (
    ("vmm", {}), ("process", {}), ("syscall", {}), ("syscall", {"by": "splice"}),
    ("kernel", {}), ("kernel", {"via": "alias"}),
)


@normal_secret
def test_nonprotected_guest_is_readable(vm_running: VM, host: Host, check: Checks) -> None:
    """Every way to read and to execute a page works on a guest that is not protected."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    first, second = secret_words(2)
    for who, how in READS:
        seen = vm.attack(who, "read", ipa=pages.number("private_ipa"), **how)
        words = " ".join([who, *how.values()])
        check(f"secret read by way of {words}", first, seen.values.get("word"))
    for who in ("vmm", "kernel"):
        seen = vm.attack(who, "exec", ipa=pages.number("code_ipa"))
        check(f"guest's code run by way of {who}", CODE_RESULT, seen.values.get("value"))
    found = host.run(["attack", "scan", hex(second)]).report
    check("places in host memory that hold a word of the secret", at_least(1), found["hits"])
    vm.attack("kernel", "hold")
    vm.signal("KILL")
    check("exit status of the killed VMM", 128 + 9, vm.wait())
    left = host.run(["attack", "kernel", "release"]).report
    check("pages that hold what the dead VM left", at_least(10), left["readable_nonzero"])
    check_host_lives(host, check)


@normal_secret
def test_nonprotected_guest_is_writable(vm_running: VM, host: Host, check: Checks) -> None:
    """Every way to write a page changes a guest that is not protected, and the guest finds out."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    ipa = pages.number("private_ipa")
    ways = (("vmm", {}), ("process", {}), ("syscall", {}), ("kernel", {}), ("kernel", {"via": "alias"}))
    for number, (who, how) in enumerate(ways, start=1):
        vm.attack(who, "write", ipa=ipa, data=number, **how)
        seen = vm.attack("kernel", "read", ipa=ipa)
        check(f"word there after a write by way of {' '.join([who, *how.values()])}", number, seen["word"])
    let_go(vm, pages, 1)
    found = vm.report("secret_intact", any_kind=True)
    check("guest finds its secret", "fail", found.kind)
    vm.report("waiting", go=2)
    let_go(vm, pages, 2)
    check("exit code of the VMM", 0, vm.wait())
    check_host_lives(host, check)
