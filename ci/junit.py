# SPDX-License-Identifier: GPL-2.0-or-later
"""JUnit XML: written by stages that are not pytest, read for the closing summary."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

# XML 1.0 cannot carry these at all.
_CONTROL = {code: None for code in range(32) if code not in (9, 10, 13)}


@dataclass(frozen=True)
class Case:
    """One test: it passed if neither failure nor skipped says anything."""

    suite: str
    name: str
    seconds: float = 0.0
    failure: str = ""
    skipped: str = ""

    @property
    def full_name(self) -> str:
        return f"{self.suite}::{self.name}"


def write(path: Path, cases: list[Case]) -> None:
    """One file per stage. Written whole or not at all."""
    root = ElementTree.Element("testsuites")
    for suite in dict.fromkeys(case.suite for case in cases):
        own = [case for case in cases if case.suite == suite]
        counts = {
            "tests": len(own),
            "failures": sum(bool(case.failure) for case in own),
            "skipped": sum(bool(case.skipped) for case in own),
            "errors": 0,
        }
        element = ElementTree.SubElement(
            root, "testsuite", {"name": suite, **{key: str(n) for key, n in counts.items()}}
        )
        for case in own:
            test = ElementTree.SubElement(
                element,
                "testcase",
                {"classname": suite, "name": case.name.translate(_CONTROL), "time": f"{case.seconds:.3f}"},
            )
            for tag, text in (("failure", case.failure), ("skipped", case.skipped)):
                if text:
                    first = text.strip().split("\n")[0].translate(_CONTROL)
                    ElementTree.SubElement(test, tag, {"message": first}).text = text.translate(
                        _CONTROL
                    )
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    ElementTree.ElementTree(root).write(part, encoding="utf-8", xml_declaration=True)
    part.replace(path)


def finish(stage: str, path: Path, cases: list[Case], nothing: str) -> int:
    """The end of a stage that is no pytest: its file, its closing line, its exit status.

    @nothing  what to say when there is no case, which is a failure.
    """
    write(path, cases)
    failed = sum(bool(case.failure) for case in cases)
    print(f"{stage}: {len(cases) - failed} passed, {failed} failed")
    if not cases:
        print(f"{stage}: {nothing}", file=sys.stderr)
    return 1 if failed or not cases else 0


def read(path: Path) -> list[Case]:
    """The cases in a file of pytest's, cmocka's or ours. ValueError if it is no JUnit XML."""
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError) as error:
        raise ValueError(f"{path}: not JUnit XML: {error}") from error
    cases = []
    for suite in [root] if root.tag == "testsuite" else root.iter("testsuite"):
        for test in suite.iter("testcase"):
            bad = [node for node in test if node.tag in ("failure", "error")]
            skip = test.find("skipped")
            cases.append(
                Case(
                    suite=test.get("classname") or suite.get("name") or path.stem,
                    name=test.get("name") or "?",
                    seconds=float(test.get("time") or 0),
                    failure=_said(bad[0]) if bad else "",
                    skipped=_said(skip) if skip is not None else "",
                )
            )
    return cases


def _said(node: ElementTree.Element) -> str:
    return node.get("message") or (node.text or "").strip() or node.tag
