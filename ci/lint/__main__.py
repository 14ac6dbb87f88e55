# SPDX-License-Identifier: GPL-2.0-or-later
"""Check the whole tree: python3 -m ci.lint [check ...]"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ci import junit
from ci.lint import c_rules, clang, doc_rules, file_rules, test_rules, tools
from ci.lint.tree import Check, Tree

CHECKS: dict[str, Check] = {
    **file_rules.CHECKS,
    **c_rules.CHECKS,
    **doc_rules.CHECKS,
    **test_rules.CHECKS,
    **tools.CHECKS,
    **clang.CHECKS,
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m ci.lint", description="Check the tree.")
    parser.add_argument("check", nargs="*", help="only these: " + " ".join(CHECKS))
    parser.add_argument("--junit", type=Path, help="write the result there as JUnit XML")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.check if name not in CHECKS]
    if unknown:
        parser.error(f"no check is named {unknown[0]}; there are: {' '.join(CHECKS)}")

    tree = Tree(Path(__file__).resolve().parents[2])
    cases = []
    for name, check in CHECKS.items():
        if options.check and name not in options.check:
            continue
        began = time.monotonic()
        problems = sorted(set(check(tree)))
        for problem in problems:
            print(problem)
        text = "\n".join(str(problem) for problem in problems)
        cases.append(junit.Case("lint", name, time.monotonic() - began, failure=text))
        print(f"lint: {'FAIL' if problems else 'ok  '} {name}: {check.__doc__}", flush=True)
    if options.junit:
        junit.write(options.junit, cases)
    failed = sum(bool(case.failure) for case in cases)
    print(f"lint: {len(cases) - failed} passed, {failed} failed ({len(tree.files)} files)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
