# SPDX-License-Identifier: GPL-2.0-or-later
"""Client of qemu-guest-agent over a connected socket. Commands: QEMU docs/interop/qemu-ga-ref.rst."""

from __future__ import annotations

import base64
import json
import socket
from typing import Any

from scenarios.harness.errors import MachineFailed, StepFailed
from scenarios.harness.lines import Lines
from scenarios.harness.pump import Pump

ANSWER_S = 30.0
CHUNK_BYTES = 48 * 1024  # a write; the agent reads a command into memory as a whole
READ_BYTES = 1024 * 1024
SENTINEL = b"\xff"


class Agent:
    """One connection. Owns @sock. One command at a time."""

    def __init__(self, sock: socket.socket, pump: Pump) -> None:
        self._pump = pump
        self._answers: list[dict[str, Any]] = []
        self._syncs = 0
        self._lines = Lines(sock, pump, self._line, "QEMU closed the agent's line")

    def sync(self) -> None:
        """Make both sides start afresh: what the agent had to say to an earlier speaker is dropped."""
        self._syncs += 1
        message = {"execute": "guest-sync-delimited", "arguments": {"id": self._syncs}}
        self._lines.send(SENTINEL + json.dumps(message).encode() + b"\n")

        def synced() -> bool | None:
            while self._answers:
                if self._answers.pop(0).get("return") == self._syncs:
                    return True
            return None

        self._pump.wait(synced, "the guest agent's first answer", ANSWER_S)

    def execute(self, command: str, **arguments: Any) -> Any:
        """Send @command and return its answer. Raises StepFailed when the agent refuses it."""
        message: dict[str, Any] = {"execute": command}
        if arguments:
            message["arguments"] = {key.replace("_", "-"): arguments[key] for key in arguments}
        self._lines.send(json.dumps(message).encode() + b"\n")
        answer = self._pump.wait(
            lambda: self._answers.pop(0) if self._answers else None,
            f"the guest agent's answer to {command}",
            ANSWER_S,
        )
        if "error" in answer:
            raise StepFailed(f"{command}: {answer['error'].get('desc', 'refused by the guest agent')}")
        return answer.get("return")

    def start(self, argv: list[str]) -> int:
        """Start a program, its output captured; returns the agent's number for it."""
        answer = self.execute("guest-exec", path=argv[0], arg=argv[1:], capture_output=True)
        return int(answer["pid"])

    def result(self, pid: int) -> tuple[int, bytes, bytes] | None:
        """Exit status (128 + signal when killed), stdout, stderr; None: still running."""
        status = self.execute("guest-exec-status", pid=pid)
        if not status["exited"]:
            return None
        code = status.get("exitcode", 128 + status.get("signal", 0))
        if status.get("out-truncated") or status.get("err-truncated"):
            raise StepFailed("the program printed more than the guest agent keeps")
        return code, *(base64.b64decode(status.get(key, "")) for key in ("out-data", "err-data"))

    def write_file(self, path: str, data: bytes) -> None:
        handle = self.execute("guest-file-open", path=path, mode="w")
        try:
            for start in range(0, len(data), CHUNK_BYTES):
                chunk = data[start : start + CHUNK_BYTES]
                text = base64.b64encode(chunk).decode()
                count = self.execute("guest-file-write", handle=handle, buf_b64=text)["count"]
                if count != len(chunk):
                    raise StepFailed(f"{path}: only {count} of {len(chunk)} bytes written")
        finally:
            self.execute("guest-file-close", handle=handle)

    def read_file(self, path: str) -> bytes:
        handle = self.execute("guest-file-open", path=path, mode="r")
        data = b""
        try:
            while True:
                answer = self.execute("guest-file-read", handle=handle, count=READ_BYTES)
                data += base64.b64decode(answer["buf-b64"])
                if answer["eof"] or answer["count"] == 0:
                    return data
        finally:
            self.execute("guest-file-close", handle=handle)

    def close(self) -> None:
        self._lines.close()

    def _line(self, line: bytes) -> None:
        line = line.rpartition(SENTINEL)[2]
        if not line.strip():
            return
        try:
            message = json.loads(line)
            assert isinstance(message, dict)
        except (ValueError, AssertionError):
            self._pump.fail(MachineFailed(f"the guest agent says no JSON: {line[:80]!r}"))
            return
        self._answers.append(message)
