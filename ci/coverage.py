# SPDX-License-Identifier: GPL-2.0-or-later
"""`make coverage`: what our tests reach: C by unit tests (gcov), EL2 by scenarios too (the coverage plugin)."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import textwrap
from collections import defaultdict
from pathlib import Path

from ci import coverage_el2, coverage_goals, coverage_info
from ci.coverage_info import Info, Source
from ci.unit import run_program

ROOT = Path(__file__).resolve().parents[1]
# Folders whose C is ours to measure; the tests themselves are not.
_MEASURED = ("vmm/", "guest/", "qemu-plugins/", "platform/")
_EL2 = coverage_goals.EL2


def by_folder(info: Info) -> dict[str, list[Source]]:
    folders: dict[str, list[Source]] = defaultdict(list)
    for path, source in info.items():
        folders[str(Path(path).parent)].append(source)
    return dict(sorted(folders.items()))


def _row(name: str, sources: list[Source]) -> str:
    lines = sum(source.lines_hit() for source in sources), sum(len(source.lines) for source in sources)
    return f"{name:34} {share(*lines)} {share(*_functions(sources))} {share(*_branches(sources))}"


def _functions(sources: list[Source]) -> tuple[int, int]:
    return sum(source.functions_hit() for source in sources), sum(len(source.functions) for source in sources)


def _branches(sources: list[Source]) -> tuple[int, int]:
    return sum(source.branches_hit() for source in sources), sum(len(source.branches) for source in sources)


def table(info: Info, unmeasured: dict[str, int]) -> str:
    """A line per folder; then the files that no unit test is linked with."""
    rows = [f"{'unit tests reach':34} {'lines':>16} {'functions':>16} {'branches':>16}"]
    rows += [_row(folder, sources) for folder, sources in by_folder(info).items()]
    rows.append(_row("all that is measured", list(info.values())))
    if unmeasured:
        rows.append(
            f"not measured: {len(unmeasured)} files, {sum(unmeasured.values())} lines of text, "
            "are in no unit test program; scenarios run them, without counters:"
        )
        for folder in sorted({str(Path(path).parent) for path in unmeasured}):
            names = [Path(path).name for path in sorted(unmeasured) if str(Path(path).parent) == folder]
            rows += textwrap.wrap(f"{folder}: {' '.join(names)}", 98, initial_indent="  ", subsequent_indent="    ")
    return "\n".join(rows)


def share(hit: int, found: int) -> str:
    text = f"{hit}/{found}"
    return f"{text:>10} {100 * hit / found:4.0f}%" if found else f"{text:>10}     -"


def el2_table(scenarios: Info, unit: Info) -> str:
    """EL2's files: reached by scenarios, and by these or unit tests; then the lines that nothing reached."""
    mine = {path: source for path, source in unit.items() if path.startswith(_EL2)}
    merged = coverage_info.merge((scenarios, mine))
    none, rows = [Source()], [f"{'reached at EL2 by':28} {'scenarios':>16} {'or unit tests':>16} {'by scenarios':>33}"]
    rows.append(f"{'':28} {'lines':>16} {'lines':>16} {'functions':>16} {'branches':>16}")
    for path, source in merged.items():
        rows.append(_el2_row(path.removeprefix(_EL2), [scenarios[path]] if path in scenarios else none, [source]))
    rows.append(_el2_row("all", list(scenarios.values()), list(merged.values())))
    rows.append("reached by nothing:")
    never = {path: source.never() for path, source in merged.items() if source.never()}
    for path, lines in never.items():
        rows += textwrap.wrap(f"{path}: {coverage_info.ranges(lines)}", 98, initial_indent="  ", subsequent_indent="    ")
    return "\n".join(rows if never else [*rows, "  no line"])


def _el2_row(name: str, scenarios: list[Source], merged: list[Source]) -> str:
    seen = sum(s.lines_hit() for s in scenarios), sum(len(s.lines) for s in scenarios)
    both = sum(s.lines_hit() for s in merged), sum(len(s.lines) for s in merged)
    return f"{name:28} {share(*seen)} {share(*both)} {share(*_functions(scenarios))} {share(*_branches(scenarios))}"


def lcov_is_2() -> bool:
    version = subprocess.run(["lcov", "--version"], capture_output=True, text=True, check=True)
    match = re.search(r"version (\d+)\.", version.stdout)
    return bool(match) and int(match.group(1)) >= 2


