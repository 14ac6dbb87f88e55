# SPDX-License-Identifier: GPL-2.0-or-later
"""From a collected pytest function to what its run needs: name, title, markers, options."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ci.stages import allowed_skips
from scenarios.harness import fault, instruments, paths, store
from scenarios.harness.errors import Unusable
from scenarios.harness.machine import Setup
from scenarios.harness.marks import ASKED
from scenarios.harness.run import Plea

LIMIT_S = 120.0
LIMIT_MAX_S = 3600
MARKERS = (
    "vm(program, protected=True, cpus=1, mem=128, name=None, options=[]): the VM of vm_created",
    "host_files(files): files to have in the host at boot, host path -> str, Path, bytes, or a function that gives them",
    "only_on(target, reason): a scenario that is about one target, and why",
    "host_archives(names...): further initramfs archives of the build, below out/",
    "machine(mem=None, smp=None, cpu=None, append='', plugins=[], devices=[], trace=True): other machine",
    "inject(faults): what to break in this scenario, words as of INJECT= or a function from the target to them",
    "oracle(tiers): under these tiers of the oracle, whatever ORACLE= says; none: without",
    "icount: always a closed run on the instruction counter",
    "cold: boot the machine, do not go on from a snapshot (a scenario about the boot)",
    "limit(seconds): another wall limit",
)
MACHINE_KEYS = {"mem", "smp", "cpu", "append", "plugins", "devices", "trace"}


def root() -> Path:
    """The folder whose tests are scenarios: SCENARIO_ROOT, below the project's folder."""
    return paths.ROOT / (os.environ.get("SCENARIO_ROOT") or "scenarios")


def targets_of(definition: pytest.Item) -> list[str]:
    """The targets that a scenario runs on: all, or the one of the marker. Raises UsageError."""
    everywhere = list(paths.machine_description.DESCRIPTION["target"])
    mark = definition.get_closest_marker("only_on")
    if mark is None:
        return everywhere
    target = mark.args[0] if mark.args else mark.kwargs.get("target")
    if target not in everywhere or not str(mark.kwargs.get("reason", "")).strip():
        raise pytest.UsageError(f"{definition.nodeid}: only_on needs a target and a reason")
    return [target]


def target_of(item: pytest.Function) -> str:
    return str(item.callspec.params["target"])


def only_on(item: pytest.Function) -> str | None:
    """Why it is for one target alone; None: it is for all."""
    mark = item.get_closest_marker("only_on")
    return None if mark is None else str(mark.kwargs["reason"])


def scenario_of(item: pytest.Function) -> str:
    """isolation/host_reads_guest.protected of scenarios/isolation/test_x.py::test_host_...

    The target, which every scenario has as a parameter, is no part of its name.
    """
    folder = item.path.parent
    inside = folder != root() and folder.is_relative_to(root())
    prefix = str(folder.relative_to(root())) if inside else root().name
    name = item.originalname.removeprefix("test_")
    variant = item.callspec.id.removeprefix(target_of(item)).lstrip("-")
    variant = f".{variant}" if variant else ""
    return f"{prefix}/{name}{variant}"


def title_of(item: pytest.Function) -> str:
    text = (item.function.__doc__ or "").strip().partition("\n")[0]
    return text or "(no title)"


def _arguments(item: pytest.Function, name: str) -> dict[str, Any] | None:
    """The keywords of the nearest marker @name, its positional argument as "_"; None: no marker."""
    mark = item.get_closest_marker(name)
    if mark is None:
        return None
    return dict(mark.kwargs) | ({"_": mark.args[0]} if mark.args else {})


def limit_given(env: Mapping[str, str]) -> float | None:
    """LIMIT in seconds; None: not given. Raises Unusable."""
    text = env.get("LIMIT")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= LIMIT_MAX_S:
        raise Unusable(f"LIMIT={text}: must be a number of seconds, 1 to {LIMIT_MAX_S}")
    return float(text)


def cold_given(env: Mapping[str, str]) -> bool:
    """COLD. Raises Unusable."""
    text = env.get("COLD") or "0"
    if text not in ("0", "1"):
        raise Unusable(f"COLD={text}: allowed: 0 (go on from a snapshot), 1 (boot)")
    return text == "1"


