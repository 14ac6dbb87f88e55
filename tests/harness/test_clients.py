# SPDX-License-Identifier: GPL-2.0-or-later
"""The clients of QEMU's control socket and of the guest agent, against servers that the tests play."""

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from scenarios.harness.agent import Agent
from scenarios.harness.errors import LimitReached, MachineFailed, StepFailed
from scenarios.harness.live import Events, LiveDriver
from scenarios.harness.pump import Pump
from scenarios.harness.qmp import Qmp


@contextmanager
def served(serve: Callable[[Any], None]) -> Iterator[socket.socket]:
    """A socket whose other end @serve speaks for, in a thread, as a file of binary lines."""
    ours, theirs = socket.socketpair()

    def speak() -> None:
        with theirs, theirs.makefile("rwb", buffering=0) as file:
            serve(file)

    thread = threading.Thread(target=speak)
    thread.start()
    try:
        yield ours
    finally:
        ours.close()
        thread.join(10)
        assert not thread.is_alive()


def say(file: Any, message: dict[str, Any]) -> None:
    file.write(json.dumps(message).encode() + b"\n")


def qmp_server(answers: dict[str, Any]) -> Callable[[Any], None]:
    def serve(file: Any) -> None:
        say(file, {"QMP": {"version": {}}})
        for line in file:
            request = json.loads(line)
            say(file, {"event": "NOISE", "data": {}})
            say(file, {"id": request["id"], **answers.get(request["execute"], {"return": {}})})

    return serve


def test_qmp_answers_and_events():
    with served(qmp_server({"query-status": {"return": {"status": "running"}}})) as sock:
        qmp = Qmp(sock, Pump(10))
        qmp.negotiate()
        assert qmp.execute("query-status") == {"status": "running"}
        assert qmp.wait_event("NOISE")["event"] == "NOISE"


def test_qmp_refusal_is_named():
    refusal = {"error": {"class": "GenericError", "desc": "no such device"}}
    with served(qmp_server({"device_del": refusal})) as sock:
        qmp = Qmp(sock, Pump(10))
        qmp.negotiate()
        with pytest.raises(StepFailed, match="QEMU refused device_del: no such device"):
            qmp.execute("device_del", id="x")


def test_qmp_without_a_greeting_ends_at_the_limit():
    with served(lambda file: file.read(1)) as sock:
        with pytest.raises(LimitReached, match="limit of 0.2 s ended while waiting for QEMU's greeting"):
            Qmp(sock, Pump(0.2)).negotiate()


def test_qmp_that_is_no_json():
    with served(lambda file: file.write(b"hello\n")) as sock:
        with pytest.raises(MachineFailed, match="no JSON"):
            Qmp(sock, Pump(5)).negotiate()


class Guest:
    """Plays the guest agent: files, and programs that print their arguments."""

    def __init__(self, stale: bytes = b"") -> None:
        self.stale, self.files, self.handles = stale, {}, []
        self.results: dict[int, dict[str, Any]] = {}
        self.asked: list[str] = []

    def __call__(self, file: Any) -> None:
        file.write(self.stale)
        for line in file:
            request = json.loads(line.lstrip(b"\xff"))
            name, arguments = request["execute"], request.get("arguments", {})
            self.asked.append(name)
            if name == "guest-sync-delimited":
                file.write(b"\xff" + json.dumps({"return": arguments["id"]}).encode() + b"\n")
                continue
            say(file, getattr(self, name.replace("-", "_"))(**{k.replace("-", "_"): v for k, v in arguments.items()}))

    def guest_file_open(self, path: str, mode: str) -> dict[str, Any]:
        if mode == "r" and path not in self.files:
            return {"error": {"desc": f"failed to open file '{path}': No such file or directory"}}
        if mode == "w":
            self.files[path] = b""
        self.handles.append([path, 0])
        return {"return": len(self.handles) - 1}

    def guest_file_write(self, handle: int, buf_b64: str) -> dict[str, Any]:
        data = base64.b64decode(buf_b64)
        self.files[self.handles[handle][0]] += data
        return {"return": {"count": len(data), "eof": False}}

    def guest_file_read(self, handle: int, count: int) -> dict[str, Any]:
        path, at = self.handles[handle]
        data = self.files[path][at : at + min(count, 1000)]  # shorter than asked for, as allowed
        self.handles[handle][1] += len(data)
        text = base64.b64encode(data).decode()
        return {"return": {"count": len(data), "buf-b64": text, "eof": not data}}

    def guest_file_close(self, handle: int) -> dict[str, Any]:
        return {"return": {}}

    def guest_exec(self, path: str, arg: list[str], capture_output: bool) -> dict[str, Any]:
        assert capture_output and path == "/usr/bin/agent-exec"
        out = base64.b64encode(" ".join(arg).encode()).decode()
        self.results[7] = {"exited": True, "exitcode": 3, "out-data": out}
        return {"return": {"pid": 7}}

    def guest_exec_status(self, pid: int) -> dict[str, Any]:
        if self.asked.count("guest-exec-status") == 1:
            return {"return": {"exited": False}}  # its output pipes end a moment later
        return {"return": self.results[pid]}


def test_agent_drops_what_it_said_before_the_sync():
    guest = Guest(stale=b'{"return": 99}\n{"half": ')
    with served(guest) as sock:
        agent = Agent(sock, Pump(10))
        agent.sync()
        agent.write_file("/x", b"y")
    assert guest.files == {"/x": b"y"}


def test_files_are_whole_in_both_directions():
    data = bytes(range(256)) * 1000
    guest = Guest()
    with served(guest) as sock:
        agent = Agent(sock, Pump(20))
        agent.write_file("/big", data)
        assert guest.files["/big"] == data
        assert agent.read_file("/big") == data
        with pytest.raises(StepFailed, match="guest-file-open: .*'/none': No such file"):
            agent.read_file("/none")


@contextmanager
def driver(guest: Guest, event: bytes) -> Iterator[LiveDriver]:
    with served(guest) as sock, served(lambda file: (file.write(event), file.read(1))) as events:
        pump = Pump(10)
        yield LiveDriver(Agent(sock, pump), Events(events, pump))


def test_a_program_is_asked_for_once_it_has_ended():
    with driver(Guest(), b"ready\nexit 1\n") as live:
        result = live.run(("echo", "a b"), 5)
    assert (result.exit, result.out, result.err) == (3, "1 echo a b", "")


def test_a_program_that_does_not_end_is_named():
    with driver(Guest(), b"exit 2\n") as live:
        with pytest.raises(StepFailed, match=r"the end of `sleep 99` did not come within 0.2 s"):
            live.run(("sleep", "99"), 0.2)
