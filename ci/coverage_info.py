# SPDX-License-Identifier: GPL-2.0-or-later
"""lcov's tracefiles (.info): read, merged, written. Both 1.x and 2.x are read; what is written both take."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Source:
    """One file of source: what there is to reach in it, and how often it was reached."""

    lines: dict[int, int] = field(default_factory=dict)
    functions: dict[str, int] = field(default_factory=dict)
    begins: dict[str, int] = field(default_factory=dict)  # first line of each function
    # By line, block (any words that tell those of a line apart) and way. None: never reached.
    branches: dict[tuple[int, str, str], int | None] = field(default_factory=dict)

    def add(self, other: "Source") -> None:
        for line, count in other.lines.items():
            self.lines[line] = self.lines.get(line, 0) + count
        for name, count in other.functions.items():
            self.functions[name] = self.functions.get(name, 0) + count
            self.begins.setdefault(name, other.begins.get(name, 1))
        for key, taken in other.branches.items():
            mine = self.branches.get(key)
            self.branches[key] = mine if taken is None else taken + (mine or 0)

    def lines_hit(self) -> int:
        return sum(count > 0 for count in self.lines.values())

    def functions_hit(self) -> int:
        return sum(count > 0 for count in self.functions.values())

    def branches_hit(self) -> int:
        return sum(bool(taken) for taken in self.branches.values())

    def never(self) -> list[int]:
        """Lines that nothing reached, ascending."""
        return sorted(line for line, count in self.lines.items() if not count)


Info = dict[str, Source]  # by path from the project's folder


def merge(infos: Iterable[Info]) -> Info:
    """What any of them reached."""
    merged: Info = {}
    for info in infos:
        for path, source in info.items():
            merged.setdefault(path, Source()).add(source)
    return dict(sorted(merged.items()))


def parse(text: str, root: Path) -> Info:
    """All of a tracefile."""
    info: Info = {}
    source = Source()
    names: dict[str, tuple[int, list[str]]] = {}  # 2.x: by number, the line and the aliases
    for row in text.splitlines():
        key, _, value = row.partition(":")
        if key == "SF":
            source = info.setdefault(os.path.relpath(value, root), Source())
            names = {}
        elif key == "DA":
            line, count = (int(word) for word in value.split(",")[:2])
            source.lines[line] = source.lines.get(line, 0) + count
        elif key == "BRDA":
            at, block, way, taken = value.split(",", 3)
            before = source.branches.get((int(at), block, way))
            source.branches[int(at), block, way] = before if taken == "-" else int(taken) + (before or 0)
        elif key == "FN":
            line, name = value.split(",")[0], value.split(",")[-1]
            source.begins[name] = int(line)
            source.functions.setdefault(name, 0)
        elif key == "FNDA":
            hits, name = value.split(",", 1)
            source.functions[name] = source.functions.get(name, 0) + int(hits)
        elif key == "FNL":
            number, line = value.split(",")[:2]
            names[number] = (int(line), [])
        elif key == "FNA":
            number, hits, name = value.split(",", 2)
            source.begins[name] = names[number][0]
            source.functions[name] = source.functions.get(name, 0) + int(hits)
    return info


def _numbered(branches: dict[tuple[int, str, str], int | None]) -> list[tuple[tuple[int, int, str], int | None]]:
    """By line; lcov wants small numbers for the blocks of each."""
    blocks: dict[int, dict[str, int]] = {}
    rows = []
    for (line, block, way), taken in sorted(branches.items()):
        numbers = blocks.setdefault(line, {})
        rows.append(((line, numbers.setdefault(block, len(numbers)), way), taken))
    return rows


def text_of(info: Info, root: Path) -> str:
    """@info as a tracefile."""
    rows: list[str] = []
    for path, source in info.items():
        rows += ["TN:", f"SF:{root / path}"]
        rows += [f"FN:{source.begins.get(name, 1)},{name}" for name in source.functions]
        rows += [f"FNDA:{count},{name}" for name, count in source.functions.items()]
        rows += [f"FNF:{len(source.functions)}", f"FNH:{source.functions_hit()}"]
        for (line, block, branch), taken in _numbered(source.branches):
            rows.append(f"BRDA:{line},{block},{branch},{'-' if taken is None else taken}")
        if source.branches:
            rows += [f"BRF:{len(source.branches)}", f"BRH:{source.branches_hit()}"]
        rows += [f"DA:{line},{count}" for line, count in sorted(source.lines.items())]
        rows += [f"LF:{len(source.lines)}", f"LH:{source.lines_hit()}", "end_of_record"]
    return "\n".join(rows) + "\n"


def ranges(lines: list[int]) -> str:
    """Ascending numbers as "3-5 9"."""
    parts: list[list[int]] = []
    for line in lines:
        if parts and line == parts[-1][1] + 1:
            parts[-1][1] = line
        else:
            parts.append([line, line])
    return " ".join(f"{first}-{last}" if last > first else str(first) for first, last in parts)
