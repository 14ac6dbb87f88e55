# SPDX-License-Identifier: GPL-2.0-or-later
"""
The trace of a run: what entered EL2, from whom, why, and how it returned.

    python3 -m scenarios.harness.trace FILE [--jsonl OUT] [--perfetto OUT] [--summary] [--partial]

    trace = Trace.load(path)
    trace.calls(world="vm", name="PKVM_MEM_SHARE")     # list of Visit
    trace.faults(world="host", write=True)
    trace.first_guest_entry().time_ns
    trace.between(start_ns, end_ns).calls()
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median_low
from typing import Any

from scenarios.harness.trace_format import Header, Record, TraceError, read_header, read_records
from scenarios.harness.trace_names import abort_is_write, describe, for_json, world_label
from scenarios.harness.trace_pairs import Stay, Visit, pair, stays

__all__ = ["Trace", "Visit", "Stay", "Record", "TraceError"]

_CALL_TYPES = ("HVC", "SMC")
_FAULT_TYPES = ("DATA_ABORT", "INSN_ABORT")


class Trace:
    """A trace in memory. `raw` are its records, `visits` its entries with their returns."""

    def __init__(self, header: Header, raw: list[Record], visits: list[Visit]) -> None:
        self.header = header
        self.raw = raw
        self.visits = visits

    @classmethod
    def load(cls, path: Path | str, partial: bool = False) -> Trace:
        """Read a file. A trace that is not whole raises TraceError unless `partial`."""
        header = read_header(Path(path))
        raw = list(read_records(header, partial))
        return cls(header, raw, list(pair(header, raw)))

    @property
    def records(self) -> Iterator[dict[str, Any]]:
        """All records with all that is known of them, as in the JSON lines, but numbers are int."""
        return (describe(self.header, record) for record in self.raw)

    def count(self, **fields: Any) -> int:
        """How many records have these values: count(type="HVC", world="vm", name="PSCI_VERSION")."""
        return sum(
            all(described.get(key) == value for key, value in fields.items())
            for described in self.records
        )

    def _select(
        self, types: tuple[str, ...], world: str | None, vmid: int | None, name: str | None
    ) -> list[Visit]:
        return [
            visit
            for visit in self.visits
            if visit.kind in types
            and world in (None, visit.enter.world)
            and vmid in (None, visit.enter.vmid)
            and name in (None, visit.name)
        ]

    def calls(
        self, world: str | None = None, name: str | None = None, vmid: int | None = None
    ) -> list[Visit]:
        """HVC and SMC that EL2 took. `world`: host or vm."""
        return self._select(_CALL_TYPES, world, vmid, name)

    def firmware_calls(self, world: str | None = None, name: str | None = None) -> list[Visit]:
        """SMC that QEMU served as the machine's firmware (PSCI), from any level."""
        return self._select(("FW_CALL",), world, None, name)

    def faults(
        self,
        world: str | None = None,
        write: bool | None = None,
        ipa: int | None = None,
        vmid: int | None = None,
    ) -> list[Visit]:
        """Stage-2 aborts; `ipa` an address in the page, `write` True or False for data aborts."""
        return [
            visit
            for visit in self._select(_FAULT_TYPES, world, vmid, None)
            if (ipa is None or visit.enter.value("ipa") >> 12 == ipa >> 12)
            and (
                write is None
                or (visit.kind == "DATA_ABORT" and abort_is_write(visit.enter.v[0]) == write)
            )
        ]

    def guest_entries(self, vmid: int | None = None) -> list[Record]:
        """Returns from EL2 into a VM."""
        return [
            record
            for record in self.raw
            if record.type.group == "return"
            and record.world == "vm"
            and vmid in (None, record.vmid)
        ]

    def first_guest_entry(self, vmid: int | None = None) -> Record | None:
        return next(iter(self.guest_entries(vmid)), None)

    def switches(self, source: str, target: str) -> list[Stay]:
        """EL2's stays that took a vCPU from one world to another: switches("host", "vm")."""
        return [
            stay
            for stay in stays(self.raw)
            if (stay.enter.world, stay.leave.world) == (source, target)
        ]

    def between(self, start_ns: int, end_ns: int) -> Trace:
        """What happened at start_ns <= time < end_ns; visits by their entry."""
        return Trace(
            self.header,
            [record for record in self.raw if start_ns <= record.time_ns < end_ns],
            [visit for visit in self.visits if start_ns <= visit.enter.time_ns < end_ns],
        )

    @property
    def summary(self) -> dict[str, Any]:
        """Counts for a verdict, and a row per world, kind and name with the cost at EL2."""
        groups: dict[tuple[str, str, str], list[Visit]] = {}
        for visit in self.visits:
            groups.setdefault((world_label(visit.enter), visit.kind, visit.name), []).append(visit)
        rows = []
        for (world, kind, name), visits in sorted(groups.items()):
            row: dict[str, Any] = {"world": world, "kind": kind, "name": name, "count": len(visits)}
            costs = [visit.el2_insns for visit in visits if visit.el2_insns is not None]
            if costs and kind != "FW_CALL":
                row["el2_insns"] = {
                    "min": min(costs), "median": median_low(costs), "max": max(costs)
                }  # fmt: skip
            rows.append(row)
        return {
            "clock": self.header.clock,
            "records": len(self.raw),
            "hypercalls": len(self.calls()),
            "guest_hypercalls": len(self.calls(world="vm")),
            "stage2_faults": len(self.faults()),
            "guest_stage2_faults": len(self.faults(world="vm")),
            "guest_entries": len(self.guest_entries()),
            "rows": rows,
        }

    def one_line(self) -> str:
        total = self.summary
        return (
            f"{total['hypercalls']} hypercalls ({total['guest_hypercalls']} by VMs), "
            f"{total['stage2_faults']} stage-2 faults ({total['guest_stage2_faults']} by VMs), "
            f"{total['guest_entries']} entries to VMs"
        )

    def table(self) -> str:
        """The summary as text."""
        lines = [f"{'world':<8} {'kind':<11} {'what':<40} {'count':>8}   EL2 instructions min/median/max"]
        for row in self.summary["rows"]:
            cost = row.get("el2_insns")
            text = f"{cost['min']} / {cost['median']} / {cost['max']}" if cost else ""
            lines.append(
                f"{row['world']:<8} {row['kind']:<11} {row['name']:<40} {row['count']:>8}   {text}"
            )
        return "\n".join([*(line.rstrip() for line in lines), self.one_line()])

    def write_jsonl(self, path: Path) -> None:
        with path.open("w", encoding="utf-8") as file:
            for described in self.records:
                file.write(json.dumps(for_json(described), separators=(",", ":")) + "\n")


def main(argv: list[str] | None = None) -> int:
    from scenarios.harness.trace_perfetto import write_perfetto

    parser = argparse.ArgumentParser(description="Decode a trace of the trace plugin.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--jsonl", type=Path, help="write JSON lines, one record each")
    parser.add_argument("--perfetto", type=Path, help="write a file for ui.perfetto.dev")
    parser.add_argument("--summary", action="store_true", help="print calls, counts and costs")
    parser.add_argument("--partial", action="store_true", help="take a trace that has no end")
    options = parser.parse_args(argv)
    try:
        trace = Trace.load(options.file, options.partial)
        if options.jsonl:
            trace.write_jsonl(options.jsonl)
        if options.perfetto:
            write_perfetto(trace, options.perfetto)
    except (TraceError, OSError) as error:
        print(f"trace: {error}", file=sys.stderr)
        return 1
    print(trace.table() if options.summary else trace.one_line())
    return 0


if __name__ == "__main__":
    sys.exit(main())
