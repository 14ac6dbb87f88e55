# SPDX-License-Identifier: GPL-2.0-or-later
"""Closed machines saved at a scenario's own marks, to go on from any number of times.

A scenario says `host.mark("NAME")`, or runs a program with `--mark NAME`; take() runs it and gives a Mark for each. A Mark gives the argument
list of a QEMU that goes on from there to the end of the plan by itself, with any plugins: no
runner, no pytest, nothing that enters the machine. Runs of the same Mark are bit-exact.

They lie in out/marks/TARGET/SCENARIO/NAME until the scenario's plan, or what it runs on, changes.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scenarios.harness import closed, paths, snapshots
from scenarios.harness.closed_machine import ClosedMachine, StoppingMachine
from scenarios.harness.errors import StepFailed, Unusable
from scenarios.harness.folder import RunFolder
from scenarios.harness.machine import Setup
from scenarios.harness.progress import Progress
from scenarios.harness.steps import Step

description = paths.machine_description
META = "mark.json"
ASKED = "MARKS"  # environment of a run that is to leave its marks
COPY_BYTES = 1 << 20


def folder_of(target: str, scenario: str) -> Path:
    return paths.out() / "marks" / target / scenario


@dataclasses.dataclass(frozen=True)
class Mark:
    """A machine that waits at a mark. Its files are read only; any number of QEMUs may share them."""

    path: Path
    name: str
    target: str
    scenario: str
    plan: list[Step]
    options: description.Options

    def argv(
        self, results: Path, console: Path, plugins: Sequence[str] = (), devices: Sequence[str] = ()
    ) -> list[str]:
        """QEMU's argument list: from the mark to power-off.

        @results  new file for what the steps from the mark on left; @console the same for the console.
        @plugins  as after -plugin.
        @devices  further ones that QEMU saves nothing of, as after -device.
        """
        lines = description.Channels(
            console=_file(console), events="null", results=_file(results)
        )
        saved = description.Saved(self.path / "ram", self.path / "state")
        plan = description.Plan(self.path / "plan.bin")
        options = dataclasses.replace(self.options, devices=(*self.options.devices, *devices))
        return description.command(options, lines, "none", plugins, saved=saved, plan=plan)

    def answers(self, results: Path) -> dict[str, bytes]:
        """All steps' "N/file" -> content: those before the mark, and those in @results."""
        before = closed.read_results(self.path / "results.bin")
        return before | closed.read_results(results)


def _file(path: Path) -> str:
    return f"file,path={str(path).replace(',', ',,')}"


