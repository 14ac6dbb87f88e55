# SPDX-License-Identifier: GPL-2.0-or-later
"""Fewer calls that still fail in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

# Whether just these calls, in order, fail in the same way. None: no more tries are allowed.
Fails = Callable[[Sequence[int]], bool | None]


FIRST_LOOK = 64


class _Over(Exception):
    """No more tries."""


class Shrinker:
    """@best is what is known to fail; it only gets shorter."""

    def __init__(self, numbers: Sequence[int], fails: Fails) -> None:
        self.best = list(numbers)
        self._fails = fails

    def run(self) -> list[int]:
        """The shortest that was found: the end cut, the beginning cut, then parts left out."""
        try:
            self._prefix()
            self._suffix()
            self._parts()
        except _Over:
            pass
        return self.best

    def _keeps_failing(self, numbers: Sequence[int]) -> bool:
        answer = self._fails(numbers) if numbers else False
        if answer is None:
            raise _Over
        if answer:
            self.best = list(numbers)
        return answer

    def _prefix(self) -> None:
        """What comes behind the failing call is not needed: search its place, first near the
        beginning, where a run is short, then by halves."""
        all_of, good, bad = self.best, 0, len(self.best)
        size = FIRST_LOOK
        while size < bad:
            if self._keeps_failing(all_of[:size]):
                bad = size
            else:
                good, size = size, 4 * size
        while bad - good > 1:
            middle = (good + bad) // 2
            if self._keeps_failing(all_of[:middle]):
                bad = middle
            else:
                good = middle

    def _suffix(self) -> None:
        """What comes before is often not needed: the last 1, 2, 4, ... calls."""
        all_of, count = self.best, 1
        while count < len(all_of):
            if self._keeps_failing(all_of[-count:]):
                return
            count *= 2

    def _parts(self) -> None:
        """Leave out parts, ever smaller, down to single calls (Zeller's ddmin, its complements)."""
        parts = 2
        while len(self.best) >= 2:
            size = -(-len(self.best) // parts)
            for first in range(0, len(self.best), size):
                if self._keeps_failing(self.best[:first] + self.best[first + size :]):
                    parts = max(parts - 1, 2)
                    break
            else:
                if size == 1:
                    return
                parts = min(2 * parts, len(self.best))
