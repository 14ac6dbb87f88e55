# SPDX-License-Identifier: GPL-2.0-or-later
"""The report that our hypervisor prints when an invariant of its own is broken, with names for its addresses."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from scenarios.harness import paths

BEGIN = re.compile(r"hyp: BUG on CPU with MPIDR 0x[0-9a-f]+:")
SAID = re.compile(r"hyp: (.*)")
CALLED = re.compile(r"hyp: called from (0x[0-9a-f]+)")
END = "hyp: end of report"
TOOL_S = 20
PLACE = re.compile(r"^(\S+) at (\S+).*")  # behind it, what of a line it is

Namer = Callable[[Sequence[str]], list[str]]


def elf_names(addresses: Sequence[str]) -> list[str]:
    """`function (file:line)` of each address, by the image's symbols; the addresses without these."""
    image = paths.out() / "hypervisor" / "hyp.elf"
    tool = paths.out() / "sdk" / "bin" / "aarch64-linux-gnu-addr2line"
    command = [str(tool), "-fpe", str(image), *addresses]
    try:
        text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TOOL_S).stdout
    except (OSError, subprocess.SubprocessError):
        return list(addresses)
    lines = [PLACE.sub(r"\1 (\2)", line) for line in text.replace(f"{paths.ROOT}/", "").splitlines()]
    return lines if len(lines) == len(addresses) else list(addresses)


class HypReport:
    """Collects the report from the console's lines, among which the host's own may be."""

    def __init__(self, done: Callable[[str], None], names: Namer = elf_names) -> None:
        """@done gets the cause, one sentence, once the report is whole or the console ended."""
        self._done, self._names = done, names
        self._why: str | None = None
        self._addresses: list[str] = []
        self.begun = False
        self.text: list[str] = []

    def line(self, line: str) -> None:
        begin = BEGIN.search(line)
        if begin and not self.begun:
            self.begun = True
        said = SAID.search(line)
        if not self.begun or self.text and self.text[-1] == END or not said:
            return
        self.text.append(said[0])
        called = CALLED.search(line)
        if called:
            self._addresses.append(called[1])
        elif self._why is None and not begin:
            self._why = said[1]
        if said[0] == END:
            self._done(self._cause())

    def end(self) -> None:
        """The console is closed: what came of a report is all of it."""
        if self.begun and self.text[-1] != END:
            self._done(self._cause())

    def _cause(self) -> str:
        self._names_into_text()
        place = f", at {self._trace[0]}" if self._trace else ""
        chain = f", called from {'; '.join(self._trace[1:])}" if len(self._trace) > 1 else ""
        return f"the hypervisor stopped: {self._why or 'no reason came'}{place}{chain}"

    def _names_into_text(self) -> None:
        self._trace = self._names(self._addresses) if self._addresses else []
        names = iter(self._trace)
        self.text = [f"{line}  {next(names)}" if CALLED.search(line) else line for line in self.text]

    def write(self, folder: Path) -> None:
        """The report with names, beside the run's other artefacts."""
        if self.text:
            (folder / "hyp-report.txt").write_text("\n".join(self.text) + "\n")
