# SPDX-License-Identifier: GPL-2.0-or-later
"""The runners of C tests and fuzzers notice what goes wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ci import fuzz, junit, unit

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


def test_a_broken_fuzzer_report_is_written(tmp_path: Path) -> None:
    cases = [junit.Case("fuzz", "x", failure="boom")]
    junit.write(tmp_path / "f.xml", cases)
    assert junit.read(tmp_path / "f.xml")[0].failure == "boom"
