# SPDX-License-Identifier: GPL-2.0-or-later
"""Which functions of upstream's EL2 the runs of COVER=1 reached: python3 -m scenarios.harness.coverage RUNS...

Its kernel comes without DWARF, but names its functions in /proc/kallsyms.
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from ci import coverage_el2
from ci.coverage import plugin_files
from scenarios.harness import paths, symbols
from scenarios.harness.errors import Failure
from scenarios.harness.interactive import kernel_symbols

FIRST, END = "__hyp_text_start", "__hyp_text_end"


def el2_code(known: Sequence[symbols.Symbol], load: int) -> list[tuple[str, int]]:
    """EL2's functions with their physical addresses, by address, and the end. Raises LookupError.

    @load  physical address of the kernel's _text
    """
    where = {symbol.name: symbol.address for symbol in known}
    for name in (FIRST, END, "_text"):
        if name not in where:
            raise LookupError(f"the kernel's symbols have no {name}")
    down = load - where["_text"]
    inside = [symbol for symbol in known if symbol.is_code and where[FIRST] <= symbol.address < where[END]]
    code: dict[int, str] = {}
    for symbol in inside:  # of several names EL2's own
        name = symbol.name.removeprefix(symbols.EL2_PREFIX)
        if symbol.name != FIRST and (symbol.address not in code or name != symbol.name):
            code[symbol.address] = name
    return [(name, address + down) for address, name in sorted(code.items())] + [(END, where[END] + down)]


def text_of(reached: dict[str, int]) -> str:
    hit = [name for name, count in reached.items() if count]
    never = sorted(name for name, count in reached.items() if not count)
    share = 100 * len(hit) / len(reached) if reached else 0
    rows = [f"functions of EL2: {len(hit)} of {len(reached)} reached ({share:.0f} %); not reached:"]
    rows += textwrap.wrap(" ".join(never) or "none", 98, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(rows)


def main(folders: Sequence[str]) -> int:
    machine = paths.machine_description
    try:
        options = machine.from_env(dict(os.environ) | {"HYP": "pkvm"})
        code = el2_code(kernel_symbols(options.kernel), machine.DESCRIPTION["kernel"]["load"])
        executed = coverage_el2.read_all(plugin_files([Path(folder) for folder in folders]))
    except (machine.BadOption, coverage_el2.Unreadable, Failure, LookupError, OSError, RuntimeError, ValueError) as error:
        print(f"coverage: {error}", file=sys.stderr)
        return 1
    print(text_of(coverage_el2.functions_reached(executed, code)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
