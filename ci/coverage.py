# SPDX-License-Identifier: GPL-2.0-or-later
"""Coverage of our C by its unit tests: an HTML report and a table, with what is not measured."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import textwrap
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from ci.unit import run_program

ROOT = Path(__file__).resolve().parents[1]
# Folders whose C is ours to measure; the tests themselves are not.
_MEASURED = ("vmm/", "guest/", "qemu-plugins/", "platform/")


@dataclass
class Count:
    """Lines and functions: found by the compiler, reached by a test."""

    lines: int = 0
    lines_hit: int = 0
    functions: int = 0
    functions_hit: int = 0

    def add(self, other: "Count") -> None:
        self.lines += other.lines
        self.lines_hit += other.lines_hit
        self.functions += other.functions
        self.functions_hit += other.functions_hit


def parse_info(text: str, root: Path) -> dict[str, Count]:
    """lcov's tracefile (1.x and 2.x) -> path from @root -> counts."""
    files: dict[str, Count] = {}
    count = Count()
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == "SF":
            count = files.setdefault(os.path.relpath(value, root), Count())
        elif key in ("LF", "LH", "FNF", "FNH"):
            name = {"LF": "lines", "LH": "lines_hit", "FNF": "functions", "FNH": "functions_hit"}[key]
            setattr(count, name, getattr(count, name) + int(value))
    return files


def by_folder(files: dict[str, Count]) -> dict[str, Count]:
    folders: dict[str, Count] = defaultdict(Count)
    for path, count in files.items():
        folders[str(Path(path).parent)].add(count)
    return dict(sorted(folders.items()))


def table(files: dict[str, Count], unmeasured: dict[str, int]) -> str:
    """A line per folder; then the files that no unit test is linked with."""
    rows = [f"{'folder':24} {'lines':>16} {'functions':>16}"]
    total = Count()
    for folder, count in by_folder(files).items():
        rows.append(f"{folder:24} {_share(count.lines_hit, count.lines)} {_share(count.functions_hit, count.functions)}")
        total.add(count)
    rows.append(f"{'all that is measured':24} {_share(total.lines_hit, total.lines)} {_share(total.functions_hit, total.functions)}")
    if unmeasured:
        rows.append(
            f"not measured: {len(unmeasured)} files, {sum(unmeasured.values())} lines of text, "
            "are in no unit test program; scenarios run them, without counters:"
        )
        for folder in sorted({str(Path(path).parent) for path in unmeasured}):
            names = [Path(path).name for path in sorted(unmeasured) if str(Path(path).parent) == folder]
            rows += textwrap.wrap(f"{folder}: {' '.join(names)}", 98, initial_indent="  ", subsequent_indent="    ")
    return "\n".join(rows)


def _share(hit: int, found: int) -> str:
    text = f"{hit}/{found}"
    return f"{text:>10} {100 * hit / found:4.0f}%" if found else f"{text:>10}     -"


def lcov_is_2() -> bool:
    version = subprocess.run(["lcov", "--version"], capture_output=True, text=True, check=True)
    match = re.search(r"version (\d+)\.", version.stdout)
    return bool(match) and int(match.group(1)) >= 2


def capture(out: Path, new: bool) -> Path:
    """lcov over what the programs left in @out, and genhtml over our own files."""
    every, ours = out / "all.info", out / "coverage.info"
    # 2.x stops at things that 1.x passes over: a pattern without a file, inlined ends of functions.
    lenient = ["--ignore-errors", "unused,empty,inconsistent,mismatch"] if new else []
    _quietly(["lcov", "--quiet", "--capture", "--directory", str(out), "--output-file", str(every), *lenient])
    patterns = [f"{ROOT}/{folder}*" for folder in _MEASURED]
    _quietly(["lcov", "--quiet", "--extract", str(every), *patterns, "--output-file", str(ours), *lenient])
    lenient = ["--ignore-errors", "unused,empty,inconsistent"] if new else []
    _quietly(
        ["genhtml", "--quiet", "--prefix", str(ROOT), "--title", "Terrarium: C unit tests", "--legend",
         "--output-directory", str(out / "html"), str(ours), *lenient]  # fmt: skip
    )
    return ours


def _quietly(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-800:]}")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m ci.coverage", description="Coverage report.")
    parser.add_argument("program", nargs="*", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    out = options.out.absolute()
    if not options.program:
        print("coverage: there is no unit test", file=sys.stderr)
        return 1
    for old in out.rglob("*.gcda"):
        old.unlink()
    failed = []
    for program in options.program:
        cases, output = run_program(program)
        if any(case.failure for case in cases):
            failed.append(program.name)
            print(output)
    try:
        ours = capture(out, lcov_is_2())
    except (RuntimeError, OSError) as error:
        print(f"coverage: {error}", file=sys.stderr)
        return 1
    files = parse_info(ours.read_text(), ROOT)
    measured = [path for folder in _MEASURED for path in (ROOT / folder).rglob("*.c")]
    unmeasured = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in measured
        if str(path.relative_to(ROOT)) not in files
    }
    print(table(files, unmeasured))
    print(f"coverage: {out}/html/index.html")
    if failed:
        print(f"coverage: failed: {' '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
