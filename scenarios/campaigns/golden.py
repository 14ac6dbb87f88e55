# SPDX-License-Identifier: GPL-2.0-or-later
"""The golden run: the mark, a run from there without a fault, twice, and all that others are compared with.

It lies in out/campaigns/TARGET/golden/SCENARIO/MARK, and is made again when anything that it came from changes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scenarios.campaigns import execute, machine, moments, names, outcome, record
from scenarios.harness import marks, paths
from scenarios.harness.errors import Unusable
from scenarios.harness.steps import Step

describe = paths.machine_description
META, FORMAT = "golden.json", 1
RECORD, DIGESTS = "record.bin", "digests.bin"
COMPARED = (RECORD, DIGESTS, machine.TRACE, "results.bin")
# A run that takes so many times the golden run's time, for its budget, executes no instructions.
CPU_TIMES, CPU_S_MIN = 10, 30.0
# Steps whose exit status is a VM's end.
VM_ENDS = (("job", "wait"), ("vm-pages",), ("vm-life",))


@dataclasses.dataclass(frozen=True)
class Golden:
    """What a campaign on one target stands on."""

    target: str
    mark: marks.Mark
    folder: Path
    build: str  # a digest of all that it came from
    recording: record.Recording
    symbols: record.Symbols
    seen: outcome.Golden
    ranges: str
    seconds: float  # that a run took

    def moments(self) -> moments.Moments:
        return moments.read(self.folder / machine.TRACE, self.recording)

    def spec(self, slack: int, scratch: Path, trace: bool = False) -> dict[str, Any]:
        """For workers."""
        return {
            "launcher": machine.LAUNCHER, "mark": str(self.mark.path), "tools": machine.tools(),
            "digests": str(self.folder / DIGESTS), "budget": self.seen.insns + slack, "ranges": self.ranges,
            "golden": self.seen.as_dict(), "waits": waits_of(self.mark.plan), "scratch": str(scratch),
            "trace": trace, "cpu_s": max(CPU_S_MIN, CPU_TIMES * self.seconds * (1 + slack / self.seen.insns)),
        }  # fmt: skip


def waits_of(plan: list[Step]) -> list[str]:
    """The files of the results that say how a VM ended."""
    return [
        f"{number}/exit"
        for number, step in enumerate(plan)
        if step.kind == "run" and any(step.argv[: len(words)] == words for words in VM_ENDS)
    ]


def _sources(scenario: str) -> list[Path]:
    """The Python that decides about the plan and how it is run."""
    folder = paths.ROOT / "scenarios"
    own = folder / Path(scenario).parent
    return sorted([*own.glob("test_*.py"), *(folder / "harness").glob("*.py"), *(paths.ROOT / "platform/machine").glob("m*.*")])


def build_of(scenario: str, mark: str, target: str, env: Mapping[str, str]) -> str:
    """A digest of all that a golden run comes from. Raises Unusable."""
    given = {key: value for key, value in env.items() if value and key != "SMP"}
    try:
        options = describe.from_env(given | {"HYP": target, "ICOUNT": "1"})
    except describe.BadOption as error:
        raise Unusable(str(error)) from error
    image = describe.image(options)
    files = [options.kernel, paths.out() / "host" / "initramfs.cpio", *([image] if image else []), *_sources(scenario)]
    words = [FORMAT, scenario, mark, options.key(), machine.tools(), *(machine.digest_of(path) for path in files)]
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:24]


def folder_of(target: str, scenario: str, mark: str) -> Path:
    return paths.out() / "campaigns" / target / "golden" / scenario / mark


def kept(scenario: str, mark: str, target: str) -> Golden | None:
    """The golden run that is there, whatever it came from; None: there is none that is whole."""
    folder = folder_of(target, scenario, mark)
    try:
        meta = json.loads((folder / META).read_text())
        if meta["format"] != FORMAT or any(machine.digest_of(folder / n) != d for n, d in meta["files"].items()):
            return None
        found = marks.load(Path(meta["mark"]))
        symbols = record.Symbols((address, name) for address, name in meta["symbols"])
        recording = record.read(folder / RECORD)
        seen = outcome.Golden.from_dict(meta["seen"])
    except (OSError, ValueError, KeyError, TypeError, Unusable):
        return None
    return Golden(target, found, folder, meta["build"], recording, symbols, seen, meta["ranges"], meta["seconds"])


def obtain(scenario: str, mark: str, target: str, say: Callable[[str], None]) -> Golden:
    """The one that is there, if it is of this build, or a new one. Raises Unusable."""
    build = build_of(scenario, mark, target, os.environ)
    there = kept(scenario, mark, target)
    if there is not None and there.build == build:
        return there
    say(f"{target}: {scenario} runs to its mark {mark}")
    found = marks.take(scenario, target)
    at = next((number for number, each in enumerate(found) if each.name == mark), None)
    if at is None:
        raise Unusable(f"{scenario} has no mark {mark}; it has: {', '.join(each.name for each in found) or 'none'}")
    if at + 1 == len(found):
        raise Unusable(f"{scenario} has no mark behind {mark}: a campaign's runs end at the next one")
    return _make(found[at], build, say)


def _run(mark: marks.Mark, folder: Path, ranges: str) -> tuple[outcome.Golden, float]:
    """One run without a fault, and the seconds it took."""
    folder.mkdir(parents=True)
    argv = machine.argv(mark, folder, None, True, record=folder / RECORD, digests=folder / DIGESTS, ranges=ranges)
    began = time.monotonic()
    status = execute.watch(argv, folder)
    if status != outcome.STOPPED:
        said = (folder / "qemu.log").read_text(errors="replace").strip().splitlines()
        raise Unusable(f"the golden run ended with {status}: {said[-1] if said else 'QEMU said nothing'}")
    return outcome.golden_of(folder), time.monotonic() - began


def _make(mark: marks.Mark, build: str, say: Callable[[str], None]) -> Golden:
    folder = folder_of(mark.target, mark.scenario, mark.name)
    shutil.rmtree(folder, ignore_errors=True)
    ranges = machine.el2_data(mark.options)
    seen, took = _run(mark, folder, ranges)
    again, _ = _run(mark, folder / "again", ranges)
    for name in COMPARED:
        if (folder / name).read_bytes() != (folder / "again" / name).read_bytes():
            raise Unusable(f"two golden runs differ in {name}: nothing can be compared with them")
    if seen != again:
        raise Unusable("two golden runs differ in their end states: nothing can be compared with them")
    shutil.rmtree(folder / "again")
    recording = record.read(folder / RECORD)
    symbols = names.el2_symbols(mark.target, mark.options.kernel, recording)
    meta = {
        "format": FORMAT, "build": build, "mark": str(mark.path), "seen": seen.as_dict(), "ranges": ranges,
        "symbols": symbols.pairs, "seconds": round(took, 3), "files": {name: machine.digest_of(folder / name) for name in COMPARED},
    }  # fmt: skip
    new = folder / (META + ".new")
    new.write_text(json.dumps(meta) + "\n")
    new.replace(folder / META)
    say(
        f"{mark.target}: golden run: {seen.insns:,} instructions, {len(recording.steps):,} of them EL2's"
        f" in {recording.visits} visits; twice the same to the byte, {took:.1f} s"
    )
    return Golden(mark.target, mark, folder, build, recording, symbols, seen, ranges, took)
