# SPDX-License-Identifier: GPL-2.0-or-later
"""The report: one HTML file with everything in it, from a campaign's results."""

from __future__ import annotations

import dataclasses
import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenarios.campaigns import results, statistics
from scenarios.campaigns.explain import target_of, way_of
from scenarios.campaigns.outcome import OUTCOMES

NAME = "report.html"
PAGE = Path(__file__).parent / "page"
COLUMNS = ("id", "space", "target", "symbol", "fault", "outcome", "reason", "path", "way")


def _row(row: Mapping[str, Any]) -> list[Any]:
    breach = row["outcome"] == "breach"
    extra = {"target": target_of(row), "path": row.get("path", ""), "way": way_of(row) if breach else ""}
    values = dict(row) | extra
    if row["outcome"] == "masked":
        values["reason"] = row["how"]
    return [values[name] for name in COLUMNS]


def replay_command(head: Mapping[str, Any]) -> str:
    """What the number of an injection is written behind."""
    limit = f" INJECTIONS={head['limit']}" if head.get("limit") else ""
    return f"make campaign NAME={head['name']} HYP={head['target']}{limit} REPLAY="


def page(head: Mapping[str, Any], rows: list[dict[str, Any]]) -> str:
    summaries = [dataclasses.asdict(statistics.of_space(each, rows)) for each in head["populations"]]
    data = {
        "head": head,
        "outcomes": OUTCOMES,
        "summaries": summaries,
        "columns": COLUMNS,
        "rows": [_row(row) for row in rows],
        "replay": replay_command(head),
    }
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    parts = {
        "TITLE": html.escape(f"{head['name']} on {head['target']}"),
        "CSS": (PAGE / "report.css").read_text(),
        "JS": (PAGE / "report.js").read_text(),
        "DATA": text,
    }
    whole = (PAGE / "report.html").read_text()
    return re.sub("@(TITLE|CSS|JS|DATA)@", lambda match: parts[match[1]], whole)


def write(folder: Path) -> Path:
    """From the results in @folder, whole or not at all. Raises Unusable."""
    head, rows = results.read(folder / results.NAME)
    path, new = folder / NAME, folder / (NAME + ".new")
    new.write_text(page(head, rows), encoding="utf-8")
    new.replace(path)
    return path
