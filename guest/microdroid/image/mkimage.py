# SPDX-License-Identifier: GPL-2.0-or-later
"""Microdroid's system image: EROFS, with dm-verity's hash tree behind it.

    python3 guest/microdroid/image/mkimage.py --sdk out/sdk --description rootfs.toml --image super.img \\
            --tree system.verity /DEST=SOURCE...

The tree's description (guest/microdroid/lib/verity.h) is for the initrd: with the root digest in it, it
stands for every byte of the image. The same inputs give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "platform/host"))

import elf  # noqa: E402  (platform/host)
import mkinitramfs  # noqa: E402
from newc import MTIME  # noqa: E402

BLOCK_BYTES = 4096
UUID = "c4f0c3a1-7e0b-4c51-9d3e-6d6963726f64"  # of the file system: any, but always this


def run(argv: list[str | Path]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise mkinitramfs.BuildError(f"{Path(argv[0]).name} failed: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def make_filesystem(sdk: Path, archive: bytes, image: Path) -> None:
    tar = image.with_name(image.name + ".tar")
    tar.write_bytes(archive)
    image.unlink(missing_ok=True)
    run([sdk / "bin/mkfs.erofs", "--quiet", f"-T{MTIME}", "-U", UUID, "--all-root", f"-b{BLOCK_BYTES}",
         "--tar=f", image, tar])
    tar.unlink()
    size = image.stat().st_size
    os.truncate(image, size + -size % BLOCK_BYTES)


def add_tree(sdk: Path, image: Path) -> str:
    """Append the hash tree; its description."""
    size = image.stat().st_size
    blocks = size // BLOCK_BYTES
    salt = hashlib.sha256(image.read_bytes()).hexdigest()  # any would do, and this one is always the same
    said = run([sdk / "bin/veritysetup", "format", "--no-superblock", f"--hash-offset={size}", f"--data-blocks={blocks}",
                f"--data-block-size={BLOCK_BYTES}", f"--hash-block-size={BLOCK_BYTES}", "--hash=sha256",
                f"--salt={salt}", image, image])
    match = re.search(r"^Root hash:\s+([0-9a-f]{64})$", said, re.MULTILINE)
    if not match:
        raise mkinitramfs.BuildError("veritysetup said no root hash")
    return (f"block_bytes={BLOCK_BYTES}\ndata_blocks={blocks}\nhash_start={blocks}\n"
            f"root_digest={match.group(1)}\nsalt={salt}\n")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="mkimage", description="Build Microdroid's system image.")
    parser.add_argument("--sdk", type=Path, required=True)
    parser.add_argument("--description", type=Path, required=True)
    parser.add_argument("--image", type=Path, required=True, help="the image, with its tree")
    parser.add_argument("--tree", type=Path, required=True, help="the tree's description")
    parser.add_argument("files", nargs="*", type=mkinitramfs.pair, metavar="/DEST=SOURCE")
    args = parser.parse_args(argv)
    partial = args.image.with_name(args.image.name + ".partial")
    try:
        archive = mkinitramfs.collect(args.sdk / "sysroot", None, args.description, args.files)
        args.image.parent.mkdir(parents=True, exist_ok=True)
        make_filesystem(args.sdk, archive.to_tar(), partial)
        tree = add_tree(args.sdk, partial)
        partial.replace(args.image)
        mkinitramfs.write_if_changed(args.tree, tree.encode())
    except (mkinitramfs.BuildError, elf.ElfError, OSError, ValueError, KeyError) as error:
        print(f"mkimage: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
