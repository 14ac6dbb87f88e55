# SPDX-License-Identifier: GPL-2.0-or-later
"""The hypervisor's own trace, read by the host."""

import pytest

from scenarios.harness.checks import Checks, at_least
from scenarios.harness.host import Host
from scenarios.harness.report import Report

# Positions in PAGE_STATES of the hypervisor's owner.h
HOST, VM_META, GUEST = 1, 6, 7
LIFE = ["VM_CREATE", "VCPU_CREATE", "VCPU_RUN", "VM_MAP", "VM_KILL", "VM_RECLAIM", "VM_DESTROY"]
PSCI_SYSTEM_OFF = 0x84000008


def dump(host: Host) -> list[Report]:
    return host.run(["hyptrace", "dump"], ok=True).reports


def moved(events: list[Report], before: int, after: int) -> int:
    """Pages that went from one state to the other."""
    words = [event.number("from_to_op") for event in events if event.values.get("event") == "page_transition"]
    return sum(word >> 32 for word in words if (word & 0xFF, word >> 8 & 0xFF) == (before, after))


@pytest.mark.only_on("terrarium", reason="it is about the trace of our own hypervisor")
def test_hypervisor_traces_a_vm(host: Host, check: Checks) -> None:
    """Off until it is wanted, the hypervisor's trace shows the life of a protected VM in order."""
    check("events while nobody asked for any", [0], [event.number("lost") for event in dump(host)])
    host.run(["hyptrace", "record", "host_hcall", "page_transition", "guest_hcall", "guest_fault"], ok=True)
    vm = host.vm("hello", protected=True, mem=16)
    check("exit code of the VMM", 0, vm.wait())
    *events, last = dump(host)
    host.run(["hyptrace", "record", "none"], ok=True)
    check("events lost", 0, last["lost"])
    calls = [str(event["id"]) for event in events if event["event"] == "host_hcall"]
    check("the host's calls, in the order of their first ones", LIFE, sorted(set(LIFE) & set(calls), key=calls.index))
    faults = [event for event in events if event["event"] == "guest_fault"]
    check("faults of the guest", at_least(1), len(faults))
    check("VMs that they are of", 1, len({event["vm"] for event in faults}))
    ends = [event.number("id") for event in events if event["event"] == "guest_hcall"]
    check("the guest's calls: SYSTEM_OFF, and none that is between it and the hypervisor", [hex(PSCI_SYSTEM_OFF)], [*map(hex, ends)])
    given, back = moved(events, HOST, GUEST), moved(events, GUEST, HOST)
    check("pages given to the guest", at_least(1), given)
    check("of these, back with the host", given, back)
    check("pages for its tables and vCPU, back too", moved(events, HOST, VM_META), moved(events, VM_META, HOST))
    times = [event.number("time") for event in events]
    check("events in the order of time", True, times == sorted(times))
    dump(host)
    check("exit code of another VMM, after the trace was turned off", 0, host.vm("hello", name="again", mem=16).wait())
    check("events of it", [0], [event.number("lost") for event in dump(host)])
