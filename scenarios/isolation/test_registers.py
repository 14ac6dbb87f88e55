# SPDX-License-Identifier: GPL-2.0-or-later
"""What the host sees of a guest's registers, and what the guest finds in them after each kind of exit."""

import pytest

from scenarios.harness.checks import Checks
from scenarios.harness.host import Host
from scenarios.harness.vm import VM

KINDS = ("nothing", "mmio_write", "mmio_read", "fault", "hvc_version", "hvc_host", "hvc_unknown", "wfi", "sgi",
         "timer", "interrupt")  # fmt: skip


@pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])
@pytest.mark.vm("registers", mem=16)
def test_registers_come_back(vm_running: VM, host: Host, check: Checks, protected: bool) -> None:
    """Every general, vector and system register of a guest is as it was after each kind of exit."""
    vm = vm_running
    control = vm.report("hold").number("control_ipa")
    for kind in KINDS:
        seen = [report for report in vm.reports() if report.values.get("kind") == kind]
        bad = [report.line for report in seen if report.kind != "ok"]
        check(f"exits by {kind}", 1, len(seen))
        check(f"registers that are not as they were after {kind}", [], bad)
    vm.report("waiting", hold=1)
    vm.attack("process", "write", ipa=control, data=1)
    check("registers after the host looked at them", "ok", vm.report("held", any_kind=True).kind)
    check("exit code of the VMM", 0, vm.wait())
