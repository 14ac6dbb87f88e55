# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices that the host tells to go to memory that is not its own: QEMU's edu."""

import re
import struct

import pytest

from scenarios.harness.checks import Checks, at_least, one_of
from scenarios.harness.host import Host
from scenarios.harness.machine import Machine
from scenarios.harness.matrix import cell
from scenarios.harness.report import Report
from scenarios.harness.vm import VM
from scenarios.isolation.attacks import (
    GREETING,
    check_guest_is_whole,
    check_host_lives,
    check_no_secret,
    let_go,
    protected_secret,
    secret_words,
    wait_for_pages,
)

EDU = pytest.mark.machine(devices=["edu,dma_mask=0xffffffffffffffff"])
RESERVED = "/proc/device-tree/reserved-memory/hypervisor/reg"
WORD = 0x600DDA7A5EED1E55
REFUSED = one_of("untouched", "zeros")  # what a device gets that gets nothing; QEMU's: zeroes

# platform/abi/hyp_hypercalls.h, hyp_trace.h
MEM_DONATE, MEM_RETURN, TRACE_SET, TRACE_READ = 0xC6007001, 0xC6007002, 0xC6007030, 0xC6007031
SMMU_EVENT = 1 << 10


def watch(host: Host) -> None:
    """Let the hypervisor record what its SMMU refuses."""
    host.run(["attack", "call", "hvc", hex(TRACE_SET), hex(SMMU_EVENT)], ok=True)


def refusals(host: Host) -> int:
    """What the SMMU refused since the last time, as the hypervisor's trace has it."""
    line = f"for cpu in $(seq 0 $(($(nproc) - 1))); do attack call hvc {TRACE_READ:#x} $cpu; done"
    reports = host.run(["sh", "-c", line], ok=True).reports
    return sum(report.number("x1") for report in reports)


def dma(host: Host, what: str, address: str) -> Report:
    line = f"attack dma {what} --pa {address} --size 8" + (f" --data {WORD:#x}" if what == "write" else "")
    return host.run(["sh", "-c", line], ok=True).report


def begin(host: Host, check: Checks) -> None:
    """The control: the device goes to the host's memory, and back."""
    host.module("attack")
    host.module("dma")
    check("control: a device reads the host's page", "data", dma(host, "read", "own")["result"])
    check("control: a device writes the host's page", "done", dma(host, "write", "own")["result"])


def try_both(host: Host, check: Checks, name: str, address: str, victim: str) -> None:
    """A device reads and writes at @address, and the SMMU says no."""
    read, write = (cell("device", victim, way) for way in ("read", "write"))
    check(f"a device reads {name}", REFUSED, dma(host, "read", address)["result"], read)
    check(f"a device reads {name}: refusals", at_least(1), refusals(host), read)
    dma(host, "write", address)
    check(f"a device writes {name}: refusals", at_least(1), refusals(host), write)


@EDU
@pytest.mark.only_on("terrarium", reason="upstream pKVM does not hold devices off: dma_to_guest")
def test_dma_to_hypervisor(machine: Machine, host: Host, check: Checks) -> None:
    """A device cannot read or write the hypervisor's memory, tables of the SMMU among it."""
    begin(host, check)
    base, size = struct.unpack(">QQ", host.get(RESERVED))
    tables = re.search(
        r"SMMU: streams' table at (\S+), queues at (\S+) and (\S+)",
        (machine.artefacts / "console.log").read_text("utf-8", "replace"),
    )
    assert tables is not None, "the hypervisor does not say where the SMMU's tables are"
    watch(host)
    refusals(host)
    for name, address in (
        ("the first page of the hypervisor", hex(base)),
        ("the last page of the hypervisor", hex(base + size - 4096)),
        ("the streams' table", tables[1]),
        ("the command queue", tables[2]),
        ("the event queue", tables[3]),
        ("registers of the SMMU", "0x9050000"),
        ("registers of a redistributor", "0x80a0000"),
    ):
        victim = "devices" if name.startswith("registers") else "hypervisor"
        try_both(host, check, name, address, victim)
    check("then: a device reads the host's page", "data", dma(host, "read", "own")["result"])
    check("then: refusals", 0, refusals(host))
    check_host_lives(host, check)


