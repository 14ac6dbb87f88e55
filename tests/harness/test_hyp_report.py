# SPDX-License-Identifier: GPL-2.0-or-later
"""The hypervisor's own report on the console, and the cause that is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scenarios.harness.console import ConsoleWatcher
from scenarios.harness.hyp_report import HypReport, elf_names

NAMES = {"0x40200100": "deep (src/a.c:1)", "0x40200200": "high (src/b.c:2)"}
BUG = [
    "hyp: BUG on CPU with MPIDR 0x80000001:",
    "hyp: no memory for the tables of EL2",
    "hyp: esr 0x0 elr 0x1 far 0x2 hpfar 0x3 spsr 0x4 sp 0x5",
    "[    1.0] the other CPU's kernel speaks",
    "hyp: called from 0x40200100",
    "hyp: called from 0x40200200",
    "hyp: trace 77 cpu 0 vm 0 vcpu 0 host_hcall 0xc6007013 0x0",
    "hyp: end of report",
]


def named(addresses: Sequence[str]) -> list[str]:
    return [NAMES[address] for address in addresses]


def read(lines: list[str]) -> tuple[list[str], HypReport]:
    causes: list[str] = []
    report = HypReport(causes.append, named)
    for line in lines:
        report.line(line)
    report.end()
    return causes, report


def test_a_bug_names_reason_and_places() -> None:
    causes, report = read(["hyp: 2 CPUs, all well", *BUG, "hyp: after the end"])
    assert causes == [
        "the hypervisor stopped: no memory for the tables of EL2, at deep (src/a.c:1), called from high (src/b.c:2)"
    ]
    assert "hyp: called from 0x40200100  deep (src/a.c:1)" in report.text
    assert len(report.text) == len(BUG) - 1


def test_a_fault_is_read_alike() -> None:
    causes, _ = read([BUG[0], "hyp: exception by row 4", *BUG[4:5], BUG[-1]])
    assert causes == ["the hypervisor stopped: exception by row 4, at deep (src/a.c:1)"]


def test_a_report_that_breaks_off_is_a_cause_too() -> None:
    assert read(BUG[:1])[0] == ["the hypervisor stopped: no reason came"]
    assert read(BUG[:2])[0] == ["the hypervisor stopped: no memory for the tables of EL2"]
    assert len(read(BUG * 2)[0]) == 1


def test_no_report(tmp_path: Path) -> None:
    causes, report = read(["hyp: 2 CPUs", "kernel BUG at mm/slub.c:1!"])
    report.write(tmp_path)
    assert causes == [] and list(tmp_path.iterdir()) == []


def test_the_console_watcher_tells_it_once() -> None:
    failures: list[str] = []
    watcher = ConsoleWatcher(lambda text: None, failures.append)
    watcher.feed("\r\n".join([BUG[0], BUG[1]]).encode())
    watcher.end()
    assert failures == ["the hypervisor stopped: no memory for the tables of EL2"]


def test_addresses_without_an_image_stay_as_they_are(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("O", str(tmp_path))
    assert elf_names(["0x40200100"]) == ["0x40200100"]
