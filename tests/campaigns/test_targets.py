# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults in calls, page tables and by devices: what there is to hit, from a golden run written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.campaigns import description, explain, machine, moments, space, targets
from scenarios.campaigns.description import Campaign, Space
from scenarios.campaigns.moments import Call, Page, Return
from scenarios.campaigns.record import FIRST, LOAD, Recording, Step, Symbols
from scenarios.harness import fault, paths
from scenarios.harness.errors import Unusable
from tests.harness import trace_bytes as made

# mov x1, #1: x1 is overwritten, unread. ldr x2, [x0]. eret. All registers are read.
OPCODES = (0xD2800021, 0xF9400002, 0xD69F03E0)
VISITS = 3
RECORDING = Recording(
    1,
    [
        Step(0x1000 + 4 * n, opcode, (FIRST if n == 0 else LOAD if n == 1 else 0), 0x9008 if n == 1 else 0)
        for _ in range(VISITS)
        for n, opcode in enumerate(OPCODES)
    ],
)
SYMBOLS = Symbols([(0x1000, "first")])
MANIFEST = made.MANIFEST + "call host 0xc6007013=VM_MAP x1=vm x2=pfn x3=gfn x4=pages>x0=result\n"
RANGES = "pa:0x40001800/4096"


def a_trace(tmp_path: Path, *, returns: int = VISITS) -> Path:
    """The host gives two pages, a VM faults, the host calls without a name."""
    number, instructions = 0xC6007013, len(OPCODES)
    visits = [
        made.rec(made.HVC, (number, 1, 0x80000, 0x90000), el2=0) + made.more(2, 0, 0, 0),
        made.rec(made.DATA_ABORT, (0x93C00047, 0x90000008, 0, 0), world=made.VM, el2=instructions),
        made.rec(made.HVC, (0xC6005555,), el2=2 * instructions) + made.more(0, 0, 0, 0),
    ]
    back = [
        made.rec(made.RETURN, world=world, el2=instructions * (n + 1))
        for n, world in enumerate((made.VM, made.VM, made.HOST))
    ]
    body = b"".join(one + other for one, other in zip(visits, back[:returns] + [b""] * VISITS))
    path = tmp_path / "trace.bin"
    path.write_bytes(made.header(MANIFEST) + body + made.end(8))
    return path


@pytest.fixture
def golden(tmp_path: Path) -> moments.Moments:
    return moments.read(a_trace(tmp_path), RECORDING)


def a_space(kind: str, **given) -> Space:
    values = {"registers": ("x1", "x3"), "bits": (0, 64), "symbols": (), "audit": 0, "injections": None} | given
    return Space(name=kind, kind=kind, **values)


def plan(golden: moments.Moments, one: Space) -> space.Plan:
    campaign = Campaign("c", "t", "s", "m", 1, 4, 0, (one,))
    return space.Plan(campaign, RECORDING, SYMBOLS, lambda: golden, RANGES)


def test_moments_of_a_trace(golden: moments.Moments) -> None:
    assert golden.calls == (Call(1, 0, "VM_MAP", "host"), Call(2, 6, "0xc6005555", "host"))
    assert golden.returns == (Return(1, 1, 2, "vm"), Return(2, 2, 5, "vm"), Return(3, 1, 8, "host"))
    assert golden.machine == (Page(0x80000000, 0), Page(0x80001000, 0))
    assert golden.guest == (Page(0x90000000, 0), Page(0x90001000, 0))


def test_trace_of_another_run(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="has 2 returns from EL2, its record 3 visits"):
        moments.read(a_trace(tmp_path, returns=2), RECORDING)
    shifted = Recording(1, [RECORDING.steps[1], *RECORDING.steps])
    with pytest.raises(Unusable, match="not of the same run"):
        moments.read(a_trace(tmp_path), shifted)
    with pytest.raises(Unusable, match="cannot be read"):
        moments.read(tmp_path / "nothing.bin", RECORDING)


def test_arguments_that_nobody_reads_are_dead(golden: moments.Moments) -> None:
    found = plan(golden, a_space("argument", audit=3))
    (population,) = found.populations
    assert (population.live, population.dead) == (2 * 64, 2 * 64)  # x3, x1 of two calls
    ran = [each for each in found.injections if not each.audit]
    assert {each.register for each in ran} == {"x3"} and {each.symbol for each in ran} == {"VM_MAP", "0xc6005555"}
    assert {each.fault for each in ran if each.bit == 5} == {
        "at=call:any:1 do=arg:3 flip=5", "at=call:any:2 do=arg:3 flip=5",
    }  # fmt: skip
    assert [each.register for each in found.injections if each.audit] == ["x1"] * 3


def test_arguments_of_some_calls(golden: moments.Moments) -> None:
    found = plan(golden, a_space("argument", calls=("VM_*",), bits=(0, 1)))
    assert {each.symbol for each in found.injections} == {"VM_MAP"}
    with pytest.raises(Unusable, match="the golden run has no call VM_MAPS; near it: VM_MAP"):
        plan(golden, a_space("argument", calls=("VM_MAPS",)))


