# SPDX-License-Identifier: GPL-2.0-or-later
"""Which faults are the same, which nobody sees, and what is drawn from the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.campaigns import a64, liveness, names, record, space
from scenarios.campaigns.description import Campaign, Space
from scenarios.campaigns.record import LOAD, STORE, Recording, Step, Symbols
from scenarios.harness.errors import Unusable

BOTH, LOW = a64.BOTH, a64.LOW
# Opcodes by GNU as; registers as Arm's manual has them.
EFFECTS = {
    "ldr x1, [x0]": (0xF9400001, {(0, BOTH)}, {1}),
    "ldr w1, [x0]": (0xB9400001, {(0, BOTH)}, {1}),
    "ldr x1, [x2], #8": (0xF8408441, {(2, BOTH)}, {1}),
    "ldr x0, [x0]": (0xF9400000, {(0, BOTH)}, set()),
    "ldr x3, [x1, x2, lsl #3]": (0xF8627823, {(1, BOTH), (2, BOTH)}, {3}),
    "str w3, [sp, #4]": (0xB90007E3, {(31, BOTH), (3, LOW)}, set()),
    "str xzr, [sp, #56]": (0xF9001FFF, {(31, BOTH)}, set()),
    "stp x29, x30, [sp, #-16]!": (0xA9BF7BFD, {(31, BOTH), (29, BOTH), (30, BOTH)}, set()),
    "ldp x29, x30, [sp], #16": (0xA8C17BFD, {(31, BOTH)}, {29, 30}),
    "ldaxr x0, [x1]": (0xC85FFC20, {(1, BOTH)}, {0}),
    "stlxr w2, x0, [x1]": (0xC802FC20, {(1, BOTH), (0, BOTH)}, {2}),
    "stlr w0, [x1]": (0x889FFC20, {(1, BOTH), (0, BOTH)}, set()),
    "ldadd x0, x1, [x2]": (0xF8200041, {(2, BOTH), (0, BOTH)}, {1}),
    "cas x0, x1, [x2]": (0xC8A07C41, {(0, BOTH), (1, BOTH), (2, BOTH), (31, BOTH)}, set()),
    "msr vttbr_el2, x0": (0xD51C2100, {(0, BOTH)}, set()),
    "mrs x0, vttbr_el2": (0xD53C2100, set(), {0}),
    "dc zva, x0": (0xD50B7420, {(0, BOTH)}, set()),
    "dsb ish": (0xD5033B9F, set(), set()),
    "add x0, x1, x2": (0x8B020020, {(1, BOTH), (2, BOTH)}, {0}),
    "add w0, w1, w2": (0x0B020020, {(1, LOW), (2, LOW)}, {0}),
    "sub sp, sp, #32": (0xD10083FF, {(31, BOTH)}, {31}),
    "cmp x1, x2": (0xEB02003F, {(1, BOTH), (2, BOTH)}, set()),
    "cmp w1, #3": (0x71000C3F, {(1, LOW)}, set()),
    "mov x1, x0": (0xAA0003E1, {(0, BOTH)}, {1}),
    "and x0, x1, #0xff": (0x92401C20, {(1, BOTH)}, {0}),
    "movk x0, #1, lsl #16": (0xF2A00020, {(0, BOTH)}, {0}),
    "mov x0, #1": (0xD2800020, set(), {0}),
    "sxtw x0, w1": (0x93407C20, {(1, BOTH)}, {0}),
    "bfxil x0, x1, #0, #32": (0xB3407C20, {(0, BOTH), (1, BOTH)}, {0}),
    "csel x0, x1, x2, eq": (0x9A820020, {(1, BOTH), (2, BOTH)}, {0}),
    "ccmp x1, #0, #4, ne": (0xFA401824, {(1, BOTH)}, set()),
    "umull x0, w1, w2": (0x9BA27C20, {(1, BOTH), (2, BOTH)}, {0}),
    "madd w0, w1, w2, w3": (0x1B020C20, {(1, LOW), (2, LOW), (3, LOW)}, {0}),
    "udiv x0, x1, x2": (0x9AC20820, {(1, BOTH), (2, BOTH)}, {0}),
    "clz x0, x1": (0xDAC01020, {(1, BOTH)}, {0}),
    "cbz x0, .": (0xB4000000, {(0, BOTH)}, set()),
    "tbnz w1, #0, .": (0x37000001, {(1, LOW)}, set()),
    "tbnz x1, #33, .": (0xB7080001, {(1, BOTH)}, set()),
    "b.eq .": (0x54000000, set(), set()),
    "bl .": (0x94000000, set(), {30}),
    "blr x1": (0xD63F0020, {(1, BOTH)}, {30}),
    "ret": (0xD65F03C0, {(30, BOTH)}, set()),
    "adrp x0, .": (0x90000000, set(), {0}),
    "eret": (0xD69F03E0, set(a64.EVERY), set()),
    "hvc #0": (0xD4000002, set(a64.EVERY), set()),
    "paciasp": (0xD503233F, {(16, BOTH), (17, BOTH), (30, BOTH), (31, BOTH)}, set()),
}


@pytest.mark.parametrize("text", EFFECTS)
def test_effect_of_an_instruction(text: str) -> None:
    opcode, reads, writes = EFFECTS[text]
    effect = a64.effect(opcode)
    assert (set(effect.reads), set(effect.writes)) == (reads, writes)


def test_flags() -> None:
    assert a64.effect(0xEB02003F).writes_flags and not a64.effect(0x8B020020).writes_flags
    assert a64.effect(0x54000000).reads_flags and a64.effect(0x9A820020).reads_flags
    assert a64.effect(0xFA401824).reads_flags and not a64.effect(0xFA401824).writes_flags


def test_every_opcode_has_an_effect() -> None:
    for seed in range(1 << 16):
        a64.effect(seed * 0x9E3779B1 & 0xFFFFFFFF)


# mov x0, #1; nothing of it; add x1, x0, x0; mov x0, #1; cmp w1, #3; ldr x2, [x1]; mov x2, #1; eret
PROGRAM = (0xD2800020, 0xD503201F, 0x8B000001, 0xD2800020, 0x71000C3F, 0xF9400022, 0xD2800022, 0xD69F03E0)


def recording(*opcodes: int) -> Recording:
    def step(number: int, opcode: int) -> Step:
        loads = opcode == 0xF9400022
        return Step(0x1000 + 4 * number, opcode, LOAD if loads else 0, 0x8008 if loads else 0)

    return Recording(1, [step(number, opcode) for number, opcode in enumerate(opcodes or PROGRAM)])


def classes(found: liveness.Classes, register: int) -> list[tuple[int, int, int]]:
    return [
        (found.use[n], found.low[n], found.weight[n]) for n in range(len(found)) if found.register[n] == register
    ]


def test_registers_between_their_accesses() -> None:
    live, dead = liveness.of_registers(recording(), range(32))
    assert classes(live, 0) == [(2, 0, 2), (2, 32, 2), (7, 0, 4), (7, 32, 4)]
    assert classes(dead, 0) == [(0, 0, 1), (0, 32, 1), (3, 0, 1), (3, 32, 1)]
    assert classes(live, 1) == [(4, 0, 2), (5, 0, 1), (5, 32, 3), (7, 0, 2), (7, 32, 2)]
    assert classes(dead, 2) == [(5, 0, 6), (5, 32, 6), (6, 0, 1), (6, 32, 1)]


def test_all_faults_are_live_or_dead() -> None:
    live, dead = liveness.of_registers(recording(), range(32))
    assert live.points() + dead.points() == len(PROGRAM) * 32 * 64


def test_window_that_ends_without_return_keeps_what_is_open() -> None:
    live, dead = liveness.of_registers(recording(*PROGRAM[:4]), [0])
    assert live.points() + dead.points() == 4 * 64
    live, _ = liveness.of_registers(recording(*PROGRAM[:4]), [7])
    assert live.points() == 4 * 64


def test_loads_whose_value_is_overwritten_are_dead() -> None:
    live, dead = liveness.of_loads(recording())
    assert len(live) == 0 and classes(dead, 2) == [(5, 0, 1)]


def test_memory_between_its_accesses() -> None:
    steps = [Step(0, 0xF9400022, flags, at) for flags, at in [(STORE, 0x10), (0, 0), (LOAD, 0x14), (STORE, 0x10)]]
    live, dead = liveness.of_memory(Recording(1, steps))
    assert classes(live, liveness.MEMORY) == [(2, 0, 2)]
    assert classes(dead, liveness.MEMORY) == [(0, 0, 1), (3, 0, 1)]


def a_space(kind: str = "register", injections: int | None = 20, **given) -> Space:
    values = {"registers": ("x0", "x1"), "bits": (0, 64), "symbols": (), "audit": 0} | given
    return Space(name=kind, kind=kind, injections=injections, **values)


def plan(*spaces: Space, seed: int = 1) -> space.Plan:
    campaign = Campaign("c", "t", "s", "m", seed, 4, 0, spaces)
    return space.Plan(campaign, recording(), Symbols([(0x1000, "first"), (0x1010, "second")]))


def test_sample_is_the_same_for_the_same_seed() -> None:
    one, other = plan(a_space()), plan(a_space())
    assert one.injections == other.injections and len(one.injections) == 20
    assert [each.id for each in one.injections] == list(range(20))
    assert plan(a_space(), seed=2).injections != one.injections
    assert sum(each.draws for each in one.injections) >= 20


def test_exhaustive_space_holds_every_class_and_bit_once() -> None:
    found = plan(a_space(injections=None)).injections
    # x0: two classes of both halves; x1: two of both halves and one lower half more
    assert len(found) == 2 * 64 + 2 * 64 + 32
    assert len({each.fault for each in found}) == len(found)
    assert {each.draws for each in found} == {each.weight for each in found}


def test_bits_and_symbols_narrow_a_space() -> None:
    found = plan(a_space(injections=None, bits=(3, 5), symbols=("sec*",))).injections
    assert {each.bit for each in found} == {3, 4}
    assert {each.symbol.partition("+")[0] for each in found} == {"second"}


def test_audit_runs_what_is_dead() -> None:
    made = plan(a_space(injections=2, audit=5))
    audited = [each for each in made.injections if each.audit]
    assert len(audited) == 5 and {each.draws for each in audited} == {0}
    dead = {("x0", 1), ("x0", 4)} | {("x1", n) for n in (1, 2, 3)}
    assert {(each.register, each.insn) for each in audited} <= dead


def test_nothing_to_hit_is_said() -> None:
    with pytest.raises(Unusable, match="space loaded: the golden run executed nothing"):
        plan(a_space(registers=("x29",), symbols=("first",), kind="loaded"))
    with pytest.raises(Unusable, match="space register: EL2 has no function fist; near it: first"):
        plan(a_space(symbols=("fist",)))


def test_words_of_faults() -> None:
    assert space.words("register", 7, "sp", 63) == "at=insn:el2:7 do=reg:sp flip=63"
    assert space.words("flags", 7, "z", 1) == "at=insn:el2:7 do=pstate flip=z"
    assert space.words("loaded", 7, "x3", 2) == "at=insn:el2:7 do=loaded flip=2"
    assert space.words("loaded", 7, "x3/2", 2) == "at=insn:el2:7 do=loaded:2 flip=2"
    assert space.words("memory", 7, "0x8008", 9) == "at=insn:el2:7 do=mem:va:0x8008/8 flip=9"
    assert space.words("skip", 7, "", 0) == "at=insn:el2:7 do=skip"


def test_record_read_back_and_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "golden.record"
    record.write(path, recording())
    assert record.read(path) == recording()
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Unusable, match="cut short: 7 of 8 instructions"):
        record.read(path)
    path.write_bytes(b"TRRM")
    with pytest.raises(Unusable, match="cut short: 4 bytes"):
        record.read(path)
    path.write_bytes(bytes(64))
    with pytest.raises(Unusable, match="no record of version 1"):
        record.read(path)


def test_distance_of_symbols_by_call_targets() -> None:
    functions = [0x10_0000, 0x10_0040, 0x10_1040, 0x10_2000]
    moved = [address + 0x7000_0000 for address in functions]
    steps = [Step(moved[0] + 4, 0x94000000 | ((moved[n] - moved[0] - 4) >> 2), 0, 0) for n in (1, 2, 3)]
    assert names.distance(functions, names.call_targets(steps)) == 0x7000_0000
    with pytest.raises(Unusable, match="does not fit"):
        names.distance([0x123], names.call_targets(steps))


def test_names_of_places() -> None:
    known = Symbols([(0x1000, "first"), (0x1010, "second")])
    assert [known.place(at) for at in (0xFFC, 0x1000, 0x100C, 0x1014)] == [
        "0xffc", "first", "first+0xc", "second+0x4",
    ]  # fmt: skip
