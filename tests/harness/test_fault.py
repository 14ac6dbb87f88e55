# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults by words, before QEMU starts: what is refused in which sentence, and what the plugin is given."""

import json
from pathlib import Path

import pytest

from scenarios.harness import fault, paths
from scenarios.harness.errors import Unusable

DESCRIPTION = paths.machine_description


def options(tmp_path: Path, **env: str) -> fault.Options:
    kernel = tmp_path / "Image"
    kernel.write_bytes(bytes(56) + b"ARM\x64" + bytes(4))
    return DESCRIPTION.from_env({"KERNEL": str(kernel), **env})


@pytest.fixture(autouse=True)
def words() -> None:
    """The parser is the plugin's own, built by `make`."""
    if not (paths.out() / "lib" / "inject_words.so").is_file():
        pytest.fail("out/lib/inject_words.so is not built: `make`")


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fault, "symbols_of", lambda options: {"pool_alloc": 0x40207AE0, "pool_free": 0x40207B00})


@pytest.mark.parametrize(
    "text, says",
    [
        ("at=insm:el2:1 do=skip", "trigger 'insm' is unknown"),
        ("at=insn:el2:1 do=reg:x99 flip=1", "there is no register 'x99'; there are x0 to x30 and sp"),
        ("at=call:MEM_DONAT do=arg:1 flip=1", "there is no call 'MEM_DONAT'; did you mean MEM_DONATE?"),
        ("at=msr:VTTBR_L2 do=sysreg flip=1", "did you mean VTTBR_EL2?"),
        ("at=symbol:pool_aloc do=return value=0", "did you mean pool_alloc"),
        ("at=eret", "'do=' is missing"),
        ("", "no fault is given"),
    ],
)
def test_one_sentence(text: str, says: str, tmp_path: Path, known: None) -> None:
    with pytest.raises(fault.BadFault) as refusal:
        fault.plugin_arguments(text, tmp_path, options(tmp_path))
    assert says in str(refusal.value) and "\n" not in str(refusal.value)


def test_arguments(tmp_path: Path, known: None) -> None:
    text = "at=symbol:pool_alloc+4:7 do=skip;\n at=eret:2 do=mem:symbol:pool_free/4 flip=0"
    given = fault.plugin_arguments(text, tmp_path, options(tmp_path, ICOUNT="1"), stop="eret:9", budget=1000)
    assert given == {
        "fault": "at=symbol:pool_alloc+4:7 do=skip; at=eret:2 do=mem:symbol:pool_free/4 flip=0",
        "stop": "eret:9",
        "host-vmid": "0",
        "symbols": str(tmp_path / "inject.symbols"),
        "clock": "icount",
        "report": str(tmp_path / "inject.json"),
        "budget": "1000",
    }
    lines = (tmp_path / "inject.symbols").read_text().splitlines()
    assert lines == ["0000000040207ae0 t pool_alloc", "0000000040207b00 t pool_free"]


def test_without_symbols_nobody_asks_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fault, "symbols_of", lambda options: pytest.fail("asked"))
    given = fault.plugin_arguments("at=insn:vm:5 do=reg:x0 value=1", tmp_path, options(tmp_path))
    assert "symbols" not in given and "clock" not in given


@pytest.mark.parametrize("kind, text", [("trigger", "eret:x"), ("range", "vm:0/8")])
def test_other_words(kind: str, text: str) -> None:
    with pytest.raises(fault.BadFault):
        fault.check(text, kind)


def test_count() -> None:
    assert fault.check("at=eret do=skip; at=eret:2 do=skip") == 2
    assert fault.check("insn:vm:5", "trigger") == 1


def test_devices() -> None:
    assert fault.devices(None) == () == fault.devices("at=eret do=mem:pa:1 flip=1")
    assert fault.devices("at=start do=dma:write:pa:0x40000000") == fault.DMA_DEVICES


def test_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "out", lambda: tmp_path)
    fault._library.cache_clear()
    try:
        with pytest.raises(Unusable, match="inject_words.so is not built"):
            fault.check("at=eret do=skip")
    finally:
        fault._library.cache_clear()


def test_never_made(tmp_path: Path) -> None:
    assert fault.never_made(tmp_path) is None  # QEMU died: that is another cause
    (tmp_path / fault.REPORT).write_text(json.dumps({"fired": 0}))
    assert "no fault was made" in str(fault.never_made(tmp_path))
    (tmp_path / fault.REPORT).write_text(json.dumps({"fired": 1}))
    assert fault.never_made(tmp_path) is None
    (tmp_path / fault.REPORT).write_text("{")
    assert fault.report(tmp_path) is None
