# SPDX-License-Identifier: GPL-2.0-or-later
"""A trace in numbers: what happened how often, and what it cost at EL2."""

from __future__ import annotations

from collections import Counter
from statistics import median_low
from typing import TYPE_CHECKING, Any

from scenarios.harness.trace_names import event_name, world_label
from scenarios.harness.trace_pairs import Visit

if TYPE_CHECKING:
    from scenarios.harness.trace import Trace


def _rows(trace: Trace) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str, str], list[Visit]] = {}
    for visit in trace.visits:
        groups.setdefault((world_label(visit.enter), visit.kind, visit.name), []).append(visit)
    rows = []
    for (world, kind, name), visits in sorted(groups.items()):
        row: dict[str, Any] = {"world": world, "kind": kind, "name": name, "count": len(visits)}
        costs = [visit.el2_insns for visit in visits if visit.el2_insns is not None]
        if costs and kind != "FW_CALL":
            row["el2_insns"] = {"min": min(costs), "median": median_low(costs), "max": max(costs)}
        rows.append(row)
    return rows


def _events(trace: Trace) -> list[dict[str, Any]]:
    """Rows of what is no visit: interrupts, roots, marks, and QEMU's own events."""
    counts: Counter[tuple[str, str, str]] = Counter(
        (world_label(record), record.type.name, event_name(trace.header, record))
        for record in trace.raw
        if record.type.group == "event"
    )
    counts.update(("qemu", "QEMU", event.name) for event in trace.events)
    return [
        {"world": world, "kind": kind, "name": name, "count": count}
        for (world, kind, name), count in sorted(counts.items())
    ]


def summarise(trace: Trace) -> dict[str, Any]:
    return {
        "clock": trace.header.clock,
        "records": len(trace.raw),
        "hypercalls": len(trace.calls()),
        "guest_hypercalls": len(trace.calls(world="vm")),
        "stage2_faults": len(trace.faults()),
        "guest_stage2_faults": len(trace.faults(world="vm")),
        "guest_entries": len(trace.guest_entries()),
        "rows": _rows(trace),
        "events": _events(trace),
    }


def one_line(trace: Trace) -> str:
    return (
        f"{len(trace.calls())} hypercalls ({len(trace.calls(world='vm'))} by VMs), "
        f"{len(trace.faults())} stage-2 faults ({len(trace.faults(world='vm'))} by VMs), "
        f"{len(trace.guest_entries())} entries to VMs"
    )


def table(trace: Trace) -> str:
    lines = [f"{'world':<8} {'kind':<11} {'what':<40} {'count':>8}   EL2 instructions min/median/max"]
    for row in [*_rows(trace), *_events(trace)]:
        cost = row.get("el2_insns")
        text = f"{cost['min']} / {cost['median']} / {cost['max']}" if cost else ""
        lines.append(
            f"{row['world']:<8} {row['kind']:<11} {row['name']:<40} {row['count']:>8}   {text}"
        )
    return "\n".join([*(line.rstrip() for line in lines), one_line(trace)])
