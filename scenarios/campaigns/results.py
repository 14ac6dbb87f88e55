# SPDX-License-Identifier: GPL-2.0-or-later
"""A campaign's results: JSON lines, the first of which says of what."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from scenarios.harness.errors import Unusable

NAME, BEFORE = "results.jsonl", "results.before.jsonl"
FORMAT = 1


def read(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """(head, results). A last line that was cut off is left out. Raises Unusable."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unusable(f"{path.name}: {error.strerror}") from error
    lines = data.split(b"\n")
    rows = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("no object")
        except ValueError as error:
            if number == len(lines):  # no newline behind it: an interrupted write
                break
            raise Unusable(f"{path.name}: line {number} is no result: {error}") from error
        rows.append(row)
    if not rows or rows[0].get("format") != FORMAT:
        raise Unusable(f"{path.name}: no results of a campaign of format {FORMAT}")
    head, *results = rows
    return head, list({row["id"]: row for row in results}.values())


class Results:
    """The file of a running campaign. close() it."""

    def __init__(self, folder: Path, head: dict[str, Any], resume: bool) -> None:
        """
        @resume: go on behind what is there, which must be of the same campaign. Otherwise what
        is there is kept as results.before.jsonl. Raises Unusable.
        """
        self.path = folder / NAME
        self.done: list[dict[str, Any]] = []
        head = {"format": FORMAT} | head
        if resume:
            if not self.path.exists():
                raise Unusable("RESUME=1: there are no results to go on from")
            old, self.done = read(self.path)
            if old.get("key") != head["key"]:
                raise Unusable("RESUME=1: the results are of another build, description or target")
            self._cut()
        elif self.path.exists():
            self.path.replace(folder / BEFORE)
        self._file = self.path.open("a", encoding="utf-8")
        if not resume:
            self.add([head])

    def _cut(self) -> None:
        """Remove a last line that was not written to its end."""
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole != len(data):
            os.truncate(self.path, whole)

    def add(self, rows: list[dict[str, Any]]) -> None:
        self._file.write("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
        self._file.flush()

    def close(self) -> None:
        self._file.close()
