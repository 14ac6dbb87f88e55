# SPDX-License-Identifier: GPL-2.0-or-later
"""A run's trace.bin and what is made of it for people: JSON lines and a file for Perfetto."""

from __future__ import annotations

from pathlib import Path

from scenarios.harness.paths import short
from scenarios.harness.trace import Trace
from scenarios.harness.trace_perfetto import write_perfetto

__all__ = ["READABLE_RECORDS", "Trace", "decode", "load", "write_readable"]

# Up to so many records the readable files are written without being asked for: 10 MB
# and 2 s of decoding at the most. A Linux guest's boot makes ten times as many.
READABLE_RECORDS = 50_000
FILE = "trace.bin"


def load(folder: Path, partial: bool = False) -> Trace:
    """Read @folder/trace.bin. Raises TraceError when it is not whole, unless @partial says that a plugin ended the run."""
    return Trace.load(folder / FILE, partial)


def on_demand(file: Path | str) -> str:
    """The command that makes the readable files of @file."""
    return f"python3 -m scenarios.harness.trace {file} --jsonl FILE --perfetto FILE"


def write_readable(trace: Trace, folder: Path) -> str:
    """Write @trace as @folder/trace.jsonl and trace.perfetto.json.

    Returns "" or, for a trace of more than READABLE_RECORDS records, a sentence on how to have them.
    """
    if len(trace.raw) > READABLE_RECORDS:
        made = f"{len(trace.raw)} records, so the readable files are made on demand"
        return f"{made}: {on_demand(short(folder / FILE))}"
    trace.write_jsonl(folder / "trace.jsonl")
    write_perfetto(trace, folder / "trace.perfetto.json")
    return ""


def decode(folder: Path, partial: bool = False) -> tuple[Trace, str]:
    """load() and write_readable()."""
    trace = load(folder, partial)
    return trace, write_readable(trace, folder)
