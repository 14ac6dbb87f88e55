# SPDX-License-Identifier: GPL-2.0-or-later
"""What a trace's numbers mean: names of calls and registers, fields of syndromes (Arm ARM, ESR_EL2)."""

from __future__ import annotations

from typing import Any

from scenarios.harness.trace_format import Header, Record

CALLS = ("HVC", "SMC", "FW_CALL", "FW_RETURN")
_HEX = {
        "pc", "esr", "ipa", "va", "far", "value", "number", "args", "results", "named",
        "root", "before", "mark", "x1", "x2", "x3"}  # fmt: skip
_SMCCC_64BIT = 1 << 30
_XEN_IMMEDIATE = 0xEA1  # of HVC; the number is in x16

# Exception classes that have no record type of their own.
_EXCEPTIONS = {
    0x00: "unknown",
    0x07: "floating point",
    0x08: "VMRS",
    0x09: "pointer authentication",
    0x0A: "LD64B or ST64B",
    0x14: "128-bit register",
    0x19: "SVE",
    0x1A: "ERET",
    0x1D: "SME",
    0x32: "software step",
    0x34: "watchpoint",
    0x3C: "BRK",
}

# Registers that every trace may have, should the trace itself not name them (key: A64_KEY).
_REGISTERS = {
    (3, 0, 2, 0, 0): "TTBR0_EL1", (3, 0, 2, 0, 1): "TTBR1_EL1", (3, 0, 4, 6, 0): "ICC_PMR_EL1",
    (3, 0, 12, 8, 0): "ICC_IAR0_EL1", (3, 0, 12, 8, 1): "ICC_EOIR0_EL1",
    (3, 0, 12, 11, 1): "ICC_DIR_EL1", (3, 0, 12, 11, 5): "ICC_SGI1R_EL1",
    (3, 0, 12, 12, 0): "ICC_IAR1_EL1", (3, 0, 12, 12, 1): "ICC_EOIR1_EL1",
    (3, 4, 2, 0, 0): "TTBR0_EL2", (3, 4, 2, 0, 1): "TTBR1_EL2", (3, 4, 2, 1, 0): "VTTBR_EL2",
    (3, 5, 2, 0, 0): "TTBR0_EL12", (3, 5, 2, 0, 1): "TTBR1_EL12",
}  # fmt: skip


def register_name(header: Header, key: int) -> str:
    """The system register with A64_KEY @key: its name, else S<op0>_<op1>_C<CRn>_C<CRm>_<op2>."""
    parts = (key >> 14 & 3, key >> 11 & 7, key >> 7 & 15, key >> 3 & 15, key & 7)
    name = header.registers.get(key) or _REGISTERS.get(parts)
    if name is None and parts[:3] == (2, 0, 0) and parts[4] >= 4:
        name = f"DBG{('BVR', 'BCR', 'WVR', 'WCR')[parts[4] - 4]}{parts[3]}_EL1"  # D24.3
    return name or "S{}_{}_C{}_C{}_{}".format(*parts)


def mark_name(word: int) -> str:
    """Up to 8 characters of a mark, as platform/abi/mark.h packs them."""
    text = word.to_bytes(8, "little").rstrip(b"\0")
    plain = text.decode("ascii", "replace")
    return plain if plain.isascii() and plain.isprintable() and text else f"{word:#x}"


def world_label(record: Record) -> str:
    return f"vm {record.vmid}" if record.world == "vm" else record.world


def call_name(header: Header, record: Record) -> str:
    """The call's name where its ABI is known, else its number."""
    if record.aux == _XEN_IMMEDIATE and record.type.name == "HVC" and len(record.more) > 4:
        name = header.calls.get(("xen", record.more[4]))
        return f"xen {name or record.more[4]}"
    number = record.v[0] & 0xFFFFFFFF
    tables = ["any"]
    if record.world in ("host", "boot") and record.type.name == "HVC" and record.aux == 0:
        tables = ["stub"] if record.v[0] < 0x100 else ["host", "any"]
    for who in tables:
        name = header.calls.get((who, number))
        if name is None and who == "any":
            name = header.calls.get((who, number ^ _SMCCC_64BIT))
        if name is not None:
            return name
    if record.aux:
        return f"#{record.aux:#x}:{record.v[0]:#x}"
    return f"{record.v[0]:#x}"


