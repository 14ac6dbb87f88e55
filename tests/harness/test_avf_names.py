# SPDX-License-Identifier: GPL-2.0-or-later
"""scenarios/README.md's table of AVF's tests: every scenario in it is there, for both targets, and says the name."""

from __future__ import annotations

import re

from scenarios.harness import paths

WANTED = 40
ROW = re.compile(r"^\| ([A-Za-z_, ]+) \| ([a-z]+)/([a-z_]+) \|", re.MULTILINE)


def rows() -> list[tuple[str, str, str]]:
    """AVF's name, and folder and name of the scenario; one for each name."""
    text = (paths.ROOT / "scenarios/README.md").read_text()
    section = text.partition("## AVF's tests")[2].partition("\n## ")[0]
    return [(name, folder, scenario) for names, folder, scenario in ROW.findall(section) for name in names.split(", ")]


def test_every_scenario_is_there_and_says_the_name() -> None:
    named = rows()
    assert len({name for name, _, _ in named}) == len(named) >= WANTED
    wrong = []
    for name, folder, scenario in named:
        start = f"\ndef test_{scenario}("
        files = [file.read_text() for file in (paths.ROOT / "scenarios" / folder).glob("test_*.py")]
        found = [text for text in files if start in text]
        markers = found[0].partition(start)[0].rpartition("\n\n\n")[2] if found else ""
        if len(found) != 1 or name not in found[0] or "only_on" in markers:
            wrong.append((name, f"{folder}/{scenario}"))
    assert wrong == []
