# SPDX-License-Identifier: GPL-2.0-or-later
"""`make fuzz-machine`: the fuzz scenarios with ever new seeds, for a time; what fails is shortened."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ci import junit
from scenarios.fuzz.shrink import Shrinker
from scenarios.harness import paths
from scenarios.harness.__main__ import JOBS_MAX, jobs
from scenarios.harness.errors import Unusable
from scenarios.isolation import fuzz_plan
from scenarios.isolation.fuzz_plan import BadPlan, Plan

# Calls in one run of each side: so many that starting the machine hardly counts, so few that it ends
# well within its limit on a busy machine.
BATCH = {"host": 400_000, "guest": 400_000, "realm": 400_000, "normal": 40_000}
BATCH_FROM_S = 600  # a shorter session makes runs shorter in proportion, so that each side has its turn
BATCH_LEAST = 2_000
SCENARIOS = {
    "host": "isolation/host_fuzzes_calls",
    "guest": "isolation/guest_fuzzes_calls.protected",
    "normal": "isolation/guest_fuzzes_calls.normal",
    "realm": "isolation/realm_fuzzes_calls",
}
SIDES = {"terrarium": ("host", "guest", "realm", "normal"), "pkvm": ("guest", "normal")}
LIMIT_S = 900
# A whole trace of millions of calls takes longer to read than the calls took; the runs that shorten a failure have one.
TRACE_OF_MANY = "marks"
INFRASTRUCTURE = re.compile(r"the run's limit|did not come within|is not built")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one plan came to. @cause: why it failed, None: it passed."""

    cause: str | None
    seconds: float
    folder: Path

    def signature(self) -> str:
        """The cause without what differs from run to run: numbers and places."""
        return re.sub(r"0x[0-9a-f]+|\d+", "N", self.cause or "")[:160]


@dataclasses.dataclass
class Request:
    """The user's variables."""

    target: str
    sides: tuple[str, ...]
    seconds: float
    seed: int
    tries: int
    oracle: str
    jobs: int = 1

    def batch(self, side: str) -> int:
        """Calls in one run."""
        return max(BATCH_LEAST, int(BATCH[side] * min(1.0, self.seconds / BATCH_FROM_S)))

    def replay(self, side: str, plan: Plan) -> str:
        return f"make run-scenario SCENARIO={SCENARIOS[side]} HYP={self.target} ORACLE={self.oracle} {plan.words()}"


def number(env: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = env.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,20}", text) or int(text) > most:
        raise Unusable(f"{name}={text}: must be a number, at most {most}")
    return int(text)


def requests_of(env: Mapping[str, str]) -> list[Request]:
    """One for each target. Raises Unusable."""
    try:
        targets = paths.machine_description.targets(env)
    except paths.machine_description.BadOption as error:
        raise Unusable(str(error)) from error
    return [request_of(env, target, len(targets)) for target in targets]


def request_of(env: Mapping[str, str], target: str, targets: int = 1) -> Request:
    """@targets share the time. Raises Unusable."""
    allowed = SIDES[target]
    sides = tuple((env.get("SIDE") or " ".join(allowed)).split())
    for side in sides:
        if side not in allowed:
            raise Unusable(f"SIDE={side}: allowed on {target}: {' '.join(allowed)}")
    return Request(
        target=target,
        sides=sides,
        seconds=number(env, "FUZZ_SECONDS", 60, 7 * 86400) / targets,
        seed=number(env, "FUZZ_SEED", 1, (1 << 63) - 1),
        tries=number(env, "SHRINK_TRIES", 200, 100_000),
        oracle=env.get("ORACLE") or "a",
        jobs=jobs(JOBS_MAX),
    )


class Machine:
    """Runs plans, each in a process of the harness, on a machine of its own."""

    def __init__(self, request: Request, root: Path) -> None:
        self._request, self.root = request, root

    def run(self, side: str, plan: Plan, place: str, traced: bool) -> Outcome:
        """In the folder @place, which one run at a time may use. Raises Unusable when there is no verdict."""
        runs = self.root / place
        env = dict(os.environ) | {
            "FUZZ_SEED": str(plan.seed), "FUZZ_CALLS": plan.calls(), "RUNS": str(runs), "JOBS": "1",
            "HYP": self._request.target, "ORACLE": self._request.oracle, "LIMIT": str(LIMIT_S),
        }  # fmt: skip
        env.pop("SCENARIO", None)
        if not traced and not env.get("TRACE"):
            env["TRACE"] = TRACE_OF_MANY
        argv = [sys.executable, "-m", "scenarios.harness", "run", SCENARIOS[side]]
        began = time.monotonic()
        done = subprocess.run(argv, env=env, cwd=paths.ROOT, capture_output=True, text=True)
        seconds = time.monotonic() - began
        folder = runs / self._request.target / SCENARIOS[side]
        try:
            verdict = json.loads((folder / "verdict.json").read_text())
        except (OSError, ValueError):
            raise Unusable(f"no verdict of {SCENARIOS[side]}: {(done.stderr or done.stdout).strip()[-300:]}") from None
        cause = None if verdict["result"] == "pass" else str(verdict["cause"] or "no cause")
        return Outcome(cause, seconds, folder)


