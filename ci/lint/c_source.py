# SPDX-License-Identifier: GPL-2.0-or-later
"""As much of C as the rules need: comments, prototypes, function bodies.

Not a parser. It reads the house style (.clang-format has been there first):
a function's brace stands alone in column 1, and a comment belongs to what
follows it without an empty line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL
)
_NAME = re.compile(r"[A-Za-z_]\w*")
_ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)")
_MACRO_LINE = re.compile(r"^[A-Z][A-Z0-9_]*\([^;{}]*?\);?$", re.MULTILINE)
_EXTERN_C = re.compile(r"\bextern\s*\{")  # in blanked text, where the string "C" is gone
_NO_FUNCTION = {"typedef", "return", "else", "_Static_assert", "static_assert"}


@dataclass(frozen=True)
class Prototype:
    """A function's declaration in a header."""

    name: str
    line: int
    params: tuple[str, ...]
    comment: str  # the text from the comment above it on, "" if there is none


@dataclass(frozen=True)
class Function:
    """A function's definition: lines from its head to its closing brace."""

    name: str
    line: int
    lines: int


def blank(text: str) -> str:
    """The text with comments, strings and preprocessor lines as white space.

    Newlines stay where they are, so that offsets and lines keep their meaning.
    """
    text = _TOKEN.sub(_spaces, text)
    return re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", _spaces, text, flags=re.MULTILINE)


def prototypes(text: str) -> list[Prototype]:
    """Every function that a header declares, or defines inline."""
    code = blank(text)
    for noise in (_ATTRIBUTE, _MACRO_LINE, _EXTERN_C):
        code = noise.sub(_spaces, code)
    found = []
    for start, statement in _outer_statements(code):
        words = _NAME.findall(statement)
        if not words or words[0] in _NO_FUNCTION or "=" in statement:
            continue
        head = re.match(r"[\w\s*]*?\b(\w+)\s*\((.*)\)[\s\w]*$", statement, re.DOTALL)
        if not head or head.group(1) in _NO_FUNCTION or len(_NAME.findall(statement[: head.start(2)])) < 2:
            continue
        first = start + len(statement) - len(statement.lstrip())
        line = code.count("\n", 0, first) + 1
        found.append(
            Prototype(head.group(1), line, _param_names(head.group(2)), _comment_above(text, first))
        )
    return found


def functions(text: str) -> list[Function]:
    """Every function defined in a file in the house style."""
    lines = blank(text).split("\n")
    found, head = [], None
    for number, line in enumerate(lines, 1):
        if line.rstrip() == "{" and head is None:
            head = _head_of(lines, number)
        elif line.startswith("}") and head is not None:
            name, first = head
            found.append(Function(name, first, number - first + 1))
            head = None
    return found


def includes(text: str) -> list[tuple[int, str]]:
    """(line, what) of every #include, without the quotes or angles."""
    pattern = re.compile(r"^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"]+)[>\"]", re.MULTILINE)
    return [(text.count("\n", 0, m.start()) + 1, m.group(1)) for m in pattern.finditer(text)]


def _spaces(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def _outer_statements(code: str) -> list[tuple[int, str]]:
    """(offset, text) of what ends with ';' or a function's body outside all braces."""
    found, start, depth = [], 0, 0
    for offset, char in enumerate(code):
        if char == "{":
            if depth == 0 and code[start:offset].rstrip().endswith(")"):
                found.append((start, code[start:offset]))
            depth += 1
        elif char == "}":
            depth = max(0, depth - 1)
            if depth == 0:
                start = offset + 1
        elif char == ";" and depth == 0:
            found.append((start, code[start:offset]))
            start = offset + 1
    return found


def _param_names(inside: str) -> tuple[str, ...]:
    """The names in "const char *path, int (*each)(void *), unsigned n[4]"."""
    params, depth, current = [], 0, ""
    for char in inside + ",":
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            params.append(current)
            current = ""
        else:
            current += char
    names = []
    for param in params:
        pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)", param)
        words = _NAME.findall(re.sub(r"\[[^\]]*\]", "", param))
        if pointer:
            names.append(pointer.group(1))
        elif words and words != ["void"]:
            names.append(words[-1])
    return tuple(names)


def _comment_above(text: str, offset: int) -> str:
    """The block comment above the declaration at @offset, with no empty line in between.

    So one comment may stand above a few declarations that belong together.
    """
    before = text[: text.rfind("\n", 0, offset) + 1]
    group = before.rfind("\n\n") + 2
    end = before.rfind("*/\n")
    while end >= group - 1 and end >= 0:
        start = before.rfind("/*", 0, end)
        if start == 0 or before[start - 1] == "\n":  # not one at the end of a line of code
            return before[start:]
        end = before.rfind("*/\n", 0, start)
    return ""


def _head_of(lines: list[str], brace: int) -> tuple[str, int] | None:
    """(name, first line) of the function whose brace stands on line @brace."""
    first = brace - 1
    while first > 1 and lines[first - 2].strip() and not re.search(r"[;}]\s*$", lines[first - 2]):
        first -= 1
    head = re.search(r"\b(\w+)\s*\(", _ATTRIBUTE.sub(" ", " ".join(lines[first - 1 : brace - 1])))
    return (head.group(1), first) if head else None
