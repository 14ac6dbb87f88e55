# SPDX-License-Identifier: GPL-2.0-or-later
"""A campaign's injections on a scheduler and workers that were started by hand, on this machine."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed")

from scenarios.campaigns import schedule
from scenarios.harness.errors import Unusable
from scenarios.harness.process import die_with_parent
from tests.campaigns.test_schedule import EXPECTED, injection, spec

ROOT = Path(__file__).resolve().parents[2]
MODULE = "distributed.cli.dask_{}"
ENDS_S = 20


@contextlib.contextmanager
def started(tmp_path: Path, what: str, *words: str, until: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """The program, once it has said @until on its log; its first group."""
    parent = os.getpid()
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE.format(what), *words, "--no-dashboard", "--host", "127.0.0.1"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=tmp_path, preexec_fn=lambda: die_with_parent(parent),
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert process.stderr is not None
    try:
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(until, line):
                yield process, found[1]
                break
        else:
            pytest.fail(f"dask_{what} ended: {''.join(said)}")
    finally:
        process.kill()
        process.wait(ENDS_S)
        process.stderr.close()


@contextlib.contextmanager
def by_hand(tmp_path: Path, workers: int) -> Iterator[tuple[subprocess.Popen, str]]:
    """A scheduler with @workers; the process and its address."""
    with contextlib.ExitStack() as stack:
        address = r"Scheduler at: +(tcp://[0-9.:]+)"
        scheduler = stack.enter_context(started(tmp_path, "scheduler", "--port", "0", until=address))
        for _ in range(workers):
            words = (scheduler[1], "--nthreads", "1", "--no-nanny")
            stack.enter_context(started(tmp_path, "worker", *words, until=r"Registered to: +(tcp:\S+)"))
        yield scheduler


def run(tmp_path: Path, address: str, bits: list[int], batch: int = 2) -> dict[int, dict]:
    rows: list[dict] = []
    with schedule.cluster(address, 0, tmp_path) as client:
        schedule.run(client, spec(tmp_path), [injection(*each) for each in enumerate(bits)], rows.extend, batch)
    return {row["id"]: row for row in rows}


def test_same_outcomes_on_workers_started_by_hand(tmp_path: Path) -> None:
    bits = list(EXPECTED)
    with by_hand(tmp_path, 2) as (_, address):
        rows = run(tmp_path, address, bits)
    assert {bit: rows[n]["outcome"] for n, bit in enumerate(bits)} == EXPECTED
    assert str(os.getpid()) not in {row["worker"].rpartition("/")[2] for row in rows.values()}


def test_worker_that_dies_in_the_middle_leaves_its_task_to_the_other(tmp_path: Path) -> None:
    bits = [0, 1, 11, 6, 8, 1, 0, 5]  # 11: its worker is killed, once
    with by_hand(tmp_path, 2) as (_, address):
        rows = run(tmp_path, address, bits)
    assert [rows[n]["outcome"] for n in range(len(bits))] == [
        "masked", "sdc", "masked", "breach", "masked", "sdc", "masked", "hang",
    ]  # fmt: skip


def test_scheduler_that_goes_away_in_the_middle(tmp_path: Path) -> None:
    kept: list[dict] = []
    with by_hand(tmp_path, 1) as (scheduler, address):

        def finished(rows: list[dict]) -> None:
            kept.extend(rows)
            scheduler.kill()

        with pytest.raises(Unusable, match="the scheduler is gone; the results so far are kept: RESUME=1 goes on"):
            with schedule.cluster(address, 0, tmp_path) as client:
                # What a dead scheduler makes them say is no sentence of ours.
                assert {logging.getLogger(name).level for name in ("distributed.client", "asyncio")} == {logging.CRITICAL}
                schedule.run(client, spec(tmp_path), [injection(n, 0) for n in range(200)], finished, 1)
    assert 0 < len(kept) < 200 and {row["outcome"] for row in kept} == {"masked"}
