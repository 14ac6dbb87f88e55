# SPDX-License-Identifier: GPL-2.0-or-later
"""Traces written by hand for the tests: numbers and layout are stated here, not read from the header."""

from __future__ import annotations

import struct

END, MORE, HVC, SMC, DATA_ABORT, INSN_ABORT, SYSREG, WFX, IRQ = 1, 2, 3, 4, 5, 6, 7, 8, 9
EXCEPTION, EL2_EXCEPTION, RETURN, FW_CALL, FW_RETURN = 12, 13, 14, 15, 16
ROOT, ACK, EOI, MARK = 17, 18, 19, 20
BOOT, HOST, VM, EL2 = 0, 1, 2, 3

MANIFEST = (
    "writer=by hand\nvcpus=2\n"
    "call any 0x84000000=PSCI_VERSION\ncall any 0xc6000003=PKVM_MEM_SHARE x1=ipa x2=pages>x0=status\n"
    "call host 0xc6000003=__pkvm_host_thing\ncall host 0xc6000009=__kvm_vcpu_run\n"
    "call stub 0x0=HVC_SET_VECTORS\ncall xen 0xc=memory_op x0=a0>x0=result\nregister 0xdf58=CNTP_THING\n"
)


def header(
    manifest: str = MANIFEST, *, magic: bytes = b"TRRMTRC\0", version: int = 2, record: int = 72,
    clock: int = 2, state: int = 1,
) -> bytes:  # fmt: skip
    text = manifest.encode()
    padding = -(32 + len(text)) % 8
    return (
        struct.pack(
            "<8sIIIIII", magic, version, 32 + len(text) + padding, record, clock, state, len(text)
        )
        + text
        + bytes(padding)
    )


def rec(
    kind: int, v: tuple[int, ...] = (), *, world: int = HOST, vmid: int = 0, vcpu: int = 0,
    el: int = 1, aux: int = 0, t: int = 0, insns: int = 0, el2: int = 0, pc: int = 0x1000,
) -> bytes:  # fmt: skip
    values = (*v, 0, 0, 0, 0)[:4]
    return struct.pack("<BBBBHH8Q", kind, vcpu, world, el, vmid, aux, t, insns, el2, pc, *values)


def more(*values: int, vcpu: int = 0) -> bytes:
    return struct.pack("<BBBBHH8Q", MORE, vcpu, 0, 0, 0, 0, *(*values, *(0,) * 8)[:8])


def end(records: int = 0, state: int = 1) -> bytes:
    return rec(END, (records, state), world=BOOT, el=0, pc=0)


def a_run() -> bytes:
    """The host runs a VM, which faults once and shares a page; then firmware is asked."""
    run = (0xC6000009, 1, 2, 3)
    share = (0xC6000003, 0x80001000, 0, 0)
    return b"".join(
        (
            header(),
            rec(RETURN, t=10, insns=100, el2=90, pc=0x4000),
            rec(HVC, run, t=1000, insns=1090, el2=90, pc=0x1004),
            more(4, 5, 6, 7),
            rec(RETURN, world=VM, vmid=7, t=1050, insns=1140, el2=140, pc=0x80000000),
            rec(
                DATA_ABORT, (0x93820047, 0x80002010, 0x2010, 0xAB), world=VM, vmid=7, el=0,
                t=1100, insns=1190, el2=140, pc=0x80000010,
            ),
            rec(RETURN, (1, 0, 0, 0), t=1130, insns=1220, el2=170, pc=0x1004),
            rec(HVC, run, t=1200, insns=1290, el2=170, pc=0x1004),
            more(4, 5, 6, 7),
            rec(RETURN, world=VM, vmid=7, t=1230, insns=1320, el2=200, pc=0x80000014),
            rec(HVC, share, world=VM, vmid=7, t=1300, insns=1390, el2=200, pc=0x80000020),
            more(0x44, 0, 0, 0x77),
            rec(RETURN, (0, 0x99, 0, 5), world=VM, vmid=7, t=1400, insns=1490, el2=300, pc=0x80000020),
            rec(IRQ, world=VM, vmid=7, t=1500, insns=1590, el2=300, pc=0x80000100),
            rec(RETURN, (2, 0, 0, 0), t=1540, insns=1630, el2=340, pc=0x1004),
            rec(FW_CALL, (0x84000000,), t=1600, insns=1690, el2=340, pc=0x1100),
            more(),
            rec(FW_RETURN, (0x10001,), t=1600, insns=1690, el2=340, pc=0x1100),
            end(17),
        )
    )  # fmt: skip
