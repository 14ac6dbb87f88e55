# SPDX-License-Identifier: GPL-2.0-or-later
"""How much code runs at EL2: lines without blanks and comments, C, headers and assembly apart.

The linked part of libfdt, which runs before the host does and never again, is told in bytes.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OUT = Path(os.environ.get("O") or ROOT / "out")
LIMITS = {"all": 6000, "assembly": 600}
SHARED = [f"platform/abi/{name}.h" for name in ("hyp_hypercalls", "hyp_status", "hyp_trace", "hyp_vcpu", "smccc")]


def code_lines(text: str) -> int:
    """Lines that have more than blanks and comments."""
    text = re.sub(r"/\*.*?\*/", lambda match: "\n" * match[0].count("\n"), text, flags=re.DOTALL)
    return sum(1 for line in text.splitlines() if line.strip() and not line.strip().startswith("//"))


def count(paths: list[Path]) -> int:
    return sum(code_lines(path.read_text()) for path in paths)


def libfdt_bytes(elf: Path) -> int:
    """Code and constants of functions named fdt_*, from the image's symbols."""
    nm = Path(os.environ.get("SDK") or OUT / "sdk") / "bin/aarch64-linux-gnu-nm"
    listed = subprocess.run([nm, "--print-size", elf], capture_output=True, text=True, check=True).stdout
    return sum(int(line.split()[1], 16) for line in listed.splitlines() if re.search(r" [tTrR] _?_?fdt_", line))


def main() -> int:
    headers = [*HERE.rglob("*.h"), *(ROOT / path for path in SHARED)]
    counts = {
        "C": count(list(HERE.rglob("*.c"))),
        "headers": count(headers),
        "assembly": count([*HERE.rglob("*.S"), *HERE.rglob("*.lds")]),
    }
    counts["all"] = sum(counts.values())
    for name, lines in counts.items():
        print(f"tcb: {name:10} {lines:6} lines{f'  (at most {LIMITS[name]})' if name in LIMITS else ''}")
    elf = OUT / "hypervisor/hyp.elf"
    if elf.is_file():
        print(f"tcb: libfdt     {libfdt_bytes(elf):6} bytes of code, until the host starts")
    over = [name for name, limit in LIMITS.items() if counts[name] > limit]
    if over:
        print(f"tcb: more lines than the limit: {', '.join(over)}", file=sys.stderr)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
