# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutants of the hypervisor: how they are described, applied, judged."""

from __future__ import annotations

import json
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ci.mutants import __main__ as program
from ci.mutants import judge, spec, table
from ci.mutants.judge import Finding
from ci.mutants.spec import BadMutant, Mutant
from ci.mutants.table import Outcome

ROW = """
[[mutant]]
name = "page_kept"
rule = "a page is given back"
file = "src/owner.c"
from = "give(page);"
to = "keep(page);"
scenarios = ["isolation/donated_page"]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    source = tmp_path / "platform/hypervisor/src/owner.c"
    source.parent.mkdir(parents=True)
    source.write_text("void f(void)\n{\n\tgive(page);\n}\n")
    return tmp_path


def load(root: Path, text: str) -> list[Mutant]:
    folder = root / "mutants"
    folder.mkdir(exist_ok=True)
    (folder / "some.toml").write_text(text)
    return spec.load(folder, root)


def test_each_mutant_of_the_repository_applies() -> None:
    mutants = spec.load()
    assert len(mutants) >= 30
    assert {mutant.file for mutant in mutants} >= {
        "src/owner.c", "src/s2.c", "src/vm.c", "src/guest_memory.c", "src/vcpu.c", "src/world_switch.c",
        "src/smmu.c", "src/gic.c", "src/guest_call.c", "src/guest_rsi.c", "src/guest_psci.c", "src/boot_info.c",
    }  # fmt: skip
    assert 3 <= sum(mutant.sample for mutant in mutants) <= 10
    assert {tier for mutant in mutants for tier in mutant.only} >= {*spec.TIERS, "scenario"}


def test_a_rule_is_broken(root: Path) -> None:
    (mutant,) = load(root, ROW)
    assert mutant.apply("a give(page); b") == "a keep(page); b"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("give(page);", "gave(page);"), "`from` is not in platform/hypervisor/src/owner.c"),
        (('"give(page);"', '"e"'), "times in platform/hypervisor/src/owner.c"),
        (("src/owner.c", "src/own.c"), "there is no platform/hypervisor/src/own.c"),
        (('rule = "a page is given back"\n', ""), "`rule` is missing"),
        (("scenarios =", "scenario ="), "`scenarios` is missing"),
        (('["isolation/donated_page"]', '["x"]\nonly = ["oracle d"]'), "no instrument is called 'oracle d'"),
        (('["isolation/donated_page"]', '["x"]\nhow = 1'), "there is no key `how`"),
        (('["isolation/donated_page"]', '"x"'), "`scenarios` is no list"),
        (("keep(page);", "give(page);"), "a change"),
        (("[[mutant]]", "[[mutant]"), "some.toml: "),
    ],
)
def test_a_bad_description_is_one_sentence(root: Path, change: tuple[str, str], words: str) -> None:
    with pytest.raises(BadMutant) as caught:
        load(root, ROW.replace(*change))
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_name_is_given_once(root: Path) -> None:
    with pytest.raises(BadMutant, match="two mutants are called page_kept"):
        load(root, ROW + ROW)


def test_names_are_chosen(root: Path) -> None:
    mutants = load(root, ROW + ROW.replace("page_kept", "other") + "sample = true\n")
    assert [each.name for each in spec.choose(mutants, [], False)] == ["page_kept", "other"]
    assert [each.name for each in spec.choose(mutants, [], True)] == ["other"]
    assert [each.name for each in spec.choose(mutants, ["page_kept"], True)] == ["page_kept"]
    with pytest.raises(BadMutant, match="no mutant is called page_kep; page_kept is"):
        spec.choose(mutants, ["page_kep"], False)


def test_each_tier_is_asked_where_one_alone_must_say_it(root: Path) -> None:
    (mutant,) = load(root, ROW + 'only = ["oracle b"]\n')
    assert program.steps_for(mutant, ("unit", "oracle", "scenario"), False) == ["unit", "oracle b", "oracle ac", "scenario"]
    assert program.steps_for(mutant, ("unit", "oracle"), True) == ["oracle b"]
    each = ["unit", "oracle a", "oracle b", "oracle c", "scenario"]
    assert program.steps_for(mutant, ("unit", "oracle", "scenario"), False, True) == each
    assert program.steps_for(spec.control([mutant]), ("unit", "scenario"), True) == ["scenario"]


class FakeTree:
    """A mutant with two scenarios, and what becomes of each run of one: by its name and the tiers."""

    def __init__(self, mutant: Mutant, runs: dict[tuple[str, str], Finding]) -> None:
        self.mutant, self.runs, self.made = mutant, runs, list[tuple[str, str]]()

    def build(self, *_: str) -> None:
        pass


def machine_of(root: Path, monkeypatch: pytest.MonkeyPatch, runs: dict[tuple[str, str], Finding]) -> tuple[FakeTree, judge.Machine]:
    (mutant,) = load(root, ROW.replace('["isolation/donated_page"]', '["a", "b"]'))
    tree = FakeTree(mutant, runs)

    def run(_: judge.Machine, name: str, tiers: str) -> Finding:
        tree.made.append((name, tiers))
        return runs.get((name, tiers), Finding("scenario", False, 2.0))

    monkeypatch.setattr(judge.Machine, "_run", run)
    return tree, judge.Machine(tree)  # type: ignore[arg-type]


def test_a_run_in_which_the_oracle_is_silent_counts_for_both(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = Finding("scenario", True, 3.0, "a check")
    tree, machine = machine_of(root, monkeypatch, {("b", "abc"): failed})
    assert machine.oracle("abc") == Finding("oracle", False, 5.0)
    assert machine.scenario() == Finding("scenario", True, 5.0, "a check")
    assert tree.made == [("a", "abc"), ("b", "abc")]


def test_after_a_breach_the_scenario_is_asked_by_itself(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    breach = Finding("oracle a", True, 1.0, "tier a, stale")
    tree, machine = machine_of(root, monkeypatch, {("b", "abc"): breach})
    assert machine.oracle("abc") == Finding("oracle a", True, 3.0, "tier a, stale")
    assert machine.scenario() == Finding("scenario", False, 4.0)
    assert tree.made == [("a", "abc"), ("b", "abc"), ("b", "off")]


def test_whom_tier_a_stops_nobody_else_sees(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    breach = Finding("oracle a", True, 1.0, "tier a, stale")
    runs = {("a", tier): breach for tier in "abc"}
    tree, _ = machine_of(root, monkeypatch, runs)
    asked = program.ask(tree, ["oracle a", "oracle b", "scenario"], False)  # type: ignore[arg-type]
    assert [(each.instrument, each.caught, each.evidence) for each in asked] == [
        ("oracle a", True, "tier a, stale"),
        ("oracle b", False, "oracle a ends the run before"),
        ("scenario", False, ""),
    ]


def test_the_tier_is_what_the_oracle_wrote(root: Path) -> None:
    assert judge._tier_of(root) == ""
    (root / "oracle.json").write_text('{"tier": "c", "what": "tier c, device: a page"}')
    assert judge._tier_of(root) == "c"
    (root / "oracle.json").write_text('{"tier"')
    assert judge._tier_of(root) == ""


def test_an_interruption_ends_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "_stopped", threading.Event())
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(judge._run, ["tail", "-f", "/dev/null"], {}, 60)
        while not judge._children:
            assert not asked.done()
        judge.stop()
        assert asked.result()[0] == -signal.SIGTERM
    with pytest.raises(BadMutant, match="interrupted"):
        judge._run(["true"], {}, 60)


def outcome(root: Path, caught: list[str], silent: list[str], only: str = "") -> Outcome:
    (mutant,) = load(root, ROW + (f'only = ["{only}"]\n' if only else ""))
    findings = [Finding(name, True, 1.5, "a page | was seen") for name in caught]
    return Outcome(mutant, findings + [Finding(name, False, 2.0) for name in silent])


def test_what_nothing_catches_fails(root: Path) -> None:
    assert outcome(root, [], ["unit", "scenario"]).wrong() == "nothing catches it (unit, scenario)"
    assert outcome(root, ["unit", "scenario"], ["oracle"]).wrong() == ""
    assert outcome(root, ["unit"], ["fuzz"]).wrong() == ""
    assert Outcome(outcome(root, ["unit"], []).mutant, error="does not build").wrong() == "does not build"


def test_what_the_machine_does_not_show_fails_unless_said_so(root: Path) -> None:
    both = (["unit"], ["oracle", "scenario"])
    assert outcome(root, *both).wrong() == "on the machine nothing catches it, only unit"
    assert outcome(root, *both, "unit").wrong() == ""
    assert outcome(root, ["unit", "scenario"], ["oracle"], "unit").wrong() == "scenario catches it too"


def test_what_one_alone_must_catch(root: Path) -> None:
    assert outcome(root, ["oracle b"], ["unit"], "oracle b").wrong() == ""
    assert outcome(root, ["unit", "oracle b"], [], "oracle b").wrong() == "unit catches it too"
    assert outcome(root, ["unit"], ["oracle b"], "oracle b").wrong() == "oracle b must catch it, and does not"


def test_an_alarm_where_nothing_is_broken_fails(root: Path) -> None:
    alarm = Outcome(spec.control(load(root, ROW)), [Finding("oracle a", True, 3.0, "a page")])
    assert alarm.wrong() == "an alarm where nothing is broken: oracle a: a page"
    assert Outcome(alarm.mutant, [Finding("oracle", False, 3.0)]).wrong() == ""


def test_what_is_printed_and_kept(root: Path) -> None:
    both = outcome(root, ["unit", "oracle a"], ["scenario"])
    assert table.line(both) == "mutants: ok   page_kept                      unit 1.5 s, oracle a 1.5 s"
    assert "| page_kept | a page is given back | unit 1.5 s; oracle a 1.5 s | a page / was seen |" in table.table([both])
    alone = outcome(root, ["oracle a"], ["unit"])
    assert table.tally([alone]) == ["mutants: oracle a catches 1 of 1, 1 of them nothing else: page_kept"]
    table.keep([both, outcome(root, [], ["unit"])], root / "out")
    assert "nothing catches it" in (root / "out/junit/mutants.xml").read_text()
    assert '"instrument": "oracle a"' in (root / "out/mutants/mutants.json").read_text()


def test_each_instrument_has_a_word(root: Path) -> None:
    one = outcome(root, ["oracle b"], ["unit", "oracle a"], "oracle b")
    one.apart = True
    assert table.line(one) == "mutants: ok   page_kept                      oracle b 1.5 s, unit silent, oracle a silent"
    one.findings.append(Finding("scenario", True, 3.0, "a check"))
    assert "scenario catches it too; oracle b 1.5 s, unit silent, oracle a silent, scenario 3.0 s" in table.line(one)


def test_a_run_of_one_leaves_the_others_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = outcome(root, ["unit"], ["oracle"])
    two = Outcome(replace(one.mutant, name="other"), [Finding("oracle a", True, 2.0, "seen")], seconds=4.0)
    gone = Outcome(replace(one.mutant, name="not_any_more"))
    again = outcome(root, ["scenario"], [])
    monkeypatch.setattr(table.spec, "load", lambda: [one.mutant, two.mutant])
    monkeypatch.setattr(table, "build_key", lambda: "k1")
    table.keep([one, two, gone], root / "out")
    monkeypatch.setattr(table, "build_key", lambda: "k2")
    table.keep([again], root / "out")
    rows = json.loads((root / "out/mutants/mutants.json").read_text())
    assert [(row["mutant"]["name"], row["findings"][0]["instrument"], row["build"]) for row in rows] == [
        ("page_kept", "scenario", "k2"), ("other", "oracle a", "k1"),
    ]  # fmt: skip
    assert "seen (of other sources than now)" in (root / "out/mutants/mutants.md").read_text()
    assert "other" not in (root / "out/junit/mutants.xml").read_text()
    (root / "out/mutants/mutants.json").write_text("[{")
    table.keep([one], root / "out")
    assert len(json.loads((root / "out/mutants/mutants.json").read_text())) == 1


def test_unknown_words_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--out", "/nowhere", "--with", "unit magic"]) == 2
    assert capsys.readouterr().err == "mutants: no instrument is called magic: unit fuzz scenario oracle\n"
    assert program.main(["--out", "/nowhere", "no_such_mutant"]) == 2
    assert "no mutant is called no_such_mutant" in capsys.readouterr().err
