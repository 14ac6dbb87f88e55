# SPDX-License-Identifier: GPL-2.0-or-later
"""Closed runs: a plan as a shell script for the host's init, and the primitives on its results."""

from __future__ import annotations

import io
import posixpath
import shlex
import tarfile
from collections.abc import Sequence
from pathlib import Path

from scenarios.harness import paths
from scenarios.harness.errors import Divergence, MachineFailed, StepFailed, Unusable
from scenarios.harness.steps import Result, Step

MAGIC, OFFSET = b"TERRPLAN", 4096  # platform/host/plan.h
SCRIPT = "/plan/run"
RESULTS = "/plan/results"

# Every step leaves a folder RESULTS/N and sends it as a tar archive of its own, so that what
# was done is known also when the machine stops in the middle. A "get" of a file that
# is not there leaves no "data". Init closes the stream.
PROLOGUE = f"""#!/bin/sh
# Made by the runner from the scenario's recorded calls.
mkdir -p {RESULTS}
send() {{ tar -c -f - -C {RESULTS} "$1" >&"$TERRARIUM_RESULTS_FD"; }}
begin() {{ step={RESULTS}/$1; mkdir "$step"; }}
"""


def _script_of(number: int, step: Step) -> str:
    lines = [f"begin {number}"]
    if step.kind == "run":
        command = shlex.join(step.argv)
        lines += [f'{command} </dev/null >"$step/out" 2>"$step/err"', 'echo $? >"$step/exit"']
    elif step.kind == "put":
        folder, path = shlex.quote(posixpath.dirname(step.path)), shlex.quote(step.path)
        lines += [f'mkdir -p {folder} && cp /plan/put/{number} {path} 2>"$step/err" && : >"$step/done"']
    elif step.kind == "mark":
        lines += [f'mark {shlex.quote(step.path)} 2>"$step/err"', 'echo $? >"$step/exit"']
    else:
        lines += [f'cp {shlex.quote(step.path)} "$step/data" 2>"$step/err"']
    return "\n".join([*lines, f"send {number}", ""])


def files_of(plan: Sequence[Step]) -> dict[str, bytes]:
    """What the host needs: the script and the files that it puts."""
    script = PROLOGUE + "".join(_script_of(number, step) for number, step in enumerate(plan))
    files = {SCRIPT: (script + "exit 0\n").encode()}
    files |= {f"/plan/put/{n}": step.data for n, step in enumerate(plan) if step.kind == "put"}
    return files


def memory(plan: Sequence[Step]) -> bytes:
    """The plan as it lies in the machine's memory: platform/host/plan.h. Equal plans are equal bytes."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, data in files_of(plan).items():
            member = tarfile.TarInfo(path.removeprefix("/"))
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    data = archive.getvalue()
    whole = (MAGIC + len(data).to_bytes(8, "little")).ljust(OFFSET, b"\0") + data
    room = paths.machine_description.DESCRIPTION["plan"]["bytes"]
    if len(whole) > room:
        raise Unusable(
            f"the plan has {len(data) >> 10} KiB, more than its memory ({room >> 10} KiB):"
            " files that a scenario puts belong into the marker host_files"
        )
    return whole


def read_results(path: Path) -> dict[str, bytes]:
    """The result stream as "N/file" -> content; what is cut off at its end is left out."""
    files: dict[str, bytes] = {}
    data = path.read_bytes() if path.exists() else b""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:", ignore_zeros=True) as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isfile() else None
                if file is not None:
                    files[member.name.removeprefix("./")] = file.read()
    except (tarfile.TarError, EOFError):
        pass
    return files


class ClosedDriver:
    """See steps.Driver. Answers the plan's calls, in its order, from a closed run's results.

    @why_ended  what the machine's end was when it did not get through the plan.
    """

    def __init__(self, plan: Sequence[Step], results: dict[str, bytes], why_ended: str) -> None:
        self._plan, self._results, self._why = plan, results, why_ended
        self._next = 0

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Result:
        number = self._take(Step("run", argv=argv), "exit")
        out, err = (self._file(number, name).decode("utf-8", "replace") for name in ("out", "err"))
        return Result(argv, int(self._file(number, "exit")), out, err)

    last = run

    def put(self, path: str, data: bytes) -> None:
        number = self._take(Step("put", path=path, data=data), "err")
        if f"{number}/done" not in self._results:
            raise StepFailed(f"put {path}: {self._error(number)}")

    def get(self, path: str) -> bytes:
        number = self._take(Step("get", path=path), "err")
        if f"{number}/data" not in self._results:
            raise StepFailed(f"get {path}: {self._error(number)}")
        return self._file(number, "data")

    def mark(self, name: str) -> None:
        number = self._take(Step("mark", path=name), "exit")
        if self._file(number, "exit").strip() != b"0":
            raise StepFailed(self._error(number))

    def finish(self) -> None:
        """The scenario is over. Raises Divergence when it made fewer calls than its recording."""
        if self._next < len(self._plan):
            words = self._plan[self._next].words()
            raise Divergence(f"the scenario ended before call {self._next} of its recording: {words}")

    def _take(self, step: Step, sign: str) -> int:
        """The number of the next step, which must be @step and have left the file @sign."""
        number = self._next
        if number >= len(self._plan):
            raise Divergence(f"call {number} is not in the recording: {step.words()}")
        if step != self._plan[number]:
            recorded = self._plan[number].words()
            raise Divergence(f"call {number} was {recorded} in the recording, is now {step.words()}")
        if f"{number}/{sign}" not in self._results:
            raise MachineFailed(f"the closed run has no result of {step.words()}: {self._why}")
        self._next += 1
        return number

    def _file(self, number: int, name: str) -> bytes:
        return self._results[f"{number}/{name}"]

    def _error(self, number: int) -> str:
        return self._results.get(f"{number}/err", b"").decode("utf-8", "replace").strip() or "failed"
