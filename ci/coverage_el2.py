# SPDX-License-Identifier: GPL-2.0-or-later
"""What EL2 executed, from the coverage plugin's files to lines, functions and branches of source.

Of a program with DWARF (our hypervisor) by binutils' own readers; of upstream's EL2, whose
kernel has no DWARF, by functions from the kernel's symbols.

A line is there when a statement of it begins at an instruction (is_stmt of DWARF's line
table), and reached when that instruction was executed. The compiler joins and moves
statements: a branch that became a conditional select has no instruction of its own.
"""

from __future__ import annotations

import bisect
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ci.coverage_info import Info, Source

_BRANCH = re.compile(r"b\.(?!al|nv)\w+|bc\.\w+|cbn?z|tbn?z")
_ROW = re.compile(r"(\S+)\s+(\d+)\s+0x([0-9a-f]+)(?:\s+\d+)?\s+x\s*$")


class Unreadable(Exception):
    """A file that is not what it should be; the text is one sentence."""


@dataclass
class Executed:
    """Instructions by physical address: how often each was executed, and which way branches went."""

    counts: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    taken: dict[int, tuple[int, int]] = field(default_factory=dict)

    def add(self, text: str, name: str) -> None:
        """One file of the plugin's. Raises Unreadable."""
        rows = text.splitlines()
        if not rows or rows[0] != "terrarium coverage 1":
            raise Unreadable(f"{name} is no file of the coverage plugin, version 1")
        if rows[-1] != "end whole":
            raise Unreadable(f"{name} is cut short" if not rows[-1].startswith("end ") else f"{name}: more code than it has place for")
        for row in rows[1:-1]:
            words = row.split()
            address = int(words[0], 16)
            self.counts[address] += int(words[3])
            if len(words) == 6:
                before = self.taken.get(address, (0, 0))
                self.taken[address] = (before[0] + int(words[4]), before[1] + int(words[5]))


def read_all(files: Iterable[Path]) -> Executed:
    """The sum of the plugin's @files. Raises Unreadable, OSError."""
    executed = Executed()
    for file in files:
        executed.add(file.read_text(), str(file))
    return executed


@dataclass(frozen=True)
class Program:
    """What DWARF says of a program, by address."""

    statements: list[tuple[int, str, int]]  # address, path, line: where a statement begins
    stacks: dict[int, list[tuple[str, str, int]]]  # address -> (function, path, line), innermost first
    branches: list[int]  # addresses of conditional branches

    def info(self, executed: Executed) -> Info:
        """All that is there, and what of it was @executed."""
        sources: dict[str, Source] = defaultdict(Source)
        for address, path, line in self.statements:
            lines = sources[path].lines
            lines[line] = max(lines.get(line, 0), executed.counts.get(address, 0))
        for address, stack in self.stacks.items():
            count = executed.counts.get(address, 0)
            for name, path, line in stack:
                source = sources[path]
                source.functions[name] = max(source.functions.get(name, 0), count)
                source.begins[name] = min(source.begins.get(name, line), line)
        for address in self.branches:
            if address in self.stacks:
                _, path, line = self.stacks[address][0]
                for branch, way in enumerate(executed.taken.get(address, (None, None))):
                    sources[path].branches[line, hex(address), str(branch)] = way
        return dict(sorted(sources.items()))


def read_program(elf: Path, tools: str, root: Path, folder: str) -> Program:
    """DWARF of @elf for sources below @root/@folder. @tools: binutils' prefix. Raises Unreadable."""
    code = _run([f"{tools}objdump", "-d", "-w", "--no-show-raw-insn", str(elf)])
    instructions = re.findall(r"^ *([0-9a-f]+):\t(\S+)", code, re.M)
    addresses = [int(address, 16) for address, _ in instructions]
    stacks = _stacks(elf, tools, root, folder, addresses)
    places = {Path(path).name: path for stack in stacks.values() for _, path, _ in stack}
    if len(places) != len(set(places.values())):
        raise Unreadable(f"two sources of {elf.name} have one name")
    statements = []
    for row in _run([f"{tools}objdump", "--dwarf=decodedline", str(elf)]).splitlines():
        match = _ROW.fullmatch(row)
        if match and match[1] in places:
            statements.append((int(match[3], 16), places[match[1]], int(match[2])))
    if not statements:
        raise Unreadable(f"{elf} has no lines of {folder} in its DWARF data")
    there = set(addresses)
    statements = [statement for statement in statements if statement[0] in there]
    branches = [int(address, 16) for address, name in instructions if _BRANCH.fullmatch(name)]
    return Program(statements, stacks, branches)


def _stacks(elf: Path, tools: str, root: Path, folder: str, addresses: list[int]) -> dict[int, list[tuple[str, str, int]]]:
    """The function at each address, and those that it is inlined into."""
    asked = "\n".join(map(hex, addresses))
    rows = _run([f"{tools}addr2line", "-a", "-f", "-i", "-e", str(elf)], asked).splitlines()
    stacks: dict[int, list[tuple[str, str, int]]] = {}
    address, index = 0, 0
    while index < len(rows):
        if rows[index].startswith("0x"):
            address, index = int(rows[index], 16), index + 1
            continue
        name, place = rows[index], rows[index + 1].split(" ")[0]
        index += 2
        path, _, line = place.rpartition(":")
        inside = _below(path, root)
        if inside.startswith(folder) and line.isdigit():
            stacks.setdefault(address, []).append((name, inside, int(line)))
    return stacks


def _below(path: str, root: Path) -> str:
    """@path from @root on; the build maps @root to nothing or to "/"."""
    text = path.removeprefix(str(root)).lstrip("/")
    while text.startswith("./"):
        text = text[2:]
    return text


def _run(command: list[str], text: str = "") -> str:
    try:
        return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        raise Unreadable(f"{command[0]} is not there: `make setup` fetches it") from None
    except subprocess.CalledProcessError as error:
        raise Unreadable(f"{command[0]} failed: {error.stderr.strip()[-200:]}") from None


def functions_reached(executed: Executed, code: list[tuple[str, int]]) -> dict[str, int]:
    """How many instructions of each function were executed. @code: names and physical addresses,
    by address; what lies behind the last one is no function's."""
    reached = {name: 0 for name, _ in code[:-1]}
    starts = [address for _, address in code]
    for address in executed.counts:
        index = bisect.bisect_right(starts, address) - 1
        if 0 <= index < len(code) - 1:
            reached[code[index][0]] += 1
    return reached
