# SPDX-License-Identifier: GPL-2.0-or-later
"""agent-exec: the command's own output and status, and the event once they were collected."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

# The sanitizers' own thread of a program that forks is no concern here.
ENV = {"ASAN_OPTIONS": "detect_leaks=0"}


class Exec:
    def __init__(self, program: Path, fifo: Path) -> None:
        os.mkfifo(fifo)
        self.program = program
        self.events = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
        self.env = os.environ | ENV | {"TERRARIUM_EVENTS": str(fifo)}

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self.program, *words], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def event(self, timeout_s: float) -> bytes:
        ready, _, _ = select.select([self.events], [], [], timeout_s)
        return os.read(self.events, 4096) if ready else b""


@pytest.fixture
def agent_exec(tool: Callable[[str], Path], tmp_path: Path) -> Exec:
    return Exec(tool("agent-exec"), tmp_path / "events")


def test_output_status_event(agent_exec: Exec) -> None:
    process = agent_exec.start("41", "sh", "-c", "echo out; echo err >&2; exit 5")
    assert process.communicate(timeout=60) == (b"out\n", b"err\n")
    assert process.returncode == 5
    assert agent_exec.event(30) == b"exit 41\n"


def test_no_event_before_the_status_is_collected(agent_exec: Exec) -> None:
    process = agent_exec.start("1", "true")
    # Ended, and not collected: this wait leaves the process as it is.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert agent_exec.event(0.2) == b""
    assert process.wait(timeout=60) == 0
    assert agent_exec.event(30) == b"exit 1\n"


def test_the_watcher_holds_no_pipe(agent_exec: Exec) -> None:
    process = agent_exec.start("1", "sh", "-c", "exec >&- 2>&-; exec sleep 100")
    assert process.stdout is not None and process.stdout.read() == b""
    process.kill()
    process.communicate(timeout=60)
    assert agent_exec.event(30) == b"exit 1\n"


def test_signal(agent_exec: Exec) -> None:
    process = agent_exec.start("7", "sh", "-c", "kill -TERM $$")
    process.communicate(timeout=60)
    assert process.returncode == -15
    assert agent_exec.event(30) == b"exit 7\n"


def test_no_children_of_the_watchers_for_the_command(agent_exec: Exec) -> None:
    process = agent_exec.start("1", "/usr/bin/python3", "-c", "import os; os.wait()")
    assert b"ChildProcessError" in process.communicate(timeout=60)[1]
    assert agent_exec.event(30) == b"exit 1\n"


def test_no_such_program(agent_exec: Exec) -> None:
    process = agent_exec.start("2", "no-such-program")
    assert process.communicate(timeout=60)[1] == (
        b"agent-exec: cannot run no-such-program: No such file or directory\n"
    )
    assert process.returncode == 127
    assert agent_exec.event(30) == b"exit 2\n"


@pytest.mark.parametrize("words", [(), ("1",), ("two words", "true"), ("x" * 65, "true")])
def test_usage(agent_exec: Exec, words: tuple[str, ...]) -> None:
    process = agent_exec.start(*words)
    assert b"usage" in process.communicate(timeout=60)[1]
    assert process.returncode == 125
    assert agent_exec.event(0.05) == b""
