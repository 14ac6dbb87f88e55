# SPDX-License-Identifier: GPL-2.0-or-later
"""One campaign on one target: its plan, its injections over the workers, its results and report."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ci.junit import Case
from scenarios.campaigns import explain, golden, report, results, schedule, space, statistics
from scenarios.campaigns.description import Campaign
from scenarios.campaigns.progress import Live
from scenarios.harness import paths
from scenarios.harness.errors import Unusable

FAILED = ("infrastructure",)  # run again by RESUME=1


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What the user's variables say beside the description."""

    workers: int
    scheduler: str | None = None
    resume: bool = False


def folder_of(target: str, name: str) -> Path:
    return paths.out() / "campaigns" / target / name


class Run:
    """A campaign on @target, its golden run there. Raises Unusable."""

    def __init__(self, campaign: Campaign, target: str, say: Callable[[str], None] = print) -> None:
        self.campaign, self.target, self._say = campaign, target, say
        self.folder = folder_of(target, campaign.name)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.golden = golden.obtain(campaign.scenario, campaign.mark, target, say)
        self.plan = space.Plan(
            campaign, self.golden.recording, self.golden.symbols, self.golden.moments, self.golden.ranges
        )

    @property
    def key(self) -> str:
        """Of all that decides about the results."""
        words = [self.golden.build, dataclasses.asdict(self.campaign)]
        return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()[:24]

    def head(self) -> dict[str, Any]:
        campaign, recording = self.campaign, self.golden.recording
        return {
            "key": self.key, "name": campaign.name, "target": self.target, "title": campaign.title,
            "scenario": campaign.scenario, "mark": campaign.mark, "seed": campaign.seed, "limit": campaign.limit,
            "instructions": len(recording.steps), "visits": recording.visits, "insns": self.golden.seen.insns,
            "populations": [dataclasses.asdict(each) for each in self.plan.populations],
        }  # fmt: skip

    def injections(self, wishes: Wishes) -> bool:
        """Run them; what is done is in the results. False: the description's time was over before all were."""
        kept = results.Results(self.folder, self.head(), wishes.resume)
        try:
            return self._injections(wishes, kept)
        finally:
            kept.close()
            report.write(self.folder)

    def _injections(self, wishes: Wishes, kept: results.Results) -> bool:
        done = {row["id"] for row in kept.done if row["outcome"] not in FAILED}
        left = [each.as_dict() for each in self.plan.injections if each.id not in done]
        counted = [row for row in kept.done if row["id"] in done]
        live = Live(len(self.plan.injections), counted)
        self._say(f"{self.target}: {len(left):,} injections" + (f", {len(done):,} are done" if done else ""))
        if not left:
            return True
        minutes = self.campaign.minutes
        end = time.monotonic() + 60 * minutes if minutes else float("inf")

        def finished(rows: list[dict[str, Any]]) -> None:
            rows = [explain.explained(row, self.golden.recording, self.golden.symbols) for row in rows]
            kept.add(rows)
            live.add(rows)

        scratch = Path(tempfile.mkdtemp(prefix="campaign-", dir=self.folder))
        try:
            spec = self.golden.spec(self.campaign.slack, scratch)
            with schedule.cluster(wishes.scheduler, wishes.workers, scratch) as client:
                whole = schedule.run(client, spec, left, finished, goes_on=lambda: time.monotonic() < end)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            self._say(f"{self.target}: {live.end()}")
        return whole

    def judge(self, whole: bool, seconds: float) -> list[Case]:
        """What the campaign as a test says, one case for each thing that can be wrong with it."""
        head, rows = results.read(self.folder / results.NAME)
        summaries = [statistics.of_space(each, rows) for each in head["populations"]]
        self._say(statistics.table(summaries))
        for line in explain.ways(rows):
            self._say(line)
        self._say(f"{self.target}: {paths.short(self.folder / report.NAME)}")
        suite = f"campaign/{self.target}/{self.campaign.name}"
        missing = len(self.plan.injections) - len(rows)
        left = [row for row in rows if row["outcome"] in FAILED]
        dark = [row for row in rows if not explain.is_explained(row)]
        wrong = [number for each in summaries for number in each.audit_wrong]
        over = f"the campaign's {self.campaign.minutes} minutes are over, {missing:,} injections are left: RESUME=1 goes on"
        first = f"injection {left[0]['id']}: {left[0]['reason']}" if left else ""
        found = {
            "all injections ran": "" if whole and not missing else over if not whole else f"{missing} have no result",
            "infrastructure": f"{len(left)} injections have no verdict: {first}; RESUME=1 tries them again" if left else "",
            "audit": f"def-use ruled out injections that have an effect: {wrong[:10]}" if wrong else "",
            "explained": f"nothing explains injections {[row['id'] for row in dark][:10]}" if dark else "",
        }
        return [Case(suite, name, seconds if not number else 0.0, text) for number, (name, text) in enumerate(found.items())]


def by_id(run: Run, number: int) -> dict[str, Any]:
    """The injection @number of the plan."""
    if not 0 <= number < len(run.plan.injections):
        raise Unusable(f"REPLAY={number}: the campaign has injections 0 to {len(run.plan.injections) - 1}")
    return run.plan.injections[number].as_dict()
