# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's machine protocol over a connected socket. Format: QEMU docs/interop/qmp-spec.rst."""

from __future__ import annotations

import json
import socket
from typing import Any

from scenarios.harness.errors import MachineFailed, StepFailed
from scenarios.harness.lines import Lines
from scenarios.harness.pump import Pump

ANSWER_S = 20.0


class Qmp:
    """One connection. Owns @sock."""

    def __init__(self, sock: socket.socket, pump: Pump) -> None:
        self._pump = pump
        self._greeted = False
        self._serial = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self._line = Lines(sock, pump, self._message, "QEMU closed its control socket")

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
        self._line.send(json.dumps(message).encode() + b"\n")
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
        self._line.close()

    def _message(self, line: bytes) -> None:
        if not line.strip():
            return
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
