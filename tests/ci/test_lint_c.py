# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules about C can fail, and read the house style right."""

from __future__ import annotations

from pathlib import Path

import pytest

from ci.lint import c_rules
from ci.lint.c_source import blank, functions, includes, prototypes
from tests.ci.trees import C_SPDX, places, tree_of

HEADER = """/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this is. */
#ifndef VMM_BUS_H
#define VMM_BUS_H

typedef void (*bus_fn)(void *context);
struct bus {
	int (*read)(struct bus *bus, int width);
};
extern int bus_count;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bus, bus_free)

/* Make one. @name is kept. */
struct bus *bus_new(const char *name) __attribute__((warn_unused_result));

/*
 * Walk all.
 * @each  called with @context
 */
void bus_each(struct bus *bus, void (*each)(void *context, int n[4]),
	      void *context);

void bus_bare(void);

/* Twice. */

int bus_far(unsigned int n);

/* Two. */
static inline int bus_two(int one)
{
	return one + 1; /* bus_call(); */
}

static inline int bus_three(void)
{
	return 3;
}
#endif /* VMM_BUS_H */
"""


def test_prototypes_are_read() -> None:
    found = {proto.name: proto for proto in prototypes(HEADER)}
    assert list(found) == ["bus_new", "bus_each", "bus_bare", "bus_far", "bus_two", "bus_three"]
    assert found["bus_new"].params == ("name",)
    assert found["bus_each"].params == ("bus", "each", "context")
    assert found["bus_bare"].params == ()
    assert found["bus_each"].comment.startswith("/*\n * Walk all.")


def test_header_contract(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {"vmm/bus.h": HEADER, "vmm/virtio/own.h": HEADER})
    lines = HEADER.split("\n")
    wanted = ["void bus_bare(void);", "int bus_far(unsigned int n);", "static inline int bus_three(void)"]
    assert places(c_rules.header_contract(tree)) == [
        f"vmm/bus.h:{lines.index(line) + 1}" for line in wanted
    ]


def test_header_contract_knows_the_parameters(tmp_path: Path) -> None:
    text = C_SPDX + "/* Add @left to @rigth. */\nint add(int left, int right);\n"
    (problem,) = c_rules.header_contract(tree_of(tmp_path, {"platform/abi/add.h": text}))
    assert "@rigth is not a parameter of add()" in problem.text


def test_a_comment_may_stand_above_a_few(tmp_path: Path) -> None:
    text = C_SPDX + "\n/* Send @byte,\n\n or receive to @here. */\n"
    text += "void put(int byte);\n#define X 1\nint get(int *here);\n\n#define Y 2 /* two */\nint none(void);\n"
    assert places(c_rules.header_contract(tree_of(tmp_path, {"vmm/a.h": text}))) == ["vmm/a.h:11"]


@pytest.mark.parametrize("guard", ["VMM_BUS_H", "VIRTIO_BUS_H", "VMM_VIRTIO_BUS_H"])
def test_good_guards(tmp_path: Path, guard: str) -> None:
    text = f"#ifndef {guard}\n#define {guard}\n#endif\n"
    assert c_rules.header_guard(tree_of(tmp_path, {"vmm/virtio/bus.h": text})) == []


@pytest.mark.parametrize(
    "text",
    ["", "#ifndef VIRTIO_CAR_H\n#define VIRTIO_CAR_H\n", "#ifndef VMM_BUS_H\n#define VMM_BUSS_H\n"],
)
def test_bad_guards(tmp_path: Path, text: str) -> None:
    assert places(c_rules.header_guard(tree_of(tmp_path, {"vmm/virtio/bus.h": text}))) == [
        "vmm/virtio/bus.h:0"
    ]


def test_judges_include_only_the_abi(tmp_path: Path) -> None:
    tree = tree_of(
        tmp_path,
        {
            "qemu-plugins/trace.c": '#include "platform/abi/smccc.h"\n#include "vmm/bus.h"\n',
            "qemu-plugins/common/a.h": "#include <glib.h>\n#include \"../../vmm/bus.h\"\n",
            "scenarios/harness/run.py": "import json\nfrom vmm import bus\n",
            "vmm/bus.c": '#include "vmm/bus.h"\n',
        },
    )
    assert places(c_rules.include_bans(tree)) == [
        "qemu-plugins/common/a.h:2",
        "qemu-plugins/trace.c:2",
        "scenarios/harness/run.py:2",
    ]


def _function(name: str, lines: int) -> str:
    return f"static int {name}(int a,\n\t\tint b)\n{{\n" + "\ta++;\n" * (lines - 4) + "}\n\n"


def test_functions_are_measured() -> None:
    text = C_SPDX + "struct x {\n\tint y;\n};\n" + _function("one", 10) + _function("two", 80)
    assert [(f.name, f.line, f.lines) for f in functions(text)] == [("one", 5, 10), ("two", 16, 80)]


def test_sizes(tmp_path: Path) -> None:
    tree = tree_of(
        tmp_path,
        {
            "a.c": _function("fits", 80) + _function("above", 81),
            "b.c": "\n" * 701,
            "c.c": "\n" * 700,
        },
    )
    assert places(c_rules.sizes(tree)) == ["a.c:82", "b.c:0"]


def test_size_exceptions_need_a_reason_and_a_cause(tmp_path: Path) -> None:
    listed = "# why\nb.c one table of registers\na.c:above\nc.c was long once upon\n"
    tree = tree_of(
        tmp_path,
        {
            "ci/size_exceptions.txt": listed,
            "a.c": _function("above", 81),
            "b.c": "\n" * 701,
            "c.c": "\n" * 700,
        },
    )
    assert places(c_rules.sizes(tree)) == ["ci/size_exceptions.txt:3", "ci/size_exceptions.txt:4"]


def test_blank_keeps_lines_and_drops_what_is_no_code() -> None:
    text = 'a /* { \n } */ "{" b // }\n#define X { \\\n  }\nc\'{\'\n'
    assert blank(text).count("\n") == text.count("\n")
    assert blank(text).split() == ["a", "b", "c"]


def test_includes_are_read() -> None:
    assert includes('#include <a.h>\n# include "b/c.h"\n') == [(1, "a.h"), (2, "b/c.h")]
