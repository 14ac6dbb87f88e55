# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules about README files, commits and tests can fail."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ci.lint import doc_rules, test_rules
from ci.lint.tree import Tree
from tests.ci.trees import places, tree_of

README = """# vmm
See [the map](map.md), [gone](gone.md#part) and [the web](https://example.org/x).
`vmm/bus.c`, `vmm/car.c`, `make test`, `vmm/<name>.c`, `word.c`

## Map of it
| `bus.c` | here |
| `car.c` | not here |

    virtio/     devices
    block/      none
    words       that are no path

## Next
`car.c`
"""


def test_readme_names_what_exists(tmp_path: Path) -> None:
    files = {"vmm/README.md": README, "vmm/map.md": "", "vmm/bus.c": "", "vmm/virtio/a.c": ""}
    problems = doc_rules.readme_paths(tree_of(tmp_path, files))
    assert [(p.line, p.text.split()[0]) for p in problems] == [
        (2, "gone.md"),
        (3, "vmm/car.c"),
        (7, "car.c"),
        (10, "block/"),
    ]


def test_every_part_has_a_readme(tmp_path: Path) -> None:
    makefile = "include vmm/module.mk\ninclude guest/module.mk\n"
    files = {"Makefile": makefile, "vmm/README.md": "", "tests/x/module.mk": ""}
    assert places(doc_rules.readme_everywhere(tree_of(tmp_path, files))) == ["guest/module.mk:0"]


@pytest.mark.parametrize("subject", ["vmm: bus", "README: x", "vmm/virtio: a queue", ".ci: x"[1:], "a, b: c"])
def test_good_subjects(subject: str) -> None:
    assert doc_rules.commit_subject(subject) == ""


@pytest.mark.parametrize("subject", ["Add things", "vmm:bus", "vmm: ", "v: " + "x" * 70, ""])
def test_bad_subjects(subject: str) -> None:
    assert doc_rules.commit_subject(subject) != ""


def test_the_last_commit_is_looked_at(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *words], check=True)

    git("init", "-q")
    assert doc_rules.commit_message(Tree(tmp_path)) == []
    git("commit", "-q", "--allow-empty", "-m", "Things were done")
    assert len(doc_rules.commit_message(Tree(tmp_path))) == 1
    git("commit", "-q", "--allow-empty", "-m", "vmm: do things")
    assert doc_rules.commit_message(Tree(tmp_path)) == []


def test_hidden_and_missing_python_tests(tmp_path: Path) -> None:
    twice = "def test_a():\n    pass\n\n\ndef test_b():\n    pass\n\n\ndef test_a():\n    pass\n"
    in_class = "class TestX:\n    def test_a(self):\n        pass\n\n    def test_a(self):\n        pass\n"
    tree = tree_of(
        tmp_path,
        {
            "tests/test_twice.py": twice,
            "tests/test_class.py": in_class,
            "tests/test_none.py": "def helper():\n    pass\n",
            "tests/test_good.py": "def test_a():\n    pass\n",
            "tests/helper.py": "",
        },
    )
    assert places(test_rules.python_tests(tree)) == [
        "tests/test_class.py:5",
        "tests/test_none.py:0",
        "tests/test_twice.py:9",
    ]


def test_scenario_names_are_unique(tmp_path: Path) -> None:
    body = "def test_reads():\n    pass\n"
    tree = tree_of(
        tmp_path,
        {
            "scenarios/isolation/test_a.py": body,
            "scenarios/isolation/test_b.py": body,
            "scenarios/lifecycle/test_c.py": body,
        },
    )
    assert places(test_rules.scenario_names(tree)) == ["scenarios/isolation/test_b.py:0"]


def test_cmocka_tests_run_once(tmp_path: Path) -> None:
    head = "#include <cmocka.h>\nint main(void)\n{\nconst struct CMUnitTest t[] = {\n"
    tree = tree_of(
        tmp_path,
        {
            "tests/vmm/good.c": head + "cmocka_unit_test(a),\ncmocka_unit_test(b),\n};}\n",
            "tests/vmm/states.c": head
            + "cmocka_unit_test_prestate(a, &one),\ncmocka_unit_test_prestate(a, &two),\n};}\n",
            "tests/vmm/twice.c": head + "cmocka_unit_test(a),\ncmocka_unit_test(a),\n};}\n",
            "tests/vmm/none.c": head + "};}\n",
        },
    )
    assert places(test_rules.cmocka_tests(tree)) == ["tests/vmm/none.c:0", "tests/vmm/twice.c:0"]


def test_sleeping_is_found(tmp_path: Path) -> None:
    nap = "sle" + "ep"
    tree = tree_of(
        tmp_path,
        {
            "a.py": f"import time\ntime.{nap}(1)\n# time.{nap}(1)\n",
            "b.c": f"/* never u{nap}(1) */\nint f(void)\n{{\n\tu{nap}(10);\n}}\n",
            "c.sh": f"while true; do {nap} 1; done\necho no {nap} 1\n",
            "fine.py": f"options = ['{nap}=off']\nwill_{nap}_not = 1\n",
        },
    )
    assert places(test_rules.no_sleep(tree)) == ["a.py:2", "b.c:4", "c.sh:1"]
