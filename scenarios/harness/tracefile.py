# SPDX-License-Identifier: GPL-2.0-or-later
"""A run's trace.bin and what is made of it for people: JSON lines and a file for Perfetto."""

from __future__ import annotations

from pathlib import Path

from scenarios.harness.trace import Trace
from scenarios.harness.trace_perfetto import write_perfetto

__all__ = ["Trace", "decode"]


def decode(folder: Path) -> Trace:
    """Read @folder/trace.bin, write trace.jsonl and trace.perfetto.json next to it.

    Raises TraceError when the trace is not whole.
    """
    trace = Trace.load(folder / "trace.bin")
    trace.write_jsonl(folder / "trace.jsonl")
    write_perfetto(trace, folder / "trace.perfetto.json")
    return trace
