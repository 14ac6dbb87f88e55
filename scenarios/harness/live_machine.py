# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine that runs on in real time, and does what the runner tells its agent."""

from __future__ import annotations

import os
from pathlib import Path

from scenarios.harness import paths, store
from scenarios.harness.agent import Agent
from scenarios.harness.errors import MachineFailed
from scenarios.harness.folder import RunFolder
from scenarios.harness.live import Events, LiveDriver, channel
from scenarios.harness.machine import NO_INITRD, Channels, Controlled, Saved, Setup
from scenarios.harness.progress import Progress
from scenarios.harness.qmp import Qmp

FIND_S = 30.0
ALL_LIVE = Channels(console="console", qmp="qmp", agent="agent", events="events")


class LiveMachine(Controlled):
    """Runs, and does what the guest agent is told."""

    def __init__(
        self, setup: Setup, folder: RunFolder, progress: Progress, ram: Path | None = None
    ) -> None:
        super().__init__(setup, folder, progress, ram)
        self._agent: Agent | None = None
        self._events: Events | None = None

    def start(self) -> None:
        """Until QEMU runs and answers."""
        saved = Saved(self._ram) if self._ram else self._warm(ALL_LIVE)
        initrd = NO_INITRD if self._snapshot else self._initrd()
        console, write_fd = self._console_pipe()
        ours, theirs = zip(channel(), channel(), channel())
        self._qmp, self._agent = Qmp(ours[0], self._pump), Agent(ours[1], self._pump)
        self._events = Events(ours[2], self._pump)
        qmp, agent, events = (f"socket,fd={sock.fileno()}" for sock in theirs)
        fds = [write_fd, *(sock.fileno() for sock in theirs)]
        try:
            lines = Channels(console=console, qmp=qmp, agent=agent, events=events)
            self._start(initrd, lines, fds, saved)
        finally:
            for sock in theirs:
                sock.close()
            os.close(write_fd)
        self._qmp.negotiate()

    def ready(self) -> LiveDriver:
        """Wait for the host's init, unless the machine was saved after that; the primitives."""
        assert self._agent is not None and self._events is not None
        if self._snapshot is None:
            self._events.wait("ready", "the host's `ready`")
        self._agent.sync()
        self._progress.stage("host ready" + (" again" if self._snapshot else ""))
        driver = LiveDriver(self._agent, self._events)
        if self._snapshot is not None and self.options != paths.machine_description.as_saved(self.options):
            self._find_devices(driver)
        if self._snapshot is not None and self._setup.store:
            self._place_files(driver)
        return driver

    def _may_be_added(self) -> bool:
        # A fault may want its device before the host can look for it.
        return not any(each.name == "inject" for each in self._setup.instruments)

    def _find_devices(self, driver: LiveDriver) -> None:
        """The host looks for what its bus has since it was saved."""
        found = driver.run(("sh", "-c", "echo 1 > /sys/bus/pci/rescan"), FIND_S)
        if found.exit != 0:
            raise MachineFailed(f"the host cannot look for devices: {found.err.strip()}")
        self._progress.stage("the host has looked for devices that were added")

    def _to_be_saved(self, setup: Setup, folder: Path) -> Controlled:
        return LiveMachine(setup, self._folder, self._progress, folder / "ram")

    def boot_and_save(self, folder: Path) -> None:
        self.start()
        self.ready()
        self.save(folder / "state")

    def _place_files(self, driver: LiveDriver) -> None:
        placed = driver.run(store.linking(self._setup.files), FIND_S)
        if placed.exit != 0:
            raise MachineFailed(f"the host cannot have its files: {placed.err.strip()}")

    @property
    def pid(self) -> int:
        """QEMU's process; for planted failures."""
        assert self._qemu is not None
        return self._qemu.pid

    def close(self, orderly: bool = True) -> None:
        super().close(orderly)
        for line in (self._agent, self._events):
            if line is not None:
                line.close()
