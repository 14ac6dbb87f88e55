# SPDX-License-Identifier: GPL-2.0-or-later
"""The Linux host as scenarios see it. All is built from run, put and get."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from scenarios.harness.errors import StepFailed
from scenarios.harness.steps import Driver, Result
from scenarios.harness.vm import VM

RUN_S = 60.0
SLACK_S = 10.0  # what the runner waits longer than the tool that has the time limit
ATTACK_MODULE = "/usr/lib/terrarium/attack.ko"


class Job:
    """A program running detached in the host; see `job` in platform/host/README.md."""

    def __init__(self, host: Host, name: str) -> None:
        self._host, self.name = host, name

    def wait(self, timeout: float = RUN_S) -> int:
        """Its exit status, once it has ended (128 + signal when killed)."""
        result = self._host.run(["job", "wait", self.name, f"{timeout:g}"], timeout + SLACK_S)
        if not re.fullmatch(r"[0-9]+\s*", result.out):
            raise StepFailed(result.words())
        return int(result.out)

    def wait_line(self, regex: str, stream: str = "out", timeout: float = 30.0) -> str:
        """The first line of @stream (out, err) that @regex (extended) matches. Raises StepFailed."""
        result = self.await_line(regex, stream, timeout)
        if result.exit != 0:
            raise StepFailed(result.words())
        return result.out.rstrip("\n")

    def await_line(self, regex: str, stream: str, timeout: float) -> Result:
        """As wait_line, with `job await`'s own result."""
        argv = ["job", "await", self.name, stream, regex, f"{timeout:g}"]
        return self._host.run(argv, timeout + SLACK_S)

    def signal(self, name: str) -> None:
        self._host.run(["job", "signal", self.name, name], ok=True)

    def out(self) -> str:
        return self._host.get(f"/run/job/{self.name}/out").decode("utf-8", "replace")

    def err(self) -> str:
        return self._host.get(f"/run/job/{self.name}/err").decode("utf-8", "replace")


class Host:
    """@stage is called with a text for the user when something has been reached."""

    def __init__(self, driver: Driver, stage: Callable[[str], None]) -> None:
        self._driver, self.stage = driver, stage
        self._vms: list[VM] = []
        self._modules: set[str] = set()

    def run(
        self,
        argv: Sequence[str],
        timeout: float = RUN_S,
        ok: bool | int | Sequence[int] | None = None,
    ) -> Result:
        """Run a program to its end. Raises StepFailed when @timeout seconds pass or @ok is not met.

        @ok  None: any exit status will do; True: 0; or the status or statuses that will.
        """
        return self._judged(self._driver.run(tuple(str(word) for word in argv), timeout), ok)

    def last_run(self, argv: Sequence[str], timeout: float = RUN_S, ok: bool | int | Sequence[int] | None = None) -> Result:
        """run(), as the scenario's last call of the host. A closed run's recording ends here and does not run it, which halves the time."""
        return self._judged(self._driver.last(tuple(str(word) for word in argv), timeout), ok)

    @staticmethod
    def _judged(result: Result, ok: bool | int | Sequence[int] | None) -> Result:
        if ok is not None and ok is not False:
            wanted = (0,) if ok is True else (ok,) if isinstance(ok, int) else tuple(ok)
            if result.exit not in wanted:
                raise StepFailed(result.words())
        return result

    def put(self, path: str, data: bytes | str) -> None:
        self._driver.put(path, data.encode() if isinstance(data, str) else data)

    def get(self, path: str) -> bytes:
        return self._driver.get(path)

    def mark(self, name: str) -> None:
        """A moment that a closed run can be saved at, to be gone on from many times (marks.py)."""
        self._driver.mark(name)

    def job(self, name: str, argv: Sequence[str]) -> Job:
        """Start a program detached."""
        self.run(["job", "start", name, "--", *argv], ok=True)
        return Job(self, name)

    def memory(self) -> dict[str, int]:
        """/proc/meminfo, bytes."""
        text = self.run(["cat", "/proc/meminfo"], ok=True).out
        found = re.findall(r"^(\S+):\s+([0-9]+)( kB)?$", text, re.MULTILINE)
        return {name: int(number) * (1024 if unit else 1) for name, number, unit in found}

    def module(self, name: str) -> None:
        """Insert one of our modules; once is enough."""
        if name not in self._modules:
            path = ATTACK_MODULE.replace("attack", name)
            self.run(["insmod", path], ok=True)
            self._modules.add(name)

    def vm(self, program: str | None, **options: Any) -> VM:
        """Start a virtual machine; see VM.start for the options."""
        name = options.pop("name", None) or (program or "vm").replace("_", "-")
        taken = {vm.name for vm in self._vms}
        number, unique = 1, name
        while unique in taken:
            number += 1
            unique = f"{name}-{number}"
        vm = VM(self, unique, program)
        self._vms.append(vm)
        vm.start(**options)
        return vm
