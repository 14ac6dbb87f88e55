# SPDX-License-Identifier: GPL-2.0-or-later
"""The hypervisor's image as it is linked: rights, barriers, registers that it must not touch."""

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OUT = Path(os.environ.get("O") or ROOT / "out")
ELF = OUT / "hypervisor/hyp.elf"
TOOLS = Path(os.environ.get("SDK") or OUT / "sdk") / "bin"
PAGE, BLOCK = 0x1000, 0x200000
WRITE, EXECUTE = 2, 1


def tool(name: str, *arguments: str) -> str:
    command = [TOOLS / f"aarch64-linux-gnu-{name}", *arguments, ELF]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def functions() -> dict[str, list[str]]:
    """Name -> instructions, as "eret" or "add x0, x1"."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in tool("objdump", "-d", "--no-show-raw-insn").splitlines():
        head = re.fullmatch(r"[0-9a-f]+ <(.+)>:", line)
        code = re.match(r"\s+[0-9a-f]+:\s+(\S.*)", line)
        if head:
            lines = found.setdefault(head[1], [])
        elif code:
            lines.append(re.sub(r"\s+", " ", code[1].split("//")[0]).strip())
    assert len(found) > 100, "the image was not read"
    return found


def test_no_segment_is_writable_and_executable() -> None:
    flags = []
    data = ELF.read_bytes()
    start, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for number in range(count):
        kind, rights, _, address, *_ = struct.unpack_from("<IIQQQQQQ", data, start + number * size)
        if kind == 1:
            flags.append(rights & (WRITE | EXECUTE))
            assert address % PAGE == 0
    assert sorted(flags) == [0, EXECUTE, WRITE]


def test_there_is_a_guard_page_on_both_sides_of_each_stack() -> None:
    """Below, as stage1_init() maps none there; above, the next one's, or the last page before the windows."""
    symbols = {words[2]: int(words[0], 16) for words in map(str.split, tool("nm").splitlines()) if len(words) == 3}
    layout = (ROOT / "platform/hypervisor/include/hyp/layout.h").read_text()
    numbers = {name: int(pages) for name, pages in re.findall(r"#define (\w+_BYTES) \((\d+) \* PAGE_BYTES\)", layout)}
    stride = (2 + numbers["STACK_BYTES"] + numbers["FATAL_STACK_BYTES"]) * PAGE
    assert symbols["windows"] - symbols["stacks"] == 8 * stride + PAGE
    assert symbols["data_end"] <= symbols["stacks"]


def test_the_header_is_that_of_an_image() -> None:
    data = (OUT / "hypervisor/hyp.bin").read_bytes()
    offset, size, flags = struct.unpack_from("<QQQ", data, 8)
    assert data[56:60] == b"ARM\x64"
    assert (offset, flags) == (0, 0xA)
    assert size >= len(data) and size % BLOCK == 0


def test_nothing_runs_on_past_an_exception_return(functions: dict[str, list[str]]) -> None:
    """The CPU may go on behind an ERET by speculation: barriers stop it."""
    returns = 0
    for code in functions.values():
        for place, instruction in enumerate(code):
            if instruction.startswith("eret"):
                returns += 1
                assert code[place + 1 : place + 3] == ["dsb nsh", "isb"]
    assert returns == 2  # to the host, to a guest


def test_simd_registers_are_left_to_the_host(functions: dict[str, list[str]]) -> None:
    """Only the world switch moves them. libfdt, which runs before the host does, may use them."""
    register = re.compile(r"(?<![\w<+])[bhsdqvz]([12]?[0-9]|3[01])(?![\w>])")
    switch = {"fp_save", "fp_load"}
    assert switch <= functions.keys()
    for name, code in functions.items():
        if not re.match(r"_?_?fdt_", name) and name not in switch:
            assert [line for line in code if register.search(line)] == [], name


def test_unused_vectors_report(functions: dict[str, list[str]]) -> None:
    """Sixteen rows of 128 bytes; two lead to the host's traps, the others to the report."""
    rows = [line for line in functions["vectors"] if re.match(r"b ", line)]
    assert sum("<fatal_exit>" in line for line in rows) == 14
    assert sum("<host_exit>" in line for line in rows) == 2


def test_vectors_while_a_guest_runs(functions: dict[str, list[str]]) -> None:
    """All eight rows of a lower exception level lead out of the guest, EL2's own to the report."""
    rows = [line for line in functions["guest_vectors"] if re.match(r"b ", line)]
    assert ["<fatal_exit>" in line for line in rows] == [True] * 8 + [False] * 8
    assert all("<guest_exit>" in line for line in rows[8:])


def test_libfdt_is_not_called_once_the_host_runs(functions: dict[str, list[str]]) -> None:
    """From what a trap can reach, no call leads to it."""
    reached, todo = set(), ["trap_host", "hyp_start_secondary", "fatal_exception"]
    while todo:
        name = todo.pop()
        if name in reached:
            continue
        reached.add(name)
        text = "\n".join(functions[name])
        todo += [target for target in re.findall(r"\bbl? [0-9a-f]+ <([\w.]+)", text) if target in functions]
        todo += [target for target in functions if target.startswith("trap_") and name == "trap_host"]
    assert "smc_host_call" in reached and "owner_host_reaches" in reached
    assert [name for name in sorted(reached) if re.match(r"_?_?fdt_", name)] == []


def test_lines_of_code_that_run_at_el2_stay_within_their_limits() -> None:
    counted = subprocess.run([sys.executable, ROOT / "platform/hypervisor/tcb.py"], capture_output=True, text=True)
    assert (counted.returncode, counted.stderr) == (0, "")
