# SPDX-License-Identifier: GPL-2.0-or-later
"""A copy of the sources with one rule broken, and a build directory for it.

Nothing is copied but the hypervisor's sources and what was built of them: all else is links
to the tree and the build that are there. So make compiles what the change concerns only.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from ci.mutants.spec import HYPERVISOR, ROOT, BadMutant, Mutant

_BUILD_S = 300
# Of a build directory: what a mutant has itself, or nobody needs.
_OWN = {"build", "hypervisor", "tests", "fuzz", "mutants", "runs", "junit", "snapshots", "coverage", "lint", "campaigns"}
_OBJECTS = ("build/hypervisor", "build/tests-hypervisor")


class Tree:
    """One mutant's folder below out/mutants; .root: its sources; .out: its build directory."""

    def __init__(self, mutant: Mutant, base: Path) -> None:
        self.mutant = mutant
        self.folder = base / "mutants" / mutant.name
        self.out = self.folder / "out"
        self.root = self.folder / "tree"
        self._base = base

    def make(self) -> None:
        """Sources and build directory; the rule is broken. Raises BadMutant."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.root / "platform").mkdir(parents=True)
        _link_all(ROOT, self.root, {"platform", ".git", self._base.name, "out"})
        _link_all(ROOT / "platform", self.root / "platform", {HYPERVISOR.name})
        shutil.copytree(ROOT / HYPERVISOR, self.root / HYPERVISOR)
        self.out.mkdir()
        _link_all(self._base, self.out, _OWN)
        (self.out / "build").mkdir()
        _link_all(self._base / "build", self.out / "build", {Path(name).name for name in _OBJECTS})
        for name in (name for name in (*_OBJECTS, "hypervisor") if (self._base / name).is_dir()):  # unit tests may not be built
            shutil.copytree(self._base / name, self.out / name)
            for path in (self.out / name).rglob("*.d"):
                self._move(path)
        (self.out / "tests").mkdir()
        for program in (self._base / "tests").glob("hyp_*"):
            shutil.copy2(program, self.out / "tests")
        if self.mutant.file:
            source = self.root / HYPERVISOR / self.mutant.file
            source.write_text(self.mutant.apply(source.read_text()))

    def _move(self, path: Path) -> None:
        """What an object depends on, as it is here: or make would look at the tree's own sources."""
        places = {f"{self._base}/": f"{self.out}/", f"{ROOT}/": f"{self.root}/"}
        either = re.compile("|".join(map(re.escape, places)))  # the longer one first
        path.write_text(either.sub(lambda found: places[found[0]], path.read_text()))

    def build(self, *targets: str) -> None:
        """make @targets, paths below the build directory. Raises BadMutant: it does not compile."""
        environment = {key: text for key, text in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
        environment |= {"O": str(self.out), "PYTHONPATH": str(self.root)}
        for name in ("ROOT", "SDK"):
            environment.pop(name, None)
        done = subprocess.run(
            ["make", "--no-print-directory", f"O={self.out}", *(str(self.out / name) for name in targets)],
            cwd=self.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", timeout=_BUILD_S,
        )  # fmt: skip
        if done.returncode != 0:
            errors = [line for line in done.stdout.splitlines() if "error" in line.lower()]
            why = (errors or done.stdout.strip().splitlines() or ["make failed"])[0]
            raise BadMutant(f"mutant {self.mutant.name} does not build: {why}")

    def programs(self, folder: str) -> dict[str, Path]:
        """The programs in a folder of the build directory that the change concerns, by name."""
        found = {}
        for path in sorted((self.out / folder).glob("hyp_*")):
            base = self._base / folder / path.name
            if not base.exists() or path.stat().st_mtime_ns != base.stat().st_mtime_ns:
                found[path.name] = path
        return found

    def tidy(self) -> None:
        """Leave what a reader wants: runs with their artefacts, and the change as a patch."""
        runs = self.folder / "runs"
        shutil.rmtree(runs, ignore_errors=True)
        if (self.out / "runs").is_dir():
            (self.out / "runs").rename(runs)
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.rmtree(self.out, ignore_errors=True)
        if self.mutant.file:
            (self.folder / "mutant.diff").write_text(self.mutant.diff())


def _link_all(source: Path, target: Path, but: set[str]) -> None:
    for entry in source.iterdir():
        if entry.name not in but:
            (target / entry.name).symlink_to(entry)
