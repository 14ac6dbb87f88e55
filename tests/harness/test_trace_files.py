# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that are no whole trace: each gives one sentence, and what is there can still be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.harness.trace import Trace, TraceError
from scenarios.harness.trace_format import layout
from tests.harness import trace_bytes as tb

RECORDS = tb.rec(tb.HVC, (1,)) + tb.more() + tb.rec(tb.RETURN)


def write(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "trace.bin"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "this is not a trace"),
        (b"\x7fELF" + bytes(100), "this is not a trace"),
        (tb.header()[:20], "this is not a trace"),
        (tb.header(magic=b"TRRMTRX\0") + tb.end(), "this is not a trace"),
        (tb.header(version=1) + tb.end(), "trace version 1, but this decoder reads version 2"),
        (tb.header(record=64) + tb.end(), "the trace's header is damaged"),
        (tb.header()[:50], "the trace's header is damaged"),
        (tb.header() + tb.rec(99) + tb.end(), "record 0 has type 99"),
        (tb.header() + RECORDS + tb.rec(tb.IRQ, world=9) + tb.end(), "record 3 has type 9 and world 9"),
        (tb.header() + tb.more() + tb.end(), "record 0 continues no record"),
        (tb.header() + tb.rec(tb.HVC) + tb.more(vcpu=1) + tb.end(), "record 1 continues no record"),
    ],
)  # fmt: skip
def test_damage_is_named(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = write(tmp_path, data)
    with pytest.raises(TraceError) as caught:
        Trace.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    "tail",
    [b"", bytes(72 * 3), bytes(5), tb.rec(tb.IRQ)[:71]],
    ids=["nothing", "zeroes", "a few bytes", "half a record"],
)
def test_trace_without_end(tmp_path: Path, tail: bytes) -> None:
    path = write(tmp_path, tb.header(state=0) + RECORDS + tail)
    with pytest.raises(TraceError, match=r"has no end \(2 records\): QEMU was killed, or still runs"):
        Trace.load(path)
    assert len(Trace.load(path, partial=True).raw) == 2


def test_trace_that_was_cut(tmp_path: Path) -> None:
    path = write(tmp_path, tb.header(state=2) + RECORDS + tb.end(3, state=2))
    with pytest.raises(TraceError, match="was cut after 2 records: no disk space"):
        Trace.load(path)
    assert len(Trace.load(path, partial=True).raw) == 2


def test_what_follows_the_end_is_ignored(tmp_path: Path) -> None:
    path = write(tmp_path, tb.header() + RECORDS + tb.end(3) + bytes(1000) + b"\xff" * 72)
    assert len(Trace.load(path).raw) == 2


def test_empty_trace(tmp_path: Path) -> None:
    trace = Trace.load(write(tmp_path, tb.header() + tb.end()))
    assert trace.raw == [] and trace.summary["hypercalls"] == 0


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="cannot be read: No such file"):
        Trace.load(tmp_path / "nothing")


def test_manifest(tmp_path: Path) -> None:
    trace = Trace.load(write(tmp_path, tb.header("vcpus=2\nnews=a=b\n") + tb.end()))
    assert trace.header.manifest == {"vcpus": "2", "news": "a=b"}
    assert trace.header.calls == {}


def test_layout_is_what_these_tests_state() -> None:
    known = layout()
    assert (known.header.size, known.record.size) == (32, 72)
    numbers = {kind.name: number for number, kind in known.types.items()}
    assert numbers["END"] == tb.END and numbers["FW_RETURN"] == tb.FW_RETURN
    assert numbers["ROOT"] == tb.ROOT and numbers["MARK"] == tb.MARK
    assert len(numbers) == 20
    assert known.types[tb.DATA_ABORT].fields == ("esr", "ipa", "va", "value")
    assert known.worlds == {0: "boot", 1: "host", 2: "vm", 3: "el2"}
    assert known.states == {0: "open", 1: "complete", 2: "cut"}


def test_cut_short_anywhere_is_one_sentence(tmp_path: Path) -> None:
    whole = tb.a_run()
    path = tmp_path / "cut.bin"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(TraceError) as failure:
            Trace.load(path)
        assert "\n" not in str(failure.value) and str(path) in str(failure.value)
