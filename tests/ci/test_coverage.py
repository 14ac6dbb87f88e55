# SPDX-License-Identifier: GPL-2.0-or-later
"""Coverage counts right: lcov's files, the plugin's files, DWARF of a small program."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ci import coverage, coverage_el2, coverage_goals
from ci.coverage_info import Source, merge, parse, ranges, text_of

INFO = """TN:
SF:/r/vmm/bus.c
FN:3,9,bus_read
FN:5,bus_write
FNDA:2,bus_read
FNDA:0,bus_write
FNF:2
FNH:1
DA:3,2
DA:4,0,abc
BRDA:4,0,0,2
BRDA:4,0,1,-
BRDA:4,e1,0,0
LF:2
LH:1
end_of_record
SF:/r/vmm/virtio/block.c
FNL:0,1,4
FNA:0,0,blk_read
DA:1,0
end_of_record
"""


def test_both_formats_are_read() -> None:
    info = parse(INFO, Path("/r"))
    assert info["vmm/bus.c"].lines == {3: 2, 4: 0}
    assert info["vmm/bus.c"].functions == {"bus_read": 2, "bus_write": 0}
    assert info["vmm/bus.c"].begins == {"bus_read": 3, "bus_write": 5}
    assert info["vmm/bus.c"].branches == {(4, "0", "0"): 2, (4, "0", "1"): None, (4, "e1", "0"): 0}
    assert info["vmm/virtio/block.c"].functions == {"blk_read": 0}
    assert info["vmm/virtio/block.c"].begins == {"blk_read": 1}


def test_what_is_written_can_be_read() -> None:
    info = parse(INFO, Path("/r"))
    info["vmm/bus.c"].branches = {(4, "0x40", "0"): 3, (4, "0x40", "1"): None, (4, "0", "0"): 0}
    text = text_of(info, Path("/r"))
    assert "BRDA:4,0,0,0\nBRDA:4,1,0,3\nBRDA:4,1,1,-\nBRF:3\nBRH:1\n" in text
    again = parse(text, Path("/r"))
    assert again["vmm/bus.c"].lines == {3: 2, 4: 0}
    assert again["vmm/virtio/block.c"].functions == {"blk_read": 0}


def test_merged_is_what_any_reached() -> None:
    one = {"a.c": Source({1: 1, 2: 0}, {"f": 1}, {"f": 1}, {(2, "0", "0"): None, (2, "0", "1"): 0})}
    two = {"a.c": Source({2: 5, 3: 0}, {"f": 0, "g": 0}, {"f": 1, "g": 3}, {(2, "0", "0"): 4, (2, "0", "1"): None})}
    merged = merge((one, two))["a.c"]
    assert merged.lines == {1: 1, 2: 5, 3: 0} and merged.never() == [3]
    assert merged.functions == {"f": 1, "g": 0}
    assert merged.branches == {(2, "0", "0"): 4, (2, "0", "1"): 0}
    assert one["a.c"].lines == {1: 1, 2: 0}


def test_ranges() -> None:
    assert ranges([]) == ""
    assert ranges([1, 2, 3, 7, 9, 10]) == "1-3 7 9-10"


def test_counted_by_folder_and_what_is_not_measured() -> None:
    text = coverage.table(parse(INFO, Path("/r")), {"vmm/vcpu.c": 120})
    assert "1/3   33%" in text and "1/2   50%" in text
    assert "not measured: 1 files, 120 lines" in text
    assert "  vmm: vcpu.c" in text


def test_what_nothing_reaches_is_named() -> None:
    seen = {"platform/hypervisor/src/a.c": Source({1: 1, 2: 0, 3: 0}, {}, {}, {(1, "0", "0"): 1, (1, "0", "1"): 0})}
    unit = {"platform/hypervisor/src/a.c": Source({2: 1}), "vmm/b.c": Source({1: 0})}
    text = coverage.el2_table(seen, unit)
    assert "1/3   33%" in text and "2/3   67%" in text and "1/2   50%" in text
    assert "  platform/hypervisor/src/a.c: 3" in text and "vmm" not in text


def _sources(hit: int, found: int) -> dict[str, Source]:
    """All files that goals name, each with the same lines."""
    names = [name for files in coverage_goals._UNIT.values() for name in files]
    return {f"{coverage_goals.EL2}src/{name}.c": Source({n: int(n < hit) for n in range(found)}) for name in names}


def test_goals() -> None:
    assert all(goal.met() for goal in coverage_goals.of_unit(_sources(85, 100)))
    assert not any(goal.met() for goal in coverage_goals.of_unit(_sources(84, 100)))
    lost = _sources(100, 100)
    del lost[f"{coverage_goals.EL2}src/owner.c"]
    bad = [goal for goal in coverage_goals.of_unit(lost) if not goal.met()]
    assert [goal.line() for goal in bad] == ["FAIL  lines of ownership files by unit tests: at least 85%; there are none"]
    scenarios, merged = coverage_goals.of_el2(_sources(90, 100), _sources(94, 100) | {"vmm/b.c": Source({1: 0})})
    assert scenarios.met() and not merged.met()
    assert scenarios.line().startswith("ok    lines at EL2 by scenarios: at least 85%; ")
    assert merged.line().endswith(", 94.0%")


def test_lcov_reads_what_gcc_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "ROOT", tmp_path)
    (tmp_path / "vmm").mkdir()
    (tmp_path / "vmm/a.c").write_text(
        "int main(int n, char **v)\n{\n\t(void)v;\n\tif (n > 1) {\n\t\treturn 1;\n\t}\n\treturn 0;\n}\n"
    )
    out = tmp_path / "out"
    out.mkdir()
    flags = ["--coverage", "-fprofile-abs-path"]
    subprocess.run(["gcc", *flags, "-o", out / "a", tmp_path / "vmm/a.c"], check=True, cwd=out)
    subprocess.run([out / "a"], check=True, cwd=out)
    new = coverage.lcov_is_2()
    info = parse(coverage.capture(out, new).read_text(), tmp_path)
    source = info["vmm/a.c"]
    assert (len(source.lines), source.lines_hit()) == (4, 3)
    assert source.functions == {"main": 1}
    assert sorted(taken or 0 for taken in source.branches.values()) == [0, 1]
    (out / "coverage.info").write_text(text_of(info, tmp_path))
    coverage.html(out / "coverage.info", out, new)
    assert (out / "html/index.html").exists()


PLUGIN = "terrarium coverage 1\n1000 1000 d503201f 3\n1004 1004 b4000043 3 2 1\nend whole\n"


def test_the_plugins_files_are_added_up() -> None:
    executed = coverage_el2.Executed()
    executed.add(PLUGIN, "a")
    executed.add(PLUGIN, "b")
    assert executed.counts == {0x1000: 6, 0x1004: 6}
    assert executed.taken == {0x1004: (4, 2)}


@pytest.mark.parametrize(
    ("text", "cause"),
    [("", "no file of"), ("terrarium coverage 2\nend whole\n", "no file of"), (PLUGIN[:-10], "cut short"), (PLUGIN.replace("whole", "full"), "more code")],
)
def test_a_bad_file_of_the_plugin(text: str, cause: str) -> None:
    with pytest.raises(coverage_el2.Unreadable, match=cause):
        coverage_el2.Executed().add(text, "x/coverage.txt")


def test_instructions_by_function() -> None:
    executed = coverage_el2.Executed()
    executed.add(PLUGIN, "a")
    code = [("f", 0xF00), ("g", 0x1004), ("h", 0x1008), ("end", 0x2000)]
    assert coverage_el2.functions_reached(executed, code) == {"f": 1, "g": 1, "h": 0}


SOURCE = """static inline int inner(int n)
{
	asm volatile("nop");
	return n + 1;
}

