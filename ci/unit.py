# SPDX-License-Identifier: GPL-2.0-or-later
"""Run cmocka programs side by side and collect what they say."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ci import junit

_LIMIT_S = 60
_SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:strict_string_checks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
}


def run_program(program: Path) -> tuple[list[junit.Case], str]:
    """The cases of one program, and what to print if any of them failed."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **_SANITIZERS,
            **os.environ,
            "CMOCKA_MESSAGE_OUTPUT": "XML",
            "CMOCKA_XML_FILE": f"{folder}/%g.xml",
        }
        try:
            done = subprocess.run(
                [str(program)],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_LIMIT_S,
            )
            status, output = done.returncode, done.stdout.decode(errors="replace")
        except subprocess.TimeoutExpired as late:
            status = -1
            output = (late.stdout or b"").decode(errors="replace") + f"\nno end in {_LIMIT_S} s"
        except OSError as error:
            status, output = -1, f"cannot run: {error}"
        cases, broken = [], ""
        for file in sorted(Path(folder).glob("*.xml")):
            try:
                cases += junit.read(file)
            except ValueError as error:
                broken = str(error)
    name = program.name
    cases = [
        junit.Case(f"unit.{name}", case.name, case.seconds, case.failure, case.skipped)
        for case in cases
    ]
    failed = any(case.failure for case in cases)
    if broken or not cases or (status and not failed):
        why = broken or ("no test ran" if not cases and not status else f"exit status {status}")
        text = f"{why}\n{output.strip()[-4000:]}"
        cases.append(junit.Case(f"unit.{name}", "end", time.monotonic() - began, failure=text))
    return cases, output


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m ci.unit", description="Run cmocka programs.")
    parser.add_argument("program", nargs="*", type=Path)
    parser.add_argument("--junit", type=Path, required=True)
    options = parser.parse_args(arguments)

    cases: list[junit.Case] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for program, (own, output) in zip(
            options.program, pool.map(run_program, options.program), strict=True
        ):
            bad = [case for case in own if case.failure]
            print(f"unit: {'FAIL' if bad else 'ok  '} {program.name}: {len(own)} tests", flush=True)
            for case in bad:
                print(f"unit:   {case.name}: {case.failure}")
            if bad and output.strip():
                print(output.rstrip())
            cases += own
    return junit.finish("unit", options.junit, cases, "no test ran")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
