# SPDX-License-Identifier: GPL-2.0-or-later
"""Registers of devices that would go to memory for the host without anybody's leave."""

from scenarios.harness.checks import Checks, one_of
from scenarios.harness.host import Host
from scenarios.harness.machine import Machine
from scenarios.harness.matrix import cell

ALLOWED = one_of("data", "zeros")
# Physical addresses: platform/machine/machine.toml and QEMU's device tree of `virt`.
HIDDEN = {
    "GBPA of the SMMU": 0x9050044,
    "stream table's base of the SMMU": 0x9050080,
    "command queue's producer of the SMMU": 0x9050098,
    "GITS_CTLR": 0x8080000,
    "GITS_CBASER": 0x8080080,
    "GITS_TRANSLATER": 0x8090040,
    "DMA address of fw_cfg": 0x9020010,
    "virtio-mmio": 0xA000000,
    "platform bus": 0xC000000,
    "GICR_PROPBASER": 0x80A0070,
    "GICR_PENDBASER": 0x80A0078,
}
OPEN = {"UART's flags": 0x9000018, "RTC": 0x9010000, "GICD_TYPER": 0x8000004, "GICR_IIDR": 0x80A0004, "PCI": 0x4010000000}
RTC_MATCH = 0x9010004
GICR_CTLR, ENABLE_LPIS = 0x80A0000, 1


def device(host: Host, what: str, address: int, data: int = 0) -> object:
    words = ["attack", "kernel", what, "--pa", hex(address), "--via", "device"]
    return host.run([*words, *(["--data", hex(data)] if what == "write" else [])], ok=True).report["result"]


def test_hidden_devices(machine: Machine, host: Host, check: Checks) -> None:
    """The host cannot load from or store to the SMMU, the ITS, tables of LPIs, or fw_cfg."""
    host.module("attack")
    for name, address in OPEN.items():
        check(f"control: load from {name}", ALLOWED, device(host, "read", address))
    check("control: store to the RTC", "done", device(host, "write", RTC_MATCH))
    if machine.options.hyp != "terrarium":
        for name in ("GBPA of the SMMU", "GITS_CTLR", "DMA address of fw_cfg", "GICR_PROPBASER"):
            tried = cell("kernel", "devices", "read", open=True)
            check(f"upstream pKVM: load from {name}", ALLOWED, device(host, "read", HIDDEN[name]), tried)
        return
    for name, address in HIDDEN.items():
        read, write = (cell("kernel", "devices", way) for way in ("read", "write"))
        check(f"load from {name}", "efault", device(host, "read", address), read)
        check(f"store to {name}", "efault", device(host, "write", address, 0xFFFFFFFF), write)
    device(host, "write", GICR_CTLR, ENABLE_LPIS)
    check("GICR_CTLR, after LPIs were turned on", "zeros", device(host, "read", GICR_CTLR))
    listed = host.run(["sh", "-c", "ls /proc/device-tree /proc/device-tree/intc*"], ok=True).out
    for node in ("smmuv3", "its", "fw-cfg", "virtio_mmio", "platform-bus"):
        check(f"node {node} in the host's device tree", False, f"{node}@" in listed)
    check("the host lives on", 0, host.run(["true"]).exit)
