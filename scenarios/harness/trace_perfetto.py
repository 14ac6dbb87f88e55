# SPDX-License-Identifier: GPL-2.0-or-later
"""
A trace as a file for ui.perfetto.dev (Chrome's JSON trace events).

A process per world (host, vm 1, ..., EL2) with a thread per vCPU: so one track
per vCPU and world. Calls, faults and other visits are slices from the entry to
the return on the track of who entered; on EL2's tracks, slices show when EL2
itself ran. Marks, acknowledged interrupts and switched page-table roots are
instants on the track of who did it, QEMU's own events (SMMU) on tracks of their
own. Counters show faults so far and pages shared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenarios.harness import trace_counters
from scenarios.harness.trace_format import Record
from scenarios.harness.trace_names import describe, for_json, world_label
from scenarios.harness.trace_pairs import stays

if TYPE_CHECKING:
    from scenarios.harness.trace import Trace

_EL2 = "EL2"
_DETAILS = (
    "number", "args", "results", "ipa", "va", "esr", "size", "cause", "value", "register", "pc", "el",
)  # fmt: skip
_EVENT_DETAILS = ("register", "root", "before", "intid", "x1", "x2", "x3", "pc")


class _Tracks:
    """Process numbers in the order of appearance, and the names that Perfetto shows."""

    def __init__(self) -> None:
        self._pids: dict[str, int] = {}
        self._threads: set[tuple[int, int]] = set()
        self.names: list[dict[str, Any]] = []

    def of(self, world: str, vcpu: int) -> dict[str, int]:
        if world not in self._pids:
            self._pids[world] = len(self._pids) + 1
            self._name("process_name", self._pids[world], 0, world)
        pid = self._pids[world]
        if (pid, vcpu) not in self._threads:
            self._threads.add((pid, vcpu))
            self._name("thread_name", pid, vcpu, f"vCPU {vcpu}")
        return {"pid": pid, "tid": vcpu}

    def _name(self, what: str, pid: int, tid: int, name: str) -> None:
        self.names.append({"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}})


def _us(time_ns: int) -> float:
    return time_ns / 1000


def _track_name(record: Record) -> str:
    return _EL2 if record.world == "el2" else world_label(record)


def _slice(name: str, track: dict[str, int], start: Record, end: Record) -> dict[str, Any]:
    duration = end.time_ns - start.time_ns
    return {"ph": "X", "name": name, "ts": _us(start.time_ns), "dur": _us(duration), **track}


def _visits(trace: Trace, tracks: _Tracks) -> Iterator[dict[str, Any]]:
    for visit in trace.visits:
        enter, leave = visit.enter, visit.leave
        track = tracks.of(_track_name(enter), enter.vcpu)
        details = for_json(describe(trace.header, enter))
        args = {key: details[key] for key in _DETAILS if key in details}
        args |= details.get("named", {})
        if leave is None or leave.vcpu != enter.vcpu:
            name = visit.name if leave is None else f"{visit.name} (returns on vCPU {leave.vcpu})"
            yield _instant(name, enter.time_ns, track, args)
            continue
        if visit.kind in ("HVC", "SMC", "FW_CALL"):
            args["results"] = [f"{x:#x}" for x in leave.v]
            args |= {f"-> {word}": f"{x:#x}" for word, x in visit.named_results.items()}
        args["el2_insns"] = visit.el2_insns
        yield {**_slice(visit.name, track, enter, leave), "args": args}


def _el2_stays(trace: Trace, tracks: _Tracks) -> Iterator[dict[str, Any]]:
    for stay in stays(trace.raw):
        name = f"{world_label(stay.enter)} → {world_label(stay.leave)}"
        yield _slice(name, tracks.of(_EL2, stay.enter.vcpu), stay.enter, stay.leave)


def _instants(trace: Trace, tracks: _Tracks) -> Iterator[dict[str, Any]]:
    for record in trace.raw:
        if record.type.group == "event":
            details = for_json(describe(trace.header, record))
            args = {key: details[key] for key in _EVENT_DETAILS if key in details}
            track = tracks.of(_track_name(record), record.vcpu)
            yield _instant(details["name"], record.time_ns, track, args)
    for event in trace.events:
        device = event.name.partition("_")[0]
        yield _instant(event.name, event.time_ns, tracks.of(device, 0), {"text": event.text})


def _instant(name: str, time_ns: int, track: dict[str, int], args: dict[str, Any]) -> dict[str, Any]:
    return {"ph": "i", "s": "t", "name": name, "ts": _us(time_ns), **track, "args": args}


def _counters(trace: Trace, tracks: _Tracks) -> Iterator[dict[str, Any]]:
    for steps in (trace_counters.faults(trace.raw), trace_counters.shared_pages(trace.visits)):
        for step in steps:
            yield {
                "ph": "C", "name": step.name, "ts": _us(step.time_ns),
                "pid": tracks.of(step.world, step.vcpu)["pid"], "args": {step.name: step.value},
            }  # fmt: skip


def write_perfetto(trace: Trace, path: Path) -> None:
    tracks = _Tracks()
    with path.open("w", encoding="utf-8") as file:
        file.write('{"displayTimeUnit":"ns","traceEvents":[\n')
        for part in (_visits, _el2_stays, _instants, _counters):
            for event in part(trace, tracks):
                file.write(json.dumps(event, separators=(",", ":")) + ",\n")
        file.write(",\n".join(json.dumps(name) for name in tracks.names))
        if not tracks.names:
            file.write('{"ph":"M","name":"process_name","pid":0,"args":{"name":"nothing"}}')
        file.write("\n]}\n")
