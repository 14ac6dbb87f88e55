# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a changed value goes: by hand-written recordings."""

from __future__ import annotations

from scenarios.campaigns import explain, flow
from scenarios.campaigns.record import LOAD, STORE, Recording, Step, Symbols

NOP, ERET = 0xD503201F, 0xD69F03E0
ADD_X1_X0_X0, STR_X1_X2, LDR_X3_X4 = 0x8B000001, 0xF9000041, 0xF9400083
CMP_X3_X2, B_EQ, MOV_X0_1, STR_X2_X1 = 0xEB02007F, 0x54000000, 0xD2800020, 0xF9000022
MSR_VTTBR_X0, HVC, RET = 0xD51C2100, 0xD4000002, 0xD65F03C0


def recording(*steps: tuple[int, int, int]) -> Recording:
    """Of (opcode, flags, address)."""
    return Recording(1, [Step(0x1000 + 4 * n, *each) for n, each in enumerate(steps)])


def places(made: Recording, kind: str = "register", register: str = "x0", insn: int = 1) -> list[tuple[int, str]]:
    row = {"kind": kind, "register": register, "insn": insn, "bit": 3}
    return [(place.step, place.what) for place in flow.places(row, made, 9)]


def test_value_by_a_computation_to_memory_and_back_to_a_decision() -> None:
    made = recording(
        (ADD_X1_X0_X0, 0, 0), (STR_X1_X2, STORE, 0x80), (MOV_X0_1, 0, 0), (LDR_X3_X4, LOAD, 0x84),
        (CMP_X3_X2, 0, 0), (B_EQ, 0, 0), (ERET, 0, 0),
    )  # fmt: skip
    assert places(made) == [(1, flow.STORED), (5, flow.DECIDES)]


def test_value_that_is_overwritten_goes_nowhere() -> None:
    assert places(recording((NOP, 0, 0), (MOV_X0_1, 0, 0), (ERET, 0, 0))) == []
    made = recording((STR_X1_X2, STORE, 0x80), (STR_X2_X1, STORE, 0x80), (LDR_X3_X4, LOAD, 0x80), (ERET, 0, 0))
    assert places(made, "register", "x1") == [(0, flow.STORED), (1, flow.ADDRESSED), (3, flow.LEAVES)]


def test_a_pair_has_two_places() -> None:
    stp, ldp = 0xA9057BFD, 0xA9450861  # stp x29, x30, [sp, #80]; ldp x1, x2, [x3, #80]
    made = recording((stp, STORE, 0x80), (ldp, LOAD, 0x80), (MOV_X0_1 | 1, 0, 0), (MSR_VTTBR_X0 | 2, 0, 0), (ERET, 0, 0))
    assert places(made, "register", "x30") == [(0, flow.STORED), (3, flow.SYSTEM), (4, flow.LEAVES)]
    assert places(made, "register", "x29") == [(0, flow.STORED), (4, flow.LEAVES)]


def test_uses_of_a_register() -> None:
    assert flow.use(STR_X1_X2, 2) == flow.ADDRESSED and flow.use(STR_X1_X2, 1) == flow.STORED
    assert flow.use(LDR_X3_X4, 4) == flow.READ_FROM
    assert flow.use(MSR_VTTBR_X0, 0) == flow.SYSTEM
    assert flow.use(HVC, 5) == flow.CALLS and flow.use(ERET, 5) == flow.LEAVES
    assert flow.use(RET, 30) == flow.TARGET
    assert flow.use(ADD_X1_X0_X0, 0) == ""
    assert flow.use(0xF8226823, 2) == flow.ADDRESSED  # str x3, [x1, x2]


def test_what_is_left_out_and_what_is_loaded() -> None:
    made = recording((STR_X1_X2, STORE, 0x80), (LDR_X3_X4, LOAD, 0x80), (MSR_VTTBR_X0 | 3, 0, 0), (ERET, 0, 0))
    assert places(made, "skip", "") == [(2, flow.SYSTEM), (3, flow.LEAVES)]
    assert places(made, "loaded", "x3", 2) == [(2, flow.SYSTEM), (3, flow.LEAVES)]
    assert places(made, "memory", "0x80", 2) == [(2, flow.SYSTEM), (3, flow.LEAVES)]


def test_path_says_what_was_hit_and_where_it_went() -> None:
    made = recording((ADD_X1_X0_X0, 0, 0), (STR_X1_X2, STORE, 0x80), (ERET, 0, 0))
    row = {
        "kind": "register", "register": "x0", "insn": 1, "bit": 3, "symbol": "f", "before": "0x1", "after": "0x9",
        "outcome": "breach", "reason": "r",
    }  # fmt: skip
    told = explain.explained(row, made, Symbols([(0x1000, "f")]))
    assert told["path"].startswith("a wrong value was stored: x0, an operand of a computation in `")
    assert "0x1 became 0x9; from there: what is stored in `" in told["path"] and "at f+0x4" in told["path"]
    assert explain.is_explained(told) and not explain.is_explained(row)
