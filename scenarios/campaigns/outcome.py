# SPDX-License-Identifier: GPL-2.0-or-later
"""What came of one injection: one of the classes below, and why, from what the run left."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenarios.harness.closed import read_results
from scenarios.harness.console import FATAL, TIMESTAMP
from scenarios.harness.hyp_report import BEGIN, SAID

# In the order in which reports show them; the words are for readers.
OUTCOMES = {
    "masked": "nothing that anybody could see came of it",
    "latent": "all results are as in the golden run, but EL2's state at the end is not",
    "sdc": "silent data corruption: a result differs, and nobody reported an error",
    "guest_killed": "the guest or its VMM ended otherwise than in the golden run",
    "host_panic": "the host's kernel failed",
    "el2_stopped": "the hypervisor stopped the machine",
    "hang": "the end was not reached within the budget of instructions, or nothing ran any more",
    "breach": "the oracle saw isolation broken",
    "infrastructure": "no verdict: the run itself failed, and did so again",
}
BREACH, BUDGET, BAD_OPTION_LATE = 90, 91, 93  # exit statuses of QEMU by our plugins
EQUAL, STOPPED = 92, 94
# Instead of an exit status, for a QEMU that was ended: nothing ran any more; no instruction ended any more.
IDLE, SPIN = "idle", "spin"
UPSTREAM_STOPS = re.compile(r"nVHE hyp panic")  # EL2 of pKVM says so through the host's console
STALLS = re.compile(r"soft lockup|hard LOCKUP|rcu.*stall|blocked for more than")
REASON_MAX = 300


@dataclasses.dataclass(frozen=True)
class Verdict:
    outcome: str
    how: str  # what decided it: equal state, same results, oracle, console, ...
    reason: str


@dataclasses.dataclass(frozen=True)
class Golden:
    """What the run without a fault left; made by golden_of()."""

    results: dict[str, bytes]
    digest: str  # of EL2's data at the end
    insns: int

    def as_dict(self) -> dict[str, Any]:
        texts = {name: data.hex() for name, data in self.results.items()}
        return {"results": texts, "digest": self.digest, "insns": self.insns}

    @staticmethod
    def from_dict(content: Mapping[str, Any]) -> Golden:
        results = {name: bytes.fromhex(text) for name, text in content["results"].items()}
        return Golden(results, content["digest"], content["insns"])


def report_of(folder: Path) -> dict[str, Any]:
    """The inject plugin's own words; empty when it wrote none."""
    try:
        content = json.loads((folder / "inject.json").read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def golden_of(folder: Path) -> Golden:
    report = report_of(folder)
    results = read_results(folder / "results.bin")
    return Golden(results, str(report.get("ranges", "")), int(report.get("insns", 0)))


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def _last_words(folder: Path) -> str:
    lines = [line.strip() for line in _text(folder / "qemu.log").splitlines() if line.strip()]
    return " / ".join(lines[-2:])[-REASON_MAX:]


def console_verdict(text: str) -> Verdict | None:
    """What the console says about the hypervisor's or the kernel's end."""
    lines = [TIMESTAMP.sub("", line.rstrip("\r")) for line in text.splitlines()]
    for number, line in enumerate(lines):
        if BEGIN.search(line):
            said = [SAID.search(each) for each in lines[number + 1 : number + 3]]
            why = next((match[1] for match in said if match), "no reason came")
            return Verdict("el2_stopped", "console", why[:REASON_MAX])
        if UPSTREAM_STOPS.search(line):
            return Verdict("el2_stopped", "console", line[:REASON_MAX])
    for line in lines:
        if FATAL.search(line):
            outcome = "hang" if STALLS.search(line) else "host_panic"
            return Verdict(outcome, "console", line[:REASON_MAX])
    return None


def _breach(folder: Path) -> Verdict:
    try:
        said = json.loads((folder / "oracle.json").read_text())
        reason = str(said.get("sentence") or said.get("what") or said)
    except (OSError, ValueError, AttributeError):
        reason = _last_words(folder)
    return Verdict("breach", "oracle", reason[:REASON_MAX])


def compare(golden: Mapping[str, bytes], seen: Mapping[str, bytes], waits: frozenset[str]) -> Verdict | None:
    """The first difference in the results. @waits are the files that say how a VM ended."""
    for name in sorted(golden, key=lambda each: (int(each.partition("/")[0]), each)):
        if name not in seen:
            step = name.partition("/")[0]
            return Verdict("host_panic", "results", f"the host ended before step {step} was done")
        if seen[name] != golden[name]:
            before, after = (_first_difference(golden[name], seen[name]))
            text = f"step {name}: {before!r} became {after!r}"
            end = name.partition("/")[0] + "/exit"
            ended = end in waits and seen.get(end, golden[end]) != golden[end]
            killed = ended or b"\nfault " in seen[name] or b": fault " in seen[name]
            return Verdict("guest_killed" if killed else "sdc", "results", text[:REASON_MAX])
    return None


def _first_difference(before: bytes, after: bytes) -> tuple[str, str]:
    old, new = (data.decode("utf-8", "replace").splitlines() for data in (before, after))
    for one, other in zip(old + [""] * len(new), new + [""] * len(old)):
        if one != other:
            return one[:120], other[:120]
    return "", ""


def judge(folder: Path, status: int | str, golden: Golden, waits: frozenset[str]) -> Verdict:
    """@status: QEMU's exit status, below 0 for a signal, or IDLE."""
    if status == BREACH:
        return _breach(folder)
    report = report_of(folder)
    if status == BAD_OPTION_LATE or isinstance(status, int) and status not in (
        0, BUDGET, EQUAL, STOPPED
    ):  # fmt: skip
        return Verdict("infrastructure", "status", f"QEMU ended with {status}: {_last_words(folder)}")
    if not report.get("fired") and status not in (IDLE, SPIN):
        return Verdict("infrastructure", "inject", "the instant of the fault was not reached")
    if status == EQUAL:
        return Verdict("masked", "equal state", "EL2's visit ended as in the golden run")
    said = console_verdict(_text(folder / "console.log"))
    if said is not None:
        return said
    if status == BUDGET:
        return Verdict("hang", "budget", f"still ran after {report.get('insns', '?')} instructions")
    if status == IDLE:
        return Verdict("hang", "idle", "no CPU runs any more, and nothing will wake one")
    if status == SPIN:
        return Verdict("hang", "spin", "exceptions without end: no instruction comes to its own end any more")
    differs = compare(golden.results, read_results(folder / "results.bin"), waits)
    if differs is not None:
        return differs
    if str(report.get("ranges", "")) != golden.digest:
        return Verdict("latent", "digest", "same results, another state at the end")
    return Verdict("masked", "same results", "results and final state as in the golden run")
