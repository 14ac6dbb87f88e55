# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole story in one scenario, and the one that `make run-scenario` runs by default."""

import pytest

from scenarios.harness.checks import Checks, at_least
from scenarios.harness.host import Host
from scenarios.harness.machine import Machine
from scenarios.harness.vm import VM

GREETING = "Hello, host. This page is shared."


@pytest.mark.vm("keep_secret", protected=True)
def test_secret_and_shared_page(vm_running: VM, host: Host, machine: Machine, check: Checks) -> None:
    """A protected VM keeps a secret and shares one page; its memory comes back zeroed."""
    vm = vm_running
    pages = vm.report("pages")
    vm.report("waiting", go=1)

    shared = vm.attack("process", "read", ipa=pages.number("shared_ipa"), size=len(GREETING) + 7 & ~7)
    text = bytes.fromhex(str(shared["bytes"])[1:]).rstrip(b"\0").decode("ascii", "replace")
    check("host reads the shared page", GREETING, text)
    secret = vm.attack("kernel", "read", ipa=pages.number("private_ipa"))
    check("host's kernel reads the secret: refused", "efault", secret["result"])
    held = vm.attack("kernel", "hold")
    check("pages of the guest that the host may not read", at_least(1), held["refused"])

    vm.attack("process", "write", ipa=pages.number("control_ipa"), data=1)
    intact = vm.report("secret_intact", any_kind=True)
    check("guest finds its secret intact", "ok", intact.kind)
    vm.report("waiting", go=2)
    gone = vm.attack("kernel", "read", ipa=pages.number("shared_ipa"))
    check("host's kernel reads the page taken back: refused", "efault", gone["result"])

    vm.attack("process", "write", ipa=pages.number("control_ipa"), data=2)
    check("exit code of the VMM", 0, vm.wait())
    check("status of the guest", 0, vm.status)
    released = host.run(["attack", "kernel", "release"]).report
    check("of these pages, not zeroed after the end", 0, released["nonzero"])
    check("of these pages, zeroed after the end", held["refused"], released["zero"])

    counted = next(report for report in vm.reports() if report.name == "hypercalls")
    calls = counted.number("hvc") + counted.number("smc") + 1  # SYSTEM_OFF comes after the count
    trace = machine.trace()
    check("hypercalls of the guest in the trace", calls, len(trace.calls(world="vm")))
    check("stage-2 faults of the guest in the trace", at_least(1), len(trace.faults(world="vm")))
