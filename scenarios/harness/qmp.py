# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's machine protocol over a connected socket. Format: QEMU docs/interop/qmp-spec.rst."""

from __future__ import annotations

import json
import socket
from typing import Any

from scenarios.harness.errors import MachineFailed, StepFailed
from scenarios.harness.pump import Pump

ANSWER_S = 20.0


class Qmp:
    """One connection. Owns @sock."""

    def __init__(self, sock: socket.socket, pump: Pump) -> None:
        self._sock, self._pump = sock, pump
        self._rest = b""
        self._greeted = False
        self._serial = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.closed = False
        sock.setblocking(False)
        pump.add(sock.fileno(), self._readable)

    def negotiate(self) -> None:
        """Wait for QEMU's greeting and leave capabilities mode."""
        self._pump.wait(lambda: True if self._greeted else None, "QEMU's greeting", ANSWER_S)
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments: Any) -> Any:
        """Send @command and return its answer. Raises StepFailed when QEMU refuses it."""
        self._serial += 1
        serial = self._serial
        message: dict[str, Any] = {"execute": command, "id": serial}
        if arguments:
            message["arguments"] = arguments
        try:
            self._sock.setblocking(True)
            self._sock.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise self._pump.failure or MachineFailed(f"QEMU closed its control socket: {error}")
        finally:
            self._sock.setblocking(False)
        answer = self._pump.wait(
            lambda: self._answers.pop(serial, None), f"QEMU's answer to {command}", ANSWER_S
        )
        if "error" in answer:
            raise StepFailed(f"QEMU refused {command}: {answer['error'].get('desc', '?')}")
        return answer.get("return")

    def wait_event(self, name: str, timeout_s: float = ANSWER_S) -> dict[str, Any]:
        """The first event @name since the start or the last such wait, which it takes away."""

        def taken() -> dict[str, Any] | None:
            for event in self.events:
                if event["event"] == name:
                    self.events.remove(event)
                    return event
            return None

        return self._pump.wait(taken, f"QEMU's event {name}", timeout_s)

    def close(self) -> None:
        self._sock.close()

    def _readable(self) -> bool:
        try:
            data = self._sock.recv(65536)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return False
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.strip():
                self._message(line)
        return True

    def _message(self, line: bytes) -> None:
        try:
            message = json.loads(line)
            assert isinstance(message, dict)
        except (ValueError, AssertionError):
            self._pump.fail(MachineFailed(f"QEMU's control socket says no JSON: {line[:80]!r}"))
            return
        if "QMP" in message:
            self._greeted = True
        elif "event" in message:
            self.events.append(message)
        else:
            self._answers[message.get("id", -1)] = message
