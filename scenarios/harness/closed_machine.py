# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines of closed runs: on the instruction counter, with a plan in their memory, nothing from outside."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from scenarios.harness import closed, paths
from scenarios.harness.errors import LimitReached, MachineFailed, Unusable
from scenarios.harness.live import channel
from scenarios.harness.machine import NO_INITRD, Channels, Controlled, Machine, Plan, Saved, Setup
from scenarios.harness.qmp import Qmp
from scenarios.harness.steps import Step
from scenarios.harness.stopped import ready_to_go_on

LINES = ("events", "results")


def write_plan(path: Path, content: bytes) -> None:
    """The file that is the machine's shared memory."""
    try:
        with path.open("wb") as file:
            file.write(content)
            file.truncate(paths.machine_description.DESCRIPTION["plan"]["bytes"])
    except OSError as error:
        raise Unusable(f"cannot write {path}: {error.strerror}") from error


class ClosedMachine(Machine):
    """Runs a plan on the instruction counter; nothing enters it."""

    def prepare(self, plan: Sequence[Step]) -> tuple[Plan, Saved | None]:
        """Its memory with @plan in it, and where to go on from, held until close()."""
        content = closed.memory(plan)
        memory = Plan(self.artefacts / "plan.bin")
        write_plan(memory.memory, content)
        saved = self._warm(Channels(console="console", **self._files()), memory)
        self.inputs["plan"] = hashlib.sha256(content).hexdigest()
        return memory, saved

    def _files(self) -> dict[str, str]:
        folder = str(self.artefacts).replace(",", ",,")
        return {name: f"file,path={folder}/{name}.bin" for name in LINES}

    def run(self, plan: Sequence[Step]) -> closed.ClosedDriver:
        """From start to power-off; the primitives on what it left. Its end's cause goes with them."""
        memory, saved = self.prepare(plan)
        initrd = NO_INITRD if saved else self._initrd()
        lines = self._files()
        console, write_fd = self._console_pipe()
        try:
            self._start(initrd, Channels(console=console, **lines), [write_fd], saved, memory)
        finally:
            os.close(write_fd)
        why = "it powered off before"
        qemu = self._qemu
        assert qemu is not None
        qemu.expect_end()
        try:
            self._pump.wait(lambda: True if qemu.ended else None, "the end of the closed run")
            self._progress.stage("closed run ended")
        except LimitReached as late:
            self._pump.fail(late)
            why = str(late)
        except MachineFailed as failure:
            why = str(failure)
        return closed.ClosedDriver(plan, closed.read_results(self.artefacts / "results.bin"), why)

    def _to_be_saved(self, setup: Setup, folder: Path) -> Controlled:
        return StoppingMachine(setup, self._folder, self._progress, folder / "ram")


class StoppingMachine(Controlled):
    """A closed machine that stops when a program in it asks for that."""

    def start(self, plan: Path, saved: Saved) -> None:
        initrd = NO_INITRD if saved.state else self._initrd()
        console, write_fd = self._console_pipe()
        ours, theirs = channel()
        self._qmp = Qmp(ours, self._pump)
        folder = str(self.artefacts).replace(",", ",,")
        lines = {name: f"file,path={folder}/{name}.bin" for name in LINES}
        lines |= {"console": console, "qmp": f"socket,fd={theirs.fileno()}"}
        try:
            fds = [write_fd, theirs.fileno()]
            self._start(initrd, Channels(**lines), fds, saved, Plan(plan, stops=True))
        finally:
            theirs.close()
            os.close(write_fd)
        self._qmp.negotiate()

    def wait_stop(self) -> None:
        assert self._qmp is not None
        self._qmp.wait_event("GUEST_PANICKED", self._setup.limit_s)
        self._qmp.wait_event("STOP")

    def save(self, state: Path) -> None:
        super().save(state)
        state.write_bytes(ready_to_go_on(state.read_bytes()))

    def boot_and_save(self, folder: Path) -> None:
        assert self._ram is not None
        empty = self.artefacts / "plan-of-none.bin"
        write_plan(empty, b"")
        self.start(empty, Saved(self._ram))
        self.wait_stop()
        self._progress.stage("ready for a plan")
        self.save(folder / "state")
