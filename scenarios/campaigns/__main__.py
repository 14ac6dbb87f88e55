# SPDX-License-Identifier: GPL-2.0-or-later
"""`make campaign NAME=...`: what the user's variables say, checked before anything runs. See README.md here."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ci import junit
from scenarios.campaigns import campaign, description, golden, replay, results
from scenarios.campaigns.campaign import Run, Wishes
from scenarios.harness import paths
from scenarios.harness.errors import Failure, Unusable

MAX_WORKERS = 1024
SCHEDULER = re.compile(r"(tcp|tls)://[^/ ]+:[0-9]{1,5}")


def number(env: Mapping[str, str], name: str, low: int, high: int) -> int | None:
    """Raises Unusable."""
    text = env.get(name) or ""
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise Unusable(f"{name}={text}: must be a number from {low} to {high}")
    return int(text)


def wishes_of(env: Mapping[str, str]) -> Wishes:
    """Raises Unusable."""
    scheduler = env.get("SCHEDULER") or None
    if scheduler is not None and not SCHEDULER.fullmatch(scheduler):
        raise Unusable(f"SCHEDULER={scheduler}: must be an address such as tcp://host:8786")
    workers = number(env, "WORKERS", 1, MAX_WORKERS) or len(os.sched_getaffinity(0))
    resume = env.get("RESUME") or "0"
    if resume not in ("0", "1"):
        raise Unusable(f"RESUME={resume}: allowed: 0, 1")
    return Wishes(workers, scheduler, resume == "1")


def targets_of(env: Mapping[str, str]) -> list[str]:
    try:
        return paths.machine_description.targets(env)
    except paths.machine_description.BadOption as error:
        raise Unusable(str(error)) from error


def _check_resume(found: description.Campaign, target: str) -> None:
    """At once, before a new golden run is made for nothing."""
    folder = campaign.folder_of(target, found.name)
    if not (folder / results.NAME).exists():
        raise Unusable("RESUME=1: there are no results to go on from")
    there = golden.kept(found.scenario, found.mark, target)
    if there is None or there.build != golden.build_of(found.scenario, found.mark, target, os.environ):
        raise Unusable("RESUME=1: the results are of another build: their snapshot cannot be gone on from")


def campaigns_of(env: Mapping[str, str]) -> list[description.Campaign]:
    """Those of NAME, each with at most INJECTIONS. Raises Unusable."""
    most = number(env, "INJECTIONS", 1, description.MAX_INJECTIONS)
    names = (env.get("NAME") or "").split() or [""]
    return [description.by_name(name).limited(most) for name in names]


def _run(wanted: list[tuple[description.Campaign, str]], wishes: Wishes, file: Path) -> int:
    cases: list[junit.Case] = []
    for found, target in wanted:
        began = time.monotonic()
        run = Run(found, target)
        whole = run.injections(wishes)
        cases += run.judge(whole, time.monotonic() - began)
    for case in cases:
        if case.failure:
            print(f"FAIL  {case.suite}: {case.name}: {case.failure}")
    return junit.finish("campaign", file, cases, "nothing ran")


def main(env: Mapping[str, str] = os.environ) -> int:
    file = paths.out() / "junit" / "campaign.xml"
    try:
        file.unlink(missing_ok=True)
        found, wishes, targets = campaigns_of(env), wishes_of(env), targets_of(env)
        wanted = [(each, target) for target in targets for each in found]
        again = number(env, "REPLAY", 0, description.MAX_INJECTIONS)
        sample = number(env, "VERIFY", 1, description.MAX_INJECTIONS)
        if again is not None:
            return max(replay.replay(Run(*each), again) for each in wanted)
        if sample is not None:
            return max(replay.verify(Run(*each), sample) for each in wanted)
        if wishes.resume:
            for each in wanted:
                _check_resume(*each)
        return _run(wanted, wishes, file)
    except Failure as failure:
        print(f"campaign: {failure}", file=sys.stderr)
        return 2


def _as_interrupt(_signal: int, _frame: Any) -> None:
    """SIGTERM stops a campaign as Ctrl-C does."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("campaign: interrupted; the results so far are kept: RESUME=1 goes on", file=sys.stderr, flush=True)
        sys.stdout.flush()
        os._exit(130)  # without the farewells of workers that were interrupted, too