def capture(out: Path, new: bool) -> Path:
    """lcov over what the programs left in @out: our own files."""
    every, ours = out / "all.info", out / "unit.info"
    # 2.x stops at things that 1.x passes over: a pattern without a file, inlined ends of functions.
    lenient = ["--ignore-errors", "unused,empty,inconsistent,mismatch"] if new else []
    lenient += ["--rc", "branch_coverage=1" if new else "lcov_branch_coverage=1"]
    _quietly(["lcov", "--quiet", "--capture", "--directory", str(out), "--output-file", str(every), *lenient])
    patterns = [f"{ROOT}/{folder}*" for folder in _MEASURED]
    _quietly(["lcov", "--quiet", "--extract", str(every), *patterns, "--output-file", str(ours), *lenient])
    return ours


def html(info: Path, out: Path, new: bool) -> None:
    """genhtml's pages of @info in @out/html."""
    lenient = ["--ignore-errors", "unused,empty,inconsistent,mismatch,category"] if new else []
    _quietly(
        ["genhtml", "--quiet", "--branch-coverage", "--prefix", str(ROOT), "--title", "Terrarium: unit tests and scenarios",
         "--legend", "--output-directory", str(out / "html"), str(info), *lenient]  # fmt: skip
    )


def _quietly(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-800:]}")


def plugin_files(runs: list[Path]) -> list[Path]:
    """The plugin's files of all runs below @runs. RuntimeError when a run has none."""
    folders = sorted(verdict.parent for folder in runs for verdict in folder.glob("*/*/*/verdict.json"))
    if not folders:
        raise RuntimeError("no scenario ran")
    lost = [folder.parent.name + "/" + folder.name for folder in folders if not (folder / "coverage.txt").is_file()]
    for name in lost:
        print(f"coverage: {name} left no coverage.txt: what it reached is not counted", file=sys.stderr)
    return [folder / "coverage.txt" for folder in folders if (folder / "coverage.txt").is_file()]


def run_units(programs: list[Path]) -> list[str]:
    """Names of those that failed."""
    failed = []
    for program in programs:
        cases, output = run_program(program)
        if any(case.failure for case in cases):
            failed.append(program.name)
            print(output)
    return failed


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m ci.coverage", description="Coverage report.")
    parser.add_argument("program", nargs="*", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--runs", type=Path, action="append", default=[], help="of scenarios with COVER=1 on our hypervisor")
    parser.add_argument("--elf", type=Path, help="the hypervisor that these ran")
    parser.add_argument("--tools", default="", help="binutils' prefix")
    parser.add_argument("--part", action="store_true", help="not all scenarios ran: no goal for them")
    options = parser.parse_args(arguments)
    out = options.out.absolute()
    if not options.program:
        print("coverage: there is no unit test", file=sys.stderr)
        return 1
    for old in out.rglob("*.gcda"):
        old.unlink()
    failed = run_units(options.program)
    try:
        new = lcov_is_2()
        unit = coverage_info.parse(capture(out, new).read_text(), ROOT)
        parts, texts, goals = [unit], [table(unit, _unmeasured(unit))], coverage_goals.of_unit(unit)
        if options.runs:
            program = coverage_el2.read_program(options.elf, options.tools, ROOT, _EL2)
            scenarios = program.info(coverage_el2.read_all(plugin_files(options.runs)))
            (out / "el2.info").write_text(coverage_info.text_of(scenarios, ROOT))
            parts.append(scenarios)
            texts.append(el2_table(scenarios, unit))
            goals += [] if options.part else coverage_goals.of_el2(scenarios, unit)
        merged = out / "coverage.info"
        merged.write_text(coverage_info.text_of(coverage_info.merge(parts), ROOT))
        html(merged, out, new)
    except (RuntimeError, coverage_el2.Unreadable, OSError) as error:
        print(f"coverage: {error}", file=sys.stderr)
        return 1
    print("\n".join([*texts, *(goal.line() for goal in goals)]))
    print(f"coverage: {out}/html/index.html")
    if failed:
        print(f"coverage: failed: {' '.join(failed)}", file=sys.stderr)
    return 1 if failed or not all(goal.met() for goal in goals) else 0


def _unmeasured(info: Info) -> dict[str, int]:
    """Our files of C that are not in @info, and their lengths."""
    measured = [path for folder in _MEASURED for path in (ROOT / folder).rglob("*.c")]
    return {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in measured
        if str(path.relative_to(ROOT)) not in info
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
