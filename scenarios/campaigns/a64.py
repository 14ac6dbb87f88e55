# SPDX-License-Identifier: GPL-2.0-or-later
"""
Which general registers an A64 instruction reads and writes (Arm DDI 0487, C4.1: the encoding index).

What is not known here reads all registers that its fields could name and writes none, which
prunes less and never too much. A register that is read and written needs to be told as
read only. Debian 12's capstone 4 calls the first operand of CMP written, so it cannot serve.
"""

from __future__ import annotations

import dataclasses
from functools import lru_cache

LOW, HIGH = 1, 2  # halves of a register, as bits
BOTH = LOW | HIGH
SP = 31  # as a number of a register in Effect; XZR is never told
LINK = 30
EVERY = tuple((number, BOTH) for number in range(32))


@dataclasses.dataclass(frozen=True)
class Effect:
    """@reads are (register, halves); @writes whole registers (a W write clears the upper half)."""

    reads: tuple[tuple[int, int], ...] = ()
    writes: tuple[int, ...] = ()
    reads_flags: bool = False
    writes_flags: bool = False
    loads: tuple[int, ...] = ()  # of @writes: those that come from memory
    ends: bool = False  # leaves EL2, or may: everything counts as read


def _fields(w: int) -> tuple[int, int, int, int]:
    """Rd or Rt, Rn, Ra or Rt2, Rm or Rs."""
    return w & 31, w >> 5 & 31, w >> 10 & 31, w >> 16 & 31


def _no_zero(*registers: int) -> tuple[int, ...]:
    return tuple(register for register in registers if register != 31)


def half_of(w: int) -> int:
    """Which halves an instruction with a bit for the width sees."""
    return BOTH if w >> 31 else LOW


def _unknown(w: int) -> Effect:
    return Effect(reads=tuple((register, BOTH) for register in set(_fields(w)) | {SP}), reads_flags=True)


def _make(
    half: int, reads: tuple[int, ...], writes: tuple[int, ...], sp_read: bool = False,
    sp_write: bool = False, flags_in: bool = False, flags_out: bool = False,
) -> Effect:  # fmt: skip
    """Register 31 is SP where @sp_read (of the first) or @sp_write says so, else XZR."""
    kept = [(r, half) for n, r in enumerate(reads) if r != 31 or (sp_read and n == 0)]
    return Effect(
        tuple(kept), writes if sp_write else _no_zero(*writes), flags_in, flags_out
    )


def _immediate(w: int, half: int) -> Effect:
    rd, rn, _, rm = _fields(w)
    group, opc = w >> 23 & 7, w >> 29 & 3
    if group in (0, 1):  # ADR, ADRP
        return _make(BOTH, (), (rd,))
    if group == 2:  # ADD, SUB
        sets = bool(opc & 1)
        return _make(half, (rn,), (rd,), sp_read=True, sp_write=not sets, flags_out=sets)
    if group == 4:  # AND, ORR, EOR, ANDS
        return _make(half, (rn,), (rd,), sp_write=opc != 3, flags_out=opc == 3)
    if group == 5:  # MOVN, MOVZ; MOVK keeps the rest
        return _make(half, (rd,) if opc == 3 else (), (rd,))
    if group == 6:  # SBFM, UBFM; BFM keeps the rest
        return _make(half, (rn, rd) if opc == 1 else (rn,), (rd,))
    if group == 7:  # EXTR
        return _make(half, (rn, rm), (rd,))
    return _unknown(w)


def _register(w: int, half: int) -> Effect:
    rd, rn, ra, rm = _fields(w)
    sets = bool(w >> 29 & 1)
    top = w >> 21 & 0xFF
    if w >> 24 & 0x1F == 0x0A:  # logical, shifted register
        return _make(half, (rn, rm), (rd,), flags_out=w >> 29 & 3 == 3)
    if w >> 24 & 0x1F == 0x0B:
        extended = bool(w >> 21 & 1)
        return _make(half, (rn, rm), (rd,), extended, extended and not sets, flags_out=sets)
    if top == 0xD4:  # CSEL and its kin
        return _make(half, (rn, rm), (rd,), flags_in=True)
    if top == 0xD0 and w >> 10 & 0x3F == 0:  # ADC, SBC
        return _make(half, (rn, rm), (rd,), flags_in=True, flags_out=sets)
    if top == 0xD2:  # CCMN, CCMP
        immediate = bool(w >> 11 & 1)
        return _make(half, (rn,) if immediate else (rn, rm), (), flags_in=True)
    if top == 0xD6 and not sets:
        if not w >> 30 & 1:  # two sources
            return _make(BOTH if w >> 10 & 0x3F in (5, 12) else half, (rn, rm), (rd,), sp_read=False)
        return _make(half, (rn,) if rm == 0 else (rn, rd, SP), (rd,) if rm == 0 else ())
    if w >> 24 & 0x1F == 0x1B:  # three sources; the long multiplies add a whole register
        return _make(BOTH if w >> 21 & 7 else half, (rn, rm, ra), (rd,))
    return _unknown(w)


