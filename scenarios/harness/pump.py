# SPDX-License-Identifier: GPL-2.0-or-later
"""One place where the runner waits: for any of its descriptors, for the machine's end, for the limit."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable
from typing import TypeVar

from scenarios.harness.errors import Failure, LimitReached

T = TypeVar("T")
GRACE_S = 2.0  # what a failing machine may still say before the run is stopped


class Pump:
    """Calls a handler for each readable descriptor until what is waited for has come.

    limit_s  wall time of the whole run, from now on; no wait goes past it.
    A handler returns False when its descriptor is at its end. fail() ends every later wait.
    """

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.deadline = time.monotonic() + limit_s
        self.hint: Callable[[], str] = lambda: ""
        self._selector = selectors.DefaultSelector()
        self._failure: Failure | None = None
        self._failure_due = 0.0
        self._over: Callable[[], Failure | None] | None = None

    def add(self, fd: int, handler: Callable[[], bool]) -> None:
        self._selector.register(fd, selectors.EVENT_READ, handler)

    def close(self) -> None:
        self._selector.close()

    def fail(self, failure: Failure, grace_s: float = 0.0) -> None:
        """End every wait with @failure, after @grace_s of further reading. The first one counts."""
        if self._failure is None:
            self._failure = failure
            self._failure_due = time.monotonic() + grace_s
        elif grace_s == 0.0:
            self._failure_due = time.monotonic()

    def over(self, why: Callable[[], Failure | None]) -> None:
        """The machine has ended. What it said before is read first; then @why tells a failure, if
        it is one and nothing told a better one."""
        self._over = why

    def _settle(self) -> None:
        if self._over is None:
            return
        self.drain()
        why, self._over = self._over, None
        failure = why()
        if failure is not None:
            self.fail(failure)
        self._failure_due = 0.0

    @property
    def failure(self) -> Failure | None:
        return self._failure

    def _turn(self, until: float) -> bool:
        """Handle what is readable, waiting for it until @until; whether there was something."""
        ready = self._selector.select(max(0.0, until - time.monotonic()))
        for key, _ in ready:
            if not key.data():
                self._selector.unregister(key.fd)
        return bool(ready)

    def drain(self) -> None:
        """Handle all that can be read now."""
        while self._selector.get_map() and self._turn(0.0):
            pass

    def wait(self, done: Callable[[], T | None], what: str, timeout_s: float | None = None) -> T:
        """Return done()'s first value that is not None, looked at after everything that came.

        Raises the failure given to fail(), even when the value came too, or LimitReached that
        names @what.
        """
        limit = self.deadline
        if timeout_s is not None:
            limit = min(limit, time.monotonic() + timeout_s)
        while True:
            self._settle()
            now = time.monotonic()
            if self._failure is None:
                value = done()
                if value is not None:
                    return value
            elif now >= self._failure_due:
                raise self._failure
            if now >= limit:
                raise LimitReached(self._late(what, timeout_s))
            self._turn(min(limit, self._failure_due) if self._failure else limit)

    def _late(self, what: str, timeout_s: float | None) -> str:
        if time.monotonic() >= self.deadline:
            text = f"the run's limit of {self.limit_s:g} s ended while waiting for {what}"
        else:
            text = f"{what} did not come within {timeout_s:g} s"
        hint = self.hint()
        return f"{text} ({hint})" if hint else text
