# SPDX-License-Identifier: GPL-2.0-or-later
"""A VM that is suspended, and goes on."""

from __future__ import annotations

import json

import pytest

from scenarios.harness.checks import Checks
from scenarios.harness.host import Host
from scenarios.harness.vm import VM

def states_of(vm: VM) -> str:
    """A command that prints the state of each thread of the VMM: the word behind its name."""
    pid = f"$(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/' {vm.info_path})"
    return f"sed 's/.*) \\(.\\).*/\\1/' /proc/{pid}/task/*/stat"


def ask(host: Host, vm: VM, command: str) -> dict[str, object]:
    return json.loads(host.run(["vmm", "control", vm.control_path, command], ok=True).out)


@pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])
def test_vm_suspended(host: Host, check: Checks, protected: bool) -> None:
    """No vCPU of a suspended VM runs, though its guest never waits; when it is resumed they run, and it can be stopped."""
    vm = host.vm("busy", protected=protected)
    vm.report("busy")
    states = states_of(vm)
    runs = ["sh", "-c", f"until {states} | grep -q R; do :; done"]
    check("before: a thread runs", 0, host.run(runs, 30.0).exit)
    check("suspend", {"ok": True}, ask(host, vm, "suspend"))
    check("no thread runs any more", 0, host.run(["sh", "-c", f"while {states} | grep -q R; do :; done"], 30.0).exit)
    first, second = ask(host, vm, "status"), ask(host, vm, "status")
    check("it says so", (True, True), (first["suspended"], second["suspended"]))
    check("exits of its vCPUs meanwhile", 0, second["exits"] - first["exits"])
    check("a second time", {"ok": True}, ask(host, vm, "suspend"))
    check("resume", {"ok": True}, ask(host, vm, "resume"))
    check("after: a thread runs", 0, host.run(runs, 30.0).exit)
    check("it says so", False, ask(host, vm, "status")["suspended"])
    ask(host, vm, "suspend")
    vm.stop()
    check("stopped while it is suspended: exit code of the VMM", 0, vm.wait())
