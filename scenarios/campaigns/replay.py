# SPDX-License-Identifier: GPL-2.0-or-later
"""One injection again, with a trace; and some taken at random, twice each, as the check that verdicts replay."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scenarios.campaigns import campaign, execute, explain, machine, results
from scenarios.harness.errors import Failure, Unusable
from scenarios.harness.paths import short
from scenarios.harness.tracefile import decode

# What must be the same in a replay. "insns" is where the run ended, to the instruction.
SAME = ("outcome", "how", "reason", "before", "after", "insns")


def once(run: campaign.Run, injection: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Its result, what it left in @folder, the trace among that."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    spec = run.golden.spec(run.campaign.slack, folder, trace=True)
    row = execute.run_one(spec, execute.launcher_of(spec), injection, folder)
    return explain.explained(row, run.golden.recording, run.golden.symbols)


def known(run: campaign.Run) -> dict[int, dict[str, Any]]:
    """The campaign's results by number, none when it did not run yet. Raises Unusable for another build's."""
    path = run.folder / results.NAME
    if not path.exists():
        return {}
    head, rows = results.read(path)
    if head.get("key") != run.key:
        raise Unusable(f"{short(path)}: the results are of another build, description or target")
    return {row["id"]: row for row in rows}


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [f"{name} was {before[name]!r}, is {now[name]!r}" for name in SAME if before[name] != now[name]]


def replay(run: campaign.Run, number: int, say: Callable[[str], None] = print) -> int:
    """Exit status: 1 when the replay is not what the campaign saw."""
    injection = campaign.by_id(run, number)
    folder = run.folder / "replay" / str(number)
    row = once(run, injection, folder)
    say(explain.words(row))
    _open_trace(folder, say)
    before = known(run).get(number)
    if before is None:
        return 0 if row["outcome"] != "infrastructure" else 1
    unlike = differences(before, row)
    say("  as in the campaign" if not unlike else "  NOT as in the campaign: " + "; ".join(unlike))
    return 1 if unlike else 0


def _open_trace(folder: Path, say: Callable[[str], None]) -> None:
    try:
        trace, note = decode(folder, partial=True)
    except (OSError, Failure) as error:
        say(f"  no trace: {error}")
        return
    say(f"  trace: {trace.one_line()}")
    say(f"  {note}" if note else f"  {short(folder)}/trace.jsonl, trace.perfetto.json (for ui.perfetto.dev)")


def verify(run: campaign.Run, count: int, say: Callable[[str], None] = print) -> int:
    """@count injections of the campaign's results, at random, each replayed twice. Exit status."""
    rows = [row for row in known(run).values() if row["outcome"] != "infrastructure"]
    if not rows:
        raise Unusable("VERIFY: the campaign has no results; run it first")
    chosen = random.SystemRandom().sample(rows, min(count, len(rows)))
    good = 0
    for row in sorted(chosen, key=lambda each: each["id"]):
        injection = campaign.by_id(run, row["id"])
        folders = [run.folder / "replay" / f"verify-{each}" for each in ("one", "two")]
        once_and_again = [once(run, injection, folder) for folder in folders]
        unlike = [text for each in once_and_again for text in differences(row, each)]
        traces = [(folder / machine.TRACE).read_bytes() if (folder / machine.TRACE).exists() else b"" for folder in folders]
        if not traces[0] or traces[0] != traces[1]:
            unlike.append("the two traces differ" if traces[0] else "there is no trace")
        good += not unlike
        same = "same outcome, traces equal" if not unlike else "NOT THE SAME: " + "; ".join(unlike)
        say(f"  {row['id']:>6}  {row['outcome']:<13} {row['fault']:<48} {len(traces[0]):>9,} bytes of trace  {same}")
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    say(f"{run.target}: {good} of {len(chosen)} injections taken at random: same outcome, byte-identical traces")
    return 0 if good == len(chosen) else 1
