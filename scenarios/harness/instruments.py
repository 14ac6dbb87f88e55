# SPDX-License-Identifier: GPL-2.0-or-later
"""Terrarium's own plugins on a machine: what each is told, and what it found."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from scenarios.harness import fault, paths
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
    recorded   whether it is there, too, while a closed run's calls are recorded
    """

    name: str
    arguments: Callable[[Path, Options], Mapping[str, str]]
    finding: Callable[[Path], str | None] = nothing_found
    words: tuple[str, ...] = ()
    recorded: bool = True

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


def _inject(text: str) -> Instrument:
    return Instrument(
        "inject",
        lambda artefacts, options: fault.plugin_arguments(text, artefacts, options),
        fault.never_made,
        (f"INJECT={shlex.quote(text)}",),
        recorded=False,
    )


# QEMU tells plugins in the order of its command line: whoever changes things comes first.
ORDER = ("inject", "oracle", "trace", "coverage")


def in_order(instruments: Sequence[Instrument]) -> list[Instrument]:
    """As they must stand on QEMU's command line."""
    return sorted(instruments, key=lambda each: ORDER.index(each.name))


def flag(env: Mapping[str, str], name: str) -> bool:
    """A variable that is 0, 1 or not there. Raises Unusable."""
    text = env.get(name) or "0"
    if text not in ("0", "1"):
        raise Unusable(f"{name}={text}: allowed: 0, 1")
    return text == "1"


def chosen(env: Mapping[str, str]) -> tuple[Instrument, ...]:
    """The instruments beside the trace that the user's variables ask for. Raises Unusable."""
    coverage = (COVERAGE,) if flag(env, "COVER") else ()
    return coverage + ((_inject(env["INJECT"]),) if env.get("INJECT") else ())