@EDU
@protected_secret
def test_dma_to_guest(machine: Machine, vm_running: VM, host: Host, check: Checks) -> None:
    """A device reaches the page that a protected guest shares, and no other of its pages."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    begin(host, check)
    shared, secret = pages.number("shared_ipa"), pages.number("private_ipa")
    seen = vm.attack("dma", "read", ipa=shared, size=40)
    check("a device reads the shared page", GREETING, bytes.fromhex(str(seen["bytes"])[1:])[: len(GREETING)])
    vm.attack("dma", "write", ipa=shared + 64, data=WORD)
    check("a device writes the shared page", WORD, vm.attack("kernel", "read", ipa=shared + 64)["word"])
    seen = vm.attack("dma", "read", ipa=secret)
    if machine.options.hyp != "terrarium":
        first = int.from_bytes(bytes.fromhex(str(seen["bytes"])[1:17]), "little")
        read = cell("device", "guest", "read", open=True)
        check("upstream pKVM does not hold devices off: a device reads the secret", secret_words(1)[0], first, read)
        check_guest_is_whole(vm, pages, host, check)
        return
    check("a device reads the secret", REFUSED, seen["result"], cell("device", "guest", "read"))
    check_no_secret(check, "a device reads", seen)
    watch(host)
    refusals(host)
    for name, page in (("the secret", secret), ("the code", pages.number("code_ipa"))):
        vm.attack("dma", "write", ipa=page, data=WORD)
        check(f"a device writes {name}: refusals", at_least(1), refusals(host), cell("device", "guest", "write"))
    check_guest_is_whole(vm, pages, host, check)


@EDU
@pytest.mark.vm("keep_secret", protected=False, mem=16)
def test_dma_to_normal_guest(vm_running: VM, host: Host, check: Checks) -> None:
    """The control: a device reads and writes the pages of a guest that is not protected."""
    vm, pages = vm_running, wait_for_pages(vm_running)
    begin(host, check)
    seen = vm.attack("dma", "read", ipa=pages.number("private_ipa"))
    first = int.from_bytes(bytes.fromhex(str(seen["bytes"])[1:17]), "little")
    check("a device reads the secret", secret_words(1)[0], first)
    vm.attack("dma", "write", ipa=pages.number("private_ipa"), data=WORD)
    let_go(vm, pages, 1)
    check("guest finds its secret", "fail", vm.report("secret_intact", any_kind=True).kind)
    let_go(vm, pages, 2)
    vm.wait()
    check_host_lives(host, check)


def said(holder: str, key: str) -> str:
    """What a holder said, looked up in the host, so that the call is the same in every run."""
    return f'"$(sed -n "s/.* {key}=\\([^ ]*\\).*/\\1/p" /run/job/{holder}/out)"'


def give(host: Host, number: int, pfn: str, times: int = 1) -> int:
    """How many of so many calls were good."""
    line = f"for i in $(seq {times}); do attack call hvc {number:#x} {pfn} 1; done"
    return sum(report.number("x0") == 0 for report in host.run(["sh", "-c", line], ok=True).reports)


def give_and_take(host: Host, pfn: str) -> None:
    """Start the job `giver`: the page is the hypervisor's and the host's in turn, until it is ended."""
    calls = [f"attack call hvc {number:#x} {pfn} 1 > /dev/null" for number in (MEM_DONATE, MEM_RETURN)]
    host.job("giver", ["sh", "-c", f"while :; do {'; '.join(calls)}; done"])


@EDU
@pytest.mark.only_on("terrarium", reason="upstream pKVM takes no pages by a call of the host")
def test_dma_while_page_changes_hands(host: Host, check: Checks) -> None:
    """A device reads and writes a page that is the hypervisor's and the host's in turn."""
    begin(host, check)
    host.job("page", ["attack", "page"]).wait_line("value page")
    page = said("page", "pa")
    give_and_take(host, said("page", "pfn"))
    # Whose it is at the moment of an access, nobody in the machine can say: the oracle can.
    for number in range(1, 7):
        dma(host, "write", page)
        seen = dma(host, "read", page)
        got = "its own word" if seen["result"] == "data" and seen["word"] == WORD else seen["result"]
        check(f"time {number}: a device reads", one_of("its own word", "untouched", "zeros"), got)
    host.run(["job", "signal", "giver", "TERM"], ok=True)
    host.run(["job", "wait", "giver", "30"], ok=128 + 15)
    give(host, MEM_RETURN, said("page", "pfn"))  # in case that it was given last
    check("then: giving it", 1, give(host, MEM_DONATE, said("page", "pfn")))
    check("then: taking it back", 1, give(host, MEM_RETURN, said("page", "pfn")))
    check("then: a device reads what comes back", "zeros", dma(host, "read", page)["result"])
    check("then: a device writes it", "done", dma(host, "write", page)["result"])
    check("then: the word is there", WORD, dma(host, "read", page)["word"])
    check_host_lives(host, check)


@EDU
@pytest.mark.only_on("terrarium", reason="upstream pKVM takes no pages by a call of the host")
def test_dma_to_donated_page(host: Host, check: Checks) -> None:
    """A device loses a page at the moment that it is given away, and the page beside it never."""
    begin(host, check)
    watch(host)
    for holder in ("given", "kept"):
        host.job(holder, ["attack", "page"]).wait_line("value page")
    given, kept = said("given", "pa"), said("kept", "pa")
    check("a device reads the page before", "data", dma(host, "read", given)["result"])
    check("giving it", 1, give(host, MEM_DONATE, said("given", "pfn")))
    refusals(host)
    try_both(host, check, "the page that was given", given, "given")
    check("taking it back", 1, give(host, MEM_RETURN, said("given", "pfn")))
    check("a device reads what comes back", "zeros", dma(host, "read", given)["result"])
    check("a device writes it", "done", dma(host, "write", given)["result"])
    check("and the word is there", "data", dma(host, "read", given)["result"])
    check("refusals since", 0, refusals(host))

    # Blocks are split and made whole again under a device that uses them.
    give_and_take(host, said("given", "pfn"))
    seen = [dma(host, "read", kept)["result"] for _ in range(5)]
    host.run(["job", "signal", "giver", "TERM"], ok=True)
    check("meanwhile: a device reads the page beside it", ["data"] * 5, seen)
    check("meanwhile: refusals", 0, refusals(host))
    check_host_lives(host, check)
