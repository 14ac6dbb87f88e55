# SPDX-License-Identifier: GPL-2.0-or-later
"""The image's builder: what the makers of file system and hash tree are given, and what comes of their failures."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILDER = ROOT / "guest/microdroid/image/mkimage.py"
DIGEST = hashlib.sha256(b"root").hexdigest()
# mkfs: the "file system" is the archive. veritysetup: the "tree" is a line behind it.
MKFS = 'while [ $# -gt 2 ]; do shift; done; cp "$2" "$1"'
DESCRIPTION = """directories = ["/proc"]
modules_at_boot = []
modules_on_demand = []
programs = []
library_path = []
busybox = ""
"""
VERITY = f'for last; do :; done; echo "$@" >> "$last"; printf "Salt: x\\nRoot hash:  \\t{DIGEST}\\n"'


@pytest.fixture
def sdk(tmp_path: Path) -> Path:
    folder = tmp_path / "sdk/bin"
    folder.mkdir(parents=True)
    for name, script in (("mkfs.erofs", MKFS), ("veritysetup", VERITY)):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    (tmp_path / "program").write_bytes(b"#!/bin/x\n")
    (tmp_path / "rootfs.toml").write_text(DESCRIPTION)
    return folder.parent


def build(sdk: Path, *files: str) -> subprocess.CompletedProcess:
    here = sdk.parent
    argv = [sys.executable, BUILDER, "--sdk", sdk, "--image", here / "image", "--tree", here / "tree",
            "--description", here / "rootfs.toml", *files]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def test_an_image_and_its_tree(sdk: Path) -> None:
    here = sdk.parent
    done = build(sdk, f"/opt/a.so={here}/program")
    assert (done.returncode, done.stderr) == (0, "")
    image = (here / "image").read_bytes()
    blocks = len(image) // 4096
    data = image[: blocks * 4096]
    tree = dict(line.split("=") for line in (here / "tree").read_text().splitlines())
    assert tree == {"block_bytes": "4096", "data_blocks": str(blocks), "hash_start": str(blocks), "root_digest": DIGEST,
                    "salt": hashlib.sha256(data).hexdigest()}
    said = image[len(data) :].decode()
    assert f"--hash-offset={blocks * 4096} --data-blocks={blocks}" in said
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = tar.getmembers()
        kinds = {member.name: (member.isdir(), member.uid) for member in members}
        assert (kinds["proc"], kinds["opt"], kinds["opt/a.so"]) == ((True, 0), (True, 0), (False, 0))
        assert len({member.mtime for member in members}) == 1
    assert build(sdk, f"/opt/a.so={here}/program").returncode == 0
    assert (here / "image").read_bytes().replace(b".partial", b"") == image.replace(b".partial", b"")


@pytest.mark.parametrize(
    ("tool", "script", "word"),
    [("mkfs.erofs", "echo no room >&2; exit 1", "no room"), ("veritysetup", "exit 2", "veritysetup"),
     ("veritysetup", "echo hello", "no root hash")],
)
def test_a_maker_that_fails_leaves_nothing(sdk: Path, tool: str, script: str, word: str) -> None:
    (sdk / "bin" / tool).write_text(f"#!/bin/sh\n{script}\n")
    done = build(sdk, f"/opt/a.so={sdk.parent}/program")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("mkimage: ") and word in line
    assert not (sdk.parent / "image").exists() and not (sdk.parent / "tree").exists()


def test_a_file_that_is_not_there(sdk: Path) -> None:
    done = build(sdk, "/opt/a.so=/nonexistent")
    assert done.returncode == 1
    assert "/nonexistent" in done.stderr
