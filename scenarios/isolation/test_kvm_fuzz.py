# SPDX-License-Identifier: GPL-2.0-or-later
"""What a VMM can do to the host: any call to /dev/kvm, in any order, from several threads."""

import pytest

from scenarios.harness.checks import Checks, at_least
from scenarios.harness.host import Host

SEEDS = (1, 0xFEED)
ROUNDS, CALLS = 4, 2000
# Of the kernel's log: what it says when something is wrong with itself, or pages are lost.
BAD = "WARNING:|BUG:|Oops|refcount_t|the hypervisor keeps|stays behind|cannot be ended|does not run"


@pytest.mark.limit(400)
@pytest.mark.only_on("terrarium", reason="upstream's EL2 panics on some of these calls")
def test_kvm_fuzz(host: Host, check: Checks) -> None:
    """Random calls to /dev/kvm, killed in the middle; the host goes on, and so do VMs."""
    host.run(["kvm-fuzz", "7", "1", "100"], ok=True)  # what is loaded and cached once
    before = host.memory()["MemFree"]
    for seed in SEEDS:
        report = host.run(["kvm-fuzz", str(seed), str(ROUNDS), str(CALLS)], timeout=150, ok=True).report
        check(f"seed {seed}: calls", at_least(ROUNDS * CALLS / 10), report.number("calls"))
        check(f"seed {seed}: of these, done", at_least(ROUNDS), report.number("well"))
    bad = host.run(["sh", "-c", f"dmesg | grep -E '{BAD}'"])
    check("what the host's kernel says against itself", "", bad.out.strip())
    host.run(["sh", "-c", "sync; echo 3 > /proc/sys/vm/drop_caches"], ok=True)
    check("MiB of memory that are gone", True, before - host.memory()["MemFree"] < 16 << 20)
    vm = host.vm("hello", protected=True)
    check("a protected VM afterwards: exit code of the VMM", 0, vm.wait())
