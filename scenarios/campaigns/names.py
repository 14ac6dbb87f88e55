# SPDX-License-Identifier: GPL-2.0-or-later
"""
Names of EL2's code in a recording: the symbols of the target's image, moved to where they run.

An image of its own runs where it was linked. EL2 of an upstream kernel runs in an address
space of its own, at a distance from the kernel's symbols that only that boot knows; it
is the one at which the targets of the BL instructions in the recording are functions.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from scenarios.campaigns.record import Recording, Step, Symbols
from scenarios.harness import paths, symbols
from scenarios.harness.errors import Unusable

PAGE = 0xFFF
TRIED = 8  # most frequent targets that candidates are made from
ENOUGH = 0.6  # of the targets must be functions


def call_targets(steps: Sequence[Step]) -> Counter[int]:
    """Where BL instructions of the recording go, and how often."""
    found: Counter[int] = Counter()
    for step in steps:
        if step.opcode >> 26 == 0x25:
            offset = (step.opcode & 0x3FFFFFF) << 2
            found[step.pc + offset - (1 << 28 if offset >> 27 else 0)] += 1
    return found


def distance(addresses: Collection[int], targets: Counter[int]) -> int:
    """What to add to @addresses, so that they meet @targets best. Raises Unusable."""
    known = set(addresses)
    best, hits = 0, 0
    for target, _ in targets.most_common(TRIED):
        for address in known:
            if (address ^ target) & PAGE == 0:
                count = sum(1 for each in targets if each - (target - address) in known)
                if count > hits:
                    best, hits = target - address, count
    if not targets or hits < ENOUGH * len(targets):
        raise Unusable("EL2's code in the recording does not fit the kernel's symbols")
    return best


def _of_image(elf: Path) -> list[tuple[int, str]]:
    tool = paths.out() / "sdk" / "bin" / "aarch64-linux-gnu-nm"
    try:
        text = subprocess.run([tool, elf], check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unusable(f"no symbols of {paths.short(elf)}: {error}") from error
    rows = (line.split() for line in text.splitlines())
    return [(int(row[0], 16), row[2]) for row in rows if len(row) == 3 and row[1] in "tT"]


def el2_symbols(target: str, kernel: Path, recording: Recording) -> Symbols:
    """Raises Unusable when there are none."""
    options = paths.machine_description.from_env({"HYP": target, "KERNEL": str(kernel)})
    image = paths.machine_description.image(options)
    if image is not None:
        return Symbols(_of_image(image.with_suffix(".elf")))
    from scenarios.harness.interactive import kernel_symbols

    known = [one for one in symbols.el2_only(kernel_symbols(kernel)) if one.is_code]
    by = distance({one.address for one in known}, call_targets(recording.steps))
    return Symbols((one.address + by, one.name) for one in known)
