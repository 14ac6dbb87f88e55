# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole lines from a connected socket, for whoever speaks a protocol of lines over it."""

from __future__ import annotations

import socket
from collections.abc import Callable

from scenarios.harness.errors import Failure, LimitReached, MachineFailed
from scenarios.harness.pump import Pump

READ_BYTES = 1 << 20
CAUSE_S = 2.0  # within which the end of a killed QEMU is heard of


class Lines:
    """Calls @line with each line, without its newline, while @pump waits. Owns @sock.

    @peer  who is at the other end, for the cause when it is gone.
    """

    def __init__(
        self, sock: socket.socket, pump: Pump, line: Callable[[bytes], None], peer: str
    ) -> None:
        self._sock, self._pump, self._line, self._peer = sock, pump, line, peer
        self._rest = b""
        sock.setblocking(False)
        pump.add(sock.fileno(), self._readable)

    def send(self, data: bytes) -> None:
        """All of @data. When nobody takes it, raises what the pump knows or soon hears, else MachineFailed."""
        try:
            self._sock.setblocking(True)
            self._sock.sendall(data)
        except OSError as error:
            raise self._cause(error) from error
        finally:
            self._sock.setblocking(False)

    def _cause(self, error: OSError) -> Failure:
        """A line breaks before the process at its end is known to be dead."""
        try:
            self._pump.wait(lambda: None, f"why {self._peer}", CAUSE_S)
        except LimitReached:
            return MachineFailed(f"{self._peer}: {error}")
        except Failure as failure:
            return failure

    def close(self) -> None:
        self._sock.close()

    def _readable(self) -> bool:
        try:
            data = self._sock.recv(READ_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
        return bool(data)
