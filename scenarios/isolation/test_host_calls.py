# SPDX-License-Identifier: GPL-2.0-or-later
"""What the host's kernel can ask of the hypervisor and, through it, of the firmware."""

import pytest

from scenarios.harness.checks import Checks, at_least, at_most
from scenarios.harness.host import Host
from scenarios.harness.machine import Machine
from scenarios.harness.matrix import cell

NOT_SUPPORTED = "0xffffffffffffffff"
PSCI_VERSION, PSCI_CPU_ON, PSCI_AFFINITY_INFO = 0x84000000, 0xC4000003, 0xC4000004
INVALID_PARAMETERS, ALREADY_ON = "0xfffffffffffffffe", "0xfffffffffffffffc"
NO_CPU = 0xFF00FFFFFF

# Of owners and services that the machine's firmware does not have, or the host must not use.
SMCS = {
    "PSCI SYSTEM_RESET2": 0xC4000012,
    "PSCI MEM_PROTECT": 0x84000013,
    "PSCI MEM_PROTECT_CHECK_RANGE": 0xC4000014,
    "FF-A version": 0x84000063,
    "RMI version": 0xC4000150,
    "RSI version": 0xC4000190,
    "vendor UID": 0x8600FF01,
    "silicon provider": 0x82000000,
    "trusted OS": 0xB2000000,
    "all ones": 0xFFFFFFFF,
}
HVCS = {"nothing": 0, "vendor UID": 0x8600FF01, "vendor, unknown": 0xC600FFFF, "PSCI version": PSCI_VERSION}


def answer(host: Host, conduit: str, *words: int) -> str:
    report = host.run(["attack", "call", conduit, *map(hex, words)], ok=True).report
    return hex(report.number("x0"))


def test_host_calls_what_it_may_not(machine: Machine, host: Host, check: Checks) -> None:
    """Hypercalls and SMCs that are not the host's to make are not supported; PSCI is checked."""
    host.module("attack")
    control = int(answer(host, "smc", PSCI_VERSION), 16)
    check("control: PSCI's version, by smc", at_least(0x10000), control)
    for name, number in SMCS.items():
        check(f"smc {name}", NOT_SUPPORTED, answer(host, "smc", number), cell("kernel", "firmware", "call"))
    for name, number in HVCS.items():
        check(f"hvc {name}", NOT_SUPPORTED, answer(host, "hvc", number), cell("kernel", "hypervisor", "call"))
    check("turning on a CPU that is not there", INVALID_PARAMETERS, answer(host, "smc", PSCI_CPU_ON, NO_CPU, 0, 0))
    check("turning on CPU 0, which runs", ALREADY_ON, answer(host, "smc", PSCI_CPU_ON, 0, 0, 0))
    check("the host lives on", 0, host.run(["true"]).exit)
    if machine.options.hyp == "terrarium":  # upstream pKVM hands on what it does not know
        served = {record["number"] for record in machine.trace().records if record["type"] == "FW_CALL"}
        check("PSCI's version, handed on to the firmware", True, PSCI_VERSION in served)
        check("of the others, handed on", [], sorted(served & set(SMCS.values())))


# platform/abi/hyp_status.h: what each of CALLS_RULES_LIST's (platform/abi/calls.h) must get.
OK, EINVAL, EPERM, EBUSY, ENOENT = 0, -2, -3, -6, -7
RULES = {
    "VM": OK, "FIRST_ENTRY": OK, "SECOND_ENTRY": EPERM, "LATER_ENTRY": OK, "CODE": OK, "TWO_ADDRESSES": EPERM,
    "OFF": EPERM, "RUN": OK, "SERROR": EPERM, "DEBUG": EPERM, "STEP": EPERM,
    "TIMER_INTERRUPT": OK, "LOWER_INTERRUPT": EINVAL, "HIGHER_INTERRUPT": EINVAL,
    "KILL": OK, "DEAD_RUN": ENOENT, "DESTROY_FULL": EBUSY, "DESTROY": OK,
}  # fmt: skip
TRIES = 3  # it may have stopped between the look and the call, though it runs for milliseconds
PERMILLE_AT_REST = 500  # of a run's cycles: what the host's own instructions around it may take


@pytest.mark.only_on("terrarium", reason="it is about what our own hypercalls answer")
@pytest.mark.machine(smp=2)
def test_host_breaks_rules(host: Host, check: Checks) -> None:
    """The host's kernel makes a protected VM by itself, and asks for what no host may have."""
    host.module("calls")
    tries = 0
    killed = OK
    while killed != EBUSY and tries < TRIES:
        tries += 1
        killed = check_one_life(host, check)
    check(f"its death while it runs on another CPU, of {TRIES} tries", EBUSY, killed, cell("kernel", "guest", "call"))


def check_one_life(host: Host, check: Checks) -> int:
    """What one VM of the kernel's sees; the status of its death while it runs."""
    *answers, runs = host.run(["calls", "rules"], ok=True).reports
    seen = {str(answer["name"]): answer.number("status") for answer in answers}
    for name, expected in RULES.items():
        tried = "" if expected == OK else cell("kernel", "guest", "call")
        check(f"{name.lower().replace('_', ' ')}: status", expected, seen[name], tried)
    check("runs of its two vCPUs in turn on one CPU", 3, runs["in_turn"])
    check("CPUs that try to run one vCPU at a time", 2, runs["cpus"])
    check("of their runs, refused", at_least(1), runs["refused"])
    check("control: cycles of its own that the host counts", at_least(1), runs["own_cycles"])
    counted = cell("kernel", "registers", "read")
    check("of 1000 cycles of a guest, those that the host counts", at_most(PERMILLE_AT_REST), runs["counted"], counted)
    check("pages that are not the host's again", 0, runs["lost"])
    return runs.number("killed")
