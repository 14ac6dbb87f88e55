# SPDX-License-Identifier: GPL-2.0-or-later
"""What is printed and kept of a run: a line for each mutant, JSON, JUnit."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ci import junit
from ci.mutants import spec
from ci.mutants.judge import Finding
from ci.mutants.spec import ROOT, TIERS, Mutant

# What a result depends on.
SOURCES = ("platform", "vmm", "guest", "qemu-plugins", "scenarios", "tests/hypervisor", "tests/fuzz", "tests/mutants")


@dataclass
class Outcome:
    """One mutant, and what every instrument that was asked said.

    error  it could not be tried
    apart  each tier of the oracle was asked by itself
    build  of which sources; "": of those that are there
    """

    mutant: Mutant
    findings: list[Finding] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0
    apart: bool = False
    build: str = ""

    def wrong(self) -> str:
        """Why this is not as it should be; empty if it is."""
        caught = [finding.instrument for finding in self.findings if finding.caught]
        if self.error:
            return self.error
        if not self.mutant.file:
            alarms = [f"{each.instrument}: {each.evidence}" for each in self.findings if each.caught]
            return f"an alarm where nothing is broken: {alarms[0]}" if alarms else ""
        asked = [finding.instrument for finding in self.findings]
        if not caught:
            return f"nothing catches it ({', '.join(asked)})"
        if self.mutant.only:
            missed = [name for name in self.mutant.only if name not in caught]
            others = [name for name in caught if name not in self.mutant.only and name != "oracle"]
            if missed:
                return f"{missed[0]} must catch it, and does not"
            return f"{others[0]} catches it too" if others else ""
        # A rule of the machine that is kept by unit tests alone would be believed, not seen.
        if set(caught) <= {"unit", "fuzz"} and any(name not in ("unit", "fuzz") for name in asked):
            return f"on the machine nothing catches it, only {', '.join(caught)}"
        return ""


def line(outcome: Outcome) -> str:
    """One line for the terminal."""
    wrong = outcome.wrong()
    caught = [f"{each.instrument} {each.seconds:.1f} s" for each in outcome.findings if each.caught]
    if outcome.apart:
        caught = [_word(each) for each in outcome.findings]
        wrong = "; ".join(filter(None, [wrong, ", ".join(caught)])) if wrong else ""
    said = wrong or (", ".join(caught) if caught else "silent")
    return f"mutants: {'FAIL' if wrong else 'ok  '} {outcome.mutant.name:30} {said}"


def _word(finding: Finding) -> str:
    if finding.caught:
        return f"{finding.instrument} {finding.seconds:.1f} s"
    return f"{finding.instrument} {'silent' if not finding.evidence else '(' + finding.evidence + ')'}"


def table(outcomes: list[Outcome]) -> str:
    """In Markdown: what is broken, who caught it, how soon, by which words."""
    rows = ["| mutant | rule that it breaks | caught by, after | the first to say so |", "|---|---|---|---|"]
    for outcome in outcomes:
        caught = [each for each in outcome.findings if each.caught]
        soon = "; ".join(f"{each.instrument} {each.seconds:.1f} s" for each in caught)
        words = outcome.wrong() or (caught[0].evidence if caught else "")
        words += " (of other sources than now)" if outcome.build else ""
        rows.append(f"| {outcome.mutant.name} | {outcome.mutant.rule} | {soon or 'nothing'} | {words.replace('|', '/')} |")
    totals = [f"- {total.removeprefix('mutants: ')}" for total in tally(outcomes)]
    return "\n".join([*rows, "", *totals]) + "\n"


def tally(outcomes: list[Outcome]) -> list[str]:
    """Each instrument: how many it was asked about and caught, and how many it alone."""
    names = ["unit", "fuzz", "scenario", *TIERS]
    lines = []
    broken = [outcome for outcome in outcomes if outcome.mutant.file]
    for name in names:
        caught = [each for each in broken if name in _catchers(each)]
        alone = [each.mutant.name for each in caught if _catchers(each) == {name}]
        tail = f", {len(alone)} of them nothing else: {' '.join(alone)}" if alone else ""
        if caught:
            lines.append(f"mutants: {name} catches {len(caught)} of {len(broken)}{tail}")
    return lines


def _catchers(outcome: Outcome) -> set[str]:
    return {each.instrument for each in outcome.findings if each.caught}


@functools.cache
def build_key() -> str:
    """Of all that a result depends on."""
    digest = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(ROOT)} {path.stat().st_size}\n".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _earlier(path: Path, but: set[str], build: str) -> list[Outcome]:
    """What the file has of mutants that there still are, and are not in @but."""
    try:
        rows = json.loads(path.read_text())
        known = {each.name for each in spec.load()} | {"none"}
        return [_outcome(row, build) for row in rows if row["mutant"]["name"] in known - but]
    except (OSError, ValueError, KeyError, TypeError):
        return []  # none, or not written by this program


def _outcome(row: dict[str, Any], build: str) -> Outcome:
    mutant = {key: tuple(value) if isinstance(value, list) else value for key, value in row["mutant"].items()}
    findings = [Finding(**each) for each in row["findings"]]
    other = "" if row["build"] == build else row["build"]
    return Outcome(Mutant(**mutant), findings, row["error"], row["seconds"], row["apart"], other)


def keep(outcomes: list[Outcome], out: Path) -> None:
    """
    out/mutants/mutants.{json,md} with these and what earlier runs left there of others, and JUnit
    with these; each replaced as a whole.
    """
    folder = out / "mutants"
    folder.mkdir(parents=True, exist_ok=True)
    build = build_key()
    everything = [*outcomes, *_earlier(folder / "mutants.json", {each.mutant.name for each in outcomes}, build)]
    content = [{**asdict(each), "build": each.build or build, "wrong": each.wrong()} for each in everything]
    for name, text in (("mutants.json", json.dumps(content, indent=1) + "\n"), ("mutants.md", table(everything))):
        part = folder / (name + ".part")
        part.write_text(text)
        part.replace(folder / name)
    cases = [junit.Case("mutants", each.mutant.name, each.seconds, failure=each.wrong()) for each in outcomes]
    junit.write(out / "junit/mutants.xml", cases)
