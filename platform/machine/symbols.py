# SPDX-License-Identifier: GPL-2.0-or-later
"""A symbol file for the debugger, from the kernel's own symbol table.

Debian ships the stock kernel without symbols. A machine booted with
`nokaslr` prints them in /proc/kallsyms, pKVM's EL2 code included (its symbols
start with __kvm_nvhe_); this turns that text into an ELF file that gdb loads
at any offset:

    python3 platform/machine/symbols.py kallsyms.txt out/kernel-symbols.elf
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LINE = re.compile(r"^([0-9a-f]{16}) ([tTdDbBrRwW]) ([\w$.]+)$")
SDK = Path(os.environ.get("SDK", "out/sdk"))


class SymbolError(Exception):
    """One sentence on why no symbol file was made."""


def parse(text: str) -> dict[str, int]:
    """Address by name, of the kernel proper (a module's lines have a fourth
    word). A name that stands for several addresses keeps the first."""
    symbols: dict[str, int] = {}
    for line in text.splitlines():
        match = LINE.match(line)
        if match:
            symbols.setdefault(match.group(3), int(match.group(1), 16))
    if "_text" not in symbols:
        raise SymbolError("the symbol table names no _text: is it /proc/kallsyms of an arm64 kernel?")
    if symbols["_text"] == 0:
        raise SymbolError("every address is 0: /proc/kallsyms was read with kptr_restrict set")
    return symbols


def assembly(symbols: dict[str, int]) -> str:
    """One section from _text to the last symbol, without bytes, in which each
    symbol stands at its distance from _text, so that gdb can move them all."""
    base = symbols["_text"]
    inside = {name: address - base for name, address in symbols.items() if address >= base}
    rows = ['.section .text, "ax", @nobits', "terrarium_base:", f".skip {max(inside.values()) + 4}"]
    for name, offset in inside.items():
        rows.append(f'.globl "{name}"\n.set "{name}", terrarium_base + {offset}')
    return "\n".join(rows) + "\n"


def build(symbols: dict[str, int], out: Path, tools: Path) -> None:
    """Assemble and link to the kernel's own addresses. Raises SymbolError."""
    with tempfile.TemporaryDirectory() as folder:
        source, unlinked, linked = (Path(folder) / name for name in ("s.s", "s.o", "s.elf"))
        source.write_text(assembly(symbols))
        for argv in ([tools / "aarch64-linux-gnu-as", "-o", unlinked, source],
                     [tools / "aarch64-linux-gnu-ld", "-e", "0", f"-Ttext={symbols['_text']:#x}",
                      "-o", linked, unlinked]):
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise SymbolError(f"{Path(argv[0]).name} failed: {done.stderr.strip()[-200:]}")
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = out.with_name(out.name + ".new")
        temporary.write_bytes(linked.read_bytes())
        temporary.replace(out)


def main() -> int:
    parser = argparse.ArgumentParser(prog="symbols")
    parser.add_argument("kallsyms", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    try:
        build(parse(arguments.kallsyms.read_text()), arguments.out, SDK / "bin")
    except (SymbolError, OSError) as error:
        print(f"symbols: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
