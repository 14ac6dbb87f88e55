# SPDX-License-Identifier: GPL-2.0-or-later
"""A headless Chromium, driven over its DevTools pipe: loads a page, runs its scripts, takes pictures."""

from __future__ import annotations

import base64
import json
import os
import selectors
import subprocess
from pathlib import Path
from typing import Any

PROGRAM = "chromium"
LIMIT_S = 60


class Browser:
    """close() it. Any failure is an AssertionError with Chromium's words."""

    def __init__(self, profile: Path) -> None:
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        self._read, self._write = ours_in, ours_out

        def as_three_and_four() -> None:
            """Chromium reads commands on 3 and answers on 4."""
            low = [os.dup(theirs_in), os.dup(theirs_out)]
            os.dup2(low[0], 3)
            os.dup2(low[1], 4)

        self._child = subprocess.Popen(
            [
                PROGRAM, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-dev-shm-usage", f"--user-data-dir={profile}", "--window-size=1280,1600",
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            close_fds=False, preexec_fn=as_three_and_four,
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        self._rest = b""
        self._number = 0
        self.errors: list[str] = []  # exceptions of the page's scripts
        self._events: list[dict[str, Any]] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = ""
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Page.enable")
        self._call("Runtime.enable")

    def _message(self) -> dict[str, Any]:
        with selectors.DefaultSelector() as selector:
            selector.register(self._read, selectors.EVENT_READ)
            while b"\0" not in self._rest:
                assert selector.select(LIMIT_S), "the browser does not answer"
                data = os.read(self._read, 1 << 20)
                assert data, f"the browser ended with {self._child.wait()}"
                self._rest += data
        text, _, self._rest = self._rest.partition(b"\0")
        return json.loads(text)

    def _take(self) -> dict[str, Any]:
        message = self._message()
        if message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(message["params"]["exceptionDetails"])[:500])
        return message

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        if getattr(self, "_session", ""):
            command["sessionId"] = self._session
        os.write(self._write, json.dumps(command).encode() + b"\0")
        while True:
            message = self._take()
            if message.get("id") == self._number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self._events.append(message)

    def load(self, path: Path) -> None:
        """Until the page's load event."""
        self._events.clear()
        self._call("Page.navigate", url=path.resolve().as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self._events):
            self._events.append(self._take())

    def value(self, expression: str) -> Any:
        """Of a JavaScript expression."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, f"{expression}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """The mouse pressed and let go in the middle of the first element of @selector."""
        place = self.value(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self._call(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1
            )

    def type(self, selector: str, text: str) -> None:
        self.click(selector)
        self._call("Input.insertText", text=text)

    def picture(self, path: Path) -> None:
        """The whole page as PNG."""
        data = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def close(self) -> None:
        self._child.kill()
        self._child.wait()
        os.close(self._read)
        os.close(self._write)
