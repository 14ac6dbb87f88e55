# SPDX-License-Identifier: GPL-2.0-or-later
"""The hypervisor's own memory, against the host's kernel and its processes."""

import re

from scenarios.harness.checks import Checks, at_least, matches
from scenarios.harness.host import Host
from scenarios.harness.machine import Machine
from scenarios.harness.matrix import cell
from scenarios.harness.report import Report
from scenarios.targets import hypervisor_memory

PAGE_BYTES = 4096
WORD = 0x600DDA7A5EED1E55
ACCESSES = [("kernel", "read"), ("kernel", "write"), ("uaccess", "read"), ("uaccess", "write"),
            ("mapped", "read"), ("mapped", "write"), ("mapped", "exec")]  # fmt: skip
ALLOWED = {"read": "data", "write": "done", "exec": "returned"}
ATTACKER = {"kernel": "kernel", "uaccess": "kernel", "mapped": "process"}  # of the isolation matrix
WAY = {"read": "read", "write": "write", "exec": "execute"}


def attack(host: Host, who: str, what: str, address: str, via: str = "linear") -> Report:
    words = ["attack", who, what, "--pa", address, "--via", via]
    return host.run([*words, *(["--data", hex(WORD)] if what == "write" else [])], ok=True).report


def test_host_attacks_hypervisor(machine: Machine, host: Host, check: Checks, target: str) -> None:
    """Every access of the host's kernel and processes to the hypervisor's memory is refused."""
    base, size = hypervisor_memory(target, host)
    host.module("attack")
    for who, what in ACCESSES:
        control = attack(host, who, what, "own")
        check(f"control: {who} {what} of a page of its own", ALLOWED[what], control["result"])
    refused = {"kernel": "efault", "uaccess": "efault", "mapped": matches("sig(bus|segv)")}
    for place, offset in (("first", 0), ("middle", size // 2), ("last", size - PAGE_BYTES)):
        for who, what in ACCESSES:
            seen = attack(host, who, what, hex(base + offset))
            tried = cell(ATTACKER[who], "hypervisor", WAY[what])
            check(f"{who} {what} of the {place} page", refused[who], seen["result"], tried)
    alias = attack(host, "kernel", "read", hex(base), via="alias")
    check("kernel read by an alias", "efault", alias["result"], cell("kernel", "hypervisor", "read"))

    scan = host.run(["attack", "scan", hex(WORD)], ok=True).report
    check("pages that a scan of all RAM could not read", at_least(size // PAGE_BYTES), scan["refused"])
    check("the host lives on", 0, host.run(["true"]).exit)
    oops = re.findall(r"Internal error|Oops|BUG:", host.run(["dmesg"], ok=True).out)
    check("oopses of the host's kernel", [], oops)
    if machine.options.hyp == "terrarium":
        faults = machine.trace().faults(world="host")
        check("of these accesses, seen by the trace as stage-2 faults", at_least(size // PAGE_BYTES + 3 * len(ACCESSES)), len(faults))
