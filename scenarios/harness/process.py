# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU as a child process that never outlives the runner."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scenarios.harness.errors import MachineFailed
from scenarios.harness.pump import Pump

PR_SET_PDEATHSIG = 1
LAST_WORDS_BYTES = 2000
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
_LIBC = ctypes.CDLL(None, use_errno=True)  # loaded before any fork


def die_with_parent(parent: int) -> None:
    """In the child, before exec: die when the runner does, however it does."""
    if _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0 or os.getppid() != parent:
        os._exit(126)


def start(argv: Sequence[str], **how: Any) -> subprocess.Popen[bytes]:
    """
    A child in a session of its own (a terminal's Ctrl-C reaches the runner alone), which dies with this process.

    Signals wait until it has begun: what their handlers raise in Python's own work after a fork would be lost.
    """
    parent = os.getpid()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)

    def in_child() -> None:
        die_with_parent(parent)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    try:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=in_child, **how)
    except BaseException:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        raise
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    except BaseException:
        child.kill()
        child.wait()
        raise
    return child


class Qemu:
    """A running QEMU. Must be made by the process's main thread (see PR_SET_PDEATHSIG in prctl(2)).

    pass_fds  descriptors that it inherits under the same numbers.
    log_path  its stdout and stderr.
    Its end is a failure of @pump until expect_end() has been called; an exit status other than 0
    always is.
    """

    def __init__(
        self, argv: Sequence[str], pass_fds: Sequence[int], log_path: Path, pump: Pump
    ) -> None:
        self._pump, self._log_path = pump, log_path
        self._expected = False
        self.ended = False
        with log_path.open("wb") as log:
            self._child = start(argv, stdout=log, stderr=subprocess.STDOUT, pass_fds=pass_fds)
        self._pidfd = os.pidfd_open(self._child.pid)
        pump.add(self._pidfd, self._has_ended)

    @property
    def pid(self) -> int:
        return self._child.pid

    def expect_end(self) -> None:
        self._expected = True

    def how_ended(self) -> str:
        """Exit status or signal, and its last words, in words."""
        code = self._child.returncode
        if code is not None and code < 0:
            text = f"was killed by {signal.Signals(-code).name}"
        else:
            text = f"exited with status {code}"
        words = self.last_words()
        return f"{text}: {words}" if words else text

    def last_words(self) -> str:
        """The last lines that QEMU printed, on one line."""
        data = self._log_path.read_bytes()[-LAST_WORDS_BYTES:].decode("utf-8", "replace")
        lines = [line.strip() for line in data.splitlines() if line.strip()]
        return " / ".join(lines[-3:])

    def kill(self) -> None:
        """End it now, if it runs, and collect it."""
        if self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self.ended = True

    def close(self) -> None:
        os.close(self._pidfd)

    def _has_ended(self) -> bool:
        self._child.wait()
        self.ended = True
        self._pump.over(self._why)
        return False

    def _why(self) -> MachineFailed | None:
        if self._expected and self._child.returncode == 0:
            return None
        return MachineFailed(f"QEMU died: it {self.how_ended()}")
