# SPDX-License-Identifier: GPL-2.0-or-later
"""Terrarium's own plugins on a machine: what each is told, and what it found."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from scenarios.harness import fault, paths
from scenarios.harness import oracle as oracle_of
from scenarios.harness.errors import Unusable
from scenarios.harness.trace_log import NAME as EVENTS_FILE

Options = paths.machine_description.Options


def nothing_found(artefacts: Path) -> str | None:
    return None


def no_report(artefacts: Path) -> dict[str, Any] | None:
    return None


@dataclasses.dataclass(frozen=True)
class Instrument:
    """One plugin, out/plugins/NAME.so.

    arguments  from the run's folder and the machine's options to the plugin's options
    finding    after QEMU's end, from the run's folder: a sentence that fails the run, or None
    report     after QEMU's end, from the run's folder: what the verdict says of it, or None
    words      the variables that make a run have it, for the command that runs it again
    recorded   whether it is there, too, while a closed run's calls are recorded
    events     QEMU's own trace points (patterns) and log items that are to be in EVENTS_FILE
    """

    name: str
    arguments: Callable[[Path, Options], Mapping[str, str]]
    finding: Callable[[Path], str | None] = nothing_found
    words: tuple[str, ...] = ()
    recorded: bool = True
    events: tuple[str, ...] = ()
    report: Callable[[Path], dict[str, Any] | None] = no_report

    def plugin(self, artefacts: Path, options: Options) -> str:
        """As after QEMU's -plugin. Raises Unusable when it is not built."""
        library = paths.out() / "plugins" / f"{self.name}.so"
        if not library.is_file():
            raise Unusable(f"{paths.short(library)} is not built; `make` builds it")
        pairs = {"": str(library)} | dict(self.arguments(artefacts, options))
        doubled = ((key, str(value).replace(",", ",,")) for key, value in pairs.items())
        return ",".join(f"{key}={value}" if key else value for key, value in doubled)


# QEMU's callbacks of an event go from the plugin that was loaded last to the first one: what changes
# the machine is called first, then the trace, which has the event that the oracle may end the run at.
ORDER = ("yield", "coverage", "oracle", "trace", "inject")


def ordered(instruments: Iterable[Instrument]) -> list[Instrument]:
    """In the order in which QEMU shall load them; of two with one name the last."""
    by_name = {each.name: each for each in instruments}
    return sorted(by_name.values(), key=lambda each: ORDER.index(each.name))


def logging(instruments: Iterable[Instrument], artefacts: Path) -> list[str]:
    """QEMU's arguments for all that the instruments want of its log; none for nothing."""
    items = sorted({item for each in instruments for item in each.events})
    path = str(artefacts / EVENTS_FILE)
    return ["-d", ",".join(items), "-D", path] if items else []


def _trace(artefacts: Path, options: Options) -> Mapping[str, str]:
    # VMID 0 is the host's on both targets; a machine that goes on from a snapshot may be in a VM.
    clock = "icount" if options.icount else "host"
    return {"out": str(artefacts / "trace.bin"), "clock": clock, "host-vmid": "0"}


TRACE = Instrument("trace", _trace)
# What has a machine of several threads get on where there are fewer processors than threads.
YIELD = Instrument("yield", lambda artefacts, options: {})
TRACE_GROUPS = (
    "calls", "faults", "sysregs", "waits", "irqs", "others", "firmware", "roots", "acks", "marks", "ends",
)  # fmt: skip
TRACE_WORLDS = ("boot", "host", "vm", "el2")
SMMU_EVENTS = ("trace:smmuv3_translate_*", "trace:smmuv3_cmdq_*", "trace:smmu_iotlb_inv_*",
               "trace:smmuv3_propagate_event", "trace:smmuv3_write_gerror*", "trace:iommu_testdev_*", "plugin")  # fmt: skip


def traced(text: str) -> Instrument:
    """The trace with TRACE=@text: groups, worlds and `smmu` joined by +. Raises Unusable."""
    words = text.split("+")
    for word in words:
        allowed = (*TRACE_GROUPS, *TRACE_WORLDS, "smmu")
        if word not in allowed:
            raise Unusable(f"TRACE={text}: there is no '{word}'; allowed: {' '.join(allowed)}")
    further = {"only": "+".join(word for word in words if word in TRACE_GROUPS),
               "worlds": "+".join(word for word in words if word in TRACE_WORLDS),
               "log": "on" if "smmu" in words else ""}  # fmt: skip
    return Instrument(
        "trace",
        lambda artefacts, options: (
            {**_trace(artefacts, options), **{key: value for key, value in further.items() if value}}
        ),
        words=(f"TRACE={text}",),
        events=SMMU_EVENTS if "smmu" in words else (),
    )


def usual(trace: bool, options: Options) -> list[Instrument]:
    """What every machine with @options has; one thread that runs all CPUs (icount) needs no YIELD."""
    return [*([TRACE] if trace else []), *([] if options.icount else [YIELD])]


def _coverage(artefacts: Path, options: Options) -> Mapping[str, str]:
    return {"out": str(artefacts / COVERAGE_FILE)}


COVERAGE_FILE = "coverage.txt"
COVERAGE = Instrument("coverage", _coverage, words=("COVER=1",))


def _inject(faults: str, given: str) -> Instrument:
    """@faults are to be made; @given of them are the user's."""
    return Instrument(
        "inject",
        lambda artefacts, options: fault.plugin_arguments(faults, artefacts, options),
        fault.never_made,
        (f"INJECT={shlex.quote(given)}",) if given else (),
        recorded=False,
    )


def oracle(wanted: str) -> Instrument:
    return Instrument(
        "oracle",
        lambda artefacts, options: oracle_of.arguments(wanted, artefacts, options, EVENTS_FILE),
        oracle_of.breach,
        (f"ORACLE={wanted}",),
        events=oracle_of.EVENTS if "c" in wanted else (),
        report=lambda artefacts: oracle_of.report(wanted, artefacts),
    )


def flag(env: Mapping[str, str], name: str) -> bool:
    """A variable that is 0, 1 or not there. Raises Unusable."""
    text = env.get(name) or "0"
    if text not in ("0", "1"):
        raise Unusable(f"{name}={text}: allowed: 0, 1")
    return text == "1"


def chosen(env: Mapping[str, str], faults: str = "") -> tuple[Instrument, ...]:
    """The instruments that the user's variables ask for; a trace among them replaces TRACE. Raises Unusable.

    @faults  INJECT's, and the scenario's own
    """
    wanted = oracle_of.tiers(env)
    return (
        *((_inject(faults, env.get("INJECT") or ""),) if faults else ()),
        *((oracle(wanted),) if wanted else ()),
        *((traced(env["TRACE"]),) if env.get("TRACE") else ()),
        *((COVERAGE,) if flag(env, "COVER") else ()),
    )