def _system(w: int) -> Effect:
    rt, rn, _, _ = _fields(w)
    if w >> 26 & 0x1F == 5:  # B, BL
        return Effect(writes=(LINK,) if w >> 31 else ())
    if w >> 25 == 0x2A:  # B.cond
        return Effect(reads_flags=True)
    if w >> 25 & 0x3F in (0x1A, 0x1B):  # CBZ, CBNZ, TBZ, TBNZ
        return _make(half_of(w), (rt,), ())
    if w >> 25 == 0x6B:
        if w >> 21 & 0xF in (4, 5):  # ERET, DRPS
            return Effect(reads=EVERY, reads_flags=True, ends=True)
        links = w >> 21 & 7 == 1
        signed = bool(w >> 11 & 1)  # BRAA, RETAA and their kin
        reads = (rn, rt, SP, LINK) if signed else (rn,)
        kept = tuple((r, BOTH) for r in reads if r != 31 or signed)
        return Effect(kept, (LINK,) if links and LINK not in reads else ())
    if w >> 24 == 0xD4:  # SVC, HVC, SMC, BRK
        return Effect(reads=EVERY, reads_flags=True, ends=True)
    if w >> 22 == 0x354:
        if w >> 19 & 3 == 0:  # hints (some sign x30), barriers, MSR of an immediate
            hint = w >> 12 & 0xFFFFF == 0xD5032
            return Effect(reads=tuple((r, BOTH) for r in (16, 17, LINK, SP)) if hint else ())
        flags = w >> 5 & 0x7FFF == 0x5A10  # NZCV
        if w >> 21 & 1:
            return Effect(writes=_no_zero(rt), reads_flags=flags)
        return Effect(reads=tuple((r, BOTH) for r in _no_zero(rt)), writes_flags=flags)
    return _unknown(w)


def _memory(w: int) -> Effect:
    rt, rn, rt2, rs = _fields(w)
    base = (rn, BOTH)
    kind = w >> 27 & 7
    if w >> 26 & 1:  # of vector registers
        return Effect(reads=(base, *((r, BOTH) for r in _no_zero(rs))))
    if kind == 5:  # pairs
        if w >> 22 & 1:
            loaded = _no_zero(rt, rt2)
            return Effect((base,), tuple(r for r in loaded if r != rn), loads=loaded)
        half = BOTH if w >> 31 else LOW
        return Effect((base, *((r, half) for r in _no_zero(rt, rt2))))
    if kind == 3 and not w >> 24 & 1:  # from a place near PC; opc 3 is a prefetch
        return Effect(writes=_no_zero(rt), loads=_no_zero(rt)) if w >> 30 != 3 else Effect()
    if kind == 1 and w >> 24 & 7 == 0 and not w >> 21 & 1:  # exclusive, acquire and release
        if w >> 22 & 1:
            return Effect((base,), _no_zero(rt) if rt != rn else (), loads=_no_zero(rt))
        status = _no_zero(rs) if not w >> 23 & 1 and rs not in (rt, rn) else ()
        return Effect((base, *((r, BOTH) for r in _no_zero(rt))), status)
    if kind == 7:
        return _single(w, rt, rn, rs, base)
    return _unknown(w)


def _single(w: int, rt: int, rn: int, rs: int, base: tuple[int, int]) -> Effect:
    """Loads and stores of one register, and atomics."""
    size, opc = w >> 30, w >> 22 & 3
    by_register = not w >> 24 & 1 and bool(w >> 21 & 1)
    if by_register and w >> 10 & 3 != 2:  # atomics; the signed loads
        if w >> 10 & 3 == 0:
            reads = (base, *((r, BOTH) for r in _no_zero(rs)))
            return Effect(reads, tuple(r for r in _no_zero(rt) if r not in (rn, rs)), loads=_no_zero(rt))
        return Effect((base,), loads=_no_zero(rt))
    index = ((rs, BOTH),) if by_register and rs != 31 else ()
    if opc == 0:
        return Effect((base, *index, *((r, BOTH if size == 3 else LOW) for r in _no_zero(rt))))
    if size == 3 and opc == 2:  # a prefetch
        return Effect((base, *index))
    taken = {rn} | {r for r, _ in index}
    return Effect((base, *index), tuple(r for r in _no_zero(rt) if r not in taken), loads=_no_zero(rt))


@lru_cache(maxsize=1 << 16)
def effect(w: int) -> Effect:
    """Of the instruction with the opcode @w."""
    group, half = w >> 25 & 15, half_of(w)
    if group in (8, 9):
        return _immediate(w, half)
    if group in (10, 11):
        return _system(w)
    if group in (5, 13):
        return _register(w, half)
    if group & 5 == 4:
        return _memory(w)
    return _unknown(w)
