# SPDX-License-Identifier: GPL-2.0-or-later
"""`make mutants`: is each of the rules that the hypervisor keeps missed, once it is broken?

Every mutant is built in a folder of its own and shown to the instruments. A mutant that
nothing catches, one that does not apply or build, and an alarm where nothing is broken are
failures.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from ci.mutants import judge, spec, table
from ci.mutants.judge import Finding
from ci.mutants.spec import INSTRUMENTS, TIERS, BadMutant, Mutant
from ci.mutants.table import Outcome
from ci.mutants.tree import Tree


def steps_for(mutant: Mutant, wanted: tuple[str, ...], first: bool, apart: bool = False) -> list[str]:
    """
    What is asked, in order: "unit", "fuzz", "oracle abc" (tiers), "scenario". Where one tier alone must
    catch it, the others are asked apart from it; with @apart, all are. @first: of those, only who must.
    """
    names = [name for name in wanted if mutant.file or name in ("scenario", "oracle")]
    must = [name.removeprefix("oracle ") for name in mutant.only if name in TIERS]
    if first and mutant.only:
        return list(mutant.only)
    steps = [name for name in names if name in ("unit", "fuzz")]
    if "oracle" in names:
        rest = "".join(tier for tier in "abc" if tier not in must)
        steps += [f"oracle {tiers}" for tiers in ("abc" if apart else (*must, rest)) if tiers]
    return steps + [name for name in names if name == "scenario"]


def ask(tree: Tree, steps: list[str], stop: bool) -> Iterator[Finding]:
    """What each of @steps finds. @stop: until one has caught it. Raises BadMutant."""
    machine: judge.Machine | None = None
    seen: set[str] = set()
    for step in steps:
        if step in ("unit", "fuzz"):
            finding = judge.unit(tree) if step == "unit" else judge.fuzz(tree)
        else:
            machine = machine or judge.Machine(tree)
            finding = machine.scenario() if step == "scenario" else machine.oracle(step.removeprefix("oracle "))
            if step in TIERS and finding.instrument in seen:
                # Tier A judges always: whom it stops, nobody else sees.
                finding = Finding(step, False, finding.seconds, f"{finding.instrument} ends the run before")
        seen |= {finding.instrument} if finding.caught else set()
        yield finding
        if stop and finding.caught:
            return


def try_one(mutant: Mutant, wanted: tuple[str, ...], out: Path, first: bool, apart: bool) -> Outcome:
    """Build it and ask. @first: nobody is asked any more once one has caught it. @apart: each tier by itself."""
    outcome, tree, began = Outcome(mutant, apart=apart), Tree(mutant, out), time.monotonic()
    try:
        tree.make()
        for finding in ask(tree, steps_for(mutant, wanted, first, apart), first and not mutant.only):
            outcome.findings.append(finding)
    except (BadMutant, OSError, subprocess.TimeoutExpired) as error:
        outcome.error = str(error)
    finally:
        tree.tidy()
    outcome.seconds = time.monotonic() - began
    return outcome


def run(mutants: list[Mutant], wanted: tuple[str, ...], out: Path, jobs: int, first: bool, apart: bool) -> list[Outcome]:
    """All of them, side by side, a line for each as it ends; in the order in which they were given."""
    outcomes: dict[str, Outcome] = {}
    pool = ThreadPoolExecutor(jobs)
    try:
        tasks = [pool.submit(try_one, mutant, wanted, out, first, apart) for mutant in mutants]
        for task in as_completed(tasks):
            outcome = task.result()
            outcomes[outcome.mutant.name] = outcome
            print(table.line(outcome), flush=True)
            done = [outcomes[mutant.name] for mutant in mutants if mutant.name in outcomes]
            table.keep(done, out)  # so that nothing is lost if the rest is interrupted
    except KeyboardInterrupt:
        pool.shutdown(wait=False, cancel_futures=True)
        judge.stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return [outcomes[mutant.name] for mutant in mutants]


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m ci.mutants", description="Break each rule and see who says so.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=int(os.environ.get("JOBS") or os.cpu_count() or 1))
    parser.add_argument("--sample", action="store_true", help="those marked so, until one instrument catches each")
    parser.add_argument("--all", action="store_true", help="each tier of the oracle by itself; who is silent is said, too")
    parser.add_argument("--with", dest="wanted", type=_words, default=[], help="of " + " ".join(INSTRUMENTS))
    parser.add_argument("--list", action="store_true", help="names and rules")
    parser.add_argument("mutant", nargs="*")
    options = parser.parse_args(arguments)
    wanted = tuple(options.wanted) or ("unit", "scenario", "oracle")
    unknown = [name for name in wanted if name not in INSTRUMENTS]
    try:
        if unknown:
            raise BadMutant(f"no instrument is called {unknown[0]}: {' '.join(INSTRUMENTS)}")
        mutants = spec.choose(spec.load(), options.mutant, options.sample)
    except BadMutant as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2
    if options.list:
        for mutant in mutants:
            print(f"{mutant.name:30} {mutant.rule}")
        return 0
    if not options.mutant:
        # Of a sample's, others are caught by unit tests before a machine is asked.
        mutants = [spec.control([each for each in mutants if each.only or not options.sample]), *mutants]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        outcomes = run(mutants, wanted, options.out.resolve(), max(1, options.jobs), options.sample, options.all)
    except KeyboardInterrupt:
        print("mutants: interrupted", file=sys.stderr)
        return 130
    print("\n".join(table.tally(outcomes)))
    wrong = [outcome for outcome in outcomes if outcome.wrong()]
    print(f"mutants: {len(outcomes) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