int start(int n)
{
	if (n == 7) {
		asm volatile("nop; nop");
		return inner(n);
	}
	return 0;
}
"""


def test_lines_of_a_program(tmp_path: Path) -> None:
    """Compiled for this machine: the readers are binutils', and its branches are not Arm's."""
    (tmp_path / "el2").mkdir()
    source = tmp_path / "el2/a.c"
    source.write_text(SOURCE)
    elf = tmp_path / "a"
    flags = ["-g", "-O2", "-nostdlib", "-ffreestanding", "-Wl,-e,start", "-Wl,--build-id=none", "-no-pie"]
    subprocess.run(["gcc", *flags, "-o", elf, source], check=True)
    program = coverage_el2.read_program(elf, "", tmp_path, "el2/")
    where = {line: address for address, _, line in program.statements}
    assert {3, 9, 10} <= set(where)
    nothing = program.info(coverage_el2.Executed())["el2/a.c"]
    assert nothing.lines_hit() == 0 and set(nothing.functions) == {"inner", "start"}
    executed = coverage_el2.Executed()
    executed.counts[where[9]] = 5
    seen = program.info(executed)["el2/a.c"]
    assert seen.lines[9] == 5 and seen.lines[10] == 0
    assert seen.functions["start"] == 5 and seen.functions["inner"] == 0
    with pytest.raises(coverage_el2.Unreadable, match="no lines of"):
        coverage_el2.read_program(elf, "", tmp_path, "other/")
    with pytest.raises(coverage_el2.Unreadable, match="is not there"):
        coverage_el2.read_program(elf, "/no/such/", tmp_path, "el2/")


def test_runs_without_a_file_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="no scenario ran"):
        coverage.plugin_files([tmp_path])
    for name in ("one", "two"):
        folder = tmp_path / "terrarium/isolation" / name
        folder.mkdir(parents=True)
        (folder / "verdict.json").write_text("{}")
    (tmp_path / "terrarium/isolation/two/coverage.txt").write_text(PLUGIN)
    assert [file.parent.name for file in coverage.plugin_files([tmp_path])] == ["two"]
    assert "isolation/one left no coverage.txt" in capsys.readouterr().err
