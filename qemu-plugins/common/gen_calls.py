# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the table of call names (C rows) from the headers that define them.

    gen_calls.py header... [pkvm_arguments.txt] [directory with asm/kvm_asm.h and asm/virt.h]

A header has published calls, or is hyp_hypercalls.h: what the host calls HYP=terrarium. Without
the kernel's headers the calls of HYP=pkvm and of Xen have no names. Names of arguments and results are in
the headers' comments, and in pkvm_arguments.txt for the calls of the kernel's own.

A row is CALL(who, number, name, arguments), arguments as "x1=pfn x2=pages>x0=status".
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

Row = tuple[str, int, str, str]

# KVM_HOST_SMCCC_ID(n): a fast 64-bit call of the vendor hypervisor range.
HOST_BASE = 0xC6000000
HYP_HEADER = "hyp_hypercalls.h"
HOST_PREFIX = "__KVM_HOST_SMCCC_FUNC_"
ARGUMENTS = "pkvm_arguments.txt"
STATUS = "x0=status"
# "x1 pfn", "x1 largest ipa_bits", "x1 HYP_VM_* flags", "x2 HYP_CONFIG_*", "x1-x8 challenge"; not "x3 on".
WORD = (
    r"\b(x[0-7])(?:-x\d+)? (?:largest |longest |HYP_\w+\* (?=\w)|HYP_(?=[A-Z]+_\*))?(?!on:)"
    r"([A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*)"
)


def strip_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def arguments(prose: str) -> str:
    """From "x1 pfn, x2 pages: what it does -> x1 VM" to "x1=pfn x2=pages>x0=status x1=vm"."""
    before, arrow, after = re.sub(r"\s+", " ", prose).partition("->")
    # What it does ends the arguments, and the next sentence the results.
    before = re.split(r":(?! in\b)", before)[0]
    sides = []
    for side in (before, re.split(r"[.;:] [A-Z]", after)[0]):
        found: dict[str, str] = {}
        for register, word in re.findall(WORD, side):
            found.setdefault(register, word.lower())
        sides.append(found)
    sides[1].setdefault("x0", "status")
    return ">".join(
        " ".join(f"{register}={word}" for register, word in sorted(side.items())) for side in sides
    )


def published(text: str) -> Iterator[Row]:
    """Function identifiers: fast calls (bit 31) whose bits 23:16 are zero (DEN 0028)."""
    line = r"^#define (\w+) (0x[0-9a-f]+)\b[ \t]*(?:/\*(.*?)\*/)?"
    for name, digits, prose in re.findall(line, text, re.M):
        number = int(digits, 16)
        if number >> 31 == 1 and number & 0x00FF0000 == 0:
            yield "ANY", number, name, arguments(prose)


def hyp_calls(text: str) -> Iterator[Row]:
    """The rows of HYP_HOST_CALLS; each call's prose stands in the comment before."""
    body = re.search(r"#define HYP_HOST_CALLS\(X\)((?:.*\\\n)*.*)", strip_comments(text))
    rows = re.findall(r"X\((0x[0-9a-f]+), (\w+)\)", body[1] if body else "")
    comments = " ".join(re.findall(r"/\*(.*?)\*/", text, re.S))
    prose = dict(re.findall(r"^ \*   (\w+) +(.*?)(?=^ \*   \w|^ \*\s*$|\Z)", comments, re.S | re.M))
    for digits, name in rows:
        yield "HOST", int(digits, 16), name, arguments(prose.get(name, "").replace("\n *", " "))


def known_arguments(text: str) -> dict[str, str]:
    """pkvm_arguments.txt: a line per call, "name: argument argument > result"."""
    found = {}
    for line in text.splitlines():
        name, colon, words = line.partition(":")
        if colon and not line.startswith("#"):
            before, _, after = words.partition(">")
            sides = [" ".join(f"x{n}={word}" for n, word in enumerate(before.split(), 1)), STATUS]
            sides[1] += "".join(f" x{n}={word}" for n, word in enumerate(after.split(), 1))
            found[name.strip()] = ">".join(sides)
    return found


