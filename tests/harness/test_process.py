# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's process: it begins whole or not at all, and no interrupt is lost on the way."""

from __future__ import annotations

import subprocess
import sys

import pytest

PREPARE = """
import os, signal, sys
from scenarios.harness import process
def stop(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGTERM, stop)
"""


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM"])
def test_an_interrupt_while_a_child_begins(how: str) -> None:
    """It comes at the worst moment, in what Python runs after a fork, and the child goes with it."""
    script = f"""{PREPARE}
os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.{how}))
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    process.start(["sleep", "600"])
except KeyboardInterrupt:
    try:
        os.waitpid(-1, 0)
    except ChildProcessError:
        sys.exit(7)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (7, "")


def test_signals_reach_a_child() -> None:
    """What is held while it begins is not held in it."""
    script = f"{PREPARE}\nprint(process.start(['grep', 'SigBlk', '/proc/self/status']).wait())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.split() == ["SigBlk:", f"{0:016x}", "0"]


def test_a_program_that_is_not_there() -> None:
    script = f"""{PREPARE}
try:
    process.start(["/none"])
except FileNotFoundError:
    print(signal.pthread_sigmask(signal.SIG_BLOCK, []))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "set()\n"
