# SPDX-License-Identifier: GPL-2.0-or-later
"""
The trace of a run: what entered EL2, from whom, why, and how it returned.

    python3 -m scenarios.harness.trace FILE [--jsonl OUT] [--perfetto OUT] [--summary] [--partial]
        [--world W] [--vmid N] [--vcpu N] [--type T] [--name N] [--from NS] [--to NS] [--log FILE]

    trace = Trace.load(path)
    trace.calls(world="vm", name="PKVM_MEM_SHARE")     # list of Visit
    trace.faults(world="host", write=True)
    trace.first_guest_entry().time_ns
    trace.between(start_ns, end_ns).calls()
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scenarios.harness.trace_format import Header, Record, TraceError, read_header, read_records
from scenarios.harness.trace_log import NAME as LOG_NAME
from scenarios.harness.trace_log import QemuEvent, read_log
from scenarios.harness.trace_names import CALLS, abort_is_write, describe, for_json
from scenarios.harness.trace_pairs import Stay, Visit, pair, stays
from scenarios.harness.trace_summary import one_line, summarise, table

__all__ = ["Trace", "Visit", "Stay", "Record", "TraceError"]

_CALL_TYPES = ("HVC", "SMC")
_FAULT_TYPES = ("DATA_ABORT", "INSN_ABORT")


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without Python's search for cycles: a trace has none, and a million records cost it half of their reading."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class Trace:
    """A trace in memory. `raw` are its records, `visits` its entries with their returns."""

    def __init__(
        self, header: Header, raw: list[Record], visits: list[Visit],
        events: Sequence[QemuEvent] = (),
    ) -> None:  # fmt: skip
        self.header = header
        self.raw = raw
        self.visits = visits
        self.events = events  # QEMU's own, in the order of the records

    @classmethod
    def load(cls, path: Path | str, partial: bool = False, log: Path | None = None) -> Trace:
        """
        Read a file, and QEMU's log of the same run: @log, else NAME next to it if it is there. A
        trace that is not whole raises TraceError unless `partial`.
        """
        with _no_collection():
            return cls._load(Path(path), partial, log)

    @classmethod
    def _load(cls, path: Path, partial: bool, log: Path | None) -> Trace:
        header = read_header(path)
        raw = list(read_records(header, partial))
        beside = path.with_name(LOG_NAME)
        log = log or (beside if beside.is_file() else None)
        times = {record.index: record.time_ns for record in raw} if log else {}
        events = list(read_log(log, times)) if log else []
        return cls(header, raw, list(pair(header, raw)), events)

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

    def filtered(self, keep: Callable[[dict[str, Any]], bool]) -> Trace:
        """What of the records passes @keep, and visits whose entry does; no events of QEMU."""
        kept = [record for record in self.raw if keep(describe(self.header, record))]
        indexes = {record.index for record in kept}
        visits = [visit for visit in self.visits if visit.enter.index in indexes]
        return Trace(self.header, kept, visits)

    @property
    def summary(self) -> dict[str, Any]:
        """Counts for a verdict, and a row per world, kind and name with the cost at EL2."""
        return summarise(self)

    def one_line(self) -> str:
        return one_line(self)

    def table(self) -> str:
        """The summary as text."""
        return table(self)

    def _described(self) -> Iterator[dict[str, Any]]:
        """Records and events in the order of their happening; a call's return with its names."""
        answers = {visit.leave.index: visit for visit in self.visits if visit.leave}
        events = iter(self.events)
        event = next(events, None)
        for record in self.raw:
            while event and event.after < record.index:
                yield event.describe()
                event = next(events, None)
            described = describe(self.header, record)
            visit = answers.get(record.index)
            if visit and visit.kind in CALLS:
                described["of"] = visit.enter.index
                described["name"] = f"return {visit.name}"
                described["named"] = visit.named_results
            yield described
        while event:
            yield event.describe()
            event = next(events, None)

    def write_jsonl(self, path: Path) -> None:
        with path.open("w", encoding="utf-8") as file:
            for described in self._described():
                file.write(json.dumps(for_json(described), separators=(",", ":")) + "\n")


def _keeps(options: argparse.Namespace) -> Callable[[dict[str, Any]], bool] | None:
    """What the command line's filters let pass; None when there are none."""
    fixed = {
        key: getattr(options, key)
        for key in ("world", "vmid", "vcpu", "type", "name")
        if getattr(options, key) is not None
    }
    start, end = options.start or 0, options.end
    if not fixed and not start and end is None:
        return None
    return lambda record: (
        all(record.get(key) == value for key, value in fixed.items())
        and record["time_ns"] >= start
        and (end is None or record["time_ns"] < end)
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Decode a trace of the trace plugin.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--jsonl", type=Path, help="write JSON lines, one record each")
    parser.add_argument("--perfetto", type=Path, help="write a file for ui.perfetto.dev")
    parser.add_argument("--summary", action="store_true", help="print calls, counts and costs")
    parser.add_argument("--partial", action="store_true", help="take a trace that has no end")
    parser.add_argument("--log", type=Path, help=f"QEMU's log of the run, if not {LOG_NAME} beside")
    only = parser.add_argument_group("only these records")
    only.add_argument("--world", choices=("boot", "host", "vm", "el2"))
    only.add_argument("--vmid", type=int)
    only.add_argument("--vcpu", type=int)
    only.add_argument("--type", help="HVC, DATA_ABORT, RETURN, ...")
    only.add_argument("--name", help="PKVM_MEM_SHARE, 'fault write', ...")
    only.add_argument("--from", dest="start", type=int, metavar="NS", help="at this time or later")
    only.add_argument("--to", dest="end", type=int, metavar="NS", help="before this time")
    return parser


def main(argv: list[str] | None = None) -> int:
    from scenarios.harness.trace_perfetto import write_perfetto

    options = _parser().parse_args(argv)
    try:
        trace = Trace.load(options.file, options.partial, options.log)
        keep = _keeps(options)
        trace = trace.filtered(keep) if keep else trace
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
