# SPDX-License-Identifier: GPL-2.0-or-later
"""The oracle of a run: which tiers judge, what it is told, and what it left in the run's folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenarios.harness import paths
from scenarios.harness.errors import Unusable
from scenarios.harness.trace_format import TraceError, read_header, read_records
from scenarios.harness.trace_names import describe, event_name, for_json, world_label

Options = paths.machine_description.Options

FILE = "oracle.json"
TIERS = "abc"
NONE = ("none", "off")
# What a target does by design; each word is explained in qemu-plugins/oracle_except.h.
EXCEPT = {"pkvm": "el2-code+found-shared+vtimer+dma+sibling"}
EVENTS = ("trace:smmuv3_translate_*",)  # what tier C reads of QEMU's log
TAIL = 12  # records of the trace that are kept with a breach


def tiers(env: Mapping[str, str]) -> str:
    """The tiers that ORACLE= names, "" for none. Raises Unusable."""
    text = env.get("ORACLE") or NONE[0]
    if text in NONE:
        return ""
    if not set(text) <= set(TIERS) or len(set(text)) != len(text):
        raise Unusable(f"ORACLE={text}: allowed: none, or some of {TIERS}, as in ORACLE=ab")
    return "".join(sorted(text))


def arguments(wanted: str, artefacts: Path, options: Options, log: str) -> Mapping[str, str]:
    """The plugin's options. @log: the name of QEMU's log in @artefacts."""
    # Both targets' host has VMID 0; a restored machine may run a VM first.
    found = {"tiers": "+".join(wanted), "out": str(artefacts / FILE), "host-vmid": "0"}
    if excepted := EXCEPT.get(options.hyp):
        found["except"] = excepted
    if "c" in wanted:
        found["dma-log"] = str(artefacts / log)
    return found


def _file(artefacts: Path) -> dict[str, Any] | None:
    """What the plugin wrote at the run's end; None: its end was not orderly. Raises ValueError."""
    try:
        found = json.loads((artefacts / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if not isinstance(found, dict) or "what" not in found:
        raise ValueError("it does not say what was found")
    return found


def breach(artefacts: Path) -> str | None:
    """The sentence about a breach, which fails the run; None: there was none."""
    try:
        found = _file(artefacts)
    except ValueError as error:
        return f"the oracle's {FILE} cannot be read: {error}"
    return f"oracle: {found['what']}" if found and found["what"] else None


def tail(trace: Path) -> list[dict[str, Any]]:
    """The last records of the trace, as its JSON lines have them; none if it cannot be read."""
    try:
        header = read_header(trace)
        last = list(read_records(header, True))[-TAIL:]
    except (OSError, TraceError):
        return []
    return [
        for_json(describe(header, record))
        | {"text": f"{world_label(record)}: {event_name(header, record)}"}
        for record in last
    ]


def report(wanted: str, artefacts: Path) -> dict[str, Any]:
    """For the verdict: the tiers that judged, how much, what was excepted, the breach."""
    try:
        found = _file(artefacts)
    except ValueError:
        found = None
    if found is None:
        return {"tiers": "+".join(wanted), "judged": None, "exceptions": [], "breach": None}
    judged = {key: found.pop(key) for key in ("returns", "pages")}
    names, exceptions = found.pop("tiers"), found.pop("exceptions")
    if found["what"]:
        found["trace"] = tail(artefacts / "trace.bin")
    return {"tiers": names, "judged": judged, "exceptions": exceptions,
            "breach": found if found["what"] else None}  # fmt: skip


def lines(found: Mapping[str, Any]) -> list[str]:
    """The report as text below the verdict's line."""
    judged = found["judged"]
    done = (
        f"{judged['returns']} returns from EL2 and {judged['pages']} changes of pages judged"
        if judged
        else "its counts are not there, for QEMU's end was not orderly"
    )
    text = [f"oracle, tiers {found['tiers']}: {done}"]
    for each in found["exceptions"]:
        if each["used"]:
            text.append(f"excepted {each['used']} times: {each['name']}: {each['reason']}")
    if found["breach"] and found["breach"]["trace"]:
        text.append("the trace's end:")
        text += [f"  {each['time_ns'] / 1e9:12.6f} s  vCPU {each['vcpu']}  {each['text']}"
                 for each in found["breach"]["trace"]]  # fmt: skip
    return text
