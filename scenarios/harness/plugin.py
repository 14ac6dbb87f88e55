# SPDX-License-Identifier: GPL-2.0-or-later
"""pytest's side of the runner: fixtures for the rungs, and one run with a verdict per scenario."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from scenarios.harness import paths, pleas, store
from scenarios.harness.checks import Checks
from scenarios.harness.errors import Failure, LimitReached, Recorded, Unusable
from scenarios.harness.host import Host
from scenarios.harness.machine import Machine
from scenarios.harness.progress import Progress
from scenarios.harness.run import RECORDING, ScenarioRun
from scenarios.harness.rungs import Rungs
from scenarios.harness.vm import VM

RUN = pytest.StashKey[ScenarioRun]()
REFUSED = pytest.StashKey[Unusable]()
SESSION = "TERRARIUM_RUNGS"  # the rungs' file of this session, for its workers too
BACKSTOP_S = float(os.environ.get("BACKSTOP") or 60)  # for the runner's own tests


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    if pluginmanager.is_blocked("terminal"):  # whose option pytest's own assert wants
        parser.addoption("--verbose", type=int, default=0, dest="verbose")


def pytest_configure(config: pytest.Config) -> None:
    for marker in pleas.MARKERS:
        config.addinivalue_line("markers", marker)
    if not os.environ.get(SESSION):
        try:
            paths.runs().mkdir(parents=True, exist_ok=True)
            fd, name = tempfile.mkstemp(prefix=".rungs-", dir=paths.runs())
        except OSError as error:
            raise pytest.UsageError(f"cannot write to {error.filename}: {error.strerror}") from error
        os.close(fd)
        os.environ[SESSION] = name
        config.add_cleanup(lambda: _forget(name))


def _forget(name: str) -> None:
    os.environ.pop(SESSION, None)
    Path(name).unlink(missing_ok=True)


@pytest.hookimpl(tryfirst=True)  # so that the target comes first in the test's id
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every scenario exists once for each target that it is for."""
    if "target" not in metafunc.fixturenames:
        metafunc.fixturenames.append("target")
    metafunc.parametrize("target", pleas.targets_of(metafunc.definition), indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Those of the targets that the user wants; `--collect-only` shows all."""
    if not config.option.collectonly:
        wanted = paths.machine_description.targets(os.environ)
        items[:] = [item for item in items if pleas.target_of(item) in wanted]
    if hasattr(config, "workerinput"):  # side by side: the long ones first, so that none runs alone at the end
        items.sort(key=pleas.weight_of, reverse=True)
    config.stash[store.STORE] = store.Store([pleas.files_of(item) for item in items if pleas.shares_files(item)])
    seen: dict[str, str] = {}
    for item in items:
        if isinstance(item, pytest.Function):
            name = f"{pleas.target_of(item)}/{pleas.scenario_of(item)}"
            if seen.setdefault(name, item.nodeid) != item.nodeid:
                raise pytest.UsageError(f"two scenarios are called {name}: {seen[name]}, {item.nodeid}")


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed and os.environ.get("TERRARIUM_QUIET_PYTEST"):
        os.write(2, f"{report.nodeid}: cannot be collected:\n{report.longreprtext}\n".encode())


@contextmanager
def _backstop(limit_s: float) -> Iterator[None]:
    """The last resort against a scenario that loops without ever waiting."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(_signal: int, _frame: Any) -> None:
        raise LimitReached(f"the scenario still ran {BACKSTOP_S:g} s after its limit")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, limit_s + BACKSTOP_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _new_run(item: pytest.Function) -> ScenarioRun | None:
    """The run of @item, its folder taken; None with the reason stashed when there can be none."""
    try:
        setup = pleas.setup_of(item, os.environ)
    except Unusable as refusal:
        item.stash[REFUSED] = refusal
        return None
    side_by_side = hasattr(item.config, "workerinput")
    rungs = Rungs(Path(os.environ[SESSION]))
    run = ScenarioRun(pleas.plea_of(item), setup, rungs, side_by_side)
    item.stash[RUN] = run
    try:
        run.begin()
    except Unusable as refusal:
        item.stash[REFUSED] = refusal
    return run


def _pass(item: pytest.Function, run: ScenarioRun, nextitem: pytest.Item | None) -> list[Any]:
    """Run the function once and stop its machine."""
    done = False
    try:
        with _backstop(run.setup.limit_s):
            reports = runtestprotocol(item, log=False, nextitem=nextitem)
        done = True
        return reports
    finally:
        if done:
            run.close_machine()
        else:
            run.abandon()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    if not isinstance(item, pytest.Function):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    run = _new_run(item)
    if run is None:
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        _refuse(item, reports)
    else:
        try:
            reports = _pass(item, run, nextitem)
            if run.phase == RECORDING and run.cause is None and run.skipped is None:
                run.again()
                item._initrequest()  # fresh fixtures, as pytest's own set-up of an item
                reports = _pass(item, run, nextitem)
            _judge(run, reports)
        finally:
            run.close()
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _refuse(item: pytest.Function, reports: list[Any]) -> None:
    """There is no run to judge: the user's options, or the scenario's markers, allow none."""
    scenario, cause = pleas.scenario_of(item), str(item.stash[REFUSED])
    where = f"{pleas.target_of(item)}/{scenario}"
    Progress(where, hasattr(item.config, "workerinput")).say(f"FAIL  {scenario}: {cause}")
    reports[-1].user_properties.append(("terrarium", (where, "fail", cause)))


def _judge(run: ScenarioRun, reports: list[Any]) -> None:
    """Make pytest's reports say what the verdict says, and carry it to the end of the session."""
    verdict = run.judge()
    if verdict.failing() and not any(report.failed for report in reports):
        reports[-1].outcome = "failed"
        reports[-1].longrepr = verdict.cause
    if verdict.result == "skip":
        reports[-1].outcome = "skipped"
        reports[-1].longrepr = ("", 0, verdict.cause or "")
    said = (run.where, verdict.result, verdict.cause or "")
    reports[-1].user_properties.append(("terrarium", said))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    refusal = item.stash.get(REFUSED, None)
    if refusal is not None:
        raise refusal


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    run = item.stash.get(RUN, None)
    if run is None or call.excinfo is None:
        return
    error = call.excinfo.value
    if isinstance(error, Recorded):
        report.outcome, report.longrepr = "passed", None
        return
    if isinstance(error, pytest.skip.Exception):
        if pleas.may_skip(run.where):
            run.skipped = str(error)
            return
        report.outcome = "failed"
        report.longrepr = f"skipped, and ci/skips.txt does not list it: {error}"
        run.failed(str(report.longrepr))
    elif isinstance(error, Failure):
        report.longrepr = str(error)
        run.failed(str(error))
    else:
        run.failed(_words_of(error))
        if run.folder is not None:
            text = "".join(traceback.format_exception(error))
            run.folder.write("traceback.txt", text.encode())


def _words_of(error: BaseException) -> str:
    """An exception that is no Failure: an assert of the scenario, or a mistake in it."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/scenarios/" in f.filename]
    place = f" ({paths.short(Path(frames[-1].filename))}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}{place}"


def _run_of(request: pytest.FixtureRequest) -> ScenarioRun:
    return request.node.stash[RUN]


@pytest.fixture
def target(request: pytest.FixtureRequest) -> str:
    """What runs at EL2: terrarium or pkvm."""
    return str(request.param)


@pytest.fixture
def machine(request: pytest.FixtureRequest) -> Machine:
    """QEMU runs."""
    return _run_of(request).machine()


@pytest.fixture
def host(machine: Machine, request: pytest.FixtureRequest) -> Host:
    """The Linux host does what it is told."""
    return _run_of(request).host()


@pytest.fixture
def restart(host: Host, request: pytest.FixtureRequest) -> Callable[[], Host]:
    """Switches the machine off; the host after its next start. What shall outlast that, take with get() and put()."""
    return _run_of(request).restarted_host


@pytest.fixture
def vm_created(host: Host, request: pytest.FixtureRequest) -> VM:
    """The VM of the marker exists."""
    return _run_of(request).vm_created()


@pytest.fixture
def vm_running(vm_created: VM, request: pytest.FixtureRequest) -> VM:
    """Its guest has begun to report."""
    return _run_of(request).vm_running()


@pytest.fixture
def check(request: pytest.FixtureRequest) -> Checks:
    return _run_of(request).checks


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str, float, str], None]:
    return _run_of(request).figure
