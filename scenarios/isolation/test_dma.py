# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices that the host tells to go to memory that is not its own."""

import re
import struct

import pytest

from scenarios.harness.checks import Checks, at_least, one_of
from scenarios.harness.host import Host
from scenarios.harness.machine import Machine
from scenarios.harness.report import Report

EDU = pytest.mark.machine(devices=["edu,dma_mask=0xffffffffffffffff"])
WORD = 0x600DDA7A5EED1E55


def dma(host: Host, what: str, *place: str) -> Report:
    data = ["--data", hex(WORD)] if what == "write" else []
    return host.run(["attack", "dma", what, *place, *data], ok=True).report


@EDU
def test_dma_probe(machine: Machine, host: Host, check: Checks) -> None:
    """probe"""
    host.module("attack")
    host.module("dma")
    for where in ("own", "0x40200000", "0x40404000", "0x60000000", "0x9050000"):
        seen = dma(host, "read", "--pa", where)
        check("read " + where, "?", seen["result"])
    check("x", "?", host.run(["dmesg"]).out[-1500:])
    check("iommu", "?", host.run(["sh", "-c", "ls /sys/kernel/iommu_groups; cat /sys/kernel/iommu_groups/*/type; cat /proc/interrupts"]).out)
