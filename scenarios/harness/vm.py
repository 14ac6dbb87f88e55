# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine in the host: one process of the VMM, a job, and what its guest reports."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scenarios.harness.errors import Failure, GuestFailed
from scenarios.harness.report import PREFIX, BadReport, Report, parse, parse_line, trouble

if TYPE_CHECKING:
    from scenarios.harness.host import Host, Job

# vmm/exit_code.h, by the numbers that the command line's users know.
EXIT_WORDS = {
    0: "stopped", 1: "start failed", 32: "reset", 33: "crash", 34: "guest panic",
    35: "bad arguments", 36: "watchdog",
}
READY_LINE = "^vmm: info: ready"
CREATE_S = 30.0


def exit_words(code: int) -> str:
    """An exit code for a reader; job's 128 + n for a VMM that a signal killed."""
    words = EXIT_WORDS.get(code)
    if words is None and 128 < code < 128 + signal.NSIG:
        words = f"killed by {signal.Signals(code - 128).name}"
    return f"exit code {code} ({words or 'unknown'})"


class VM:
    """Made by Host.vm()."""

    def __init__(self, host: Host, name: str, program: str | None) -> None:
        self._host, self.name, self.program = host, name, program
        self.info_path = f"/run/vm-{name}.json"
        self.control_path = f"/run/vm-{name}.sock"
        self.reason_path = f"/run/vm-{name}.reason"
        self.exit_code: int | None = None
        self.status: int | None = None
        self._info: dict[str, Any] | None = None
        self._job: Job | None = None
        self._created = False

    def start(
        self,
        protected: bool = True,
        cpus: int = 1,
        mem: int = 128,
        options: Sequence[str] = (),
        env: Sequence[str] = (),
        wait: bool = True,
    ) -> None:
        """Start the VMM; with @wait until the VM is created. @mem MiB; @env words NAME=value."""
        self.protected = protected
        argv = ["env", *env] if env else []
        argv += ["vmm", "run", "--log-level", "info", "--info-file", self.info_path]
        argv += ["--control", self.control_path, "--serial1", f"file:{self.reason_path}"]
        argv += ["--mem", str(mem), "--cpus", str(cpus)]
        argv += ["--raw", f"/guest/{self.program}.bin"] if self.program else []
        argv += ["--protected"] if protected else []
        self._job = self._host.job(self.name, [*argv, *options])
        if wait:
            self.created()

    @property
    def job(self) -> Job:
        assert self._job is not None
        return self._job

    def created(self) -> None:
        """Wait until the VM exists. Raises GuestFailed, naming the VMM's own reason."""
        if self._created:
            return
        result = self.job.await_line(READY_LINE, "err", CREATE_S)
        if result.exit != 0:
            raise GuestFailed(f"VM {self.name} was not created: {self._ending(result.words())}")
        self._created = True
        kind = "protected" if self.protected else "normal"
        self._host.stage(f"VM {self.name} created ({kind})")

    def report(
        self, name: str, timeout: float = 30.0, any_kind: bool = False, **values: int | str
    ) -> Report:
        """Wait for the guest's record @name that has @values, written as str() writes them.

        Of several it is the first; more values than one in the order of the record.

        Raises GuestFailed when it is a "fail" (unless @any_kind), when the guest faulted or ended
        before it, when the VMM ended, or when it does not come.
        """
        wanted = "".join(f"( .*)? {key}={value}" for key, value in values.items())
        regex = f"^{PREFIX}((begin|ok|fail|value) {name}{wanted}|fault|end)([[:space:]]|$)"
        result = self.job.await_line(regex, "out", timeout)
        if result.exit != 0:
            cause = self._ending(f"it did not come within {timeout:g} s")
            raise GuestFailed(f"VM {self.name} never reported {name}: {cause}")
        report = self._parsed(result.out)
        if report.kind in ("fault", "end") or (report.kind == "fail" and not any_kind):
            line = report.line.removeprefix(PREFIX)
            if report.name == name:
                raise GuestFailed(f"VM {self.name}: the guest reported: {line}")
            raise GuestFailed(f"VM {self.name} never reported {name}: the guest reported: {line}")
        return report

    def running(self, timeout: float = 30.0) -> None:
        """Wait for the guest's first record."""
        result = self.job.await_line(f"^{PREFIX}begin ", "out", timeout)
        if result.exit != 0:
            cause = self._ending(f"no `begin` within {timeout:g} s")
            raise GuestFailed(f"VM {self.name} never began: {cause}")
        self._host.stage(f"VM {self.name} runs: {self._parsed(result.out).name}")

    def reports(self) -> list[Report]:
        """All records so far. Raises GuestFailed when one is malformed."""
        try:
            return parse(self.job.out())
        except BadReport as error:
            raise GuestFailed(f"VM {self.name}: malformed report: {error}") from error

    def wait(self, timeout: float = 60.0) -> int:
        """Wait for the VMM's end; its exit code."""
        if self.exit_code is None:
            self.exit_code = self.job.wait(timeout)
            ends = [report for report in self.reports() if report.kind == "end"]
            self.status = ends[0].number("status") if ends else None
            self._host.stage(f"VM {self.name} ended: {exit_words(self.exit_code)}")
        return self.exit_code

    def finish(self, timeout: float = 60.0) -> None:
        """Wait for the end, and raise GuestFailed unless all went well."""
        code = self.wait(timeout)
        cause = trouble(self.reports())
        if cause is None and self.status is None:
            cause = f"the guest never reported its end; the VMM ended with {exit_words(code)}"
        if cause is None and code != 0:
            cause = f"the VMM ended with {exit_words(code)}"
        if cause is not None:
            raise GuestFailed(f"VM {self.name}: {cause}")

    def stop(self) -> None:
        """Ask the VMM, by its control socket, to end the VM; does not wait."""
        self._host.run(["vmm", "control", self.control_path, "stop"], ok=True)

    def signal(self, name: str) -> None:
        self.job.signal(name)

    @property
    def info(self) -> dict[str, Any]:
        if self._info is None:
            self._info = json.loads(self._host.get(self.info_path))
        return self._info

    def attack(self, who: str, what: str, ipa: int | None = None, **options: Any) -> Report:
        """Let `attack` try an access to the guest's page at @ipa; see platform/host/README.md."""
        if who in ("kernel", "mapped", "dma"):
            self._host.module("attack")
        if who == "dma":
            self._host.module("dma")
        argv = ["attack", who, what, "--info", self.info_path]
        argv += ["--ipa", hex(ipa)] if ipa is not None else []
        for key, value in options.items():
            argv += [f"--{key.replace('_', '-')}", str(value)]
        return self._host.run(argv).report

    def log(self) -> str:
        return self.job.err()

    def reason(self) -> str:
        return self._host.get(self.reason_path).decode("utf-8", "replace")

    def _parsed(self, text: str) -> Report:
        try:
            report = parse_line(text)
        except BadReport as error:
            raise GuestFailed(f"VM {self.name}: malformed report: {error}") from error
        if report is None:
            raise GuestFailed(f"VM {self.name}: `job await` gave no report: {text[:80]!r}")
        return report

    def _ending(self, otherwise: str) -> str:
        """Why nothing came: the VMM's end and its own words, or @otherwise while it runs."""
        try:
            status = self._host.run(["cat", f"/run/job/{self.name}/status"])
            log = self.job.err()
        except Failure:  # the machine is gone, or a closed run that did not record this
            return otherwise
        said = re.findall(r"^vmm: (?:error|warn): (.*)$", log, re.MULTILINE)
        words = f": {said[-1]}" if said else ""
        if status.exit == 0 and status.out.strip().isdigit():
            return f"the VMM ended with {exit_words(int(status.out))}{words}"
        return otherwise + words
