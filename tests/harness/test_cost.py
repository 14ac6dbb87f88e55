# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run with an oracle is told, and the figures of what plugins cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.harness import instruments, paths
from scenarios.performance import cost, start


def options(target: str, tmp_path: Path) -> paths.machine_description.Options:
    kernel = tmp_path / "Image"
    kernel.write_bytes(bytes(56) + b"ARM\x64" + bytes(4))
    return paths.machine_description.from_env({"HYP": target, "KERNEL": str(kernel)})


@pytest.mark.parametrize("tiers", ["a", "ab", "abc", "c"])
def test_tier_c_has_qemus_log(tiers: str, tmp_path: Path) -> None:
    oracle = instruments.oracle(tiers)
    told = oracle.arguments(tmp_path, options("terrarium", tmp_path))
    assert told["tiers"] == "+".join(tiers)
    assert ("dma-log" in told) == ("c" in tiers)
    logging = instruments.logging([oracle], tmp_path)
    if "c" in tiers:
        assert logging == ["-d", "trace:smmuv3_translate_*", "-D", told["dma-log"]]
    else:
        assert logging == []


def test_exceptions_are_upstreams(tmp_path: Path) -> None:
    oracle = instruments.oracle("abc")
    assert "except" not in oracle.arguments(tmp_path, options("terrarium", tmp_path))
    assert oracle.arguments(tmp_path, options("pkvm", tmp_path))["except"] == "el2-code+found-shared+vtimer+dma+sibling"


def test_figures() -> None:
    spent = {"trace plugin": [2.2, 4.8, 3.3], "oracle A": [2.0, 4.0, 3.0], "oracle A+B+C": [5.0, 9.0, 6.0]}
    found = cost.figures([2.0, 4.0, 3.0], spent)
    assert found["trace plugin: processor time with it / without it, at most 1.2"] == ("", pytest.approx(1.1))
    assert found["oracle A: processor time with it / without it, at most 1.15"] == ("", 1.0)
    assert found["oracle A+B+C: processor time with it / without it, at most 3.0"] == ("", 2.25)
    assert found["oracle A+B+C: the same, best of either"] == ("", 2.5)
    assert found["no plugin: processor time"] == ("s", 2.0)


def test_figures_of_starts() -> None:
    cold = [(3.0, 3.5), (4.0, 4.4), (9.0, 9.9)]
    figures = start.figures(cold, [(0.2, 0.5), (0.1, 0.4), (0.1, 0.4)])
    assert [value for _, value in figures.values()] == pytest.approx([0.1, 4.0, 40.0, 0.4, 4.4, 11.0])
    assert [name for name in figures if "at least 10" in name] == [
        "start from a snapshot: host usable, times faster than by a boot, at least 10"
    ]
