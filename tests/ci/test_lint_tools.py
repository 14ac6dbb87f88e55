# SPDX-License-Identifier: GPL-2.0-or-later
"""What other programs find arrives as problems; a missing program is one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ci.lint import clang, compile_db, tools
from tests.ci.trees import C_SPDX, PY_SPDX, places, tree_of

ROOT = Path(__file__).resolve().parents[2]

DRY_RUN = """\
mkdir -p out/x && gcc -std=gnu11 -Wall -O2 -I. -I/usr/include/x -DX='"a b"' -MMD -c -o out/a.o vmm/a.c
/r/out/sdk/bin/aarch64-linux-gnu-gcc --sysroot=/s -isystem /k -c vmm/b.c \\
  -o out/b.o
gcc -DSECOND -c vmm/a.c -o out/a2.o
echo "gcc -c vmm/c.c is only text"
clang -fsanitize=fuzzer -I . tests/d.c vmm/a.c -o out/d -lglib; strip out/d
"""


def test_a_missing_tool_is_a_problem(tmp_path: Path) -> None:
    (problem,) = tools.run_tool(tree_of(tmp_path, {"a": "\n"}), ["no-such-tool"], ["a"])
    assert "not installed" in problem.text


def test_a_tool_that_fails_without_a_place_is_a_problem(tmp_path: Path) -> None:
    (problem,) = tools.run_tool(tree_of(tmp_path, {"a": "\n"}), ["false"], ["a"])
    assert "exit 1" in problem.text


def test_format(tmp_path: Path) -> None:
    files = {"bad.c": C_SPDX + "int  x ;\n", "good.c": C_SPDX + "int x;\n"}
    tree = tree_of(tmp_path, files)
    shutil.copy(ROOT / ".clang-format", tmp_path)
    assert places(tools.c_format(tree)) == ["bad.c:2"]


def test_shell(tmp_path: Path) -> None:
    files = {"bad": "#!/bin/sh\ncd $1 && rm -r $2/*\nfor x in $(ls *.c); do echo $y; done\n"}
    assert tools.shell(tree_of(tmp_path, files)) != []
    assert tools.shell(tree_of(tmp_path, {"good.sh": '#!/bin/sh\nset -eu\necho "$1"\n'})) == []


def test_python(tmp_path: Path) -> None:
    files = {"bad.py": PY_SPDX + "def f(:\n", "unused.py": PY_SPDX + "import json\n", "ok.py": PY_SPDX}
    tree = tree_of(tmp_path, files)
    assert places(tools.python_syntax(tree)) == ["bad.py:2"]
    tree.files.remove("bad.py")
    assert places(tools.python_names(tree)) == ["unused.py:2"]


def test_flags_are_read_from_make(tmp_path: Path) -> None:
    tree_of(tmp_path, {"vmm/a.c": "", "vmm/b.c": "", "vmm/c.c": "", "tests/d.c": ""})
    assert compile_db.flags_by_file(DRY_RUN, tmp_path) == {
        "vmm/a.c": ["-std=gnu11", "-I.", "-isystem/usr/include/x", '-DX="a b"'],
        "vmm/b.c": ["--target=aarch64-linux-gnu", "--sysroot=/s", "-isystem", "/k"],
        "tests/d.c": ["-I", "."],
    }


def test_tidy_wants_braces_and_remembers_clean_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERRARIUM_CACHE", str(tmp_path / "cache"))
    bad = C_SPDX + "int f(int a);\nint f(int a)\n{\n\tif (a)\n\t\treturn 1;\n\treturn 2;\n}\n"
    good = bad.replace("if (a)\n", "if (a) {\n").replace("1;\n", "1;\n\t}\n")
    tree = tree_of(tmp_path, {"bad.c": bad, "good.c": good, "unbuilt.c": good, ".clang-tidy": ""})
    shutil.copy(ROOT / ".clang-tidy", tmp_path)
    flags = {"bad.c": ["-std=gnu11"], "good.c": ["-std=gnu11"]}
    for _ in range(2):
        assert places(clang.tidy(tree, flags)) == ["bad.c:5", "unbuilt.c:0"]
    (mark,) = (tmp_path / "cache/clean-c").iterdir()
    os.utime(mark, (0, 0))
    assert places(clang.tidy(tree, {"good.c": flags["good.c"]})) == ["bad.c:0", "unbuilt.c:0"]
    assert mark.stat().st_mtime > 0, "one that is asked for is kept"
    os.utime(mark, (0, 0))
    assert places(clang.tidy(tree, {})) == ["bad.c:0", "good.c:0", "unbuilt.c:0"]
    assert not mark.exists(), "one that nobody asked for is not"


@pytest.mark.parametrize("what", ["comment in the header", "macro in the header", "flag", "settings", "clang-tidy"])
def test_tidy_looks_again_at_what_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    tree = tree_of(tmp_path, {"a.h": C_SPDX + "int f(int a);\n", "a.c": C_SPDX + '#include "a.h"\n', ".clang-tidy": "\n"})
    before = clang._fingerprint(tree, "a.c", ["-std=gnu11"])
    flags = ["-std=gnu11"]
    if what == "flag":
        flags.append("-DX")
    elif what == "settings":
        tree = tree_of(tmp_path, {"a.h": tree.text("a.h"), "a.c": tree.text("a.c"), ".clang-tidy": "Checks: '-*'\n"})
    elif what == "clang-tidy":
        monkeypatch.setattr(clang, "_version", lambda: b"another")
    else:
        more = "/* NOLINT */\n" if what.startswith("comment") else "#define F(x) x + 1\n"
        (tmp_path / "a.h").write_text(tree.text("a.h") + more)
        clang._digest.cache_clear()
    assert clang._fingerprint(tree, "a.c", flags) != before


def test_tidy_leaves_kernel_modules_to_the_kernel(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {"attack.c": C_SPDX + "#include <linux/module.h>\n"})
    assert clang.tidy(tree, {}) == []
    files = {"kvm/vm.c": C_SPDX, "kvm/vm.h": "u32 f(void);\n", "kvm/Kbuild": "x-y := $(wildcard *.c)\n"}
    files |= {"m/part.c": C_SPDX, "m/other.c": C_SPDX, "m/Kbuild": "m-y := main.o part.o\n"}
    tree = tree_of(tmp_path, files)
    assert places(clang.tidy(tree, {})) == ["m/other.c:0"] and clang.headers_alone(tree, {}) == []


def test_headers_stand_alone(tmp_path: Path) -> None:
    tree = tree_of(
        tmp_path,
        {
            "a/good.h": "#include <stdint.h>\nuint32_t f(void);\n",
            "a/bad.h": "uint32_t f(void);\n",
            "a/asm.h": ".macro x\n",
            "a/start.S": '#include "a/asm.h"\n',
        },
    )
    assert places(clang.headers_alone(tree, {})) == ["a/bad.h:1"]
