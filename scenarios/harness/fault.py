# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults by words: checked before QEMU starts, by the inject plugin's own parser, and handed to it.

qemu-plugins/inject_words.h has the words, qemu-plugins/README.md says what they mean.
"""

from __future__ import annotations

import ctypes
import difflib
import functools
import json
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scenarios.harness import paths, symbols
from scenarios.harness.errors import Unusable

Options = paths.machine_description.Options

ERROR_BYTES = 256  # INJECT_ERROR_BYTES
REPORT = "inject.json"
SYMBOL = re.compile(r"\bsymbol:([^\s:;/+=]+)")
# Devices that do what do=dma says, beside what the machine has.
DMA_DEVICES = ("iommu-testdev", "edu,dma_mask=0xffffffffffffffff")


class BadFault(Unusable):
    """Words that are no fault; the text is one sentence for the user."""


@functools.cache
def _library() -> ctypes.CDLL:
    path = paths.out() / "lib" / "inject_words.so"
    if not path.is_file():
        raise Unusable(f"{paths.short(path)} is not built; `make` builds it")
    return ctypes.CDLL(str(path))


def check(text: str, kind: str = "fault", symbols_file: Path | None = None) -> int:
    """How many faults @text is (or @kind: trigger, range). Raises BadFault."""
    error = ctypes.create_string_buffer(ERROR_BYTES)
    file = str(symbols_file or "").encode()
    count: int = _library().inject_check(kind.encode(), text.encode(), file, error)
    if count < 0:
        raise BadFault(error.value.decode("utf-8", "replace"))
    return count


@functools.lru_cache(maxsize=4)
def symbols_of(options: Options) -> Mapping[str, int]:
    """Physical addresses of what runs at EL2, by name; on HYP=pkvm those of the whole kernel as well."""
    image = paths.machine_description.image(options)
    if image is not None:
        return symbols.all_in(image.with_suffix(".elf"))
    from scenarios.harness import interactive  # which needs the machine, which needs this

    known = interactive.kernel_symbols(options.kernel)
    load = paths.machine_description.DESCRIPTION["kernel"]["load"]
    down = load - symbols.address_of(known, "_text")
    named = [*symbols.el2_only(known), *known]
    # EL2's own names first: the kernel has functions of the same name for itself.
    return {symbol.name: symbol.address + down for symbol in reversed(named)}


def named_symbols(texts: Iterable[str]) -> set[str]:
    """The symbols that faults, triggers or ranges name."""
    return {name for text in texts for name in SYMBOL.findall(text)}


def _symbols_file(names: set[str], path: Path, options: Options) -> Path:
    known = symbols_of(options)
    for name in sorted(names - known.keys()):
        near = difflib.get_close_matches(name, known, 3, 0.7)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise BadFault(f"there is no symbol '{name}' at EL2 of HYP={options.hyp}{hint}")
    path.write_text("".join(f"{known[name]:016x} t {name}\n" for name in sorted(names)))
    return path


def refuse(text: str, options: Options) -> None:
    """Raises BadFault, Unusable when @text is no faults for a machine of @options: before there is one."""
    names = named_symbols([text])
    with tempfile.TemporaryDirectory() as folder:
        check(text, "fault", _symbols_file(names, Path(folder) / "symbols", options) if names else None)


def plugin_arguments(
    text: str | None,
    folder: Path,
    options: Options,
    *,
    stop: str | None = None,
    ranges: str | None = None,
    **more: Any,
) -> dict[str, str]:
    """The inject plugin's options for the faults @text: all checked, symbols found, report in @folder.

    stop    a trigger that ends the run
    ranges  memory that the report's digest covers
    more    options as they are: record, digests, golden, budget, ...

    Writes inject.symbols into @folder when symbols are named. Raises BadFault, Unusable.
    """
    words = {"fault": text, "trigger": stop, "range": ranges}
    given = {kind: word for kind, word in words.items() if word is not None}
    names = named_symbols(given.values())
    file = _symbols_file(names, folder / "inject.symbols", options) if names else None
    for kind, word in given.items():
        check(word, kind, file)
    # A value goes through QEMU's own parser of options, which knows no line ends.
    arguments = {"fault": " ".join(text.split())} if text is not None else {}
    if stop is not None:
        arguments["stop"] = stop
    if ranges is not None:
        arguments["range"] = ranges
    if file is not None:
        arguments["symbols"] = str(file)
    arguments["host-vmid"] = "0"  # on both targets; a restored machine may run a VM first
    if options.icount:
        arguments["clock"] = "icount"
    arguments["report"] = str(folder / REPORT)
    return arguments | {key: str(value) for key, value in more.items() if value is not None}


def devices(text: str | None) -> tuple[str, ...]:
    """What the machine must have for these faults, as after -device."""
    return DMA_DEVICES if text and re.search(r"\bdo=dma:", text) else ()


def report(folder: Path) -> dict[str, Any] | None:
    """What became of the faults; None: the plugin did not come to write it."""
    try:
        content = json.loads((folder / REPORT).read_text())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def shots(folder: Path) -> list[dict[str, Any]]:
    """The faults that were made, in order: the first 64. `fault` counts from 1; numbers are int."""
    made = (report(folder) or {}).get("shots", [])
    numbers = ("pc", "opcode", "before", "after")
    return [{**shot, **{key: int(shot[key], 16) for key in numbers}} for shot in made]


def never_made(folder: Path) -> str | None:
    """A sentence when no fault came about in a run that ended."""
    content = report(folder)
    if content is None or content.get("fired", 0) > 0:
        return None
    return "INJECT: no fault was made: what it waits for did not happen that often"
