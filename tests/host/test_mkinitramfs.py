# SPDX-License-Identifier: GPL-2.0-or-later
"""mkinitramfs: the same bytes each time, libraries and modules with all they need, a sentence for what is missing."""

from __future__ import annotations

import lzma
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILDER = ROOT / "platform/host/mkinitramfs.py"
LIBRARIES = "usr/lib/aarch64-linux-gnu"
BUSYBOX = "usr/bin/busybox"
DESCRIPTION = """
directories = ["/dev", "/proc"]
modules_at_boot = ["top"]
modules_on_demand = ["other"]
programs = ["/usr/bin/busybox", "/usr/sbin/agent"]
library_path = ["/usr/lib/aarch64-linux-gnu", "/lib/aarch64-linux-gnu"]
busybox = "sh modprobe"
"""


def elf_file(needed: tuple[str, ...] = (), interpreter: str = "", machine: int = 183) -> bytes:
    """An ELF file of one segment that has what a loader looks at."""
    strings = b"\0" + b"".join(name.encode() + b"\0" for name in needed)
    base = 64 + 3 * 56
    names, dynamic, at = base, [], 1
    for name in needed:
        dynamic.append((1, at))
        at += len(name) + 1
    dynamic += [(5, 0x10000 + names), (0, 0)]
    interp = interpreter.encode() + b"\0"
    dyn_at = names + len(strings)
    interp_at = dyn_at + 16 * len(dynamic)
    size = interp_at + len(interp)

    def segment(kind: int, offset: int, length: int) -> bytes:
        return struct.pack("<IIQQQQQQ", kind, 5, offset, 0x10000 + offset, 0, length, length, 8)

    third = segment(3, interp_at, len(interp)) if interpreter else segment(0, 0, 0)
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, 3, 64, 0, 0)
    body = strings + b"".join(struct.pack("<QQ", *entry) for entry in dynamic) + interp
    return head + segment(1, 0, size) + segment(2, dyn_at, 16 * len(dynamic)) + third + body


def module_file(name: str, depends: str = "", alias: str = "") -> bytes:
    """A kernel module of which only .modinfo is there."""
    info = f"depends={depends}\0name={name}\0" + (f"alias={alias}\0" if alias else "")
    names = b"\0.modinfo\0.shstrtab\0"
    content = info.encode() + names
    table = 64 + len(content)
    sections = [(0, 0, 0), (1, 64, len(info)), (10, 64 + len(info), len(names))]
    headers = b"".join(
        struct.pack("<IIQQQQIIQQ", at, 1, 0, 0, offset, size, 0, 0, 1, 0) for at, offset, size in sections
    )
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 1, 183, 1, 0, 0, table, 0, 64, 0, 0, 64, 3, 2)
    return head + content + headers


