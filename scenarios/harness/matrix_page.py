# SPDX-License-Identifier: GPL-2.0-or-later
"""The isolation matrix as one page that needs no other file: tables, and behind each way of a cell its evidence."""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Iterable

from scenarios.harness.matrix import ATTACKERS, BROKEN, HELD, OPEN, VICTIMS, WAYS, Cells, Evidence, cells_of, outcome_of

_STYLE = """body{font:15px/1.4 sans-serif;margin:2em;color:#222}table{border-collapse:collapse;margin:1em 0}
th,td{border:1px solid #bbb;padding:.3em .5em;vertical-align:top;text-align:left}th{background:#f3f3f3;font-weight:600}
td.none{background:#fafafa}td a,.key{display:block;white-space:nowrap;padding:0 .3em;margin:1px 0;color:#222;text-decoration:none}
td a:hover{outline:1px solid #555}.key{display:inline;margin-right:1em}
.held{background:#dff2df}.open{background:#fff0c8}.BROKEN{background:#f5b5b0;font-weight:bold}
section{border-left:4px solid #ddd;padding:.1em 1em;margin:.8em 0}section:target{border-color:#36c;background:#f3f7ff}
h3{margin:.5em 0;font-size:16px}h4{margin:.6em 0 .2em;font-size:14px}code{font-size:13px}li{margin:.1em 0}
li.BROKEN,li.open{list-style:none}a.up{font-size:13px}"""
_MARKS = {HELD: "✓", OPEN: "open", BROKEN: "BROKEN"}


def _anchor(target: str, attacker: str, victim: str, way: str) -> str:
    return f"{target}-{attacker}-{victim}-{way}"


def _cell(target: str, attacker: str, victim: str, cells: Cells) -> str:
    if (attacker, victim) not in cells:
        return '<td class="none"></td>'
    ways, links = cells[attacker, victim], []
    for way in (way for way in WAYS if way in ways):
        worst = outcome_of(ways[way])
        links.append(
            f'<a class="{worst.split()[0]}" href="#{_anchor(target, attacker, victim, way)}" '
            f'title="{way}: {worst}, {len(ways[way])} checks">{way} {_MARKS[worst]} {len(ways[way])}</a>'
        )
    return f"<td>{''.join(links)}</td>"


def _table(target: str, cells: Cells) -> str:
    heads = "".join(f"<th>{html.escape(text)}</th>" for text in VICTIMS.values())
    rows = [f'<tr><th>attacker \\ victim</th>{heads}</tr>']
    for attacker, text in ATTACKERS.items():
        row = "".join(_cell(target, attacker, victim, cells) for victim in VICTIMS)
        rows.append(f"<tr><th>{html.escape(text)}</th>{row}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _check(each: Evidence) -> str:
    text = f"{html.escape(each.check)}: expected {html.escape(each.expected)}; seen {html.escape(each.seen)}"
    return f'<li class="{each.outcome.split()[0]}">{"" if each.outcome == HELD else f"{each.outcome}: "}{text}</li>'


def _evidence(target: str, cells: Cells) -> Iterable[str]:
    """A section for each way of each cell: its scenarios, their checks, and how to see them again."""
    for attacker, attacks in ATTACKERS.items():
        for victim, attacked in VICTIMS.items():
            ways = cells.get((attacker, victim), {})
            for way in (way for way in WAYS if way in ways):
                scenarios: dict[str, list[Evidence]] = defaultdict(list)
                for each in ways[way]:
                    scenarios[each.scenario].append(each)
                yield f'<section id="{_anchor(target, attacker, victim, way)}">'
                yield f"<h3>{html.escape(f'{target}: {attacks}, {way}: {attacked}')}: {outcome_of(ways[way])}</h3>"
                for scenario, checks in scenarios.items():
                    replay, folder = html.escape(checks[0].replay), html.escape(checks[0].folder)
                    yield f'<h4>{html.escape(scenario)} (<a href="{folder}/">artefacts</a>)</h4><code>{replay}</code>'
                    yield f"<ul>{''.join(map(_check, checks))}</ul>"
                yield f'<a class="up" href="#{target}">to the table</a></section>'


def page(evidence: list[Evidence]) -> str:
    """All of it."""
    tables, sections = [], []
    for target in sorted({each.target for each in evidence}, reverse=True):
        cells = cells_of(evidence, target)
        mine = [each for each in evidence if each.target == target]
        counts = ", ".join(f"{sum(each.outcome == word for each in mine)} {word}" for word in (HELD, OPEN, BROKEN))
        scenarios = len({each.scenario for each in mine})
        tables.append(f'<h2 id="{target}">HYP={target}</h2><p>{len(mine)} checks of {scenarios} scenarios: {counts}.</p>{_table(target, cells)}')
        sections += _evidence(target, cells)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Isolation matrix</title>'
        f"<style>{_STYLE}</style><h1>Isolation matrix</h1><p>Who attacked whom in which way, and how many checks say what came of it. "
        "It is made of the checks of scenarios and of nothing else; an empty cell is one that nobody tried. A click on a way shows its evidence.</p><p>"
        '<span class="key held">✓ refused, every time</span> <span class="key open">open: by design, this target does not claim to close it</span> '
        '<span class="key BROKEN">BROKEN: a check failed</span></p>'
        f"{''.join(tables)}<h2>Evidence</h2>{''.join(sections)}</html>\n"
    )
