# SPDX-License-Identifier: GPL-2.0-or-later
"""What a virtual machine costs the host in memory."""

import re

import pytest

from scenarios.harness.checks import Checks, at_least, at_most
from scenarios.harness.host import Host
from scenarios.harness.vm import VM
from scenarios.performance.measures import Figure
from scenarios.targets import hypervisor_memory

MIB = 1 << 20
KIB = 1 << 10
PAGE_BYTES = 4096
GUEST_MIB = 64
LEFT_OVER_BYTES = 2 * MIB  # slabs and page tables that the host keeps for the next VM


class Usage:
    """The host's memory at one moment. The kernel's own sums lag behind by what each CPU holds."""

    def __init__(self, host: Host, *options: str) -> None:
        host.run(["cat", "/proc/sys/vm/stat_refresh"], ok=True)
        self._reports = host.run(["meminfo", *options], ok=True).reports
        zones = host.run(["cat", "/proc/zoneinfo"], ok=True).out
        pages = re.findall(r"^ +(?:nr_free_pages|count:) +([0-9]+)$", zones, re.MULTILINE)
        self.free_bytes = sum(map(int, pages)) * PAGE_BYTES

    def number(self, report: str, key: str) -> int:
        return next(r for r in self._reports if r.name == report).number(key)


def run_once(host: Host, protected: bool) -> VM:
    vm = host.vm("spin", protected=protected, mem=GUEST_MIB)
    vm.running()
    return vm


@pytest.mark.icount
@pytest.mark.limit(180)
def test_memory(host: Host, check: Checks, figure: Figure, target: str) -> None:
    """A VM of 64 MiB that runs a loop: what its VMM, the host's kernel and EL2 need for it."""
    for kind, protected in (("protected", True), ("normal", False)):
        first = run_once(host, protected)  # what the first VM leaves in the host is no VM's cost
        first.stop()
        check(f"{kind}: exit code of the first VMM", 0, first.wait())
        before = Usage(host)
        vm = run_once(host, protected)
        during = Usage(host, "--info", vm.info_path)
        vm.stop()
        check(f"{kind}: exit code of the VMM", 0, vm.wait())
        after = Usage(host)
        taken = before.free_bytes - during.free_bytes
        kept = before.free_bytes - after.free_bytes
        check(f"{kind}: memory taken", at_least(1), taken)
        check(f"{kind}: memory not given back", at_most(LEFT_OVER_BYTES), kept)
        figure(f"{kind}: free memory taken", taken / MIB, "MiB")
        figure(f"{kind}: resident memory of the VMM", during.number("process", "rss") / MIB, "MiB")
        figure(f"{kind}: its share of it (PSS)", during.number("process", "pss") / MIB, "MiB")
        for name, key in (
            ("stage-2 tables, as the host's kernel counts them", "kvm_page_tables"),
            ("page tables of the VMM", "page_tables"),
            ("kernel objects", "slab"),
        ):
            more = during.number("memory", key) - before.number("memory", key)
            figure(f"{kind}: {name}", more / KIB, "KiB")
    _, reserved = hypervisor_memory(target, host)
    figure("kept for EL2 at boot, image and tables, for all VMs", reserved / MIB, "MiB")
