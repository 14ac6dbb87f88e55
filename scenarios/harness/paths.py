# SPDX-License-Identifier: GPL-2.0-or-later
"""Where things lie, and the description of the machine as a module."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def out() -> Path:
    return Path(os.environ.get("O") or ROOT / "out")


def runs() -> Path:
    """Folder of the runs' artefacts."""
    return Path(os.environ.get("RUNS") or out() / "runs")


def short(path: Path) -> str:
    """@path as a user in the project's folder would type it."""
    try:
        return str(path.resolve().relative_to(ROOT))
    except ValueError:
        return str(path)


def _load_machine() -> ModuleType:
    """platform/machine/machine.py; "import platform.machine" would find Python's own platform."""
    spec = importlib.util.spec_from_file_location(
        "terrarium_machine", ROOT / "platform" / "machine" / "machine.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


machine_description = _load_machine()
