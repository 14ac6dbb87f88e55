# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests/mutants/*.toml say, and whether it can be done to the sources as they are."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests/mutants"
HYPERVISOR = Path("platform/hypervisor")

TIERS = ("oracle a", "oracle b", "oracle c")
INSTRUMENTS = ("unit", "fuzz", "scenario", "oracle")

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KEYS = {"name": str, "rule": str, "file": str, "from": str, "to": str, "scenarios": list}
_OPTIONAL = {"only": list, "sample": bool}


class BadMutant(Exception):
    """A mutant that is not described well, or does not apply; one sentence."""


@dataclass(frozen=True)
class Mutant:
    """One rule broken. No file: the control, nothing broken.

    file  below platform/hypervisor
    only  the instruments that must catch it, all others being silent; none: any will do
    """

    name: str
    rule: str
    file: str
    before: str
    after: str
    scenarios: tuple[str, ...]
    only: tuple[str, ...] = ()
    sample: bool = False

    def apply(self, text: str) -> str:
        """The file's text with the rule broken. Raises BadMutant."""
        count = text.count(self.before)
        if count != 1:
            what = "is not in" if count == 0 else f"is {count} times in"
            raise BadMutant(f"mutant {self.name}: its `from` {what} {HYPERVISOR / self.file}")
        return text.replace(self.before, self.after)

    def diff(self) -> str:
        """As a patch, to be read."""
        text = (ROOT / HYPERVISOR / self.file).read_text()
        name = str(HYPERVISOR / self.file)
        lines = (part.splitlines(keepends=True) for part in (text, self.apply(text)))
        return "".join(difflib.unified_diff(*lines, f"a/{name}", f"b/{name}", n=2))


def _mutant(row: dict[str, object], where: str) -> Mutant:
    known = _KEYS | _OPTIONAL
    for key, kind in known.items():
        if key in row and not isinstance(row[key], kind):
            raise BadMutant(f"{where}: {row.get('name')}: `{key}` is no {kind.__name__}")
        if key in _KEYS and key not in row:
            raise BadMutant(f"{where}: {row.get('name', 'a mutant')}: `{key}` is missing")
    unknown = sorted(set(row) - set(known))
    if unknown:
        raise BadMutant(f"{where}: {row['name']}: there is no key `{unknown[0]}`")
    only = tuple(map(str, row.get("only", ())))  # type: ignore[call-overload]
    wrong = [word for word in only if word not in INSTRUMENTS + TIERS]
    if wrong:
        raise BadMutant(f"{where}: {row['name']}: no instrument is called {wrong[0]!r}")
    if not _NAME.fullmatch(str(row["name"])) or row["from"] == row["to"] or not row["scenarios"]:
        raise BadMutant(f"{where}: {row['name']}: a name in small letters, a change, and a scenario")
    return Mutant(
        name=str(row["name"]), rule=str(row["rule"]), file=str(row["file"]),
        before=str(row["from"]), after=str(row["to"]),
        scenarios=tuple(map(str, row["scenarios"])),  # type: ignore[call-overload]
        only=only, sample=bool(row.get("sample", False)),
    )  # fmt: skip


def load(folder: Path = FOLDER, root: Path = ROOT) -> list[Mutant]:
    """All mutants, each of which applies. Raises BadMutant for the first that does not."""
    mutants: dict[str, Mutant] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            rows = tomllib.loads(path.read_text()).get("mutant", [])
        except tomllib.TOMLDecodeError as error:
            raise BadMutant(f"{path.name}: {error}") from error
        for row in rows:
            mutant = _mutant(row, path.name)
            if mutant.name in mutants:
                raise BadMutant(f"{path.name}: two mutants are called {mutant.name}")
            source = root / HYPERVISOR / mutant.file
            if not source.is_file():
                raise BadMutant(f"mutant {mutant.name}: there is no {HYPERVISOR / mutant.file}")
            mutant.apply(source.read_text())
            mutants[mutant.name] = mutant
    if not mutants:
        raise BadMutant(f"{folder}: no mutant is described there")
    return list(mutants.values())


def choose(mutants: list[Mutant], words: list[str], sample: bool) -> list[Mutant]:
    """Those that the user names; else the sample; else all. Raises BadMutant."""
    names = {mutant.name: mutant for mutant in mutants}
    for word in words:
        if word not in names:
            near = difflib.get_close_matches(word, names, 1)
            raise BadMutant(f"no mutant is called {word}" + (f"; {near[0]} is" if near else ""))
    if words:
        return [names[word] for word in dict.fromkeys(words)]
    return [mutant for mutant in mutants if mutant.sample or not sample]


def control(mutants: list[Mutant]) -> Mutant:
    """Nothing broken, and all scenarios of @mutants: whatever is found then, is false."""
    scenarios = tuple(dict.fromkeys(name for each in mutants for name in each.scenarios))
    return Mutant("none", "nothing is broken, so nothing is found", "", "", "", scenarios)
