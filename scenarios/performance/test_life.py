# SPDX-License-Identifier: GPL-2.0-or-later
"""What a VM costs from its creation to its death, counted on the instruction counter."""

import re

import pytest

from scenarios.harness import paths
from scenarios.harness.checks import Checks
from scenarios.harness.host import Host
from scenarios.harness.machine import Machine
from scenarios.harness.trace import Trace
from scenarios.performance.measures import Figure, median

TOOL = paths.ROOT / "platform" / "host" / "tools" / "vm-life.c"
CREATE, READY, ENDED, GONE = range(4)  # the tool's marks
TIMES = 4
WARM = 1  # lives that are not counted: what the first leaves in the host is no VM's cost
KINDS = {"protected": ["--protected"], "normal": []}
PAGES = {"empty": 0, "4 MiB dirty": 1024}


def marks(trace: Trace) -> list[tuple[int, int]]:
    """(what, instructions since power-on) of every mark, in order."""
    defined = re.search(r"^#define VM_LIFE_MARK (0x\w+)", TOOL.read_text(), re.M)
    assert defined, f"{TOOL} does not define VM_LIFE_MARK"
    base = int(defined[1], 16)
    calls = [(visit.args[0] - base, visit.enter.insns) for visit in trace.calls(world="host")]
    return [(what, insns) for what, insns in calls if CREATE <= what <= GONE]


@pytest.mark.icount
def test_life(host: Host, machine: Machine, check: Checks, figure: Figure) -> None:
    """The smallest VM by KVM's interface, without a VMM: creation, first instruction, end, death."""
    host.module("attack")
    names = [(kind, size) for kind in KINDS for size in PAGES]
    for kind, size in names:
        done = host.run(["vm-life", *KINDS[kind], str(PAGES[size]), str(TIMES)], ok=True).report
        check(f"lives, {kind}, {size}", TIMES, done["times"])
    trace = machine.trace()
    seen = marks(trace)
    order = [CREATE, READY, ENDED, GONE] * TIMES * len(names)
    check.must("marks in the trace", len(order), len(seen))
    check.must("of these, out of order", 0, sum(what != want for (what, _), want in zip(seen, order)))
    entries = [record.insns for record in trace.guest_entries()]
    for number, (kind, size) in enumerate(names):
        lives = [[insns for _, insns in seen[at : at + 4]] for at in range(0, len(seen), 4)]
        lives = lives[number * TIMES + WARM : (number + 1) * TIMES]
        firsts = [next(at for at in entries if at > life[READY]) for life in lives]
        parts = {
            "creation, until the vCPU is ready": [b[READY] - b[CREATE] for b in lives],
            "creation, until its first instruction": [at - b[CREATE] for at, b in zip(firsts, lives)],
            "creation, until the guest's power off": [b[ENDED] - b[CREATE] for b in lives],
            "death": [b[GONE] - b[ENDED] for b in lives],
        }
        for part, costs in parts.items():
            figure(f"{kind}, {size}: {part}", median(costs), "instructions")