def test_descriptors_of_pages_that_came_up_before(golden: moments.Moments) -> None:
    guest = plan(golden, a_space("descriptor", table="vm", bits=(7, 8))).injections
    assert {each.fault for each in guest} == {
        f"at=eret:{n} who=vm do=pte:vm:{page:#x} flip=7" for n in (1, 2) for page in (0x90000000, 0x90001000)
    }
    host = plan(golden, a_space("descriptor", table="host", bits=(0, 1))).injections
    assert {each.register for each in host} == {"host:0x80000000", "host:0x80001000"}
    assert {each.insn for each in host} == {9} and {each.pc for each in host} == {0x1008}


def test_descriptors_that_el2_goes_by(golden: moments.Moments) -> None:
    found = plan(golden, a_space("descriptor", table="el2", bits=(0, 1))).injections
    assert sorted(each.fault for each in found) == [
        f"at=insn:el2:{n} do=pte:el2:0x9000 flip=0" for n in (2, 5, 8)
    ]
    assert {each.symbol for each in found} == {"first+0x4"}


def test_devices_at_each_return(golden: moments.Moments) -> None:
    found = plan(golden, a_space("dma", pages="calls"))
    assert found.populations[0].live == VISITS * 2 * targets.PAGE_BYTES // targets.LINE_BYTES
    words = {each.fault for each in found.injections if each.bit == 63}
    assert "at=eret:3 do=dma:write:pa:0x80001fc0/64" in words
    own = plan(golden, a_space("dma", pages="el2", bits=(0, 1))).injections
    assert {each.register for each in own} == {"pa:0x40001000", "pa:0x40002000"}


def test_all_words_are_faults(golden: moments.Moments) -> None:
    spaces = [a_space("argument"), a_space("dma", pages="calls")]
    spaces += [a_space("descriptor", table=table) for table in description.TABLES]
    for one in spaces:
        for each in plan(golden, one).injections[:20]:
            assert fault.check(each.fault) == 1, each.fault


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ('kind = "descriptor"', "table must be a text"),
        ('kind = "descriptor"\ntable = "guest"', "table: no such word: guest; there are: host, vm, el2"),
        ('kind = "descriptor"\ntable = "vm"\naudit = 1', "kind descriptor has no audit"),
        ('kind = "dma"\npages = "calls"\nbits = "0-3"', "kind dma has no bits"),
        ('kind = "skip"\nregisters = "x0"', "kind skip has no registers"),
        ('kind = "argument"\nregisters = "x0-x30"', "a call's arguments are in x0 to x17"),
        ('kind = "argument"\ncalls = "VM_MAP"', "calls must be a list of patterns"),
    ],
)
def test_mistakes_in_a_space(tmp_path: Path, keys: str, sentence: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'title = "t"\nscenario = "s"\nmark = "m"\n[[space]]\n{keys}\ninjections = 1\n')
    with pytest.raises(Unusable) as refusal:
        description.load(path)
    assert sentence in str(refusal.value)


def test_breaches_by_these_faults_are_explained(golden: moments.Moments) -> None:
    ways = {
        "argument": (a_space("argument"), "a call came with another argument: x3 of "),
        "descriptor": (a_space("descriptor", table="vm"), "a page-table entry was changed: bit "),
        "dma": (a_space("dma", pages="el2"), "a device wrote: dma write 0x40001000: done (0x0) at return to "),
    }
    for one, begin in ways.values():
        row = plan(golden, one).injections[0].as_dict()
        row |= {"outcome": "breach", "reason": "r", "where": "dma write 0x40001000: done (0x0)", "before": "0x0", "after": "0x1"}
        told = explain.explained(row, RECORDING, SYMBOLS)
        assert told["path"].startswith(begin) and explain.is_explained(told)
        assert explain.way_of(told).endswith(": r")


class TakenMark:
    """Stands in for a mark: what it is asked for."""

    def __init__(self) -> None:
        self.options = paths.machine_description.Options("terrarium", 1, 1024, "neoverse-n2", True, Path("Image"), "", ())
        self.plugins: list[str] = []
        self.devices: tuple[str, ...] = ()

    def argv(self, _results: Path, _console: Path, plugins: list[str], devices: tuple[str, ...]) -> list[str]:
        self.plugins, self.devices = plugins, devices
        return ["qemu"]


@pytest.mark.parametrize(
    ("words", "tiers", "has_devices", "rereads"),
    [
        ("at=insn:el2:1 do=reg:x0 flip=1", "tiers=a", False, False),
        ("at=eret:1 do=pte:host:0x80000000 flip=1", "tiers=a", False, True),
        ("at=eret:1 do=dma:write:pa:0x40000000/64", "tiers=a+c", True, False),
    ],
)
def test_oracle_of_a_run(tmp_path: Path, words: str, tiers: str, has_devices: bool, rereads: bool) -> None:
    mark = TakenMark()
    argv = machine.argv(mark, tmp_path, words, True)  # type: ignore[arg-type]
    # QEMU calls the last one first: what is broken is broken before anybody looks at it.
    assert [Path(each.split(",")[0]).stem for each in mark.plugins] == ["oracle", "trace", "inject"]
    oracle = mark.plugins[0].split(",")
    assert tiers in oracle and ("reread=on" in oracle) == rereads
    assert bool(mark.devices) == has_devices and ("-D" in argv) == has_devices
