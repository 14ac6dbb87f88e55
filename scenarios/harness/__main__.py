# SPDX-License-Identifier: GPL-2.0-or-later
"""The runner's command line: python3 -m scenarios.harness run|list|shell|gdb|app. See README.md here."""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import signal
import sys
import tempfile
from typing import Any

import pytest

from scenarios.harness import catalogue, matrix, paths, pleas, tracefile, verdict
from scenarios.harness.errors import Failure, Unusable

DEFAULT_SCENARIO = "isolation/secret_and_shared_page"
JOBS_MAX = 64


class _Tally:
    """What became of each scenario, in this process or in its workers."""

    def __init__(self) -> None:
        self.results: list[tuple[str, str, str]] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        said = dict(report.user_properties).get("terrarium")
        if said is not None:
            self.results.append(tuple(said))
        elif report.failed and report.when not in ("setup", "call", "teardown"):
            self.results.append((report.nodeid, "fail", report.longreprtext.strip()))


def jobs(count: int) -> int:
    """How many scenarios run side by side: JOBS, else 2 where there are 2 CPUs."""
    text = os.environ.get("JOBS") or str(min(2, os.cpu_count() or 1))
    if not re.fullmatch(r"[0-9]{1,2}", text) or not 1 <= int(text) <= JOBS_MAX:
        raise Unusable(f"JOBS={text}: must be a number, 1 to {JOBS_MAX}")
    return min(int(text), count)


def run(words: list[str]) -> int:
    targets = _check_options()
    entries = catalogue.collect()
    named = {entry: None for word in words for entry in catalogue.choose(entries, word)}
    chosen = [entry for entry in named if entry.target in targets]
    _say_of_others(list(named), targets)
    tally = _Tally()
    arguments = [entry.nodeid for entry in chosen]
    workers = jobs(len(arguments))
    if workers > 1 and importlib.util.find_spec("xdist") is not None:
        arguments += ["-n", str(workers)]
    status = pytest.main(["-s", *catalogue.QUIET, *arguments], plugins=[tally])
    if status == pytest.ExitCode.INTERRUPTED:
        print("interrupted")
        return 130
    return _sum_up(tally, len(chosen), int(status))


def _say_of_others(named: list[catalogue.Entry], targets: list[str]) -> None:
    """What the user named and does not get, because it is about another target. Raises Unusable."""
    others = [entry for entry in named if entry.reason is not None and entry.target not in targets]
    for entry in others:
        print(f"not here: {entry.scenario} is for HYP={entry.target} alone: {entry.reason}")
    if len(others) == len(named):
        raise Unusable(f"no scenario for HYP={' '.join(targets)}")


def _sum_up(tally: _Tally, wanted: int, status: int) -> int:
    """The last lines and the exit status: 0 only when every scenario that was wanted passed."""
    failed = [entry for entry in tally.results if entry[1] == "fail"]
    skipped = [entry for entry in tally.results if entry[1] == "skip"]
    if wanted > 1:
        passed = len(tally.results) - len(failed) - len(skipped)
        print(f"\n{wanted} scenarios: {passed} passed, {len(failed)} failed, {len(skipped)} skipped")
        for scenario, _, cause in failed:
            print(f"  FAIL  {scenario}: {cause}")
        folders = [paths.runs() / where for where, _, _ in tally.results]
        folders = [folder for folder in folders if (folder / "verdict.json").exists()]
        verdict.write_suite(folders, paths.runs() / "junit.xml")
        usual = paths.runs() == paths.out() / "runs"  # else these are another purpose's, coverage's for one
        place = paths.out() if usual else paths.runs()
        if matrix.write(paths.runs(), place):
            print(f"isolation matrix: {paths.short(place / 'isolation-matrix.html')}")
        trace = paths.short(paths.runs()) + f"/TARGET/SCENARIO/{tracefile.FILE}"
        print(f"the trace of one that passed, for people: {tracefile.on_demand(trace)}")
    if len(tally.results) < wanted:
        print(f"{wanted - len(tally.results)} of {wanted} scenarios have no verdict")
        return 1
    return 1 if failed or status != 0 else 0


def _check_options() -> list[str]:
    """
    The targets that the user wants. Says at once what is wrong with his options, and that the
    folder of runs can be used.
    """
    describe = paths.machine_description
    try:
        targets = describe.targets(os.environ)
        for target in targets:
            describe.from_env(os.environ | {"HYP": target})
    except paths.machine_description.BadOption as error:
        raise Unusable(str(error)) from error
    pleas.limit_given(os.environ)
    pleas.cold_given(os.environ)
    folder = paths.runs()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"room?" * 1000)
            file.flush()
    except OSError as error:
        raise Unusable(f"cannot write to {paths.short(folder)}: {error.strerror}") from error
    return targets


def list_scenarios() -> int:
    titles: dict[str, str] = {}
    for entry in catalogue.collect():
        alone = "" if entry.reason is None else f" (HYP={entry.target} alone)"
        titles[entry.scenario] = entry.title + alone
    for scenario, title in titles.items():
        print(f"{scenario:<48} {title}")
    return 0


def _as_interrupt(_signal: int, _frame: Any) -> None:
    """SIGTERM stops a run as Ctrl-C does."""
    raise KeyboardInterrupt


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scenarios.harness", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("run", help="run scenarios or folders of them")
    command.add_argument("scenario", nargs="*", default=[])
    commands.add_parser("list", help="names and titles")
    commands.add_parser("shell", help="the host's console on this terminal")
    commands.add_parser("gdb", help="stop at EL2's entry, symbols loaded")
    commands.add_parser("app", help="a package's payload in an app VM: APK=")
    arguments = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        if arguments.command == "run":
            words = arguments.scenario or os.environ.get("SCENARIO", "").split()
            return run(words or [DEFAULT_SCENARIO])
        if arguments.command == "list":
            return list_scenarios()
        from scenarios.harness import app, interactive

        if len(_check_options()) != 1:
            raise Unusable(f"HYP={os.environ['HYP']}: a terminal has one machine")
        if arguments.command == "app":
            return app.run()
        return interactive.shell() if arguments.command == "shell" else interactive.gdb()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except Failure as failure:
        print(f"scenarios: {failure}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
