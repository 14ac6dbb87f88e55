# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that the scenarios of one session add to the host, all in one saved machine.

A scenario alone has its files (marker host_files) in its initramfs, and a snapshot of its own. Of several, each with other files, each
would boot once more. So their machine is saved with the contents of all in FOLDER, by their digests, and has none of them
in its place; a scenario that goes on from it links its own to theirs.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Callable, Mapping, Sequence

import pytest

from scenarios.harness import cpio, inputs
from scenarios.harness.errors import Unusable

FOLDER = "/.store"
STORE: pytest.StashKey[Store] = pytest.StashKey()  # of pytest's config
Given = Mapping[str, cpio.Content | Callable[[], cpio.Content]]  # as in the marker


def made(given: Given) -> dict[str, cpio.Content]:
    """The files of a marker, what the build makes on demand made, and functions called. Raises Unusable, OSError."""
    inputs.build_missing(given)
    return {name: content() if callable(content) else content for name, content in given.items()}


def place_of(content: cpio.Content) -> str:
    """Where the store has it."""
    return f"{FOLDER}/{inputs.digest_of(content.encode() if isinstance(content, str) else content)}"


class Store:
    """@sets are the markers of all who may use it."""

    def __init__(self, sets: Sequence[Given]) -> None:
        self._sets = list(sets)
        self._contents: dict[str, cpio.Content] | None = None

    def contents(self) -> Mapping[str, cpio.Content]:
        """Place -> content; nothing when there are no two sets, or another scenario's files cannot be had."""
        if self._contents is None:
            self._contents = {}
            try:
                sets = [made(given) for given in self._sets]
                places = [frozenset((name, place_of(content)) for name, content in files.items()) for files in sets]
                if len(set(places)) > 1:
                    self._contents = {place_of(content): content for files in sets for content in files.values()}
            except (OSError, Unusable):
                pass  # its own run says so
        return self._contents


def linking(files: Mapping[str, cpio.Content]) -> tuple[str, ...]:
    """The host's command that gives @files their places."""
    folders = sorted({posixpath.dirname(name) for name in files})
    lines = ["set -e", f"mkdir -p {shlex.join(folders)}"]
    lines += [f"ln -f {place_of(content)} {shlex.quote(name)}" for name, content in files.items()]
    return ("sh", "-c", "\n".join(lines))
