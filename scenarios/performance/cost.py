# SPDX-License-Identifier: GPL-2.0-or-later
"""
What our plugins cost: processor time of a closed run with them over one without.

    python3 -m scenarios.performance.cost    the targets of HYP=, without the rest of `make bench`
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import resource
import statistics
import sys

from scenarios.harness import instruments, paths
from scenarios.harness.closed_machine import ClosedMachine
from scenarios.harness.errors import Unusable
from scenarios.harness.folder import RunFolder
from scenarios.harness.machine import Setup
from scenarios.harness.progress import Progress
from scenarios.harness.steps import Step
from scenarios.performance import alone

ROUNDS = 5  # of the machine without and with each load of plugins, one after the other


@dataclasses.dataclass(frozen=True)
class Load:
    """Plugins of one run. limit: what the ratio of a run with them to one without is to stay below."""

    name: str
    limit: float
    trace: bool = False
    tiers: str = ""


LOADS = (
    Load("trace plugin", 1.2, trace=True),
    Load("oracle A", 1.15, tiers="a"),
    Load("oracle A+B+C", 3.0, tiers="abc"),
)


def one_round(target: str, load: Load | None) -> tuple[float, str]:
    """Boot the host, run one guest, power off: QEMU's processor time in s, and the trace's hash."""
    given = os.environ | {"ICOUNT": "1", "SMP": "1", "HYP": target}
    options = paths.machine_description.from_env(given)
    progress = Progress("bench")
    progress.quiet = True
    folder = RunFolder("bench")
    plan = [Step("run", argv=("vmm", "run", "--raw", "/guest/hello.bin"))]
    trace = load is not None and load.trace
    chosen = (instruments.oracle(load.tiers),) if load is not None and load.tiers else ()
    setup = Setup(options=options, trace=trace, instruments=chosen, cold=True)
    machine = ClosedMachine(setup, folder, progress)
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


def measure(target: str) -> alone.Measured:
    """
    For each load the ratio: median of pairs, and best of either.

    The traced rounds are equal runs, so their traces must be equal: Unusable if they are not.
    """
    without: list[float] = []
    spent: dict[str, list[float]] = {load.name: [] for load in LOADS}
    traces = set()
    one_round(target, None)  # the files are in memory from here on
    for number in range(ROUNDS):
        without.append(one_round(target, None)[0])
        for load in LOADS:
            seconds, digest = one_round(target, load)
            spent[load.name].append(seconds)
            if load.trace:
                traces.add(digest)
        with_them = ", ".join(f"{name} {times[-1]:.2f} s" for name, times in spent.items())
        print(f"  plugins on {target}, round {number + 1} of {ROUNDS}: none {without[-1]:.2f} s, {with_them}",
              flush=True)  # fmt: skip
    if len(traces) != 1:
        raise Unusable(f"{ROUNDS} equal runs on the instruction counter gave {len(traces)} traces")
    return figures(without, spent)


def figures(without: list[float], spent: dict[str, list[float]]) -> alone.Measured:
    found: alone.Measured = {}
    for load in LOADS:
        times = spent[load.name]
        ratio = statistics.median(after / before for before, after in zip(without, times))
        found[f"{load.name}: processor time with it / without it, at most {load.limit}"] = "", ratio
        found[f"{load.name}: the same, best of either"] = "", min(times) / min(without)
    found["no plugin: processor time"] = "s", min(without)
    found["trace plugin: equal runs with the same trace"] = "runs", ROUNDS
    return found


if __name__ == "__main__":
    sys.exit(alone.main("cost", measure))
