# SPDX-License-Identifier: GPL-2.0-or-later
"""What the scenarios of faults share: addresses for their words, and what became of them."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from scenarios.harness import fault, paths, symbols
from scenarios.harness.errors import Unusable
from scenarios.harness.host import Host
from scenarios.harness.machine import Machine


class Addresses(dict[str, int]):
    """Names, and where they are."""

    def fill(self, words: str) -> str:
        """{name} and {name+8} in @words are addresses."""

        def address(found: re.Match[str]) -> str:
            name, _, offset = found[1].partition("+")
            return hex(self[name] + int(offset or "0"))

        return re.sub(r"\{([^}]+)\}", address, words)


@functools.cache
def guest_symbols(program: str) -> Addresses:
    """Those of a bare guest: addresses as its code has them, and physical to it."""
    elf = paths.out() / "guest" / f"{program}.elf"
    if not elf.is_file():
        raise Unusable(f"{paths.short(elf)} is not built; `make` builds it")
    return Addresses(symbols.all_in(elf))


def call(host: Host, number: int) -> None:
    """A call that no hypervisor knows, for a fault that waits for it."""
    host.run(["attack", "call", "hvc", hex(number)], ok=True)


def made(machine: Machine) -> list[Mapping[str, Any]]:
    """The faults that were made, in order, once the machine has ended: fault.shots()."""
    machine.end()
    return list(fault.shots(machine.artefacts))


def options_of(target: str) -> fault.Options:
    """A machine of this target, for what depends on no other option."""
    return paths.machine_description.from_env({"HYP": target})


def el2_symbols(options: fault.Options) -> Addresses:
    """Those of what runs at EL2: physical addresses."""
    return Addresses(fault.symbols_of(options))
