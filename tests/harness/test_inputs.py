# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of a scenario that `make` does not build by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.harness import inputs
from scenarios.harness.errors import Unusable


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A make that writes its words to the file returned, and fails for what is named "bad"."""
    said = tmp_path / "said"
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "make").write_text(f'#!/bin/sh\necho "$@ $MAKEFLAGS" >> {said}\ncase "$*" in *bad*) exit 2;; esac\n')
    (folder / "make").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("O", str(tmp_path / "out"))
    monkeypatch.setenv("MAKEFLAGS", "--jobserver-auth=3,4")
    return said


def test_what_is_there_or_not_ours_is_left_alone(make: Path, tmp_path: Path) -> None:
    there = tmp_path / "out/kernel"
    there.parent.mkdir()
    there.write_text("x")
    inputs.build_missing({"/a": there, "/b": b"bytes", "/c": tmp_path / "elsewhere"})
    assert not make.exists()


def test_what_is_missing_is_built(make: Path, tmp_path: Path) -> None:
    inputs.build_missing({"/a": tmp_path / "out/kernel", "/b": tmp_path / "out/disk"})
    (said,) = make.read_text().splitlines()
    assert said.split()[-2:] == [str(tmp_path / "out/disk"), str(tmp_path / "out/kernel")]
    assert "jobserver" not in said


def test_what_cannot_be_built(make: Path, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="bad"):
        inputs.build_missing({"/a": tmp_path / "out/bad"})
