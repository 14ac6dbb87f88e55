# SPDX-License-Identifier: GPL-2.0-or-later
"""A run's verdict: verdict.json and junit.xml in its folder."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from scenarios.harness import paths
from scenarios.harness.checks import Check, Figure

FORMAT = 1


@dataclasses.dataclass
class Verdict:
    scenario: str
    title: str
    target: str  # HYP=
    options: str  # as a user types them
    result: str  # pass, fail, skip
    cause: str | None  # why not pass
    checks: list[Check]
    figures: list[Figure]
    seconds: float  # wall
    trace: dict[str, Any] | None
    inputs: dict[str, str]  # SHA-256 of what the machine was started with
    replay: str  # the command that runs it again
    oracle: dict[str, Any] | None = None  # oracle.report(): which tiers judged, and what they found

    def failing(self) -> bool:
        return self.result == "fail"


def versions() -> dict[str, Any]:
    """What the SDK was resolved to, without the list of its packages."""
    try:
        manifest = json.loads((paths.out() / "sdk" / "manifest.json").read_text())
    except (OSError, ValueError):
        return {"unknown": "the SDK has no manifest"}
    return {key: value for key, value in manifest.items() if key != "packages"}


def without_evidence(result: str, checks: list[Check]) -> str | None:
    """A pass that rests on no check is a failure."""
    if result == "pass" and not checks:
        return "the scenario made no check: a verdict without evidence"
    return None


def write(verdict: Verdict, folder: Path) -> None:
    content = {"format": FORMAT} | dataclasses.asdict(verdict) | {"versions": versions()}
    _replace(folder / "verdict.json", json.dumps(content, indent=1) + "\n")
    suite = ElementTree.Element("testsuite", name="terrarium", **_counts([verdict]))
    suite.append(junit_case(verdict))
    _replace(folder / "junit.xml", ElementTree.tostring(suite, "unicode") + "\n")


def write_suite(folders: list[Path], path: Path) -> None:
    """One JUnit file from the verdicts in @folders."""
    verdicts = [read(folder) for folder in folders]
    suite = ElementTree.Element("testsuite", name="terrarium", **_counts(verdicts))
    for verdict in verdicts:
        suite.append(junit_case(verdict))
    _replace(path, ElementTree.tostring(suite, "unicode") + "\n")


def read(folder: Path) -> Verdict:
    content = json.loads((folder / "verdict.json").read_text())
    names = {field.name for field in dataclasses.fields(Verdict)}
    values = {key: value for key, value in content.items() if key in names}
    values["checks"] = [Check(**check) for check in content["checks"]]
    values["figures"] = [Figure(**figure) for figure in content["figures"]]
    return Verdict(**values)


def junit_case(verdict: Verdict) -> ElementTree.Element:
    folder, _, name = f"{verdict.target}/{verdict.scenario}".rpartition("/")
    case = ElementTree.Element(
        "testcase", classname=folder, name=name, time=f"{verdict.seconds:.3f}"
    )
    if verdict.result == "fail":
        ElementTree.SubElement(case, "failure", message=_text(verdict.cause or ""))
    elif verdict.result == "skip":
        ElementTree.SubElement(case, "skipped", message=_text(verdict.cause or ""))
    lines = [
        f"{'ok' if check.ok else 'FAIL'} {check.name}: expected {check.expected}; seen {check.seen}"
        for check in verdict.checks
    ]
    ElementTree.SubElement(case, "system-out").text = _text("\n".join([verdict.title, *lines]))
    return case


def _counts(verdicts: list[Verdict]) -> dict[str, str]:
    results = [verdict.result for verdict in verdicts]
    return {
        "tests": str(len(results)),
        "failures": str(results.count("fail")),
        "errors": "0",
        "skipped": str(results.count("skip")),
        "time": f"{sum(verdict.seconds for verdict in verdicts):.3f}",
    }


def _text(text: str) -> str:
    """@text without the characters that XML cannot have."""
    return "".join(char if char >= " " or char in "\n\t" else "?" for char in text)


def _replace(path: Path, text: str) -> None:
    """Write @path as a whole or not at all."""
    new = path.with_name(path.name + ".new")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
