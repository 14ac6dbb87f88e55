# SPDX-License-Identifier: GPL-2.0-or-later
"""What the host sees of a guest's registers, and what the guest finds in them after each kind of exit."""

import pytest

from scenarios.harness.checks import Checks, at_least
from scenarios.harness.host import Host
from scenarios.harness.matrix import cell
from scenarios.harness.report import Report
from scenarios.harness.vm import VM

KINDS = ("nothing", "mmio_write", "mmio_read", "fault", "hvc_version", "hvc_host", "hvc_unknown", "wfi", "sgi",
         "timer", "interrupt")  # fmt: skip
BOTH = pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])
OWN_CALLS = "it is about what our own hypercalls answer"

# platform/abi/hyp_hypercalls.h, hyp_status.h, hyp_vcpu.h
GET_REG, SET_REG, EPERM = 0xC6007021, 0xC6007022, (1 << 64) - 3
EXITS = ("IRQ", "WFX", "MEMORY", "MMIO", "HVC", "SYSREG", "PSCI", "RETURNED", "SERROR", "DEBUG", "TABLES", "BROKEN")
CAUSED = ("IRQ", "WFX", "MEMORY", "MMIO", "HVC", "SYSREG", "PSCI")
FEATURES = ["--cpu-features"]
VM_NUMBER = 1  # the first that the hypervisor gives

# platform/abi/register_tags.h
MARK_HIGH, MARK_LOW = 0x7A675EED, 0xC0DE


def system(op0: int, op1: int, crn: int, crm: int, op2: int) -> int:
    return 0x10000 + (op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2)


REGISTERS = {f"X{n}": n for n in range(31) if n not in (5, 6, 7, 8)}  # these the guest uses while it waits
REGISTERS |= {"SP_EL0": 31, "PC": 32, "PSTATE": 33}
REGISTERS |= {f"V{n}": 0x100 + n for n in range(32)}
SYSTEM = {
    "TPIDR_EL0": system(3, 3, 13, 0, 2), "TPIDRRO_EL0": system(3, 3, 13, 0, 3), "TPIDR_EL1": system(3, 0, 13, 0, 4),
    "CONTEXTIDR_EL1": system(3, 0, 13, 0, 1), "FAR_EL1": system(3, 0, 6, 0, 0), "PAR_EL1": system(3, 0, 7, 4, 0),
    "ELR_EL1": system(3, 0, 4, 0, 1), "TTBR1_EL1": system(3, 0, 2, 0, 1),
}  # fmt: skip
REGISTERS |= SYSTEM
NO_MARK = {"SP_EL0", "PC", "PSTATE"}


def is_mark(value: int) -> bool:
    return value >> 32 == MARK_HIGH or value >> 16 & 0xFFFF == MARK_LOW


def check_guest_goes_on(vm: VM, control: int, check: Checks) -> None:
    vm.attack("process", "write", ipa=control, data=1)
    held = vm.report("held", any_kind=True)
    check("registers that are not as they were in the end", [], [] if held.kind == "ok" else [held.line])
    check("exit code of the VMM", 0, vm.wait())


def check_features(vm: VM, target: str, check: Checks) -> None:
    """What a vCPU may have beyond the base is there, so that it is looked at; upstream's protected VMs may lack some."""
    seen = vm.report("features")
    if target == "terrarium" or not vm.protected:
        check("bytes of an SVE vector", at_least(16), seen["sve"])
        for name in ("pauth", "pmu"):
            check(f"the guest has {name}", 1, seen[name])


@BOTH
@pytest.mark.vm("registers", mem=16, options=FEATURES)
def test_registers_come_back(vm_running: VM, target: str, check: Checks, protected: bool) -> None:
    """Every general, vector and system register of a guest is as it was after each kind of exit."""
    vm = vm_running
    check_features(vm, target, check)
    control = vm.report("hold").number("control_ipa")
    for kind in KINDS:
        seen = [report for report in vm.reports() if report.values.get("kind") == kind]
        bad = [report.line for report in seen if report.kind != "ok"]
        check(f"exits by {kind}", 1, len(seen))
        check(f"registers that are not as they were after {kind}", [], bad)
    vm.report("waiting", hold=1)
    check_guest_goes_on(vm, control, check)


@BOTH
@pytest.mark.only_on("terrarium", reason=OWN_CALLS)
def test_registers_at_exits(host: Host, check: Checks, protected: bool) -> None:
    """After each exit the host's registers hold nothing of a protected guest's; of a normal one's, what it asks for."""
    host.module("calls")
    host.run(["calls", "watch", "start"], ok=True)
    vm = host.vm("registers", protected=protected, mem=16, options=FEATURES)
    check_features(vm, "terrarium", check)
    control = vm.report("hold").number("control_ipa")
    vm.report("waiting", hold=1)
    check_guest_goes_on(vm, control, check)
    own, *exits = host.run(["calls", "watch", "stop"], ok=True).reports
    # A normal guest's call that the hypervisor does not know goes to the host with its arguments, x0 to x3.
    allowed = {} if protected else {"HVC": 0b1110_0000}
    for number, name in enumerate(EXITS):
        if name in CAUSED:
            check(f"exits {name}", at_least(1), exits[number]["runs"])
        check(f"registers with a mark after exits {name}", hex(allowed.get(name, 0)), hex(exits[number].number("marked")))
    tried = cell("kernel", "registers", "read") if protected else ""
    for kind in ("general", "vector", "system"):
        check(f"the host's own {kind} registers with a mark", "0x0", hex(own.number(kind)), tried)


def calls_about_all(host: Host, function: int) -> list[Report]:
    """The host's kernel calls @function about each of REGISTERS; the answers, in their order."""
    numbers = " ".join(map(hex, REGISTERS.values()))
    loop = f"for r in {numbers}; do attack call hvc {function:#x} {VM_NUMBER} 0 $r || exit 1; done"
    answers = host.run(["sh", "-c", loop], 200.0, ok=True).reports
    assert len(answers) == len(REGISTERS)
    return answers


@BOTH
@pytest.mark.only_on("terrarium", reason=OWN_CALLS)
@pytest.mark.limit(300)
@pytest.mark.vm("registers", mem=16)
def test_host_asks_for_registers(vm_running: VM, host: Host, check: Checks, protected: bool) -> None:
    """The host reads and sets a guest's registers by hypercalls: none of a protected guest's."""
    vm = vm_running
    control = vm.report("hold").number("control_ipa")
    vm.report("waiting", hold=1)
    host.module("attack")
    vm.signal("STOP")  # out of the guest
    for name, seen in zip(REGISTERS, calls_about_all(host, GET_REG)):
        if protected:
            check(f"reading {name}: refused", EPERM, seen.number("x0"), cell("kernel", "registers", "call"))
            check(f"reading {name}: marks seen", [], [key for key in ("x1", "x2", "x3") if is_mark(seen.number(key))])
        elif name not in NO_MARK:
            check(f"control: reading {name}: is its mark", True, is_mark(seen.number("x1")))
    if protected:
        for name, seen in zip(REGISTERS, calls_about_all(host, SET_REG)):
            check(f"setting {name}: refused", EPERM, seen.number("x0"), cell("kernel", "registers", "write"))
    vm.signal("CONT")
    check_guest_goes_on(vm, control, check)
