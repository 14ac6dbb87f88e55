# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading trace files: platform/abi/trace_format.h is parsed, so that there is one list of records."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from scenarios.harness.errors import Failure

HEADER_FILE = Path(__file__).resolve().parents[2] / "platform" / "abi" / "trace_format.h"

_CODES = {"char": "s", "uint8_t": "B", "uint16_t": "H", "uint32_t": "I", "uint64_t": "Q"}
_CHUNK_RECORDS = 4096


class TraceError(Failure):
    """A trace that cannot be read, or is not whole."""


@dataclass(frozen=True)
class RecordType:
    number: int
    name: str
    group: str  # the list's "class": enter, return, el2, fw, event, more, file
    fields: tuple[str, ...]  # names of v[0] to v[3], "_" for none


@dataclass(frozen=True)
class Layout:
    """What trace_format.h says."""

    magic: bytes
    version: int
    header: struct.Struct
    header_fields: tuple[str, ...]
    record: struct.Struct
    types: dict[int, RecordType]
    clocks: dict[int, str]
    states: dict[int, str]
    worlds: dict[int, str]
    aarch32: int


@dataclass(slots=True)
class Record:
    """One event. Numbers are as in struct trace_record; MORE is folded into `more`."""

    index: int
    type: RecordType
    vcpu: int
    world: str  # boot, host, vm, el2
    el: int
    aarch32: bool
    vmid: int
    aux: int
    time_ns: int
    insns: int
    el2_insns: int
    pc: int
    v: tuple[int, int, int, int]
    more: tuple[int, ...] = ()

    def value(self, name: str) -> int:
        """The value of a field that the record's type has, by its name in the list."""
        return self.v[self.type.fields.index(name)]


@dataclass(frozen=True)
class CallWords:
    """What a call's registers mean: (register's number, name) of arguments and of results."""

    arguments: tuple[tuple[int, str], ...] = ()
    results: tuple[tuple[int, str], ...] = ()

    @classmethod
    def read(cls, text: str) -> CallWords:
        """From "x1=ipa x2=pages>x0=status"."""
        sides = [re.findall(r"x(\d+)=(\w+)", side) for side in text.partition(">")[::2]]
        return cls(*(tuple((int(number), word) for number, word in side) for side in sides))


@dataclass
class Header:
    path: Path
    clock: str
    state: str
    record_bytes: int
    start: int  # offset of the first record
    manifest: dict[str, str] = field(default_factory=dict)
    calls: dict[tuple[str, int], str] = field(default_factory=dict)  # (who, number) -> name
    words: dict[str, CallWords] = field(default_factory=dict)  # by the call's name
    registers: dict[int, str] = field(default_factory=dict)  # A64_KEY -> name


def _struct_of(text: str, name: str) -> tuple[struct.Struct, tuple[str, ...]]:
    body = re.search(rf"struct {name} \{{(.*?)\}};", text, re.S)
    assert body, f"{HEADER_FILE} has no struct {name}"
    code, names = "<", []
    for kind, item, count in re.findall(r"(\w+) (\w+)(?:\[(\d+)\])?;", body[1]):
        code += f"{count}{_CODES[kind]}"
        names.append(item)
    return struct.Struct(code), tuple(names)


def _list_of(text: str, name: str) -> list[list[str]]:
    body = re.search(rf"#define {name}\(X\)((?:.*\\\n)*.*)", text)
    assert body, f"{HEADER_FILE} has no list {name}"
    return [re.split(r",\s*", row) for row in re.findall(r"\bX\(([^)]*)\)", body[1])]


@cache
def layout(path: Path = HEADER_FILE) -> Layout:
    """Parse the header file."""
    source = path.read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", lambda match: " " * len(match[0]), source, flags=re.S)
    magic = re.search(r'#define TRACE_MAGIC "(\w+)"', text)
    version = re.search(r"#define TRACE_VERSION (\d+)", text)
    aarch32 = re.search(r"#define TRACE_EL_AARCH32 (0x\w+)", text)
    assert magic and version and aarch32, f"{path} has no magic, version or TRACE_EL_AARCH32"
    types = {
        int(number): RecordType(int(number), name, group, tuple(fields))
        for number, name, group, *fields in _list_of(text, "TRACE_RECORDS")
    }
    header, header_fields = _struct_of(text, "trace_header")
    names = {
        key: {int(number): name.lower() for number, name in _list_of(text, f"TRACE_{key}")}
        for key in ("CLOCKS", "STATES", "WORLDS")
    }
    return Layout(
        magic=magic[1].encode().ljust(8, b"\0"),
        version=int(version[1]),
        header=header,
        header_fields=header_fields,
        record=_struct_of(text, "trace_record")[0],
        types=types,
        clocks=names["CLOCKS"],
        states=names["STATES"],
        worlds=names["WORLDS"],
        aarch32=int(aarch32[1], 16),
    )


