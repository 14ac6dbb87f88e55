# SPDX-License-Identifier: GPL-2.0-or-later
"""One machine of one run: started, watched, ended, its artefacts left in the run's folder."""

from __future__ import annotations

import dataclasses
import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scenarios.harness import cpio, inputs, paths, saving, snapshots
from scenarios.harness import instruments as instruments_of
from scenarios.harness.console import ConsoleWatcher
from scenarios.harness.errors import Failure, MachineFailed, Recorded, StepFailed
from scenarios.harness.folder import RunFolder
from scenarios.harness.instruments import Instrument
from scenarios.harness.process import Qemu
from scenarios.harness.progress import Progress
from scenarios.harness.pump import GRACE_S, Pump
from scenarios.harness.qmp import Qmp
from scenarios.harness.tracefile import Trace, load

Channels = paths.machine_description.Channels
Options = paths.machine_description.Options
Plan, Saved = paths.machine_description.Plan, paths.machine_description.Saved
END_S = 10.0
NO_INITRD = Path("none")


@dataclasses.dataclass(frozen=True)
class Setup:
    """What a machine is made of."""

    options: Options
    files: Mapping[str, cpio.Content] = dataclasses.field(default_factory=dict)
    store: Mapping[str, cpio.Content] = dataclasses.field(default_factory=dict)  # store.py; none: @files are in the initramfs
    archives: Sequence[Path] = ()  # further initramfs archives of the build
    plugins: Sequence[str] = ()
    trace: bool = True
    instruments: Sequence[Instrument] = ()  # beside the trace
    limit_s: float = 120.0
    keep: bool = False  # keep the initramfs after the run
    cold: bool = False  # boot; do not go on from a snapshot
    marks: bool = False  # of a closed run: leave the marks of its plan (marks.py)
    recording: bool = False  # its run is not judged: it only tells what the calls are


