# SPDX-License-Identifier: GPL-2.0-or-later
"""What a trace's numbers mean: names of calls and registers, fields of syndromes (Arm ARM, ESR_EL2)."""

from __future__ import annotations

from typing import Any

from scenarios.harness.trace_format import Header, Record

_CALLS = ("HVC", "SMC", "FW_CALL", "FW_RETURN")
_HEX = {"pc", "esr", "ipa", "va", "far", "value", "number", "args", "results"}
_SMCCC_64BIT = 1 << 30

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

# Registers whose traps are common, by their encoding.
_SYSREGS = {
    "S3_0_C12_C11_5": "ICC_SGI1R_EL1",
    "S3_0_C12_C11_6": "ICC_ASGI1R_EL1",
    "S3_0_C12_C11_7": "ICC_SGI0R_EL1",
    "S3_0_C12_C12_5": "ICC_SRE_EL1",
    "S3_0_C4_C6_0": "ICC_PMR_EL1",
    "S3_3_C14_C0_1": "CNTPCT_EL0",
    "S3_3_C14_C2_0": "CNTP_TVAL_EL0",
    "S3_3_C14_C2_1": "CNTP_CTL_EL0",
    "S3_3_C14_C2_2": "CNTP_CVAL_EL0",
    "S3_0_C1_C0_1": "ACTLR_EL1",
    "S2_0_C0_C2_2": "MDSCR_EL1",
    "S2_0_C1_C0_4": "OSLAR_EL1",
    "S2_0_C1_C1_4": "OSLSR_EL1",
    "S2_0_C1_C3_4": "OSDLR_EL1",
    "S3_3_C9_C12_0": "PMCR_EL0",
    "S3_3_C9_C14_0": "PMUSERENR_EL0",
    "S3_0_C0_C4_0": "ID_AA64PFR0_EL1",
    "S3_0_C0_C5_0": "ID_AA64DFR0_EL1",
    "S3_0_C0_C6_0": "ID_AA64ISAR0_EL1",
    "S3_0_C0_C7_0": "ID_AA64MMFR0_EL1",
    "S3_0_C0_C7_1": "ID_AA64MMFR1_EL1",
}


def world_label(record: Record) -> str:
    return f"vm {record.vmid}" if record.world == "vm" else record.world


def call_name(header: Header, record: Record) -> str:
    """The call's name where its ABI is known, else its number."""
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


def sysreg_name(esr: int) -> str:
    op0, op2, op1 = esr >> 20 & 3, esr >> 17 & 7, esr >> 14 & 7
    encoding = f"S{op0}_{op1}_C{esr >> 10 & 15}_C{esr >> 1 & 15}_{op2}"
    return _SYSREGS.get(encoding, encoding)


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
    if kind in _CALLS:
        return call_name(header, record)
    if kind == "SYSREG":
        esr = record.v[0]
        return f"{'mrs' if sysreg_is_read(esr) else 'msr'} {sysreg_name(esr)}"
    if kind == "DATA_ABORT":
        if abort_is_table_walk(record.v[0]):
            return "fault table walk"
        return "fault write" if abort_is_write(record.v[0]) else "fault read"
    if kind == "INSN_ABORT":
        return "fault table walk" if abort_is_table_walk(record.v[0]) else "fault execute"
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
        return out
    out.update((n, value) for n, value in zip(record.type.fields, record.v) if n != "_")
    if record.type.name in ("DATA_ABORT", "INSN_ABORT"):
        esr = record.v[0]
        out["cause"] = abort_cause(esr)
        out["table_walk"] = abort_is_table_walk(esr)
        if record.type.name == "DATA_ABORT":
            out["write"] = abort_is_write(esr)
            out["size"] = abort_size(esr)
    if record.type.name == "SYSREG":
        out["register"] = sysreg_name(record.v[0])
        out["read"] = sysreg_is_read(record.v[0])
    return out


def for_json(described: dict[str, Any]) -> dict[str, Any]:
    """Addresses and register values as hexadecimal text: JSON readers round large numbers."""
    out = dict(described)
    for key in _HEX & out.keys():
        value = out[key]
        out[key] = [f"{x:#x}" for x in value] if isinstance(value, list) else f"{value:#x}"
    return out