def _manifest(header: Header, text: str) -> None:
    for line in text.splitlines():
        key, _, value = line.partition("=")
        words = key.split()
        if len(words) == 3 and words[0] == "call":
            name, _, meaning = value.partition(" ")
            header.calls[words[1], int(words[2], 0)] = name
            shown = f"xen {name}" if words[1] == "xen" else name
            header.words[shown] = CallWords.read(meaning)
        elif len(words) == 2 and words[0] == "register":
            header.registers[int(words[1], 0)] = value
        else:
            header.manifest[key] = value


def read_header(path: Path) -> Header:
    """The header and manifest; TraceError if this is no trace that can be read here."""
    known = layout()
    try:
        with path.open("rb") as file:
            raw = file.read(known.header.size)
            if len(raw) < known.header.size or raw[:8] != known.magic:
                raise TraceError(f"{path}: this is not a trace")
            fields = dict(zip(known.header_fields, known.header.unpack(raw)))
            text = file.read(fields["manifest_bytes"])
    except OSError as error:
        raise TraceError(f"{path}: cannot be read: {error.strerror}") from error
    if fields["version"] != known.version:
        raise TraceError(
            f"{path}: trace version {fields['version']}, but this decoder reads version "
            f"{known.version}: use the decoder of the build that wrote it"
        )
    if fields["record_bytes"] != known.record.size or len(text) != fields["manifest_bytes"]:
        raise TraceError(f"{path}: the trace's header is damaged")
    header = Header(
        path=path,
        clock=known.clocks.get(fields["clock"], str(fields["clock"])),
        state=known.states.get(fields["state"], str(fields["state"])),
        record_bytes=fields["record_bytes"],
        start=fields["header_bytes"],
    )
    _manifest(header, text.decode("utf-8", "replace"))
    return header


def _raw_records(header: Header) -> Iterator[tuple[int, ...]]:
    size = layout().record.size
    with header.path.open("rb") as file:
        file.seek(header.start)
        while chunk := file.read(size * _CHUNK_RECORDS):
            yield from layout().record.iter_unpack(chunk[: len(chunk) - len(chunk) % size])


def _events(header: Header) -> Iterator[Record]:
    known = layout()
    last: Record | None = None
    for index, raw in enumerate(_raw_records(header)):
        number, vcpu, world, el, vmid, aux, time_ns, insns, el2_insns, pc, *values = raw
        if number == 0:
            break
        kind = known.types.get(number)
        if kind is None or world not in known.worlds:
            raise TraceError(
                f"{header.path}: record {index} has type {number} and world {world}, of which "
                "this decoder knows nothing: the file is damaged"
            )
        if kind.group == "more":
            if last is None or last.vcpu != vcpu:
                raise TraceError(f"{header.path}: record {index} continues no record")
            last.more = (time_ns, insns, el2_insns, pc, *values)
            continue
        if last is not None:
            yield last
        last = Record(
            index, kind, vcpu, known.worlds[world], el & 3, bool(el & known.aarch32), vmid, aux,
            time_ns, insns, el2_insns, pc, tuple(values),
        )  # fmt: skip
    if last is not None:
        yield last


def read_records(header: Header, partial: bool = False) -> Iterator[Record]:
    """
    The records in the order of their happening, END not among them.

    A trace that is not whole raises TraceError after its last record, unless
    `partial` says that this is expected.
    """
    count, end = 0, None
    for record in _events(header):
        if record.type.name == "END":
            end = record
            break
        count += 1
        yield record
    if partial:
        return
    if end is None:
        raise TraceError(
            f"{header.path}: the trace has no end ({count} records): QEMU was killed, or still runs"
        )
    if layout().states.get(end.value("state")) != "complete":
        raise TraceError(f"{header.path}: the trace was cut after {count} records: no disk space")