class Machine:
    """What live and closed machines share. close() must be called, whatever happened."""

    def __init__(self, setup: Setup, folder: RunFolder, progress: Progress) -> None:
        self.options, self.artefacts = setup.options, folder.path
        self._setup, self._folder, self._progress = setup, folder, progress
        self._pump = Pump(setup.limit_s)
        self._console = ConsoleWatcher(progress.stage, self._failed)
        self._console_fd = -1
        self._qemu: Qemu | None = None
        self._trace: Trace | None = None
        self._snapshot: snapshots.Snapshot | None = None
        self.inputs: dict[str, str] = {}
        self._pump.hint = lambda: (
            f"the console's last line: {self._console.last_line}" if self._console.last_line else ""
        )

    def _initrd(self) -> Path:
        """The initramfs of a machine that boots."""
        parts = inputs.initramfs(self._setup.files, self._setup.archives)
        initrd = self._folder.write("initrd.cpio", *parts)
        (self.artefacts / "console.log").unlink(missing_ok=True)
        self.inputs |= {"kernel": inputs.digest(self.options.kernel), "initrd": inputs.digest(initrd)}
        return initrd

    def _warm(self, lines: Channels, plan: Plan | None = None) -> Saved | None:
        """Where to go on from, held until close(). None: the machine is to boot."""
        options = paths.machine_description.as_saved(self.options)
        if self._setup.cold or (options != self.options and not self._may_be_added()):
            return None
        parts = inputs.initramfs(self._setup.store or self._setup.files, self._setup.archives)
        words = saving.words_of(options, lines, parts, plan)
        boot, say = self._boot_and_save, self._progress.stage
        self._snapshot = saving.obtain(options, words, boot, say)
        if self._snapshot is None:
            return None
        self.inputs = dict(self._snapshot.meta["inputs"], snapshot=self._snapshot.key)
        shutil.copyfile(self._snapshot.path / "console.log", self.artefacts / "console.log")
        return self._snapshot.saved

    def _may_be_added(self) -> bool:
        """Whether devices that QEMU cannot save may come to a machine that goes on from a snapshot."""
        return False

    def _boot_and_save(self, folder: Path) -> Mapping[str, str]:
        """Another machine boots in this one's place, plugins apart, and is saved to @folder."""
        options = paths.machine_description.as_saved(self.options)
        setup = dataclasses.replace(
            self._setup, options=options, files=self._setup.store or self._setup.files,
            trace=False, plugins=(), instruments=(), cold=True,
        )
        machine = self._to_be_saved(setup, folder)
        try:
            machine.boot_and_save(folder)
        finally:
            machine.close()
        shutil.move(self.artefacts / "console.log", folder / "console.log")
        return machine.inputs

    def _to_be_saved(self, setup: Setup, folder: Path) -> Controlled:
        raise NotImplementedError

    def _instruments(self) -> list[Instrument]:
        usual = instruments_of.usual(self._setup.trace, self.options)
        return instruments_of.ordered([*usual, *self._setup.instruments])

    def _plugins(self) -> list[str]:
        plugins = list(self._setup.plugins)
        plugins += [each.plugin(self.artefacts, self.options) for each in self._instruments()]
        return plugins

    def _start(
        self,
        initrd: Path,
        lines: Channels,
        fds: list[int],
        saved: Saved | None = None,
        plan: Plan | None = None,
    ) -> None:
        """Start QEMU, which inherits @fds."""
        describe = paths.machine_description.command
        plugins = self._plugins()
        log = instruments_of.logging(self._instruments(), self.artefacts)
        argv = [*describe(self.options, lines, initrd, plugins, saved=saved, plan=plan), *log]
        nobody = {name: "null" for name in ("events", "agent", "results") if getattr(lines, name)}
        alone = Channels(console="stdio", **nobody)
        hand = [*describe(self.options, alone, initrd, plugins, saved=saved, plan=plan), *log]
        text = "# As run. /dev/fd/N and fd=N are lines to the runner.\n" + shlex.join(argv)
        what = "the machine goes on from the snapshot" if saved else "KEEP=1 keeps the initrd"
        text += f"\n\n# By hand, the console on the terminal ({what}).\n"
        self._folder.write("cmdline.txt", (text + shlex.join(hand) + "\n").encode())
        self._qemu = Qemu(argv, fds, self.artefacts / "qemu.log", self._pump)
        self._progress.stage(f"machine started (pid {self._qemu.pid})")

    def _console_pipe(self) -> tuple[str, int]:
        """(chardev, QEMU's end). QEMU writes the console to a pipe for us and to console.log."""
        read_fd, write_fd = os.pipe()
        os.set_blocking(read_fd, False)
        os.set_inheritable(write_fd, True)
        self._console_fd = read_fd
        self._pump.add(read_fd, self._console_readable)
        log = str(self.artefacts / "console.log").replace(",", ",,")
        return f"file,path=/dev/fd/{write_fd},logfile={log},logappend=on", write_fd

    def _console_readable(self) -> bool:
        try:
            data = os.read(self._console_fd, 1 << 16)
        except BlockingIOError:
            return True
        if not data:
            self._console.end()
            return False
        self._console.feed(data)
        return True

    def _failed(self, cause: str) -> None:
        self._console.hyp_report.write(self.artefacts)
        self._progress.stage(cause)
        self._pump.fail(MachineFailed(cause), GRACE_S)

    def qmp(self, command: str, **arguments: Any) -> Any:
        raise StepFailed("a closed run takes no commands")

    def trace(self) -> Trace:
        """End the machine, if it runs, and decode its trace. The scenario's last call to it.

        Raises Recorded in a recording: all calls are known then, and nobody looks at its trace.
        """
        if self._setup.recording:
            self.end()
            raise Recorded
        return self.decoded()

    def decoded(self) -> Trace:
        """trace(), of a recording too."""
        self.end()
        if self._trace is None:
            if not self._setup.trace:
                raise StepFailed("this machine runs without the trace plugin")
            self._trace = load(self.artefacts)
            self._progress.stage(f"trace: {self._trace.one_line()}")
        return self._trace

    @property
    def trace_if_decoded(self) -> Trace | None:
        return self._trace

    @property
    def failure(self) -> Failure | None:
        """What went wrong with the machine itself, whether or not anybody waited for it."""
        return self._pump.failure

    def end(self) -> None:
        """Stop QEMU in an orderly way, so that its plugins write what they have. Again: nothing."""

    def close(self, orderly: bool = True) -> None:
        """Stop QEMU however it is, and let go of everything. @orderly: let it end by itself first."""
        if self._qemu is not None:
            self._qemu.kill()
            self._pump.drain()
            self._qemu.close()
            self._qemu = None
        if self._console_fd >= 0:
            os.close(self._console_fd)
            self._console_fd = -1
        self._pump.close()
        if self._snapshot is not None:
            self._snapshot.close()
            self._snapshot = None
        if not self._setup.keep:
            (self.artefacts / "initrd.cpio").unlink(missing_ok=True)


class Controlled(Machine):
    """One that listens to the runner over QMP.

    @ram  a file for its RAM, for save(); such a machine boots.
    """

    def __init__(
        self, setup: Setup, folder: RunFolder, progress: Progress, ram: Path | None = None
    ) -> None:
        super().__init__(setup, folder, progress)
        self._ram = ram
        self._qmp: Qmp | None = None

    def boot_and_save(self, folder: Path) -> None:
        """All of the machine that its RAM's file does not hold goes to @folder/state."""
        raise NotImplementedError

    def save(self, state: Path) -> None:
        """Stop the machine, if it runs, and write all but its RAM to @state."""
        assert self._qmp is not None
        events = [{"capability": "events", "state": True}]
        self.qmp("migrate-set-capabilities", capabilities=events)
        self.qmp("migrate", uri=f"file:{state}")
        while (status := self._qmp.wait_event("MIGRATION")["data"]["status"]) != "completed":
            if status == "failed":
                raise MachineFailed("QEMU cannot save this machine")

    def qmp(self, command: str, **arguments: Any) -> Any:
        assert self._qmp is not None
        return self._qmp.execute(command, **arguments)

    def end(self) -> None:
        qemu = self._qemu
        if qemu is None or qemu.ended:
            return
        qemu.expect_end()
        self.qmp("quit")
        self._pump.wait(lambda: True if qemu.ended else None, "QEMU's end", END_S)

    def close(self, orderly: bool = True) -> None:
        try:
            if orderly and self._pump.failure is None:
                self.end()
        except Failure:
            pass  # kept in self.failure; kill is what is left
        super().close(orderly)
        if self._qmp is not None:
            self._qmp.close()
