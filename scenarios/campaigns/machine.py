# SPDX-License-Identifier: GPL-2.0-or-later
"""A campaign's machine: QEMU's argument list of one run, from the mark to the next mark or another end."""

from __future__ import annotations

import functools
import hashlib
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scenarios.campaigns.execute import Launcher
from scenarios.harness import fault, instruments, paths
from scenarios.harness.errors import Unusable
from scenarios.harness.marks import Mark, load

LAUNCHER = "scenarios.campaigns.machine:launcher"
TIERS, TIERS_DMA = "a", "ac"  # of the oracle, in every run; where a device is at work
TOOLS = ("inject", "oracle", "trace")
TABLES = "do=pte:"
END = "mark"  # the trigger that ends a run: the next mark that a program leaves
TRACE = "trace.bin"
# ELF64 (System V ABI): e_phoff and e_phnum; a program header's type, flags, address, size in memory.
ELF_PHOFF, ELF_PHNUM, ELF_PH_BYTES = 32, 56, 56
PT_LOAD, PF_W = 1, 2
# What is read at the end of a run: where the kernel keeps the data of its own EL2.
UPSTREAM_DATA = (("__hyp_data_start", "__hyp_data_end"), ("__hyp_bss_start", "__hyp_bss_end"))


@functools.lru_cache(maxsize=64)
def _digest(path: Path, _size: int, _mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(path: Path) -> str:
    """Read once for each version of the file. Raises Unusable."""
    try:
        stat = path.stat()
        return _digest(path, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise Unusable(f"{paths.short(path)}: {error.strerror}; `make` builds it") from error


def tools() -> str:
    """A digest of what judges a run: QEMU and the plugins."""
    library = paths.out() / "plugins"
    files = [paths.machine_description.qemu_binary(), *(library / f"{name}.so" for name in TOOLS)]
    return hashlib.sha256(" ".join(digest_of(path) for path in files).encode()).hexdigest()[:24]


def _writable(elf: Path) -> list[tuple[int, int]]:
    """(physical address, bytes) of the image's data."""
    data = elf.read_bytes()
    (at,), (count,) = struct.unpack_from("<Q", data, ELF_PHOFF), struct.unpack_from("<H", data, ELF_PHNUM)
    found = []
    for number in range(count):
        kind, flags, _, _, physical, _, size, _ = struct.unpack_from("<IIQQQQQQ", data, at + number * ELF_PH_BYTES)
        if kind == PT_LOAD and flags & PF_W:
            found.append((physical, size))
    return found


def el2_data(options: paths.machine_description.Options) -> str:
    """The memory whose digest tells a latent fault, as the inject plugin takes it: EL2's data and bss."""
    image = paths.machine_description.image(options)
    if image is not None:
        ranges = _writable(image.with_suffix(".elf"))
    else:
        known = fault.symbols_of(options)
        pairs = [(known.get(begin), known.get(end)) for begin, end in UPSTREAM_DATA]
        ranges = [(begin, end - begin) for begin, end in pairs if begin and end and end > begin]
    if not ranges:
        raise Unusable(f"no data of EL2 is known for HYP={options.hyp}")
    return "+".join(f"pa:{address:#x}/{size}" for address, size in sorted(ranges))


def _plugin(name: str, arguments: Mapping[str, Any], mark: Mark, folder: Path) -> str:
    return instruments.Instrument(name, lambda _folder, _options: arguments).plugin(folder, mark.options)


def argv(mark: Mark, folder: Path, words: str | None, trace: bool, **more: Any) -> Sequence[str]:
    """
    One run in @folder. @words: the fault, None: none. @more: options of the inject plugin.

    Raises fault.BadFault for words that are no fault.
    """
    arguments = fault.plugin_arguments(words, folder, mark.options, stop=END, **more)
    devices = fault.devices(words)
    oracle = instruments.oracle(TIERS_DMA if devices else TIERS)
    told = dict(oracle.arguments(folder, mark.options))
    if words is not None and TABLES in words:
        told["reread"] = "on"  # no store of EL2's changes a table then
    # In instruments.ORDER: what is broken is broken before anybody looks at it.
    plugins = [_plugin("oracle", told, mark, folder)]
    plugins += [instruments.TRACE.plugin(folder, mark.options)] if trace else []
    plugins.append(_plugin("inject", arguments, mark, folder))
    # The devices are not in what was saved: QEMU saves nothing of them, and nobody looks for them.
    command = mark.argv(folder / "results.bin", folder / "console.log", plugins, devices)
    return [*command, *instruments.logging([oracle], folder)]


def launcher(spec: Mapping[str, Any]) -> Launcher:
    """For workers. Raises Unusable when this machine has another build than the campaign's."""
    mark = load(Path(spec["mark"]))
    if tools() != spec["tools"]:
        raise Unusable("this worker has another build of QEMU or its plugins than the campaign")
    more = {"golden": spec["digests"], "budget": spec["budget"], "ranges": spec["ranges"]}

    def launch(folder: Path, words: str) -> Sequence[str]:
        return argv(mark, folder, words, bool(spec.get("trace")), **more)

    return launch
