# SPDX-License-Identifier: GPL-2.0-or-later
"""The builder of packages: what it hands to the signer, and what comes of failures."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# zipalign ... IN OUT; apksigner ... --out OUT IN
ZIPALIGN = 'while [ $# -gt 2 ]; do shift; done; cp "$1" "$2"'
APKSIGNER = 'echo "$@" > "$0.said"; while [ $# -gt 2 ]; do shift; done; cp "$2" "$1"; echo idsig > "$1.idsig"'


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, script in (("zipalign", ZIPALIGN), ("apksigner", APKSIGNER)):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    (tmp_path / "a.so").write_bytes(b"library" * 100)
    (tmp_path / "text").write_bytes(b"text" * 100)
    return folder


def build(tools: Path, *arguments: str) -> subprocess.CompletedProcess:
    argv = [sys.executable, ROOT / "guest/payload/mkapk.py", "--key", "k.pk8", "--certificate", "k.pem", "--output",
            tools.parent / "hello.apk", *arguments]
    path = {"PATH": f"{tools}:{os.environ['PATH']}"}
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=os.environ | path)


def test_a_package(tools: Path) -> None:
    here = tools.parent
    done = build(tools, f"lib/arm64-v8a/a.so={here}/a.so", f"assets/text={here}/text", "--verity")
    assert (done.returncode, done.stderr) == (0, "")
    with zipfile.ZipFile(here / "hello.apk") as archive:
        kinds = {info.filename: info.compress_type for info in archive.infolist()}
        manifest = archive.read("AndroidManifest.xml")
    assert kinds == {"AndroidManifest.xml": zipfile.ZIP_DEFLATED, "lib/arm64-v8a/a.so": zipfile.ZIP_STORED,
                     "assets/text": zipfile.ZIP_DEFLATED}
    assert "org.terrarium.payload.hello".encode("utf-16-le") in manifest
    assert int.from_bytes(manifest[4:8], "little") == len(manifest)
    assert (here / "hello.apk.idsig").read_text() == "idsig\n"
    assert sorted(path.name for path in here.iterdir()) == ["a.so", "bin", "hello.apk", "hello.apk.idsig", "text"]
    said = (tools / "apksigner.said").read_text()
    for words in ("--v1-signing-enabled false", "--v2-signing-enabled false", "--v3-signing-enabled true",
                  "--v4-signing-enabled true", "--verity-enabled", "--key k.pk8 --cert k.pem"):
        assert words in said


@pytest.mark.parametrize("tool", ["zipalign", "apksigner"])
def test_a_tool_that_fails(tools: Path, tool: str) -> None:
    (tools / tool).write_text("#!/bin/sh\necho it is broken >&2\nexit 3\n")
    done = build(tools, f"a.so={tools.parent}/a.so")
    assert (done.returncode, done.stderr) == (1, f"mkapk: {tool} failed: it is broken\n")
    assert not (tools.parent / "hello.apk").exists()


@pytest.mark.parametrize("file", ["a.so", "/a.so=x", "=x"])
def test_a_file_that_is_none(tools: Path, file: str) -> None:
    done = build(tools, file)
    assert done.returncode == 2
    assert "not DEST=SOURCE" in done.stderr
