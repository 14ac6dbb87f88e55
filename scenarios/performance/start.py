# SPDX-License-Identifier: GPL-2.0-or-later
"""
How soon a scenario can use its host: from a snapshot, and by a boot.

Usable: the host's agent answers, so files can be written and programs started. The first program
takes as long again, for QEMU translates what the kernel needs to start and end one.

    python3 -m scenarios.performance.start    the targets of HYP=, without the rest of `make bench`
"""

from __future__ import annotations

import os
import statistics
import sys
import time

from scenarios.harness import paths
from scenarios.harness.errors import Failure
from scenarios.harness.folder import RunFolder
from scenarios.harness.live_machine import LiveMachine
from scenarios.harness.machine import Setup
from scenarios.harness.progress import Progress

COLD_ROUNDS, WARM_ROUNDS = 3, 9
SOON_S, TIMES = 0.3, 10  # what the start from a snapshot is to be below, and how often faster

Measured = dict[str, tuple[str, float]]  # figure -> unit, value


def one_start(target: str, cold: bool) -> tuple[float, float]:
    """Seconds from nothing until the host's agent answers, and until its first program has ended; traced, as scenarios are."""
    given = {key: value for key, value in os.environ.items() if key != "ICOUNT"} | {"HYP": target}
    progress = Progress("bench-start")
    progress.quiet = True
    folder = RunFolder("bench-start")
    began = time.monotonic()
    machine = LiveMachine(Setup(paths.machine_description.from_env(given), cold=cold), folder, progress)
    try:
        machine.start()
        driver = machine.ready()
        answers = time.monotonic()
        driver.run(("true",), 60.0)
        return answers - began, time.monotonic() - began
    finally:
        machine.close()
        folder.close()


def measure(target: str) -> Measured:
    one_start(target, cold=False)  # the snapshot is there, and all files are in memory
    cold, warm = [], []
    for number in range(WARM_ROUNDS):
        if number % (WARM_ROUNDS // COLD_ROUNDS) == 0:
            cold.append(one_start(target, cold=True))
        warm.append(one_start(target, cold=False))
    print(f"  start on {target}: by a boot {_seen(cold)} s; from a snapshot {_seen(warm)} s", flush=True)
    return figures(cold, warm)


def _seen(starts: list[tuple[float, float]]) -> str:
    return ", ".join(f"{answers:.2f}/{ended:.2f}" for answers, ended in starts)


def figures(cold: list[tuple[float, float]], warm: list[tuple[float, float]]) -> Measured:
    """Medians: a machine that others use as well has outliers."""
    booted = [statistics.median(each) for each in zip(*cold)]
    resumed = [statistics.median(each) for each in zip(*warm)]
    seen: Measured = {}
    for number, what in enumerate((f"host usable, to stay below {SOON_S}", "its first program has ended")):
        seen[f"start from a snapshot: {what}"] = ("s", resumed[number])
        seen[f"start by a boot: {what.partition(',')[0]}"] = ("s", booted[number])
        goal = f", at least {TIMES}" if number == 0 else ""
        seen[f"start from a snapshot: {what.partition(',')[0]}, times faster than by a boot{goal}"] = ("", booted[number] / resumed[number])
    return seen


def main() -> int:
    for target in paths.machine_description.targets(os.environ):
        for name, (unit, value) in measure(target).items():
            print(f"{target:>10}  {name:<70} {value:.3f} {unit}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"start: {failure}", file=sys.stderr)
        sys.exit(2)