def load(path: Path) -> Mark:
    """The mark in folder @path. Raises Unusable with one sentence when it is not as it was made."""
    try:
        meta = json.loads((path / META).read_text())
        for name, stamp in meta["files"].items():
            if snapshots.stamp(path / name) != stamp:
                raise Unusable(f"the mark {paths.short(path)} is damaged: {name} is not as it was saved")
        options = dict(meta["options"], kernel=Path(meta["options"]["kernel"]))
        options["devices"] = tuple(options["devices"])
        plan = [_step(step) for step in meta["plan"]]
        return Mark(
            path, meta["name"], meta["target"], meta["scenario"], plan, description.Options(**options)
        )
    except OSError as error:
        raise Unusable(f"there is no mark {paths.short(path)}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unusable(f"the mark {paths.short(path)} is damaged: {META} is not readable") from error


def _step(values: dict[str, Any]) -> Step:
    data = base64.b64decode(values["data"])
    return Step(values["kind"], tuple(values["argv"]), values["path"], data)


def _words(step: Step) -> dict[str, Any]:
    return dataclasses.asdict(step) | {"data": base64.b64encode(step.data).decode()}


def take(scenario: str, target: str, names: Sequence[str] = ()) -> list[Mark]:
    """Run @scenario closed on @target; its marks in the plan's order, or those of @names in theirs.

    Raises Unusable when the scenario fails, or has no such mark.
    """
    given = {key: value for key, value in os.environ.items() if key not in ("JOBS", "SMP")}
    env = given | {"HYP": target, "ICOUNT": "1", ASKED: "1", "COLD": "0"}
    command = [sys.executable, "-m", "scenarios.harness", "run", scenario]
    ended = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if ended.returncode != 0:
        said = ended.stdout.decode("utf-8", "replace").strip().splitlines()
        why = next((line for line in said if line.startswith("FAIL")), said[-1] if said else "?")
        raise Unusable(f"no marks of {scenario}: {why}")
    there = [load(path.parent) for path in sorted(folder_of(target, scenario).glob(f"*/{META}"))]
    there.sort(key=lambda mark: names_of(mark.plan).index(mark.name))
    known = {mark.name: mark for mark in there}
    for name in names:
        if name not in known:
            raise Unusable(f"{scenario} has no mark {name}; it has: {', '.join(known) or 'none'}")
    return [known[name] for name in names] if names else there


def _left_by(step: Step) -> list[str]:
    """A program that leaves a mark itself is told so by the words `--mark NAME`."""
    if step.kind == "mark":
        return [step.path]
    return [name for word, name in zip(step.argv, step.argv[1:]) if word == "--mark"]


def names_of(plan: Sequence[Step]) -> list[str]:
    """Raises StepFailed when a name is there twice or is no name of a folder."""
    names = [name for step in plan for name in _left_by(step)]
    for name in names:
        if names.count(name) > 1 or not name.replace("-", "").replace("_", "").isalnum():
            raise StepFailed(f"mark {name}: a mark needs a name of its own, of letters, digits, - and _")
    return names


def make(setup: Setup, run: RunFolder, progress: Progress, scenario: str, plan: list[Step]) -> None:
    """Leave a Mark for each mark of @plan, unless the same are there."""
    names = names_of(plan)
    place = folder_of(setup.options.hyp, scenario)
    machine = ClosedMachine(setup, run, progress)
    try:
        memory, saved = machine.prepare(plan)
        if saved is None:
            raise Unusable("marks need snapshots, and there can be none here")
        words = json.loads(json.dumps(machine.inputs | {"options": setup.options.words()}))
        if _are_made(place, names, words):
            return
        if place.exists():
            shutil.rmtree(place)
        new = place.with_name(place.name + ".new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        try:
            _save_each(setup, run, progress, saved, memory.memory, new, names)
            for name in names:
                _finish(new / name, setup, scenario, plan, words)
            new.rename(place)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    except OSError as error:
        raise Unusable(f"no marks: {error.filename}: {error.strerror}") from error
    finally:
        machine.close()


def _are_made(place: Path, names: Sequence[str], words: Any) -> bool:
    try:
        for name in names:
            load(place / name)
            if json.loads((place / name / META).read_text())["words"] != words:
                return False
    except Unusable:
        return False
    return sorted(path.name for path in place.glob("*")) == sorted(names)


def _save_each(
    setup: Setup,
    run: RunFolder,
    progress: Progress,
    saved: description.Saved,
    memory: Path,
    new: Path,
    names: Sequence[str],
) -> None:
    """One machine, stopped at each mark."""
    ram = new / "ram"
    copy_sparse(saved.ram, ram)
    bare = dataclasses.replace(setup, trace=False, plugins=(), instruments=())
    machine = StoppingMachine(bare, run, progress, ram)
    try:
        machine.start(memory, dataclasses.replace(saved, ram=ram, kept=True))
        for name in names:
            machine.wait_stop()
            (new / name).mkdir()
            machine.save(new / name / "state")
            copy_sparse(ram, new / name / "ram")
            for file in ("console.log", "results.bin", "plan.bin"):
                copy_sparse(run.path / file, new / name / file)
            progress.stage(f"mark {name} saved")
            if name != names[-1]:
                machine.qmp("cont")
    finally:
        machine.close()
        ram.unlink(missing_ok=True)


def _finish(place: Path, setup: Setup, scenario: str, plan: list[Step], words: Any) -> None:
    options = dataclasses.asdict(setup.options)
    meta = {
        "name": place.name,
        "target": setup.options.hyp,
        "scenario": scenario,
        "options": options | {"kernel": str(options["kernel"])},
        "plan": [_words(step) for step in plan],
        "words": words,
        "files": {path.name: snapshots.stamp(path) for path in sorted(place.iterdir())},
    }
    (place / META).write_text(json.dumps(meta, indent=1) + "\n")


def copy_sparse(source: Path, target: Path) -> None:
    """A copy that takes no place on the disk for what was never written."""
    with source.open("rb") as old, target.open("wb") as new:
        size = os.fstat(old.fileno()).st_size
        new.truncate(size)
        at = 0
        while at < size:
            try:
                start = os.lseek(old.fileno(), at, os.SEEK_DATA)
            except OSError:  # ENXIO: nothing but holes
                return
            at = os.lseek(old.fileno(), start, os.SEEK_HOLE)
            while start < at:
                start += os.copy_file_range(
                    old.fileno(), new.fileno(), min(COPY_BYTES, at - start), start, start
                )
