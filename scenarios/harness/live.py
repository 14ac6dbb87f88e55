# SPDX-License-Identifier: GPL-2.0-or-later
"""The primitives on a running machine: the guest agent does them, the events port says when."""

from __future__ import annotations

import os
import posixpath
import shlex
import socket

from scenarios.harness.agent import Agent
from scenarios.harness.errors import LimitReached, StepFailed
from scenarios.harness.lines import Lines
from scenarios.harness.pump import Pump
from scenarios.harness.steps import Result

EXEC = "/usr/bin/agent-exec"
ASK_AGAIN = 50  # the agent may see the end of the output pipes a turn of its loop later


class Events:
    """The lines of the events port. Owns @sock."""

    def __init__(self, sock: socket.socket, pump: Pump) -> None:
        self._lines: list[str] = []
        self._pump = pump
        self._line = Lines(sock, pump, self._take, "QEMU closed the events port")

    def wait(self, line: str, what: str, timeout_s: float | None = None) -> None:
        """Wait for @line and take it."""

        def taken() -> bool | None:
            if line in self._lines:
                self._lines.remove(line)
                return True
            return None

        self._pump.wait(taken, what, timeout_s)

    def close(self) -> None:
        self._line.close()

    def _take(self, line: bytes) -> None:
        self._lines.append(line.decode("utf-8", "replace").rstrip("\r"))


class LiveDriver:
    """See steps.Driver."""

    def __init__(self, agent: Agent, events: Events) -> None:
        self._agent, self._events = agent, events
        self._serial = 0
        self._folders = {"/", "/run", "/tmp"}

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Result:
        self._serial += 1
        pid = self._agent.start([EXEC, str(self._serial), *argv])
        words = f"the end of `{shlex.join(argv)}`"
        try:
            self._events.wait(f"exit {self._serial}", words, timeout_s)
        except LimitReached as late:
            raise StepFailed(str(late)) from late
        for _ in range(ASK_AGAIN):
            ended = self._agent.result(pid)
            if ended is not None:
                out, err = (text.decode("utf-8", "replace") for text in ended[1:])
                return Result(argv, ended[0], out, err)
        raise StepFailed(f"`{shlex.join(argv)}` left its output open for a program that still runs")

    last = run

    def put(self, path: str, data: bytes) -> None:
        folder = posixpath.dirname(path)
        if folder not in self._folders:
            self.run(("mkdir", "-p", folder), 30.0)
            self._folders.add(folder)
        self._agent.write_file(path, data)

    def get(self, path: str) -> bytes:
        return self._agent.read_file(path)

    def mark(self, name: str) -> None:
        """Nothing: only closed runs are saved in the middle."""


def channel() -> tuple[socket.socket, socket.socket]:
    """(the runner's end, QEMU's end) of a new line."""
    ours, theirs = socket.socketpair()
    os.set_inheritable(theirs.fileno(), True)
    return ours, theirs
