# SPDX-License-Identifier: GPL-2.0-or-later
"""Report lines of guests and of the host's tools; the format is platform/abi/guest_report.h."""

from __future__ import annotations

import dataclasses
import re

PREFIX = "terrarium: "
LINE_MAX = 256
KINDS = ("begin", "ok", "fail", "value", "fault", "end")
NAME = re.compile(r"[a-z0-9_]+\Z")
NUMBER = re.compile(r"-?(?:[0-9]+|0x[0-9a-fA-F]+)\Z")


class BadReport(ValueError):
    """A line with the prefix that is no record."""


@dataclasses.dataclass(frozen=True)
class Report:
    kind: str
    name: str  # "" for end
    values: dict[str, int | str]
    line: str

    def __getitem__(self, key: str) -> int | str:
        if key not in self.values:
            raise KeyError(f"the report has no {key}: {self.line}")
        return self.values[key]

    def number(self, key: str) -> int:
        value = self[key]
        if not isinstance(value, int):
            raise KeyError(f"{key} is no number: {self.line}")
        return value


def parse_line(line: str) -> Report | None:
    """The record in @line; None when it has not the prefix. Raises BadReport."""
    text = line.rstrip("\r\n")
    if not text.startswith(PREFIX):
        return None
    if len(text.encode()) > LINE_MAX:
        raise BadReport(f"longer than {LINE_MAX} bytes: {text[:80]}...")
    kind, *words = text[len(PREFIX) :].split(" ")
    if kind not in KINDS:
        raise BadReport(f"unknown kind of record: {text}")
    name = ""
    if kind != "end":
        if not words or not NAME.match(words[0]):
            raise BadReport(f"no name: {text}")
        name = words.pop(0)
    values: dict[str, int | str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not value or not NAME.match(key) or key in values:
            raise BadReport(f"bad value {word!r}: {text}")
        values[key] = int(value, 0 if "x" in value else 10) if NUMBER.match(value) else value
    if kind == "end" and not isinstance(values.get("status"), int):
        raise BadReport(f"end without a status: {text}")
    return Report(kind, name, values, text)


def parse(text: str) -> list[Report]:
    """All records in @text, a console's whole lines; what has no newline yet is left out."""
    found = (parse_line(line) for line in text.split("\n")[:-1])
    return [report for report in found if report is not None]


def trouble(reports: list[Report]) -> str | None:
    """What the records say against the guest, the first of it; None: nothing."""
    for report in reports:
        if report.kind in ("fail", "fault"):
            return f"the guest reported: {report.line[len(PREFIX):]}"
    ends = [report for report in reports if report.kind == "end"]
    if len(ends) > 1:
        return "the guest ended twice"
    if ends and ends[0].values["status"] != 0:
        return f"the guest ended with status {ends[0].values['status']}"
    return None
