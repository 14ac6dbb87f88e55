# SPDX-License-Identifier: GPL-2.0-or-later
"""`make shell` and `make gdb` on the machine: a terminal that the test types on, a debugger that it plays."""

import os
import pty
import re
import select
import signal
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 110
TARGETS = ("terrarium", "pkvm")

# What gdb does with the commands of the file after -x, so far as the test needs it: the remote
# protocol (GDB manual, appendix "Remote Serial Protocol") on the socket, a hardware breakpoint, go.
DEBUGGER = f"""#!{sys.executable}
import pathlib, re, socket, sys
script = pathlib.Path(sys.argv[sys.argv.index("-x") + 1]).read_text()
line = socket.socket(socket.AF_UNIX)
line.connect(re.search(r"^target remote (.*)$", script, re.M)[1])
stream = line.makefile("rwb", buffering=0)
def ask(text):
    stream.write(b"$%s#%02x" % (text.encode(), sum(text.encode()) & 255))
    while stream.read(1) != b"$":
        pass
    answer = b""
    while not answer.endswith(b"#"):
        answer += stream.read(1)
    stream.read(2)
    stream.write(b"+")
    return answer[:-1].decode()
entry = re.search(r"^thbreak \\*0x([0-9a-f]+)$", script, re.M)[1]
assert ask("Z1," + entry + ",4") == "OK"
print("stopped", ask("c")[:3])
print("pc", bytes.fromhex(ask("p20"))[::-1].hex())
print("cpsr", bytes.fromhex(ask("p21"))[::-1].hex())
print("entry", entry.zfill(16), flush=True)
"""


class Terminal:
    """The runner on a terminal of its own."""

    def __init__(self, command: str, **env: str) -> None:
        self.text = ""
        self.end = time.monotonic() + LIMIT_S
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            environment = os.environ | {"PYTHONPATH": str(ROOT)} | env
            os.execve(sys.executable, [sys.executable, "-m", "scenarios.harness", command], environment)

    def read(self) -> bool:
        """Take what comes next; False: nothing more will."""
        left = self.end - time.monotonic()
        assert left > 0 and select.select([self.fd], [], [], left)[0], f"nothing came:\n{self.text[-2000:]}"
        try:
            data = os.read(self.fd, 4096)
        except OSError:  # what a terminal says when its last writer is gone
            data = b""
        self.text += data.decode("utf-8", "replace")
        return bool(data)

    def wait(self, regex: str) -> None:
        while not re.search(regex, self.text):
            assert self.read(), f"ended before {regex}:\n{self.text[-2000:]}"
        self.text = self.text[re.search(regex, self.text).end() :]

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def status(self) -> int:
        """Read to the end; the exit status."""
        while self.read():
            pass
        pid, self.pid = self.pid, 0
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def close(self) -> None:
        os.close(self.fd)
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


@pytest.fixture
def terminal():
    opened = []

    def make(command: str, **env: str) -> Terminal:
        opened.append(Terminal(command, **env))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.mark.parametrize("target", TARGETS)
def test_shell(terminal, target: str) -> None:
    shell = terminal("shell", HYP=target)
    shell.wait(r"~ # ")
    shell.type("echo $((6 * 7)) cpus=$(nproc) kvm=$(test -c /dev/kvm && echo yes)\n")
    shell.wait(r"\n42 cpus=2 kvm=yes")
    shell.wait(r"~ # ")
    shell.type("exit\n")
    assert shell.status() == 0


@pytest.mark.parametrize("target", TARGETS)
def test_gdb(terminal, tmp_path: Path, target: str) -> None:
    debugger = tmp_path / "gdb-multiarch"
    debugger.write_text(DEBUGGER)
    debugger.chmod(0o755)
    gdb = terminal("gdb", HYP=target, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert gdb.status() == 0, gdb.text
    said = dict(re.findall(r"^(stopped|pc|cpsr|entry) (\S+)\s*$", gdb.text, re.M))
    assert said["stopped"] == "T05"
    assert said["pc"] == said["entry"]
    assert int(said["cpsr"], 16) >> 2 & 3 == 2, "not at EL2"
