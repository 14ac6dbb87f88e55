# SPDX-License-Identifier: GPL-2.0-or-later
"""A run's trace.bin and what is made of it for people: JSON lines and a file for Perfetto."""

from __future__ import annotations

from pathlib import Path

from scenarios.harness.paths import short
from scenarios.harness.trace import Trace
from scenarios.harness.trace_perfetto import write_perfetto

__all__ = ["READABLE_RECORDS", "Trace", "decode"]

# Up to so many records the readable files are written after every run: 10 MB
# and 2 s of decoding at the most. A Linux guest's boot makes ten times as many.
READABLE_RECORDS = 50_000


def decode(folder: Path, partial: bool = False) -> tuple[Trace, str]:
    """Read @folder/trace.bin, write trace.jsonl and trace.perfetto.json next to it.

    Returns the trace, and "" or, for a trace of more than READABLE_RECORDS
    records, a sentence on how to have these two files.
    Raises TraceError when the trace is not whole, unless @partial says that a plugin ended the run.
    """
    file = folder / "trace.bin"
    trace = Trace.load(file, partial)
    if len(trace.raw) > READABLE_RECORDS:
        return trace, (f"{len(trace.raw)} records, so the readable files are made on demand: "
                       f"python3 -m scenarios.harness.trace {short(file)} --jsonl FILE --perfetto FILE")
    trace.write_jsonl(folder / "trace.jsonl")
    write_perfetto(trace, folder / "trace.perfetto.json")
    return trace, ""
