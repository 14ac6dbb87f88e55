# SPDX-License-Identifier: GPL-2.0-or-later
"""A line that breaks: the cause is what ended the process behind it, when that is heard of."""

import os
import socket

import pytest

from scenarios.harness import lines
from scenarios.harness.errors import MachineFailed
from scenarios.harness.pump import Pump


def broken(pump: Pump) -> lines.Lines:
    ours, theirs = socket.socketpair()
    line = lines.Lines(ours, pump, lambda text: None, "QEMU closed the line")
    theirs.close()
    return line


def test_the_process_that_died_is_the_cause() -> None:
    """Its end is heard of after the line broke."""
    pump = Pump(60.0)
    line = broken(pump)
    read, write = os.pipe()

    def ended() -> bool:
        pump.over(lambda: MachineFailed("QEMU died: it was killed"))
        return False

    pump.add(read, ended)
    os.close(write)
    with pytest.raises(MachineFailed, match="^QEMU died: it was killed$"):
        line.send(b"x")
    os.close(read)


def test_nobody_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "CAUSE_S", 0.05)
    with pytest.raises(MachineFailed, match="^QEMU closed the line: .*Broken pipe"):
        broken(Pump(60.0)).send(b"x")
