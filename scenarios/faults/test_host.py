# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults below the host: memory that it sees, calls that it makes, interrupts that it gets, and what maps its memory."""

from __future__ import annotations

import re

import pytest

from scenarios.faults.made import el2_symbols, made, options_of
from scenarios.harness.checks import Checks, at_least, between
from scenarios.harness.host import Host
from scenarios.harness.machine import Machine

# The host's kernel is told that it has less memory than there is: what is above is nobody's.
HOST_MIB = 768
SCRATCH = 0x7E000000
UNMAPPED, FORGOTTEN = SCRATCH + (4 << 20), SCRATCH + (8 << 20)  # blocks of their own at stage 2
CALL = 0xC600F000  # and on: calls that no hypervisor knows, so that a fault can wait for them
UART = 33  # an interrupt that the host's kernel has a handler for: INTID of the console (SPI 1)
SOON_MS, NEVER_S = 300, 3600  # while the kernel boots: later the machine sleeps for many ms at a time

# Word at SCRATCH + offset: what changes it, and to what.
WORDS = {
    0x00: ("at=call:{call1} do=mem:pa:{word}/4 value=0x600dda7a", 0x600DDA7A),
    0x04: ("at=return:{call1} do=mem:host:{word}/4 set=4-7", 0xF0),
    0x10: ("at=insn:host:1000 from=call:{call2} do=mem:pa:{word}/4 value=1", 1),
    0x14: ("at=insn:el0:100 from=call:{call2} do=mem:pa:{word}/4 value=2", 2),
    0x18: ("at=insn:el1:100 from=call:{call2} who=host do=mem:pa:{word}/4 value=3", 3),
    0x1C: ("at=insn:el2:10 from=call:{call2} do=mem:pa:{word}/4 value=4", 4),
    0x20: ("at=irq:any:2 from=call:{call2} do=mem:pa:{word}/4 value=5", 5),
    0x24: ("at=start do=mem:pa:{word}/4 value=6", 6),
    0x28: (f"at=time:{SOON_MS}ms do=mem:pa:{{word}}/4 value=7", 7),
    0x2C: (f"at=time:{NEVER_S}s do=mem:pa:{{word}}/4 value=8", 0),
    0x30: ("at=mrs:any:100 who=host do=mem:pa:{word}/4 value=9", 9),
    0x34: ("at=barrier:dsb:100 who=host do=mem:pa:{word}/4 value=10", 10),
    0x38: ("at=entry:any:1 from=call:{call1} do=mem:pa:{word}/4 value=11", 11),
}  # fmt: skip
OTHERS = (
    "at=return:{call3}:2 do=result:0 value=0x77",
    "at=access:read:host:{loaded}/4:2 do=loaded value=0x1234",
    "at=call:{call4} do=pte:host:{unmapped} clear=valid",
    "at=call:{call4} do=pte:host:{forgotten} value=0",
    "at=call:{call5} do=irq:raise:33 for=3",  # spurious
    "at=call:{call6} do=irq:raise:33",
    "at=irq:any:1 from=call:{call6} do=irq:drop",  # it is there, and nobody hears of it
    "at=call:{call7} do=irq:raise:33",
    "at=irq:any:1 from=call:{call7} do=irq:repeat",
    "at=entry:fault:1 from=call:{call4} who=host do=mem:pa:{faulted}/4 value=12",
    "at=start do=dma:write:pa:{early}/8",
    "at=call:{call8} do=dma:write:pa:{device}/8",
    "at=call:{call9} do=mem:symbol:{symbol}/4 clear=0",
    "at=call:{call10} do=dma:write:symbol:{symbol}/4",
)
# EL2's own stage 1: its window leads to the page beside, so that is wiped instead of the one that it gives back.
WINDOW = {
    "terrarium": (
        "at=call:{call11} do=mem:pa:{given}/4 value=17", "at=call:{call11} do=mem:pa:{beside}/4 value=34",
        "at=symbol:memset:1 from=call:{mem_return} do=pte:el2:{windows}/3 flip=13",
    ),
    "pkvm": (),
}  # fmt: skip
GIVEN = SCRATCH + (12 << 20)
BESIDE = GIVEN + 0x2000
MEM_DONATE, MEM_RETURN = 0xC6007001, 0xC6007002
LOADED, FAULTED, DEVICE = SCRATCH + 0x40, SCRATCH + 0x44, SCRATCH + 0x1000
# Four bytes of a hypervisor's, or of the host's kernel beside upstream's, that somebody can ask for.
SYMBOL = {"terrarium": "trace_mask", "pkvm": "panic_timeout"}
TRACE_SET, PANIC_TIMEOUT = 0xC6007030, "/proc/sys/kernel/panic"
WRITTEN = 0x12345678  # by iommu-testdev, always


