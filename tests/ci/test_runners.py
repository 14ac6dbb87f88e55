# SPDX-License-Identifier: GPL-2.0-or-later
"""The runners of C tests and fuzzers notice what goes wrong; coverage counts right."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ci import coverage, fuzz, junit, unit

CMOCKA = """
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
static void good(void **state) { (void)state; assert_true(1); }
static void bad(void **state) { (void)state; %s }
int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(good), cmocka_unit_test(bad) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
"""


def build(tmp_path: Path, text: str, *flags: str) -> Path:
    (tmp_path / "x.c").write_text(text)
    program = tmp_path / "x"
    subprocess.run(["gcc", "-o", program, tmp_path / "x.c", "-lcmocka", *flags], check=True)
    return program


def test_a_failed_assertion(tmp_path: Path) -> None:
    cases, _ = unit.run_program(build(tmp_path, CMOCKA % "assert_int_equal(1, 2);"))
    assert [(case.name, bool(case.failure)) for case in cases] == [("good", False), ("bad", True)]


def test_a_sanitizer_report(tmp_path: Path) -> None:
    text = CMOCKA % "char *p = malloc(1); memset(p, 0, 1 + (size_t)(p != NULL)); free(p);"
    cases, output = unit.run_program(build(tmp_path, text, "-fsanitize=address", "-O0"))
    assert any(case.failure for case in cases)
    assert "heap-buffer-overflow" in output


def test_a_program_that_runs_no_test(tmp_path: Path) -> None:
    (case,) = unit.run_program(build(tmp_path, "int main(void) { return 0; }"))[0]
    assert case.failure.startswith("no test ran")


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    (case,) = unit.run_program(tmp_path / "none")[0]
    assert "cannot run" in case.failure


def test_no_program_at_all_is_a_failure(tmp_path: Path) -> None:
    assert unit.main(["--junit", str(tmp_path / "a.xml")]) == 1
    options = ["--out", str(tmp_path), "--junit", str(tmp_path / "b.xml")]
    assert fuzz.main([*options, "--runs", "1", "--seconds", "0", "--seed", "1"]) == 1


FUZZER = """
#include <stdint.h>
#include <stdlib.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 1 && data[0] == 'h' && data[1] == 'i') {
		%s
	}
	return 0;
}
"""


@pytest.mark.parametrize(("body", "finds"), [("abort();", True), ("(void)data;", False)])
def test_a_fuzzer(tmp_path: Path, body: str, finds: bool) -> None:
    (tmp_path / "f.c").write_text(FUZZER % body)
    program = tmp_path / "f"
    flags = ["-g", "-fsanitize=fuzzer,address,undefined"]
    subprocess.run(["clang", *flags, "-o", program, tmp_path / "f.c"], check=True)
    case = fuzz.run_fuzzer(program, tmp_path / "out", 200000, 0, 1)
    assert bool(case.failure) == finds
    assert bool(list((tmp_path / "out").glob("f-crash-*"))) == finds


def test_a_fuzzer_that_does_nothing(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "f").chmod(0o755)
    assert "0 runs were made" in fuzz.run_fuzzer(tmp_path / "f", tmp_path / "out", 10, 0, 1).failure


INFO = """TN:
SF:/r/vmm/bus.c
FNF:4
FNH:3
LF:10
LH:5
end_of_record
SF:/r/vmm/virtio/block.c
FNF:1
FNH:0
LF:6
LH:0
end_of_record
"""


def test_coverage_is_counted_by_folder() -> None:
    files = coverage.parse_info(INFO, Path("/r"))
    assert coverage.by_folder(files) == {
        "vmm": coverage.Count(10, 5, 4, 3),
        "vmm/virtio": coverage.Count(6, 0, 1, 0),
    }


def test_coverage_names_what_is_not_measured() -> None:
    text = coverage.table(coverage.parse_info(INFO, Path("/r")), {"vmm/vcpu.c": 120})
    assert "5/16   31%" in text
    assert "not measured: 1 files, 120 lines" in text
    assert "  vmm: vcpu.c" in text


def test_lcov_reads_what_gcc_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "ROOT", tmp_path)
    (tmp_path / "vmm").mkdir()
    (tmp_path / "vmm/a.c").write_text(
        "int main(int n, char **v)\n{\n\t(void)v;\n\tif (n > 1) {\n\t\treturn 1;\n\t}\n\treturn 0;\n}\n"
    )
    out = tmp_path / "out"
    out.mkdir()
    flags = ["--coverage", "-fprofile-abs-path"]
    subprocess.run(["gcc", *flags, "-o", out / "a", tmp_path / "vmm/a.c"], check=True, cwd=out)
    subprocess.run([out / "a"], check=True, cwd=out)
    files = coverage.parse_info(coverage.capture(out, coverage.lcov_is_2()).read_text(), tmp_path)
    assert files["vmm/a.c"] == coverage.Count(4, 3, 1, 1)
    assert (out / "html/index.html").exists()


def test_a_broken_fuzzer_report_is_written(tmp_path: Path) -> None:
    cases = [junit.Case("fuzz", "x", failure="boom")]
    junit.write(tmp_path / "f.xml", cases)
    assert junit.read(tmp_path / "f.xml")[0].failure == "boom"
