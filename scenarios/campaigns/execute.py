# SPDX-License-Identifier: GPL-2.0-or-later
"""One QEMU, from its start to its end, and the injections that a worker runs with it."""

from __future__ import annotations

import hashlib
import importlib
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scenarios.campaigns import outcome
from scenarios.harness.process import start

LOOK_S = 1.0  # how often a running QEMU is looked at
IDLE_LOOKS = 4  # so often asleep without any processor time: nothing will happen any more
ATTEMPTS = 3  # of an injection whose run failed by itself
TICKS = os.sysconf("SC_CLK_TCK")

# From the run's folder and the fault's words to QEMU's argument list.
Launcher = Callable[[Path, str], Sequence[str]]


def launcher_of(spec: Mapping[str, Any]) -> Launcher:
    """@spec["launcher"] is "module:function"; the function makes a launcher from @spec."""
    module, _, name = str(spec["launcher"]).partition(":")
    return getattr(importlib.import_module(module), name)(spec)


def _activity(pid: int) -> tuple[str, int]:
    """The state of the process's busiest thread (R before all others) and its processor time."""
    states, ticks = set(), 0
    try:
        for task in os.scandir(f"/proc/{pid}/task"):
            fields = Path(task.path, "stat").read_text().rpartition(")")[2].split()
            states.add(fields[0])
            ticks += int(fields[11]) + int(fields[12])
    except (OSError, IndexError):
        return "R", -1  # it is just ending
    return ("R" if states & {"R", "D"} else "S"), ticks


def watch(argv: Sequence[str], folder: Path, cpu_s: float = float("inf")) -> int | str:
    """
    Run it to its end: exit status, minus a signal's number, or outcome.IDLE, or outcome.SPIN after
    @cpu_s of processor time.
    """
    with (folder / "qemu.log").open("wb") as log:
        child = start(argv, stdout=log, stderr=subprocess.STDOUT)
    pidfd = os.pidfd_open(child.pid)
    try:
        asleep, before = 0, -1
        while not select.select([pidfd], [], [], LOOK_S)[0]:
            state, ticks = _activity(child.pid)
            asleep = asleep + 1 if state == "S" and ticks == before else 0
            before = ticks
            if asleep >= IDLE_LOOKS:
                return outcome.IDLE
            if ticks > cpu_s * TICKS:
                return outcome.SPIN
        return child.wait()
    finally:
        os.close(pidfd)
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def run_one(
    spec: Mapping[str, Any], launch: Launcher, injection: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """The injection's line of the results. What the run left stays in @folder."""
    began = time.monotonic()
    golden = outcome.Golden.from_dict(spec["golden"])
    attempts = 0
    while True:
        attempts += 1
        for entry in folder.iterdir():
            entry.unlink()
        try:
            status = watch(launch(folder, injection["fault"]), folder, spec.get("cpu_s", float("inf")))
            verdict = outcome.judge(folder, status, golden, frozenset(spec["waits"]))
        except OSError as error:
            status = "none"
            verdict = outcome.Verdict("infrastructure", "start", str(error))
        if verdict.outcome != "infrastructure" or attempts >= ATTEMPTS:
            break
    report = outcome.report_of(folder)
    shots = report.get("shots") or [{}]
    return dict(injection) | {
        "outcome": verdict.outcome,
        "how": verdict.how,
        "reason": verdict.reason,
        "status": status,
        "where": shots[0].get("where", ""),
        "before": shots[0].get("before", ""),
        "after": shots[0].get("after", ""),
        "insns": report.get("insns", 0),
        "trace": _digest(folder / "trace.bin"),
        "attempts": attempts,
        "seconds": round(time.monotonic() - began, 3),
        "worker": f"{os.uname().nodename}/{os.getpid()}",
    }


def run_batch(spec: Mapping[str, Any], batch: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A worker's task: its injections, one after the other, in a folder of their own."""
    launch = launcher_of(spec)
    folder = Path(tempfile.mkdtemp(prefix="campaign-", dir=spec.get("scratch") or None))
    try:
        return [run_one(spec, launch, injection, folder) for injection in batch]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
