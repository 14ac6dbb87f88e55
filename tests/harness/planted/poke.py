# SPDX-License-Identifier: GPL-2.0-or-later
"""Physical memory written from outside, through QEMU's debugger stub: what no software of the machine can do."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from pathlib import Path

from scenarios.harness import paths
from scenarios.harness.live_machine import LiveMachine

ANSWER_S = 20


def symbol(name: str) -> int:
    """Address of a symbol of the hypervisor; virtual is physical there."""
    tool = paths.out() / "sdk" / "bin" / "aarch64-linux-gnu-nm"
    command = [str(tool), str(paths.out() / "hypervisor" / "hyp.elf")]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = [int(line.split()[0], 16) for line in text.splitlines() if line.split()[-1] == name]
    assert len(found) == 1, f"{name}: {len(found)} symbols"
    return found[0]


def _ask(stub: socket.socket, words: str) -> str:
    """Send a packet of gdb's remote protocol; the answer's text."""
    stub.sendall(f"${words}#{sum(words.encode()) & 0xFF:02x}".encode())
    data = b""
    while b"#" not in data or len(data) < data.index(b"#") + 3:
        more = stub.recv(4096)
        assert more, "QEMU closed its debugger stub"
        data += more
    stub.sendall(b"+")
    return data[data.index(b"$") + 1 : data.index(b"#")].decode()


def poke(machine: LiveMachine, address: int, word: int) -> None:
    """Write 8 bytes at physical @address. The machine stands still meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gdb"
        monitor = {"command-line": f"gdbserver unix:{path},server=on,wait=off"}
        machine.qmp("human-monitor-command", **monitor)
        with socket.socket(socket.AF_UNIX) as stub:
            stub.settimeout(ANSWER_S)
            stub.connect(str(path))
            answers = [
                _ask(stub, "Qqemu.PhyMemMode:1"),
                _ask(stub, f"M{address:x},8:{word.to_bytes(8, 'little').hex()}"),
                _ask(stub, "D"),
            ]
        assert answers == ["OK", "OK", "OK"], answers