def weight_of(item: pytest.Item) -> float:
    """More for what takes longer, as far as its markers tell."""
    mark = item.get_closest_marker("limit")
    closed = LIMIT_MAX_S if item.get_closest_marker("icount") else 0
    return closed + (float(mark.args[0]) if mark and mark.args else 0.0)


def limit_of(item: pytest.Function, env: Mapping[str, str]) -> float:
    given = limit_given(env)
    return given or float((_arguments(item, "limit") or {"_": LIMIT_S})["_"])


def faults_of(item: pytest.Function, env: Mapping[str, str]) -> str:
    """The faults of the marker and of INJECT, "" for none."""
    texts = [env.get("INJECT") or ""]
    for mark in item.iter_markers("inject"):
        words = mark.kwargs["faults"]
        texts.append(words(target_of(item)) if callable(words) else words)
    return "; ".join(text for text in texts if text.strip())


def setup_of(item: pytest.Function, env: Mapping[str, str]) -> Setup:
    """The machine that @item wants, under the user's options. Raises Unusable."""
    wanted = _arguments(item, "machine") or {}
    unknown = wanted.keys() - MACHINE_KEYS
    if unknown:
        raise Unusable(f"marker machine: no such argument: {', '.join(sorted(unknown))}")
    given = {key: value for key, value in env.items() if value} | {"HYP": target_of(item)}
    faults = faults_of(item, env)
    if item.get_closest_marker("icount"):
        given["ICOUNT"] = "1"
        given.pop("SMP", None)
    closed = given.get("ICOUNT") == "1"
    for key in ("mem", "smp", "cpu"):
        if wanted.get(key) and not (key == "smp" and closed):
            given.setdefault(key.upper(), str(wanted[key]))
    try:
        options = paths.machine_description.from_env(
            given,
            wanted.get("append", ""),
            (*wanted.get("devices", ()), *fault.devices(faults)),
        )
    except paths.machine_description.BadOption as error:
        raise Unusable(str(error)) from error
    if faults:
        fault.refuse(faults, options)
    judged = item.get_closest_marker("oracle")
    if judged is not None:
        env = {**env, "ORACLE": judged.args[0]}
    files = store.made(files_of(item))
    archives = [paths.out() / name for mark in item.iter_markers("host_archives") for name in mark.args]
    for archive in archives:
        if not archive.is_file():
            raise Unusable(f"{paths.short(archive)} is not built; `make` builds it")
    return Setup(
        options=options,
        files=files,
        store=item.config.stash[store.STORE].contents() if shares_files(item) and not closed else {},
        archives=archives,
        plugins=tuple(str(paths.ROOT / plugin) for plugin in wanted.get("plugins", ())),
        trace=wanted.get("trace", True),
        instruments=instruments.chosen(env, faults),
        limit_s=limit_of(item, env),
        keep=env.get("KEEP") == "1",
        cold=cold_given(env) or item.get_closest_marker("cold") is not None,
        marks=env.get(ASKED) == "1",
    )


def files_of(item: pytest.Item) -> dict[str, Any]:
    """What the markers host_files say."""
    files: dict[str, Any] = {}
    for mark in item.iter_markers("host_files"):
        files |= mark.args[0]
    return files


def shares_files(item: pytest.Item) -> bool:
    """Whether it may have its files from the store of all."""
    alone = ("icount", "cold", "host_archives")
    return bool(files_of(item)) and not any(item.get_closest_marker(name) for name in alone)


def plea_of(item: pytest.Function) -> Plea:
    vm = _arguments(item, "vm")
    if vm is not None:
        vm["program"] = vm.pop("_", vm.get("program"))
        if "protected" in item.callspec.params:
            vm["protected"] = item.callspec.params["protected"]
    return Plea(
        scenario=scenario_of(item),
        title=title_of(item),
        vm=vm,
        root=str(root().relative_to(paths.ROOT)) if root().is_relative_to(paths.ROOT) else str(root()),
    )


def may_skip(where: str) -> bool:
    """Whether ci/skips.txt, the list of all tests that may, lists TARGET/SCENARIO."""
    folder, _, name = where.rpartition("/")
    patterns = allowed_skips((paths.ROOT / "ci" / "skips.txt").read_text())
    return any(fnmatch.fnmatchcase(f"{folder}::{name}", pattern) for pattern in patterns)
