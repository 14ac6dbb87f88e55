# SPDX-License-Identifier: GPL-2.0-or-later
"""One scenario's run: its machine, its host, its rungs, and the verdict at its end."""

from __future__ import annotations

import dataclasses
import os
import shlex
from collections.abc import Mapping
from typing import Any

from scenarios.harness import marks, oracle, paths, tracefile, verdict
from scenarios.harness.checks import Checks, Figure
from scenarios.harness.closed_machine import ClosedMachine
from scenarios.harness.errors import Failure, MachineFailed, Unusable
from scenarios.harness.folder import RunFolder
from scenarios.harness.host import Host
from scenarios.harness.live_machine import LiveMachine
from scenarios.harness.machine import Machine, Setup
from scenarios.harness.progress import Progress
from scenarios.harness.rungs import Rungs
from scenarios.harness.steps import Driver, Recorder, Step
from scenarios.harness.vm import VM

LIVE, RECORDING, CLOSED = "live", "recording", "closed"
REPLAYED = ("HYP", "SMP", "MEM", "CPU", "ICOUNT", "KERNEL", "LIMIT", "COLD", "FUZZ_SEED", "FUZZ_CALLS")


@dataclasses.dataclass(frozen=True)
class Plea:
    """What a scenario's function asks for: its markers, read."""

    scenario: str
    title: str
    vm: Mapping[str, Any] | None  # arguments of Host.vm
    root: str = "scenarios"


