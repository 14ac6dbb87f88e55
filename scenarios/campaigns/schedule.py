# SPDX-License-Identifier: GPL-2.0-or-later
"""
Injections over workers, by Dask distributed: all cores of this machine, or a cluster's scheduler.

A task is a few injections, so that its own cost (about 2 ms) does not count. Workers have one
thread each. One that dies takes its task to another one. The scheduler counts a death against
all tasks that the worker had at hand, so the injections of one with too many deaths run again
one by one, with nothing beside: which then still kills worker after worker is reported as an
infrastructure error.
"""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scenarios.campaigns import execute
from scenarios.harness.errors import Unusable

Rows = list[dict[str, Any]]
BATCH = 8  # injections of a task
AHEAD = 3  # tasks that each worker has at hand
CONNECT_S = 10
CLOSE_S = 5
WORKER_S = 60  # until at least one worker is there
DEATHS = 2  # of workers that one task may survive


def _library() -> Any:
    """Imported when it is needed: it takes half a second, and only campaigns have it."""
    try:
        import distributed
    except ImportError as error:
        raise Unusable(f"python3-distributed is missing ({error}); `make setup` installs it") from error
    return distributed


def _settings() -> dict[str, Any]:
    return {
        "distributed.scheduler.allowed-failures": DEATHS,
        "distributed.comm.timeouts.connect": f"{CONNECT_S}s",
        "distributed.worker.daemon": True,
        "distributed.scheduler.work-stealing": True,
        "distributed.worker.profile.enabled": False,
        "distributed.admin.system-monitor.interval": "5s",
    }


def _environment(address: str | None) -> None:
    """Workers of our own import this project, wherever they start."""
    if address is None:
        root = str(Path(__file__).resolve().parents[2])
        os.environ["PYTHONPATH"] = root


@contextlib.contextmanager
def cluster(address: str | None, workers: int, scratch: Path) -> Iterator[Any]:
    """A client of the scheduler at @address, or of @workers processes of our own."""
    library = _library()
    import dask

    # Its own settings give loggers below "distributed" levels of their own; some of it logs in its caller's name.
    for name in ["asyncio", "distributed", *(each for each in logging.root.manager.loggerDict if each.startswith("distributed."))]:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")
    os.environ.setdefault("PYTHONWARNINGS", "ignore")  # of processes that come later
    _environment(address)
    with dask.config.set(_settings()), contextlib.ExitStack() as stack:
        try:
            if address is None:
                own = library.LocalCluster(
                    n_workers=workers, threads_per_worker=1, processes=True, memory_limit=0,
                    dashboard_address=None, local_directory=str(scratch), silence_logs=logging.CRITICAL,
                )  # fmt: skip
                stack.callback(_close, own)
            client = library.Client(address or own, timeout=CONNECT_S, set_as_default=False)
            stack.callback(_close, client)
            client.wait_for_workers(1, timeout=WORKER_S)
        except (OSError, ValueError, TimeoutError) as error:
            where = f"SCHEDULER={address}" if address else "the workers of this machine"
            raise Unusable(f"{where}: no answer within {CONNECT_S} s, or no worker") from error
        try:
            yield client
        except KeyboardInterrupt:
            stack.pop_all()  # workers end with this process, which has nothing more to wait for
            raise


def _close(thing: Any) -> None:
    """What a dead scheduler or worker has to say about it helps nobody."""
    with contextlib.suppress(Exception):
        thing.close(timeout=CLOSE_S)


def _lost(injection: Mapping[str, Any], why: str) -> dict[str, Any]:
    """The result of an injection that no worker survived."""
    nothing = {"how": "worker", "status": "none", "where": "", "before": "", "after": "", "insns": 0, "trace": ""}
    return (
        dict(injection) | nothing
        | {"outcome": "infrastructure", "reason": why, "attempts": DEATHS + 1, "seconds": 0, "worker": ""}
    )  # fmt: skip


def _threads(client: Any) -> int:
    return max(1, sum(client.nthreads().values()))


class _Flow:
    """Keeps as many tasks under way as the workers can take."""

    def __init__(self, client: Any, spec: Any, batches: Iterator[Sequence[Mapping[str, Any]]]) -> None:
        self._library = _library()
        self._client, self._spec, self._batches = client, spec, batches
        self._of_task: dict[Any, Sequence[Mapping[str, Any]]] = {}
        self._suspects: list[Mapping[str, Any]] = []
        self._alone = False  # what is under way is one of them
        self._done = self._library.as_completed([], loop=client.loop)

    def _submit(self, batch: Sequence[Mapping[str, Any]]) -> None:
        task = self._client.submit(execute.run_batch, self._spec, list(batch), pure=False)
        self._of_task[task.key] = batch
        self._done.add(task)

    def _fill(self) -> None:
        if self._suspects:
            self._alone = not self._of_task
            if self._alone:
                self._submit([self._suspects.pop(0)])
            return
        self._alone = False
        while len(self._of_task) < AHEAD * _threads(self._client):
            batch = next(self._batches, None)
            if batch is None:
                return
            self._submit(batch)

    def run(self, finished: Callable[[Rows], None]) -> None:
        self._fill()
        for task in self._done:
            batch = self._of_task.pop(task.key)
            if task.status == "finished":
                finished(task.result())
            else:
                self._failed(task, batch, finished)
            task.release()
            self._fill()

    def _failed(self, task: Any, batch: Sequence[Mapping[str, Any]], finished: Callable[[Rows], None]) -> None:
        error = task.exception() if task.status == "error" else None
        if task.status == "cancelled" or isinstance(error, self._library.CancelledError):
            raise Unusable("the scheduler is gone; the results so far are kept: RESUME=1 goes on")
        if not isinstance(error, self._library.KilledWorker):
            raise Unusable(f"a worker cannot run injections: {type(error).__name__}: {error}")
        if not self._alone:
            self._suspects += batch
        else:
            finished([_lost(batch[0], f"it killed {DEATHS + 1} workers")])


def _cut(injections: Iterable[Mapping[str, Any]], size: int) -> Iterator[Sequence[Mapping[str, Any]]]:
    rows = list(injections)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def run(
    client: Any,
    spec: Mapping[str, Any],
    injections: Sequence[Mapping[str, Any]],
    finished: Callable[[Rows], None],
    batch: int = BATCH,
    goes_on: Callable[[], bool] = lambda: True,
) -> bool:
    """
    Run @injections and call @finished with the results of each task as it ends, in any order. Once
    @goes_on says no, nothing more is begun; then False is returned. Raises Unusable when the
    scheduler goes away.
    """
    library = _library()
    whole = True

    def batches() -> Iterator[Sequence[Mapping[str, Any]]]:
        nonlocal whole
        for each in _cut(injections, batch):
            if not goes_on():
                whole = False
                return
            yield each

    try:
        _Flow(client, dict(spec), batches()).run(finished)
        return whole
    except (OSError, TimeoutError, library.CancelledError) as error:
        raise Unusable("the scheduler is gone; the results so far are kept: RESUME=1 goes on") from error
