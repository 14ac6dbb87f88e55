# SPDX-License-Identifier: GPL-2.0-or-later
"""
How soon a scenario can use its host: from a snapshot, and by a boot.

Usable: the host's agent answers, so files can be written and programs started. The first program
takes longer than all before it, for QEMU translates what the kernel needs to start and end one.

    python3 -m scenarios.performance.start    the targets of HYP=, without the rest of `make bench`
"""

from __future__ import annotations

import os
import statistics
import sys
import time

from scenarios.harness import paths
from scenarios.harness.folder import RunFolder
from scenarios.harness.live_machine import LiveMachine
from scenarios.harness.machine import Setup
from scenarios.harness.progress import Progress
from scenarios.performance import alone

COLD_ROUNDS, WARM_ROUNDS = 3, 9
# What is timed, and its goals: from a snapshot, and against a boot.
SHOWN = (("host usable", ", to stay below 0.3", ", at least 10"), ("its first program has ended", "", ""))


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


def measure(target: str) -> alone.Measured:
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


def figures(cold: list[tuple[float, float]], warm: list[tuple[float, float]]) -> alone.Measured:
    """Medians: a machine that others use as well has outliers."""
    booted = [statistics.median(each) for each in zip(*cold)]
    resumed = [statistics.median(each) for each in zip(*warm)]
    seen: alone.Measured = {}
    for number, (what, soon, times) in enumerate(SHOWN):
        seen[f"start from a snapshot: {what}{soon}"] = ("s", resumed[number])
        seen[f"start by a boot: {what}"] = ("s", booted[number])
        seen[f"start from a snapshot: {what}, times faster than by a boot{times}"] = ("", booted[number] / resumed[number])
    return seen


if __name__ == "__main__":
    sys.exit(alone.main("start", measure))