class ScenarioRun:
    """Lives from a scenario's start to its verdict; in a closed run through both passes."""

    def __init__(self, plea: Plea, setup: Setup, rungs: Rungs, side_by_side: bool) -> None:
        self.plea, self.setup, self._rungs = plea, setup, rungs
        self.phase = RECORDING if setup.options.icount else LIVE
        self.where = f"{setup.options.hyp}/{plea.scenario}"  # its folder below that of all runs
        self.progress = Progress(self.where, side_by_side)
        self.folder: RunFolder | None = None
        silent = self.phase == RECORDING  # what a recording sees is not judged
        self.checks = Checks((lambda check: None) if silent else self.progress.check)
        self.figures: list[Figure] = []
        self.cause: str | None = None
        self.skipped: str | None = None
        self._recording = 0.0
        self._plan: list[Step] = []
        self._machine: Machine | None = None
        self._host: Host | None = None
        self._vm: VM | None = None
        self._closed_driver: Any = None
        self._side_by_side = side_by_side
        self._trace: tracefile.Trace | None = None
        self._oracle: dict[str, Any] | None = None
        self._inputs: dict[str, str] = {}

    def begin(self) -> None:
        """Say who runs and take the run's folder. Raises Unusable."""
        self.progress.say(f"{self.plea.scenario}  {self.plea.title}")
        self.progress.say(f"  {self.setup.options.words()}")
        self.folder = RunFolder(self.where)
        self.progress.keep_in(self.folder.path / "progress.log")

    def again(self) -> None:
        """The recording is done: start over, against the closed run of its plan."""
        assert self.folder is not None
        self.folder.empty(but={"progress.log"})  # nothing of the recording may pass for the closed run's
        self.phase = CLOSED
        self.progress.stage(f"recorded {len(self._plan)} calls; now the closed run")
        self.checks = Checks(self.progress.check)
        self.figures.clear()
        self._machine = self._host = self._vm = None

    def figure(self, name: str, value: float, unit: str) -> None:
        figure = Figure(name, value, unit)
        self.figures.append(figure)
        if self.phase != RECORDING:
            self.progress.figure(figure)

    # The rungs. Each is reached once per phase and remembers its failure for the session.

    def _key(self) -> str:
        """Names the configuration: what failed in one says nothing about another."""
        return " ".join(
            [self.setup.options.key(), f"LIMIT={self.setup.limit_s:g}", *self.setup.plugins]
        )

    def machine(self) -> Machine:
        if self._machine is None:
            self._rungs.climb("machine", self._key(), self._start_machine, self.plea.scenario)
        assert self._machine is not None
        return self._machine

    def _start_machine(self) -> None:
        assert self.folder is not None
        if self.phase == CLOSED:
            if self.setup.marks:
                marks.make(self.setup, self.folder, self.progress, self.plea.scenario, self._plan)
            machine = self._machine = ClosedMachine(self.setup, self.folder, self.progress)
            self._closed_driver = machine.run(self._plan)
            return
        setup = self.setup
        if self.phase == RECORDING:
            options = dataclasses.replace(setup.options, icount=False)
            kept = [each for each in setup.instruments if each.recorded]
            setup = dataclasses.replace(setup, options=options, instruments=kept, recording=True)
        live = self._machine = LiveMachine(setup, self.folder, self.progress)
        if self.phase == LIVE:
            live.start()

    def host(self) -> Host:
        machine = self.machine()
        if self._host is None:
            self._host = self._rungs.climb(
                "host", self._key(), lambda: self._reach_host(machine), self.plea.scenario
            )
        return self._host

    def _reach_host(self, machine: Machine) -> Host:
        if self.phase == CLOSED:
            return Host(self._closed_driver, lambda text: None)
        assert isinstance(machine, LiveMachine)
        if self.phase == LIVE:
            return Host(machine.ready(), self.progress.stage)
        recorder = Recorder(lambda: self._start_recording(machine))
        self._plan = recorder.plan
        return Host(recorder, self.progress.stage)

    def _start_recording(self, machine: LiveMachine) -> Driver:
        """The machine of a recording starts with the first call that it has to do: there may be none."""
        def start() -> Driver:
            machine.start()
            return machine.ready()
        return self._rungs.climb("host", self._key(), start, self.plea.scenario)

    def restarted_host(self) -> Host:
        """The machine is switched off, and another one, which has nothing of it, goes up to its host. Live runs only."""
        if self.phase != LIVE:
            raise Unusable("a closed run has one machine: a scenario that restarts its host has no ICOUNT=1")
        self.close_machine()
        if self.cause is not None:
            raise MachineFailed(self.cause)
        self._host = self._vm = None
        return self.host()

    def vm_created(self) -> VM:
        host = self.host()
        if self._vm is None:
            if self.plea.vm is None:
                raise Unusable("vm_created and vm_running need the marker vm(program, ...)")
            arguments = dict(self.plea.vm)
            key = f"{self._key()} protected={arguments.get('protected', True)}"
            self._vm = self._rungs.climb(
                "vm_created", key, lambda: host.vm(**arguments), self.plea.scenario
            )
        return self._vm

    def vm_running(self) -> VM:
        vm = self.vm_created()
        key = f"{self._key()} {sorted((self.plea.vm or {}).items())}"
        self._rungs.climb("vm_running", key, vm.running, self.plea.scenario)
        return vm

    # The end.

    def failed(self, cause: str) -> None:
        """The first cause counts."""
        if self.cause is None:
            self.cause = cause

    def close_machine(self) -> None:
        """Stop the machine of this phase, keep its trace's summary. Its own failure is the run's."""
        machine, self._machine = self._machine, None
        if machine is None:
            return
        try:
            if self.phase == CLOSED and self.cause is None:
                self._closed_driver.finish()
            of_use = self.phase != RECORDING or self.cause is not None
            if self.setup.trace and machine.failure is None and of_use:
                machine.decoded()
        except Failure as failure:
            self.failed(str(failure))
        except Exception as mistake:  # of the trace's reader; the verdict must come anyway
            self.failed(f"{type(mistake).__name__}: {mistake}")
        finally:
            machine.close()
        self._inputs = machine.inputs
        for each in self.setup.instruments:
            self._oracle = each.report(machine.artefacts) or self._oracle
            finding = each.finding(machine.artefacts)  # the cause, where the machine's end is a symptom
            if finding is not None:
                self.cause = finding
        if machine.failure is not None:
            self.failed(str(machine.failure))
        self._trace = machine.trace_if_decoded

    def abandon(self) -> None:
        """The user's Ctrl-C: stop the machine at once."""
        if self._machine is not None:
            self._machine.close(orderly=False)
            self._machine = None
            self.progress.stage("interrupted; QEMU is stopped")

    def judge(self) -> verdict.Verdict:
        """The verdict, written when there is a folder."""
        if self.cause is None and self.skipped is None:
            self.cause = self.checks.cause() or verdict.without_evidence("pass", self.checks.made)
        result = "fail" if self.cause else "skip" if self.skipped else "pass"
        judged = verdict.Verdict(
            scenario=self.plea.scenario,
            title=self.plea.title,
            target=self.setup.options.hyp,
            options=self.setup.options.words(),
            result=result,
            cause=self.cause or self.skipped,
            checks=self.checks.made,
            figures=self.figures,
            seconds=round(self.progress.seconds, 3),
            trace=self._trace.summary if self._trace else None,
            inputs=self._inputs,
            replay=self._replay(),
            oracle=self._oracle,
        )
        if self.folder is not None:
            self._write_readable(judged, self.folder)
            try:
                verdict.write(judged, self.folder.path)
            except OSError as error:
                judged.result = "fail"
                judged.cause = f"cannot write the verdict: {error.filename}: {error.strerror}"
        self._say(judged)
        return judged

    def _write_readable(self, judged: verdict.Verdict, folder: RunFolder) -> None:
        """The trace for people: of a run that failed, and of one that somebody waits for."""
        if self._trace is None or (self._side_by_side and not judged.failing()):
            return
        try:
            note = tracefile.write_readable(self._trace, folder.path)
        except Exception as mistake:  # of the trace's reader, or no room; the verdict must come anyway
            self.failed(f"the trace cannot be written for people: {type(mistake).__name__}: {mistake}")
            judged.result, judged.cause = "fail", self.cause
            return
        if note:
            self.progress.stage(f"trace: {note}")

    def close(self) -> None:
        if self.folder is not None:
            self.folder.close()

    def _replay(self) -> str:
        given = [f"{name}={shlex.quote(os.environ[name])}" for name in REPLAYED if os.environ.get(name)]
        given = [word for word in given if not word.startswith(("HYP=", "ICOUNT="))]
        given.append(f"HYP={self.setup.options.hyp}")
        if self.setup.options.icount:
            given.append("ICOUNT=1")
        given += [word for each in self.setup.instruments for word in each.words]
        root = [] if self.plea.root == "scenarios" else [f"SCENARIO_ROOT={self.plea.root}"]
        return " ".join(["make run-scenario", f"SCENARIO={self.plea.scenario}", *root, *given])

    def _say(self, judged: verdict.Verdict) -> None:
        held = sum(check.ok for check in judged.checks)
        counts = f"{held} of {len(judged.checks)} checks held, {judged.seconds:.1f} s"
        if judged.result == "pass":
            self.progress.say(f"PASS  {judged.scenario}: {counts}")
        else:
            self.progress.say(f"{judged.result.upper()}  {judged.scenario}: {judged.cause} ({counts})")
            self.progress.say(f"      again: {judged.replay}")
        for line in oracle.lines(judged.oracle) if judged.oracle else ():
            self.progress.say(f"      {line}")
        if self.folder is not None:
            self.progress.say(f"      artefacts: {paths.short(self.folder.path)}/")
