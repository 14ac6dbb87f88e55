# SPDX-License-Identifier: GPL-2.0-or-later
"""
`make bench`: run the performance scenarios and the default scenario, measure what the trace plugin
costs, write out/bench.json and print a table; with BASE=FILE, next to the figures of that file.

Figures on the instruction counter do not vary. Wall time and processor time do: they stand
there to be read, and only their ratio within one run is compared with anything.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from scenarios.harness import paths, verdict
from scenarios.harness.__main__ import DEFAULT_SCENARIO
from scenarios.harness.errors import Failure, Unusable
from scenarios.harness.folder import RunFolder
from scenarios.harness.machine import ClosedMachine, Setup
from scenarios.harness.progress import Progress
from scenarios.harness.steps import Step

FORMAT = 1
ROUNDS = 5  # of the machine without and with the trace plugin, one after the other
# Small changes of a figure are not worth a mark.
CHANGE = 0.02
NAME_WIDTH = 82

Figures = dict[str, dict[str, Any]]  # name -> value, unit


def run_scenarios(words: list[str]) -> bool:
    """One after the other, so that they do not share the processors. False: one failed."""
    environment = os.environ | {"JOBS": "1"}
    command = [sys.executable, "-m", "scenarios.harness", "run", *words]
    return subprocess.run(command, env=environment, check=False).returncode == 0


def figures_of(folder: Path) -> Figures:
    """What a scenario's verdict holds, and how long it took."""
    judged = verdict.read(folder)
    figures: Figures = {
        f"{judged.scenario}: {figure.name}": {"value": figure.value, "unit": figure.unit}
        for figure in judged.figures
    }
    figures[f"{judged.scenario}: wall time"] = {"value": judged.seconds, "unit": "s"}
    return figures


def one_round(trace: bool) -> tuple[float, str]:
    """Boot the host, run one guest, power off: QEMU's processor time in s, and the trace's hash."""
    options = paths.machine_description.from_env(os.environ | {"ICOUNT": "1", "SMP": "1"})
    progress = Progress("bench")
    progress.quiet = True
    folder = RunFolder("bench")
    plan = [Step("run", argv=("vmm", "run", "--raw", "/guest/hello.bin"))]
    machine = ClosedMachine(Setup(options=options, trace=trace), folder, progress)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        result = machine.run(plan).run(plan[0].argv, 0)
        if result.exit != 0:
            raise Unusable(f"the guest of the cost measurement did not run: {result.words()}")
    finally:
        machine.close()
        folder.close()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    content = (folder.path / "trace.bin").read_bytes() if trace else b""
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, hashlib.sha256(content).hexdigest()


def plugin_cost() -> Figures:
    """
    Processor time with the trace plugin over without it; median of pairs, best of either.

    The traced rounds are equal runs, so their traces must be equal: Unusable if they are not.
    """
    without, traced, traces = [], [], set()
    one_round(trace=False)  # the files are in memory from here on
    for number in range(ROUNDS):
        without.append(one_round(trace=False)[0])
        spent, digest = one_round(trace=True)
        traced.append(spent)
        traces.add(digest)
        print(f"  trace plugin, round {number + 1} of {ROUNDS}: {without[-1]:.2f} s without, "
              f"{spent:.2f} s with; trace {digest[:12]}", flush=True)  # fmt: skip
    if len(traces) != 1:
        raise Unusable(f"{ROUNDS} equal runs on the instruction counter gave {len(traces)} traces")
    ratio = statistics.median(after / before for before, after in zip(without, traced))
    return {
        "trace plugin: processor time with it / without it": {"value": ratio, "unit": ""},
        "trace plugin: the same, best of either": {
            "value": min(traced) / min(without), "unit": "",
        },
        "trace plugin: processor time without it": {"value": min(without), "unit": "s"},
        "trace plugin: equal runs with the same trace": {"value": ROUNDS, "unit": "runs"},
    }  # fmt: skip


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


def table(figures: Figures, base: Figures | None) -> str:
    lines = []
    for name, figure in figures.items():
        line = f"{name:<{NAME_WIDTH}} {show(figure['value']):>16} {figure['unit']:<12}"
        if base is not None:
            line += _compared(figure, base.get(name))
        lines.append(line.rstrip())
    for name in sorted((base or {}).keys() - figures.keys()):
        lines.append(f"{name:<{NAME_WIDTH}} {'gone':>16}")
    return "\n".join(lines)


def _compared(figure: dict[str, Any], old: dict[str, Any] | None) -> str:
    if old is None or old["unit"] != figure["unit"]:
        return "  new"
    if old["value"] == figure["value"]:
        return "  ="
    if old["value"] == 0:
        return f"  was {show(old['value'])}"
    change = figure["value"] / old["value"] - 1
    mark = "" if abs(change) < CHANGE else "  <--"
    return f"  {change:+.1%}, was {show(old['value'])}{mark}"


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
    runs = paths.runs() / paths.machine_description.targets(os.environ)[0]
    shutil.rmtree(runs / "performance", ignore_errors=True)
    shutil.rmtree(runs / DEFAULT_SCENARIO, ignore_errors=True)
    held = run_scenarios(["performance"])
    held = run_scenarios([DEFAULT_SCENARIO]) and held
    figures: Figures = {}
    for path in sorted((runs / "performance").glob("*/verdict.json")):
        figures |= figures_of(path.parent)
    if (runs / DEFAULT_SCENARIO / "verdict.json").exists():
        figures |= figures_of(runs / DEFAULT_SCENARIO)
    figures |= plugin_cost()
    target = paths.out() / "bench.json"
    write(figures, target)
    print("\n" + table(figures, base))
    print(f"\nbench: {len(figures)} figures in {time.monotonic() - began:.0f} s: {paths.short(target)}")
    if not held:
        print("bench: a scenario failed, so figures are missing or wrong")
    return 0 if held else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"bench: {failure}", file=sys.stderr)
        sys.exit(2)
