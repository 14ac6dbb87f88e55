# SPDX-License-Identifier: GPL-2.0-or-later
"""Shares of outcomes with their confidence, from a sample of the faults that can be seen at all."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scenarios.campaigns.outcome import OUTCOMES

Z95 = 1.959964  # of the normal distribution, two-sided 95 %


def wilson(hits: int, trials: int, z: float = Z95) -> tuple[float, float]:
    """The interval for a share (E. B. Wilson, 1927): right also near 0 and 1."""
    if trials == 0:
        return 0.0, 1.0
    share = hits / trials
    scale = 1 + z * z / trials
    middle = (share + z * z / (2 * trials)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclasses.dataclass(frozen=True)
class Row:
    """One outcome of one space."""

    outcome: str
    runs: int
    share: float  # of all faults of the space, what liveness ruled out among them
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Summary:
    space: str
    runs: int
    live: int
    dead: int
    exact: bool  # all was run: shares are no estimates
    audited: int
    audit_wrong: list[int]  # injections that liveness ruled out and that had an effect
    rows: list[Row]


def of_space(population: Mapping[str, Any], results: Iterable[Mapping[str, Any]]) -> Summary:
    mine = [row for row in results if row["space"] == population["name"]]
    judged = [row for row in mine if not row["audit"] and row["outcome"] != "infrastructure"]
    audited = [row for row in mine if row["audit"]]
    draws: Counter[str] = Counter()
    runs: Counter[str] = Counter(row["outcome"] for row in mine if not row["audit"])
    for row in judged:
        draws[row["outcome"]] += row["draws"]
    total = sum(draws.values())
    faults = population["live"] + population["dead"]
    live = population["live"] / faults
    exact = population["injections"] == population["classes"] == len(judged)
    rows = []
    for outcome in OUTCOMES:
        hits, ruled_out = draws[outcome], (1 - live if outcome == "masked" else 0.0)
        share = hits / total if total else 0.0
        low, high = (share, share) if exact else wilson(hits, total)
        if outcome == "infrastructure":
            share = low = high = ruled_out = 0.0
        rows.append(
            Row(outcome, runs[outcome], *(ruled_out + live * each for each in (share, low, high)))
        )
    wrong = [row["id"] for row in audited if row["outcome"] not in ("masked", "infrastructure")]
    return Summary(
        population["name"], len(mine), population["live"], population["dead"], exact,
        len(audited), wrong, rows,
    )  # fmt: skip


def table(summaries: Sequence[Summary]) -> str:
    """For the terminal."""
    lines = []
    for each in summaries:
        faults = each.live + each.dead
        lines.append(
            f"{each.space}: {each.runs:,} runs; {faults:,} faults, {100 * each.dead / faults:.1f} % of"
            f" them dead by def-use"
        )
        for row in each.rows:
            if row.runs:
                within = "exactly" if each.exact else f"95 %: {100 * row.low:.3f} to {100 * row.high:.3f}"
                lines.append(f"  {row.outcome:<15}{row.runs:>8,} runs {100 * row.share:>8.3f} %  {within}")
        if each.audited:
            lines.append(f"  {each.audited} of the dead were run: {len(each.audit_wrong)} had an effect")
    return "\n".join(lines)
