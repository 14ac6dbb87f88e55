# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user sees while a campaign runs: how many, what came of them, how fast, how long still."""

from __future__ import annotations

import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TextIO

from scenarios.campaigns.outcome import OUTCOMES

EVERY_S = 10.0  # between lines where there is no terminal
TERMINAL_S = 0.5
WINDOW_S = 60.0  # the rate is that of so long


def duration(seconds: float) -> str:
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


class Live:
    """Told of results as they come; @clock is for tests."""

    def __init__(
        self, wanted: int, done: Iterable[Mapping[str, Any]] = (), stream: TextIO = sys.stdout,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._wanted, self._stream, self._clock = wanted, stream, clock
        self._outcomes = Counter(row["outcome"] for row in done)
        self._terminal = stream.isatty()
        self._began = self._said = clock()
        self._here = 0
        self._recent: deque[tuple[float, int]] = deque([(self._began, 0)])

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            self._outcomes[row["outcome"]] += 1
            self._here += 1
        now = self._clock()
        self._recent.append((now, self._here))
        while len(self._recent) > 2 and self._recent[1][0] <= now - WINDOW_S:
            self._recent.popleft()
        if now - self._said >= (TERMINAL_S if self._terminal else EVERY_S):
            self._said = now
            self._say(self.line())

    def rate(self) -> float:
        """Injections an hour, of late."""
        (then, before), now = self._recent[0], self._recent[-1]
        return (now[1] - before) * 3600 / (now[0] - then) if now[0] > then else 0.0

    def line(self) -> str:
        total = sum(self._outcomes.values())
        rate = self.rate()
        left = duration((self._wanted - total) * 3600 / rate) if rate else "?"
        seen = "  ".join(f"{name} {self._outcomes[name]}" for name in OUTCOMES if self._outcomes[name])
        return f"{total:,} of {self._wanted:,}  {rate:,.0f} an hour, {left} left  {seen}"

    def end(self) -> str:
        """The closing line: the rate over all of it."""
        took = self._clock() - self._began
        if self._terminal:
            self._stream.write("\r\x1b[K")
        rate = self._here * 3600 / took if took else 0.0
        return f"{self._here:,} injections in {duration(took)}: {rate:,.0f} an hour"

    def _say(self, text: str) -> None:
        if self._terminal:
            self._stream.write(f"\r\x1b[K{text}")
        else:
            self._stream.write(f"{text}\n")
        self._stream.flush()
