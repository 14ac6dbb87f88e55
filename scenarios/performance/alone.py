# SPDX-License-Identifier: GPL-2.0-or-later
"""A measurement of `make bench` by itself: python3 -m scenarios.performance.start, .cost."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from scenarios.harness import paths
from scenarios.harness.errors import Failure

Measured = dict[str, tuple[str, float]]  # figure -> unit, value


def main(name: str, measure: Callable[[str], Measured]) -> int:
    """Print what @measure says of each target of HYP=. The exit status."""
    try:
        for target in paths.machine_description.targets(os.environ):
            for figure, (unit, value) in measure(target).items():
                print(f"{target:>10}  {figure:<84} {value:.3f} {unit}".rstrip())
    except Failure as failure:
        print(f"{name}: {failure}", file=sys.stderr)
        return 2
    return 0