def host_calls(text: str, known: dict[str, str]) -> Iterator[Row]:
    """The enumerators of enum __kvm_host_smccc_func, counted as C does."""
    text = strip_comments(text)
    base = re.search(r"#define KVM_HOST_SMCCC_ID\(id\)(.*?\(id\)\)+)", text, re.S)
    if not base or not all(
        word in base[1] for word in ("FAST_CALL", "SMC_64", "OWNER_VENDOR_HYP")
    ):
        raise ValueError("KVM_HOST_SMCCC_ID is not what this script knows")
    values = {
        name: int(number)
        for name, number in re.findall(rf"^#define ({HOST_PREFIX}\w+)\s+(\d+)\s*$", text, re.M)
    }
    body = re.search(r"enum __kvm_host_smccc_func\s*\{(.*?)\};", text, re.S)
    if not body:
        raise ValueError("enum __kvm_host_smccc_func is not there")
    following = 0
    for item in filter(None, map(str.strip, body[1].split(","))):
        if item.startswith("MARKER("):
            continue  # takes the next number and gives it back
        match = re.fullmatch(r"(\w+)(?:\s*=\s*(\w+)(?:\s*\+\s*(\d+))?)?", item)
        if not match:
            raise ValueError(f"cannot read the enumerator '{item}'")
        name, start, plus = match.groups()
        if start:
            following = values[start] if start in values else int(start, 0)
            following += int(plus or 0)
        values[name] = following
        following += 1
    for name, value in sorted(values.items(), key=lambda pair: pair[1]):
        if name.startswith(HOST_PREFIX):
            short = name.removeprefix(HOST_PREFIX)
            yield "HOST", HOST_BASE + value, short, known.get(short, "")


def xen_calls(text: str) -> Iterator[Row]:
    """Xen's: by x16, with an immediate of its own (xen/interface/xen.h)."""
    for name, number in re.findall(r"^#define __HYPERVISOR_(\w+)\s+(\d+)\s*$", strip_comments(text), re.M):
        if not name.startswith("arch_"):
            yield "XEN", int(number), name, "x0=a0 x1=a1 x2=a2 x3=a3 x4=a4>x0=result"


def stub_calls(text: str) -> Iterator[Row]:
    text = strip_comments(text)
    limit = re.search(r"^#define HVC_STUB_HCALL_NR\s+(\d+)", text, re.M)
    if not limit:
        raise ValueError("HVC_STUB_HCALL_NR is not there")
    for name, number in re.findall(r"^#define (HVC_\w+)\s+(\d+)\s*$", text, re.M):
        if int(number) < int(limit[1]):
            yield "STUB", int(number), name, ""


def main(argv: list[str]) -> int:
    *headers, last = map(Path, argv[1:])
    if not last.is_dir():
        headers.append(last)
    known: dict[str, str] = {}
    for path in [path for path in headers if path.name == ARGUMENTS]:
        headers.remove(path)
        known = known_arguments(path.read_text(encoding="utf-8"))
    sources: list[tuple[Path, Callable[[str], Iterator[Row]]]]
    sources = [(path, hyp_calls if path.name == HYP_HEADER else published) for path in headers]
    if last.is_dir():
        sources.append((last / "asm/kvm_asm.h", lambda text: host_calls(text, known)))
        sources.append((last / "asm/virt.h", stub_calls))
        sources.append((last.parents[2] / "include/xen/interface/xen.h", xen_calls))
    print("/* Generated by gen_calls.py. */")
    for path, reader in sources:
        if path not in headers and not path.exists():
            print(f"gen_calls: no {path}: its calls will have no names", file=sys.stderr)
            continue
        try:
            rows = list(reader(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError) as error:
            print(f"gen_calls: {path}: {error}", file=sys.stderr)
            return 1
        if not rows:
            print(f"gen_calls: {path}: no call found", file=sys.stderr)
            return 1
        for who, number, name, words in rows:
            print(f'CALL({who}, {number:#x}u, "{name}", "{words}")')
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