class Session:
    """A time of fuzzing one target: counts, findings. `jobs` runs go on side by side."""

    def __init__(self, request: Request, machine: Machine) -> None:
        self._request, self._machine = request, machine
        self._lock = threading.Lock()  # all below
        self._next = 0
        self._stop = False
        self.calls, self.seconds = 0, 0.0
        self.findings: dict[str, str] = {}  # signature -> the command that shows it
        self.cases: list[junit.Case] = []

    def fuzz(self) -> None:
        """Side after side, seed after seed, until the time is over; at least one run of each side."""
        began = time.monotonic()
        places = [f"now-{n}" for n in range(self._request.jobs)]
        with ThreadPoolExecutor(len(places)) as pool:
            workers = [pool.submit(self._work, place, began + self._request.seconds) for place in places]
            try:
                for worker in workers:
                    worker.result()
            finally:
                self._stop = True
                self.seconds = time.monotonic() - began

    def _work(self, place: str, end: float) -> None:
        while (index := self._take(end)) is not None:
            side = self._request.sides[index % len(self._request.sides)]
            seed = self._request.seed + index // len(self._request.sides)
            self.one(side, Plan(seed, ((0, self._request.batch(side)),)), place)

    def _take(self, end: float) -> int | None:
        """The number of the next run; None: no more."""
        with self._lock:
            index = self._next
            if self._stop or (index >= len(self._request.sides) and time.monotonic() >= end):
                return None
            self._next += 1
            return index

    def one(self, side: str, plan: Plan, place: str) -> None:
        outcome = self._machine.run(side, plan, place, traced=False)
        failure = f"{outcome.cause}; again with: {self._request.replay(side, plan)}" if outcome.cause else ""
        case = junit.Case(f"fuzz-machine.{self._request.target}", f"{side}.{plan.seed}", outcome.seconds, failure=failure)
        with self._lock:
            self.cases.append(case)
            if outcome.cause is None:
                self.calls += plan.count()
            known = outcome.cause is None or outcome.signature() in self.findings
            if not known:
                self.findings[outcome.signature()] = self._request.replay(side, plan)
            kept = self._machine.root / f"finding-{len(self.findings)}"
        if outcome.cause is None:
            print(f"fuzz: {side}: seed {plan.seed}: {plan.count()} calls in {outcome.seconds:.1f} s", flush=True)
            return
        print(f"fuzz: {side}: seed {plan.seed} FAILED: {outcome.cause}", flush=True)
        if not known and not INFRASTRUCTURE.search(outcome.cause):
            self._shorten(side, plan, outcome, kept, place)

    def _shorten(self, side: str, plan: Plan, first: Outcome, kept: Path, place: str) -> None:
        """The plan cut down; its run's folder is kept, with the command that repeats it."""
        wanted, tries = first.signature(), 0
        _keep(first.folder, kept)

        def fails(numbers: Sequence[int]) -> bool | None:
            nonlocal tries
            if tries == self._request.tries:
                return None
            try:
                smaller = fuzz_plan.of_numbers(plan.seed, numbers)
            except BadPlan:
                return False
            tries += 1
            outcome = self._machine.run(side, smaller, place, traced=True)
            same = outcome.cause is not None and outcome.signature() == wanted
            print(f"fuzz:   {smaller.count()} calls: {'the same' if same else outcome.cause or 'passes'}", flush=True)
            if same:
                _keep(outcome.folder, kept)
                (kept / "plan.txt").write_text(self._request.replay(side, smaller) + "\n")
            return same

        shortest = fuzz_plan.of_numbers(plan.seed, Shrinker(plan.numbers(), fails).run())
        command = self._request.replay(side, shortest)
        (kept / "plan.txt").write_text(command + "\n")
        with self._lock:
            self.findings[wanted] = command
        print(f"fuzz: {plan.count()} calls shortened to {shortest.count()} in {tries} tries: {paths.short(kept)}/", flush=True)


def _keep(folder: Path, kept: Path) -> None:
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(folder, kept)


def fuzz(request: Request, cases: list[junit.Case]) -> int:
    """How many findings; adds to @cases, also when it is stopped. Raises Unusable, BadPlan."""
    root = paths.out() / "fuzz-machine" / request.target
    shutil.rmtree(root, ignore_errors=True)
    session = Session(request, Machine(request, root))
    try:
        session.fuzz()
    finally:
        cases += session.cases
        rate = session.calls * 3600 / session.seconds
        print(f"fuzz: HYP={request.target} ORACLE={request.oracle}: {session.calls} calls in {session.seconds:.0f} s: "
              f"{rate:,.0f} an hour; {len(session.findings)} findings")  # fmt: skip
        for signature, command in session.findings.items():
            print(f"fuzz: {signature}\n  {command}")
    return len(session.findings)


def main() -> int:
    cases: list[junit.Case] = []
    found = 0
    try:
        for request in requests_of(os.environ):
            found += fuzz(request, cases)
    except KeyboardInterrupt:
        print("fuzz: interrupted")
        return 130
    except (Unusable, BadPlan) as error:
        print(f"fuzz: {error}", file=sys.stderr)
        return 2
    finally:
        if cases:
            junit.write(paths.out() / "junit/fuzz-machine.xml", cases)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