def faults_of(target: str) -> str:
    places = {f"call{n}": hex(CALL + n) for n in range(1, 12)}
    places |= {"given": hex(GIVEN), "beside": hex(BESIDE), "mem_return": hex(MEM_RETURN)}
    places |= {"faulted": hex(FAULTED), "device": hex(DEVICE), "early": hex(DEVICE + 8), "symbol": SYMBOL[target]}
    places |= {"loaded": hex(LOADED), "unmapped": hex(UNMAPPED), "forgotten": hex(FORGOTTEN)}
    texts = [words.format(word=hex(SCRATCH + at), **places) for at, (words, _) in WORDS.items()]
    if WINDOW[target]:
        places["windows"] = hex(el2_symbols(options_of(target))["windows"])
    return "; ".join([*texts, *(words.format(**places) for words in (*OTHERS, *WINDOW[target]))])


def call(host: Host, number: int) -> int:
    return host.run(["attack", "call", "hvc", hex(CALL + number)], ok=True).report.number("x0")


def word(host: Host, address: int) -> int | str:
    """What the host's kernel reads there, or how it is refused."""
    words = ["attack", "kernel", "read", "--pa", hex(address), "--via", "device"]
    seen = host.run(words, ok=True).report
    return seen.number("word") if seen["size"] else str(seen["result"])


def interrupts(host: Host) -> int:
    """How often the console's interrupt was handled."""
    counted = re.search(r"^ *\d+: +(\d+) .*uart-pl011", host.run(["cat", "/proc/interrupts"], ok=True).out, re.M)
    return int(counted[1]) if counted else -1


def asked(host: Host, target: str, value: int = 0) -> int:
    """What is at SYMBOL, by who can ask for it; @value is there then."""
    if target == "terrarium":
        return host.run(["attack", "call", "hvc", hex(TRACE_SET), str(value)], ok=True).report.number("x1")
    was = int(host.run(["cat", PANIC_TIMEOUT], ok=True).out)
    host.put(PANIC_TIMEOUT, str(value))
    return was


def check_window(host: Host, check: Checks) -> None:
    """EL2 wipes what it gives back, through its own stage 1."""
    call(host, 11)
    check("EL2's stage 1: before", (17, 34), (word(host, GIVEN), word(host, BESIDE)))
    for number in (MEM_DONATE, MEM_RETURN):
        host.run(["attack", "call", "hvc", hex(number), hex(GIVEN >> 12), "1"], ok=True)
    check("EL2's stage 1: another page was wiped", (17, 0), (word(host, GIVEN), word(host, BESIDE)))


def check_devices_and_symbols(host: Host, target: str, check: Checks) -> None:
    """A device that writes at an instant; a hypervisor's own memory, by its name."""
    check("device: what it wrote before anybody held it off memory", WRITTEN, word(host, DEVICE + 8))
    check("device: before", 0, word(host, DEVICE))
    call(host, 8)
    # Upstream leaves the SMMU to the host's kernel, which gave the device no page.
    reaches = {"terrarium": WRITTEN, "pkvm": 0}
    check("device: what it wrote to the host's memory", reaches[target], word(host, DEVICE))
    asked(host, target, 1)
    call(host, 9)
    check("symbol: its bit is not there any more", 0, asked(host, target, 1))
    call(host, 10)
    check("device: no write reaches what has a name at EL2, or no page of its own", 1, asked(host, target))


@pytest.mark.icount
@pytest.mark.machine(append=f"mem={HOST_MIB}M")
@pytest.mark.oracle("none")
@pytest.mark.inject(faults=faults_of)
def test_host_disturbed(host: Host, machine: Machine, target: str, check: Checks) -> None:
    """A host whose memory, hypercalls, interrupts and stage 2 are broken from below."""
    host.module("attack")
    check("the page that is nobody's: before", 0, word(host, SCRATCH))
    for number in (1, 2):
        call(host, number)
    host.run(["sleep", "1"])  # virtual time
    for at, (words, expected) in WORDS.items():
        check(words.partition(" ")[0].format(call1="1"), expected, word(host, SCRATCH + at))

    check("call: its second answer is another", [call(host, 3) == 0x77 for _ in range(3)], [False, True, False])
    check("loaded: the second read brings another value", [0, 0x1234, 0], [word(host, LOADED) for _ in range(3)])

    for place in (UNMAPPED, FORGOTTEN):
        check(f"stage 2, {place:#x}: before", 0, word(host, place))
    call(host, 4)
    check("stage 2: an entry that is not valid any more", "efault", word(host, UNMAPPED))
    lost = {"terrarium": "efault", "pkvm": 0}  # upstream maps what nobody owns when it is touched
    check("stage 2: an entry that is not there any more", lost[target], word(host, FORGOTTEN))

    check("stage 2: the fault enters EL2", 12, word(host, FAULTED))
    check_devices_and_symbols(host, target, check)
    if WINDOW[target]:
        check_window(host, check)
    before = interrupts(host)
    check("interrupts of the console are counted", at_least(0), before)
    for number, what, times in ((5, "spurious", 1), (6, "dropped", 0), (7, "repeated", 2)):
        for _ in range(3 if number == 5 else 1):
            call(host, number)
        after = interrupts(host)
        check(f"interrupt {what}: so often handled", 3 if number == 5 else times, after - before)
        before = after
    check("the host lives on", 0, host.run(["true"]).exit)
    soon = [shot for shot in made(machine) if shot["fault"] == 9]
    check("time: ms of virtual time", between(SOON_MS, SOON_MS + 5), soon[0]["time_ns"] // 10**6 if soon else -1)
