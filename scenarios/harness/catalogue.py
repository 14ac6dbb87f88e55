# SPDX-License-Identifier: GPL-2.0-or-later
"""Which scenarios there are, and which of them a user's word means."""

from __future__ import annotations

import dataclasses
import difflib
import os

import pytest

from scenarios.harness import pleas
from scenarios.harness.errors import Unusable

QUIET = ["-p", "no:terminal", "-p", "no:cacheprovider"]
NEAREST = 3


@dataclasses.dataclass(frozen=True)
class Entry:
    scenario: str
    target: str
    title: str
    reason: str | None  # why it is for this target alone; None: it is not
    nodeid: str  # absolute path::function[variant]


class _Collector:
    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            if isinstance(item, pytest.Function):
                nodeid = "::".join([str(item.path), *item.nodeid.split("::")[1:]])
                names = pleas.scenario_of(item), pleas.target_of(item), pleas.title_of(item)
                self.entries.append(Entry(*names, pleas.only_on(item), nodeid))


def collect() -> list[Entry]:
    """All scenarios on all their targets, by name. Raises Unusable when a file cannot be read as such."""
    os.environ["TERRARIUM_QUIET_PYTEST"] = "1"
    collector = _Collector()
    root = pleas.root()
    if not root.is_dir():
        raise Unusable(f"SCENARIO_ROOT: {root} is no folder")
    status = pytest.main([str(root), "--collect-only", *QUIET], plugins=[collector])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise Unusable("the scenarios cannot be collected")
    if not collector.entries:
        raise Unusable(f"no scenario in {root}")
    return sorted(collector.entries, key=lambda entry: (entry.scenario, entry.target))


def choose(entries: list[Entry], word: str) -> list[Entry]:
    """Those that @word names: one, all variants of one, or all in a folder. Raises Unusable."""
    word = word.strip("/")
    chosen = [
        entry
        for entry in entries
        if entry.scenario == word
        or entry.scenario.startswith(f"{word}.")
        or entry.scenario.startswith(f"{word}/")
    ]
    if not chosen:
        raise Unusable(f"SCENARIO={word}: no such scenario{_nearest(entries, word)}")
    return chosen


def _nearest(entries: list[Entry], word: str) -> str:
    names = sorted({entry.scenario for entry in entries})
    names += sorted({name.rpartition("/")[0] for name in names})
    near = difflib.get_close_matches(word, names, NEAREST, 0.5)
    last = word.rpartition("/")[2]
    by_last = {name.rpartition("/")[2]: name for name in names}
    near += [by_last[hit] for hit in difflib.get_close_matches(last, by_last, NEAREST, 0.6)]
    near = list(dict.fromkeys(near))[:NEAREST]
    if not near:
        return "; `make list-scenarios` names all"
    return f"; near it: {', '.join(near)}"
