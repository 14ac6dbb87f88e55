# SPDX-License-Identifier: GPL-2.0-or-later
"""The SMMU does not answer from its n-th flush on: the fault, what the host does meanwhile, what must hold."""

from __future__ import annotations

import pytest

from scenarios.faults.made import call, made
from scenarios.harness.checks import Checks, at_least, matches
from scenarios.harness.errors import StepFailed
from scenarios.harness.host import Host
from scenarios.harness.machine import Machine

CMDQ_CONS = 0x0905009C  # of the SMMU of QEMU's virt machine: how far its command queue is done
LIFE = ["calls", "rules"]  # a VM's life by the host's kernel alone, the shortest that there is
FLUSHES = 7  # that EL2 makes in it
BEGIN = 0xC600F200  # a call that no hypervisor knows
PATIENCE_S = 10.0
SAID = "SMMU: no answer to a command"


def no_answer(number: int) -> str:
    """From the @number-th flush on the queue stands still with an error. And one that does nothing, so that there is always one."""
    return (
        f"at=access:read:pa:{CMDQ_CONS:#x}/4 from=symbol:smmu_flush:{number} do=loaded set=24 for=ever; "
        f"at=call:{BEGIN:#x} do=arg:17 flip=0"
    )


def at_flush(number: int) -> pytest.MarkDecorator:
    """A parameter of a scenario that has no answer from the @number-th flush on."""
    return pytest.param(number, id=str(number), marks=pytest.mark.inject(faults=no_answer(number)))  # type: ignore[return-value]


def life(host: Host, machine: Machine, check: Checks) -> bool:
    """A VM's life with that fault. Whether it came to it."""
    host.module("attack")
    host.module("calls")
    call(host, BEGIN)
    try:
        host.run(LIFE, timeout=PATIENCE_S)
        came = True
    except StepFailed as late:
        came = False
        check("the host's answer comes through a device", matches(".* did not come within .*"), str(late))
    console = machine.artefacts / "console.log"
    said = console.read_text("utf-8", "replace").count(SAID)
    check("the machine still runs", "running", machine.qmp("query-status")["status"])
    failed = len(made(machine)) - 1
    if came:
        check("errors that EL2 read, and said, in a life that came to its end", (0, 0), (failed, said))
    else:
        check("errors that EL2 read", at_least(1), failed)
        check("EL2 says so, once", 1, said)
    return not came
