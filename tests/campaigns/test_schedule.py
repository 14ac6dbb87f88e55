# SPDX-License-Identifier: GPL-2.0-or-later
"""Injections over real workers of Dask, each with a process that stands in for QEMU."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("distributed")

from scenarios.campaigns import execute, schedule
from scenarios.harness.errors import Unusable
from tests.campaigns import fake_qemu

EXPECTED = {
    0: "masked", 1: "sdc", 2: "guest_killed", 3: "host_panic", 4: "el2_stopped", 5: "hang",
    6: "breach", 7: "latent", 8: "masked", 9: "infrastructure", 10: "masked", 13: "infrastructure",
}  # fmt: skip


def spec(tmp_path: Path) -> dict:
    golden = {name: data.hex() for name, data in fake_qemu.GOLDEN.items()}
    return {
        "launcher": "tests.campaigns.fake_qemu:launcher",
        "golden": {"results": golden, "digest": "0x1", "insns": 1000},
        "waits": ["1/exit"],
        "scratch": str(tmp_path),
        "marks": str(tmp_path),
    }


def injection(number: int, bit: int) -> dict:
    return {"id": number, "fault": f"at=insn:el2:1 do=reg:x0 flip={bit}", "audit": False}


def run(tmp_path: Path, bits: list[int], workers: int, batch: int = 3) -> dict[int, dict]:
    rows: list[dict] = []
    with schedule.cluster(None, workers, tmp_path) as client:
        faults = [injection(number, bit) for number, bit in enumerate(bits)]
        schedule.run(client, spec(tmp_path), faults, rows.extend, batch)
    assert sorted(row["id"] for row in rows) == list(range(len(bits)))
    return {row["id"]: row for row in rows}


def test_every_outcome_the_same_on_one_and_two_workers(tmp_path: Path) -> None:
    bits = list(EXPECTED)
    for workers in (1, 2):
        (tmp_path / "seen").unlink(missing_ok=True)
        rows = run(tmp_path, bits, workers)
        assert {bit: rows[n]["outcome"] for n, bit in enumerate(bits)} == EXPECTED
        assert rows[bits.index(10)]["attempts"] == 2
        assert rows[bits.index(9)]["attempts"] == 3
        assert "cannot start" in rows[bits.index(9)]["reason"]


def test_dead_worker_is_replaced(tmp_path: Path) -> None:
    rows = run(tmp_path, [0, 11, 1], 2)
    assert [rows[n]["outcome"] for n in range(3)] == ["masked", "masked", "sdc"]


@pytest.mark.parametrize("batch", [1, 2])
def test_injection_that_kills_every_worker_is_reported(tmp_path: Path, batch: int) -> None:
    """Those beside it, which the scheduler counts its deaths against, have verdicts of their own."""
    rows = run(tmp_path, [12, 1, 2], 1, batch)
    assert [rows[n]["outcome"] for n in range(3)] == ["infrastructure", "sdc", "guest_killed"]
    assert "workers" in rows[0]["reason"]


def test_scheduler_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "CONNECT_S", 1)
    with pytest.raises(Unusable, match="SCHEDULER=tcp://127.0.0.1:9: no answer"):
        with schedule.cluster("tcp://127.0.0.1:9", 0, tmp_path):
            pass


def test_worker_that_cannot_run_injections(tmp_path: Path) -> None:
    with schedule.cluster(None, 1, tmp_path) as client:
        with pytest.raises(Unusable, match="cannot run injections: ModuleNotFoundError"):
            schedule.run(client, spec(tmp_path) | {"launcher": "no_such:thing"}, [injection(0, 0)], print)




def test_machine_that_sleeps_for_ever_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execute, "LOOK_S", 0.05)
    (row,) = execute.run_batch(spec(tmp_path), [injection(0, 14)])
    assert (row["outcome"], row["how"], row["status"]) == ("hang", "idle", "idle")
    assert list(tmp_path.iterdir()) == []  # nothing is left of a run
