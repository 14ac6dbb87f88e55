# SPDX-License-Identifier: GPL-2.0-or-later
"""
How soon a scenario can use its host: from a snapshot, and by a boot.

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


def one_start(target: str, cold: bool) -> float:
    """Seconds from nothing to the end of the first program in the host; the trace plugin is there, as in scenarios."""
    given = {key: value for key, value in os.environ.items() if key != "ICOUNT"} | {"HYP": target}
    progress = Progress("bench-start")
    progress.quiet = True
    folder = RunFolder("bench-start")
    began = time.monotonic()
    machine = LiveMachine(Setup(paths.machine_description.from_env(given), cold=cold), folder, progress)
    try:
        machine.start()
        machine.ready().run(("true",), 60.0)
        return time.monotonic() - began
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
    seen = f"cold {', '.join(f'{each:.2f}' for each in cold)} s; from a snapshot {', '.join(f'{each:.2f}' for each in warm)} s"
    print(f"  start on {target}: {seen}", flush=True)
    return figures(cold, warm)


def figures(cold: list[float], warm: list[float]) -> Measured:
    """Medians: a machine that others use as well has outliers."""
    from_boot, from_snapshot = statistics.median(cold), statistics.median(warm)
    return {
        f"start from a snapshot: host usable, to stay below {SOON_S}": ("s", from_snapshot),
        "start by a boot: host usable": ("s", from_boot),
        f"start from a snapshot: times faster than by a boot, at least {TIMES}": ("", from_boot / from_snapshot),
    }


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
