# SPDX-License-Identifier: GPL-2.0-or-later
"""Terrarium's own plugins on a machine: what each is told, and what it found."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from scenarios.harness import paths
from scenarios.harness.errors import Unusable

Options = paths.machine_description.Options


def nothing_found(artefacts: Path) -> str | None:
    return None


@dataclasses.dataclass(frozen=True)
class Instrument:
    """One plugin, out/plugins/NAME.so.

    arguments  from the run's folder and the machine's options to the plugin's options
    finding    after QEMU's end, from the run's folder: a sentence that fails the run, or None
    words      the variables that make a run have it, for the command that runs it again
    """

    name: str
    arguments: Callable[[Path, Options], Mapping[str, str]]
    finding: Callable[[Path], str | None] = nothing_found
    words: tuple[str, ...] = ()

    def plugin(self, artefacts: Path, options: Options) -> str:
        """As after QEMU's -plugin. Raises Unusable when it is not built."""
        library = paths.out() / "plugins" / f"{self.name}.so"
        if not library.is_file():
            raise Unusable(f"{paths.short(library)} is not built; `make` builds it")
        pairs = {"": str(library)} | dict(self.arguments(artefacts, options))
        doubled = ((key, str(value).replace(",", ",,")) for key, value in pairs.items())
        return ",".join(f"{key}={value}" if key else value for key, value in doubled)


def _trace(artefacts: Path, options: Options) -> Mapping[str, str]:
    return {"out": str(artefacts / "trace.bin"), "clock": "icount" if options.icount else "host"}


TRACE = Instrument("trace", _trace)


def _coverage(artefacts: Path, options: Options) -> Mapping[str, str]:
    return {"out": str(artefacts / COVERAGE_FILE)}


COVERAGE_FILE = "coverage.txt"
COVERAGE = Instrument("coverage", _coverage, words=("COVER=1",))


ORACLE_FILE = "oracle.json"
ORACLE_TIERS = "abc"
# What a target does by design; each word is explained in the tier's file.
ORACLE_EXCEPT = {"pkvm": "el2-code"}


def tiers(env: Mapping[str, str]) -> str:
    """The tiers that ORACLE= names, "" for none. Raises Unusable."""
    text = env.get("ORACLE") or "off"
    if text == "off":
        return ""
    if not set(text) <= set(ORACLE_TIERS) or len(set(text)) != len(text):
        raise Unusable(f"ORACLE={text}: allowed: off, or some of {ORACLE_TIERS}, as in ORACLE=ab")
    return "".join(sorted(text))


def breach(artefacts: Path) -> str | None:
    """What the oracle wrote before it ended QEMU."""
    try:
        found = json.loads((artefacts / ORACLE_FILE).read_text(encoding="utf-8"))
        return f"oracle: {found['what']}"
    except FileNotFoundError:
        return None
    except (ValueError, KeyError) as error:
        return f"the oracle's {ORACLE_FILE} cannot be read: {error}"


def oracle(wanted: str) -> Instrument:
    def arguments(artefacts: Path, options: Options) -> Mapping[str, str]:
        # Both targets' host has VMID 0; a restored machine may run a VM first.
        found = {"tiers": "+".join(wanted), "out": str(artefacts / ORACLE_FILE), "host-vmid": "0"}
        excepted = ORACLE_EXCEPT.get(options.hyp)
        return found | ({"except": excepted} if excepted else {})

    return Instrument("oracle", arguments, breach, (f"ORACLE={wanted}",))


def flag(env: Mapping[str, str], name: str) -> bool:
    """A variable that is 0, 1 or not there. Raises Unusable."""
    text = env.get(name) or "0"
    if text not in ("0", "1"):
        raise Unusable(f"{name}={text}: allowed: 0, 1")
    return text == "1"


def chosen(env: Mapping[str, str]) -> tuple[Instrument, ...]:
    """The instruments beside the trace that the user's variables ask for. Raises Unusable."""
    wanted = tiers(env)
    return (
        *((oracle(wanted),) if wanted else ()),
        *((COVERAGE,) if flag(env, "COVER") else ()),
    )