def sysreg_name(header: Header, esr: int) -> str:
    op0, op2, op1 = esr >> 20 & 3, esr >> 17 & 7, esr >> 14 & 7
    key = op0 << 14 | op1 << 11 | (esr >> 10 & 15) << 7 | (esr >> 1 & 15) << 3 | op2
    return register_name(header, key)


def sysreg_is_read(esr: int) -> bool:
    return bool(esr & 1)


def abort_size(esr: int) -> int | None:
    """Bytes of the access, where the syndrome gives them (ISV)."""
    return 1 << (esr >> 22 & 3) if esr >> 24 & 1 else None


def abort_is_write(esr: int) -> bool:
    return bool(esr >> 6 & 1)


def abort_is_table_walk(esr: int) -> bool:
    return bool(esr >> 7 & 1)


def abort_cause(esr: int) -> str:
    status = esr & 0x3F
    names = {0: "address size", 1: "translation", 2: "access flag", 3: "permission"}
    if status < 0x10:
        return f"{names[status >> 2]} level {status & 3}"
    return {0x10: "external", 0x21: "alignment"}.get(status, f"status {status:#x}")


def event_name(header: Header, record: Record) -> str:
    """One short name for what happened."""
    kind = record.type.name
    if kind in CALLS:
        return call_name(header, record)
    if kind == "SYSREG":
        esr = record.v[0]
        return f"{'mrs' if sysreg_is_read(esr) else 'msr'} {sysreg_name(header, esr)}"
    if kind == "DATA_ABORT":
        if abort_is_table_walk(record.v[0]):
            return "fault table walk"
        return "fault write" if abort_is_write(record.v[0]) else "fault read"
    if kind == "INSN_ABORT":
        return "fault table walk" if abort_is_table_walk(record.v[0]) else "fault execute"
    if kind == "ROOT":
        return f"root {register_name(header, record.aux)}"
    if kind in ("ACK", "EOI"):
        return f"{kind.lower()} {record.v[0] & 0xFFFFFF}"
    if kind == "MARK":
        return f"mark {mark_name(record.v[0])}"
    if kind == "WFX":
        return ("wfi", "wfe", "wfit", "wfet")[record.v[0] & 3]
    if kind == "EXCEPTION":
        exception_class = record.v[0] >> 26 & 0x3F
        return f"exception {_EXCEPTIONS.get(exception_class, hex(exception_class))}"
    return kind.lower()


def describe(header: Header, record: Record) -> dict[str, Any]:
    """The record with all that is known of it; numbers are int."""
    out: dict[str, Any] = {
        "index": record.index,
        "type": record.type.name,
        "name": event_name(header, record),
        "vcpu": record.vcpu,
        "world": record.world,
        "el": record.el,
        "time_ns": record.time_ns,
        "insns": record.insns,
        "el2_insns": record.el2_insns,
        "pc": record.pc,
    }
    if record.world == "vm":
        out["vmid"] = record.vmid
    if record.aarch32:
        out["aarch32"] = True
    if record.type.fields[0] == "x0":
        key = "results" if record.type.group == "return" or "RETURN" in record.type.name else "args"
        if key == "args":
            out["number"] = record.v[0]
            out["immediate"] = record.aux
        out[key] = [*record.v, *record.more[:4]]
        words = header.words.get(out["name"]) if key == "args" else None
        if words and words.arguments:
            out["named"] = {word: out[key][n] for n, word in words.arguments if n < len(out[key])}
        return out
    if record.type.name in ("ROOT", "ACK", "EOI"):
        out["register"] = register_name(header, record.aux)
    out.update((n, value) for n, value in zip(record.type.fields, record.v) if n != "_")
    if record.type.name in ("DATA_ABORT", "INSN_ABORT"):
        esr = record.v[0]
        out["cause"] = abort_cause(esr)
        out["table_walk"] = abort_is_table_walk(esr)
        if record.type.name == "DATA_ABORT":
            out["write"] = abort_is_write(esr)
            out["size"] = abort_size(esr)
    if record.type.name == "SYSREG":
        out["register"] = sysreg_name(header, record.v[0])
        out["read"] = sysreg_is_read(record.v[0])
    return out


def for_json(described: dict[str, Any]) -> dict[str, Any]:
    """Addresses and register values as hexadecimal text: JSON readers round large numbers."""
    out = dict(described)
    for key in _HEX & out.keys():
        value = out[key]
        if isinstance(value, dict):
            out[key] = {word: f"{x:#x}" for word, x in value.items()}
        else:
            out[key] = [f"{x:#x}" for x in value] if isinstance(value, list) else f"{value:#x}"
    return out