def members(archive: bytes) -> dict[str, tuple[int, bytes]]:
    """A newc archive as path -> (mode, content), read on its own, with what must hold for all."""
    found, at, order = {}, 0, []
    while True:
        assert archive[at : at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        _, mode, uid, gid, _, mtime, size, *_, name_size, check = fields
        name = archive[at + 110 : at + 110 + name_size - 1].decode()
        start = (at + 110 + name_size + 3) & ~3
        if name == "TRAILER!!!":
            assert len(archive) % 512 == 0
            assert order == sorted(order)
            return found
        assert (uid, gid, check, mtime) == (0, 0, 0, 1767225600)
        order.append(name)
        found[name] = (mode, archive[start : start + size])
        at = (start + size + 3) & ~3


class Tree:
    """A small sysroot and kernel."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sysroot, self.kernel, self.output = folder / "sysroot", folder / "kernel", folder / "out.cpio"
        self.write("description.toml", DESCRIPTION.encode())
        self.write(f"sysroot/{BUSYBOX}", elf_file() + b"\0modprobe\0sh\0")
        loader = "/lib/ld-linux-aarch64.so.1"
        self.write("sysroot/usr/sbin/agent", elf_file(("libone.so.1",), loader))
        self.write(f"sysroot/{LIBRARIES}/libone-1.2.so", elf_file(("libtwo.so",)))
        (self.sysroot / LIBRARIES / "libone.so.1").symlink_to("libone-1.2.so")
        self.write(f"sysroot/{LIBRARIES}/libtwo.so", elf_file(("libone.so.1",)))
        self.write(f"sysroot/{LIBRARIES}/ld-linux-aarch64.so.1", elf_file())
        self.write("kernel/release", b"9.9-test\n")
        self.write("kernel/modules/kernel/a/top.ko.xz", lzma.compress(module_file("top", "mid-dle,low")))
        self.write("kernel/modules/kernel/a/mid-dle.ko.xz", lzma.compress(module_file("mid_dle", "low")))
        self.write("kernel/modules/kernel/b/low.ko", module_file("low"))
        self.write("kernel/modules/kernel/b/other.ko", module_file("other", "", "char-major-10-241"))
        self.write("kernel/modules/kernel/b/unused.ko", module_file("unused"))

    def sign(self, path: str, length: int | None = None) -> None:
        """Append a signature as the kernel's build does; @length: what its head says it has."""
        place, signature = self.folder / path, b"signature of 23 bytes.."
        head = bytes(8) + struct.pack(">I", len(signature) if length is None else length)
        place.write_bytes(place.read_bytes() + signature + head + b"~Module signature appended~\n")

    def write(self, path: str, data: bytes) -> Path:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        return place

    def build(self, *files: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, str(BUILDER), "--sysroot", str(self.sysroot), "--kernel", str(self.kernel)]
        argv += ["--description", str(self.folder / "description.toml"), "--output", str(self.output), *files]
        return subprocess.run(argv, capture_output=True, text=True)

    def built(self, *files: str) -> dict[str, tuple[int, bytes]]:
        done = self.build(*files)
        assert (done.returncode, done.stderr) == (0, "")
        return members(self.output.read_bytes())

    def refused(self, *files: str) -> str:
        done = self.build(*files)
        assert done.returncode == 1
        assert not self.output.exists()
        assert len(done.stderr.splitlines()) == 1
        return done.stderr.removeprefix("mkinitramfs: ").strip()


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_libraries_follow(tree: Tree) -> None:
    found = tree.built()
    for name in ("libone.so.1", "libtwo.so"):
        assert found[f"{LIBRARIES}/{name}"][0] == 0o100755
    assert found["usr/lib/ld-linux-aarch64.so.1"][0] == 0o100755
    assert f"{LIBRARIES}/libone-1.2.so" not in found
    assert found["lib"] == (0o120777, b"usr/lib")
    assert found["usr/bin/sh"] == (0o120777, b"/usr/bin/busybox")


def test_private_libraries_lie_elsewhere(tree: Tree) -> None:
    description = tree.output.with_name("private.toml")
    description.write_text(DESCRIPTION + 'private_libraries = { "/usr/lib/ours" = ["libtwo.so"] }\n')
    argv = [sys.executable, str(BUILDER), "--sysroot", str(tree.sysroot), "--kernel", str(tree.kernel)]
    subprocess.run([*argv, "--description", str(description), "--output", str(tree.output)], check=True)
    found = members(tree.output.read_bytes())
    assert "usr/lib/ours/libtwo.so" in found
    assert f"{LIBRARIES}/libtwo.so" not in found
    assert f"{LIBRARIES}/libone.so.1" in found


def test_a_library_of_our_own(tree: Tree) -> None:
    own = tree.write("own/libown.so.1", elf_file(("libone.so.1",)))
    user = tree.write("own/user", elf_file(("libown.so.1",)))
    assert "needs the shared library libown.so.1" in tree.refused(f"/usr/bin/={user}")
    found = tree.built(f"/usr/bin/={user}", f"/{LIBRARIES}/={own}")
    assert found[f"{LIBRARIES}/libown.so.1"] == (0o100755, own.read_bytes())


def test_modules_and_their_order(tree: Tree) -> None:
    found = tree.built()
    base = "usr/lib/modules/9.9-test"
    assert found["etc/modules-at-boot"][1].decode().split() == [
        f"/{base}/{name}.ko" for name in ("low", "mid_dle", "top")
    ]
    assert found[f"{base}/modules.dep"][1].decode().splitlines() == [
        "low.ko:", "mid_dle.ko: low.ko", "other.ko:", "top.ko: mid_dle.ko low.ko",
    ]
    assert found[f"{base}/modules.alias"][1] == b"alias char-major-10-241 other\n"
    assert found[f"{base}/top.ko"][1] == module_file("top", "mid-dle,low")
    assert f"{base}/unused.ko" not in found


def test_files_and_their_modes(tree: Tree) -> None:
    program = tree.write("prog", elf_file(("libtwo.so",)))
    text = tree.write("text", b"hello")
    script = tree.write("script", b"#!/bin/sh\n")
    found = tree.built(f"/usr/bin/={program}", f"/a/b/c.txt={text}", f"/init={script}")
    assert found["usr/bin/prog"][0] == 0o100755
    assert found["a/b/c.txt"] == (0o100644, b"hello")
    assert found["a/b"][0] == 0o040755
    assert found["init"][0] == 0o100755


def test_same_bytes_whatever_the_order_time_and_umask(tree: Tree) -> None:
    one, two = tree.write("one", b"1"), tree.write("two", b"2")
    tree.built(f"/x/={one}", f"/y/={two}")
    first = tree.output.read_bytes()
    tree.output.unlink()
    os.utime(one, (1, 1))
    one.chmod(0o600)
    before = os.umask(0o077)
    try:
        tree.built(f"/y/={two}", f"/x/={one}")
    finally:
        os.umask(before)
    assert tree.output.read_bytes() == first


def test_below_a_folder_of_its_own_without_kernel(tree: Tree) -> None:
    description = 'root = "/own"\ndirectories = []\nprograms = ["/usr/sbin/agent"]\nbusybox = ""\n'
    tree.write("description.toml", (description + f'library_path = ["/{LIBRARIES}"]\n').encode())
    argv = [sys.executable, str(BUILDER), "--sysroot", str(tree.sysroot), "--description"]
    argv += [str(tree.folder / "description.toml"), "--output", str(tree.output)]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    found = members(tree.output.read_bytes())
    assert found[f"own/{LIBRARIES}/libtwo.so"][0] == 0o100755
    assert found["own/usr/lib/ld-linux-aarch64.so.1"][0] == 0o100755
    assert all(name == "own" or name.startswith("own/") for name in found)


def test_missing_library(tree: Tree) -> None:
    (tree.sysroot / LIBRARIES / "libtwo.so").unlink()
    said = tree.refused()
    assert said.startswith("libone.so.1 needs the shared library libtwo.so, which is in none of ")


def test_missing_module(tree: Tree) -> None:
    (tree.kernel / "modules/kernel/b/low.ko").unlink()
    assert "the kernel module mid_dle needs the kernel module low, which is not in" in tree.refused()


def test_damaged_module(tree: Tree) -> None:
    tree.write("kernel/modules/kernel/a/top.ko.xz", b"no xz")
    assert "not a kernel module" in tree.refused()


def test_program_of_another_machine(tree: Tree) -> None:
    program = tree.write("prog", elf_file(machine=62))
    assert tree.refused(f"/usr/bin/={program}") == "/usr/bin/prog is not an arm64 program (ELF machine 62)"


def test_missing_file(tree: Tree) -> None:
    assert "no-such-file: No such file or directory" in tree.refused(f"/x={tree.folder}/no-such-file")


def test_one_path_two_contents(tree: Tree) -> None:
    one, two = tree.write("one", b"1"), tree.write("two", b"2")
    assert "is in the archive twice" in tree.refused(f"/x={one}", f"/x={two}")


def test_damaged_program(tree: Tree) -> None:
    program = tree.write("prog", elf_file(("libtwo.so",))[:100])
    assert "damaged ELF file" in tree.refused(f"/usr/bin/={program}")


def test_links_stay_in_the_sysroot(tree: Tree) -> None:
    library = tree.sysroot / LIBRARIES / "libtwo.so"
    library.unlink()
    library.symlink_to(f"/{LIBRARIES}/libthree.so")
    tree.write(f"sysroot/{LIBRARIES}/libthree.so", elf_file())
    assert f"{LIBRARIES}/libtwo.so" in tree.built()


def test_busybox_without_the_program(tree: Tree) -> None:
    tree.write(f"sysroot/{BUSYBOX}", elf_file() + b"\0sh\0")
    assert tree.refused() == "busybox has no program modprobe"


def test_modules_come_without_signature(tree: Tree) -> None:
    plain = (tree.folder / "kernel/modules/kernel/b/low.ko").read_bytes()
    tree.sign("kernel/modules/kernel/b/low.ko")
    assert tree.built()["usr/lib/modules/9.9-test/low.ko"][1] == plain


def test_signature_that_cannot_be(tree: Tree) -> None:
    tree.sign("kernel/modules/kernel/b/low.ko", 1 << 30)
    assert "signature is longer than the file" in tree.refused()
