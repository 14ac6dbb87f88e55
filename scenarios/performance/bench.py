# SPDX-License-Identifier: GPL-2.0-or-later
"""
`make bench`: run the performance scenarios and the default scenario on every target, measure what
our plugins cost, write out/bench.json and print a table with a column for each target and
their ratio; with BASE=FILE, next to the figures of that file.

Figures on the instruction counter do not vary. Wall time and processor time do: they stand
there to be read, and only their ratio within one run is compared with anything.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from scenarios.harness import paths, verdict
from scenarios.harness.__main__ import DEFAULT_SCENARIO
from scenarios.harness.errors import Failure, Unusable
from scenarios.performance import cost, start
from scenarios.performance.measures import GOAL

FORMAT = 2
# Small changes of a figure are not worth a mark.
CHANGE = 0.02
NAME_WIDTH = 84

ELSEWHERE = (DEFAULT_SCENARIO, "endurance/avf_least_memory")  # what has figures beside the performance scenarios

OURS, PEER = "terrarium", "pkvm"  # the ratio is OURS / PEER

Figures = dict[str, dict[str, Any]]  # name -> unit, values (target -> number)


def run_scenarios(words: list[str]) -> bool:
    """False: one failed. Side by side: closed runs count instructions, whatever else runs."""
    command = [sys.executable, "-m", "scenarios.harness", "run", *words]
    return subprocess.run(command, check=False).returncode == 0


def add(figures: Figures, name: str, unit: str, target: str, value: float) -> None:
    figures.setdefault(name, {"unit": unit, "values": {}})["values"][target] = value


def add_verdict(figures: Figures, folder: Path) -> None:
    """What a scenario's verdict holds, and how long it took."""
    judged = verdict.read(folder)
    for figure in judged.figures:
        name = f"{judged.scenario}: {figure.name}"
        add(figures, name, figure.unit, judged.target, figure.value)
    add(figures, f"{judged.scenario}: wall time", "s", judged.target, judged.seconds)


def elsewhere(runs: Path) -> list[Path]:
    """The folders of ELSEWHERE's runs, each variant's."""
    return sorted(folder for name in ELSEWHERE for folder in (*runs.glob(name), *runs.glob(f"{name}.*")))


def goals(folders: list[Path]) -> list[str]:
    """A line for each goal that a scenario held its figures against."""
    lines = []
    for judged in map(verdict.read, folders):
        for check in judged.checks:
            if check.name.startswith(GOAL):
                name = f"{judged.target}/{judged.scenario}: {check.name.removeprefix(GOAL)}"
                lines.append(f"  {'ok  ' if check.ok else 'FAIL'}  {name:<{NAME_WIDTH}} {check.expected}; seen {check.seen}")
    return lines


def load_base(path: Path) -> Figures:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise Unusable(f"BASE={path}: it has format {content['format']}, not {FORMAT}")
        return dict(content["figures"])
    except OSError as error:
        raise Unusable(f"BASE={path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Unusable(f"BASE={path}: this is no file of `make bench`") from error


def show(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.4g}"


def table(figures: Figures, targets: list[str], base: Figures | None) -> str:
    """A line for each figure: its value on each target, the ratio of two, the unit, what changed."""
    compared = OURS in targets and PEER in targets
    title = "".join(f"{target:>16}" for target in targets) + ("   ratio" if compared else "")
    lines = [f"{'':<{NAME_WIDTH}}{title}"]
    for name, figure in figures.items():
        values = figure["values"]
        seen = (show(values[target]) if target in values else "-" for target in targets)
        line = f"{name:<{NAME_WIDTH}}" + "".join(f"{text:>16}" for text in seen)
        line += (f"{_ratio(values):>8}" if compared else "") + f" {figure['unit']:<12}"
        if base is not None:
            line += _compared(figure, base.get(name), targets)
        lines.append(line.rstrip())
    for name in sorted((base or {}).keys() - figures.keys()):
        lines.append(f"{name:<{NAME_WIDTH}}{'gone':>16}")
    return "\n".join(lines)


def _ratio(values: dict[str, float]) -> str:
    if not values.get(PEER) or OURS not in values:
        return ""
    return f"{values[OURS] / values[PEER]:.2f}"


def _compared(figure: dict[str, Any], old: dict[str, Any] | None, targets: list[str]) -> str:
    """What is not as it was, target by target."""
    text = ""
    for target in targets:
        if target not in figure["values"]:
            continue
        now = figure["values"][target]
        known = old is not None and old["unit"] == figure["unit"] and target in old["values"]
        if not known:
            text += f"  {target} new"
        elif (was := old["values"][target]) != now:
            change = now / was - 1 if was else None
            text += f"  {target} {change:+.1%}," if change is not None else f"  {target}"
            text += f" was {show(was)}"
            text += "  <--" if change is not None and abs(change) >= CHANGE else ""
    return text or "  ="


def write(figures: Figures, path: Path) -> None:
    content = {"format": FORMAT, "versions": verdict.versions(), "figures": figures}
    new = path.with_name(path.name + ".new")
    new.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    new.replace(path)


def main() -> int:
    base = None
    if os.environ.get("BASE"):
        base = load_base(Path(os.environ["BASE"]))
    began = time.monotonic()
    os.environ["HYP"] = os.environ.get("HYP") or paths.machine_description.BOTH
    targets = sorted(paths.machine_description.targets(os.environ), key=lambda name: name != OURS)
    for target in targets:
        shutil.rmtree(paths.runs() / target / "performance", ignore_errors=True)
        for folder in elsewhere(paths.runs() / target):
            shutil.rmtree(folder)
    held = run_scenarios(["performance", *ELSEWHERE])
    figures: Figures = {}
    judged: list[Path] = []
    for target in targets:
        runs = paths.runs() / target
        folders = sorted(path.parent for path in runs.glob("performance/*/verdict.json"))
        folders += [folder for folder in elsewhere(runs) if (folder / "verdict.json").exists()]
        for folder in folders:
            add_verdict(figures, folder)
        judged += folders
        for name, (unit, value) in (start.measure(target) | cost.measure(target)).items():
            add(figures, name, unit, target, value)
    path = paths.out() / "bench.json"
    write(figures, path)
    print("\n" + table(figures, targets, base))
    print("\n".join(["\ngoals", *goals(judged)]))
    print(f"\nbench: {len(figures)} figures in {time.monotonic() - began:.0f} s: {paths.short(path)}")
    if not held:
        print("bench: a scenario failed, so figures are missing or wrong")
    return 0 if held else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"bench: {failure}", file=sys.stderr)
        sys.exit(2)
