# SPDX-License-Identifier: GPL-2.0-or-later
"""What the verdict says of the oracle: who judged, how much, what passed by name, the breach."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scenarios.harness import oracle
from scenarios.harness.errors import Unusable
from tests.harness import trace_bytes

EXCEPTIONS = [
    {"name": "dma", "used": 3, "reason": "by design"},
    {"name": "vtimer", "used": 0, "reason": "by design, too"},
]
SILENT = {"tier": "", "what": None, "tiers": "a+c", "returns": 12, "pages": 5, "exceptions": EXCEPTIONS}
BREACH = SILENT | {"tier": "a", "rule": "stale", "what": "tier a, stale: the host runs", "who": "the host"}


def left(folder: Path, content: object) -> Path:
    (folder / oracle.FILE).write_text(json.dumps(content))
    return folder


def test_tiers_are_chosen() -> None:
    assert oracle.tiers({}) == oracle.tiers({"ORACLE": "none"}) == oracle.tiers({"ORACLE": "off"}) == ""
    assert oracle.tiers({"ORACLE": "ca"}) == "ac"
    for text in ("d", "aa", "all"):
        with pytest.raises(Unusable, match=f"ORACLE={text}: allowed: none, or some of abc"):
            oracle.tiers({"ORACLE": text})


def test_silence_says_how_much_was_judged(tmp_path: Path) -> None:
    assert oracle.breach(left(tmp_path, SILENT)) is None
    found = oracle.report("ac", tmp_path)
    assert found["tiers"] == "a+c" and found["judged"] == {"returns": 12, "pages": 5}
    assert found["breach"] is None
    assert oracle.lines(found) == [
        "oracle, tiers a+c: 12 returns from EL2 and 5 changes of pages judged",
        "excepted 3 times: dma: by design",
    ]


def test_breach_fails_the_run_and_has_the_traces_end(tmp_path: Path) -> None:
    assert oracle.breach(left(tmp_path, BREACH)) == "oracle: tier a, stale: the host runs"
    found = oracle.report("ac", tmp_path)
    assert found["breach"]["rule"] == "stale" and found["breach"]["trace"] == []  # no trace was made
    (tmp_path / "trace.bin").write_bytes(trace_bytes.a_run())
    found = oracle.report("ac", tmp_path)
    assert 0 < len(found["breach"]["trace"]) <= oracle.TAIL
    said = oracle.lines(found)
    at = said.index("the trace's end:")
    assert len(said) - at - 1 == len(found["breach"]["trace"]) and "PSCI_VERSION" in said[-2] + said[-1]


def test_no_orderly_end_is_said(tmp_path: Path) -> None:
    assert oracle.breach(tmp_path) is None
    assert oracle.lines(oracle.report("a", tmp_path)) == [
        "oracle, tiers a: its counts are not there, for QEMU's end was not orderly"
    ]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"tier": "a"}'])
def test_a_file_that_is_not_whole_fails_the_run(text: str, tmp_path: Path) -> None:
    (tmp_path / oracle.FILE).write_text(text)
    assert "cannot be read" in str(oracle.breach(tmp_path))
