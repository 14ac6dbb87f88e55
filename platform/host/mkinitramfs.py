# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the host's initramfs: an uncompressed newc archive.

    python3 -m platform.host.mkinitramfs --sysroot DIR [--kernel DIR] --output FILE \
        [--description initramfs.toml] [DEST=SOURCE | DEST/=SOURCE]...

Holds what the description names (programs and kernel modules of the SDK) and
every DEST=SOURCE; shared libraries follow by DT_NEEDED (from the sysroot, or a
/DEST/=SOURCE that names the folder of libraries), kernel modules bring their dependencies. The same inputs give the same bytes.
"""

from __future__ import annotations

import argparse
import lzma
import os
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
if __package__ in (None, ""):
    # "platform" is also the name of a module of Python's own: run as a file,
    # import the neighbours by their bare names.
    sys.path.insert(0, str(HERE))
import elf
from newc import Archive

LIBRARY_DIR = "/usr/lib/aarch64-linux-gnu"
BUSYBOX = "/usr/bin/busybox"
SIGNATURE_MARK = b"~Module signature appended~\n"
SIGNATURE_HEAD_BYTES = 12


class BuildError(Exception):
    """Why there is no initramfs, in one sentence."""


def resolve_in(root: Path, path: str) -> Path:
    """The file that @path means inside @root: symbolic links stay below @root."""
    current = root
    parts = [part for part in path.split("/") if part]
    hops = 0
    while parts:
        part = parts.pop(0)
        if part == "..":
            current = current.parent if current != root else root
            continue
        following = current / part
        if following.is_symlink():
            hops += 1
            if hops > 40:
                raise BuildError(f"{path}: too many symbolic links in {root}")
            target = os.readlink(following)
            if target.startswith("/"):
                current = root
            parts = [piece for piece in target.split("/") if piece not in ("", ".")] + parts
        else:
            current = following
    return current


class Libraries:
    """Finds shared libraries by name and adds what they need in turn."""

    def __init__(
        self, archive: Archive, sysroot: Path, search: list[str], given: set[str], elsewhere: dict[str, str]
    ) -> None:
        self._archive = archive
        self._elsewhere = elsewhere
        self._sysroot = sysroot
        self._search = search
        self._done = given

    def add_needs_of(self, path: str, data: bytes) -> None:
        """Add the loader and all libraries that the ELF file @data at @path needs."""
        info = elf.parse(data)
        if not info.is_arm64:
            raise BuildError(f"{path} is not an arm64 program (ELF machine {info.machine})")
        if info.interpreter:
            self._add(Path(info.interpreter).name, info.interpreter, path)
        for name in info.needed:
            self._add(name, f"{self._elsewhere.get(name, LIBRARY_DIR)}/{name}", path)

    def _add(self, name: str, dest: str, user: str) -> None:
        if name in self._done:
            return
        data = self._find(name, user)
        self._done.add(name)
        self._archive.file(dest if not dest.startswith("/lib/") else f"/usr{dest}", data, 0o755)
        self.add_needs_of(name, data)

    def _find(self, name: str, user: str) -> bytes:
        for directory in self._search:
            candidate = resolve_in(self._sysroot, f"{directory}/{name}")
            if candidate.is_file():
                return candidate.read_bytes()
        raise BuildError(
            f"{user} needs the shared library {name}, which is in none of "
            f"{', '.join(self._search)} below {self._sysroot}"
        )


@dataclass
class Module:
    name: str
    data: bytes
    depends: list[str]
    aliases: list[str]


class Modules:
    """Kernel modules with their dependencies, the indexes that modprobe reads."""

    def __init__(self, tree: Path) -> None:
        self._files = {
            _module_name(path): path for path in sorted(tree.rglob("*.ko*")) if path.is_file()
        }
        self._tree = tree
        self._ordered: dict[str, Module] = {}

    def require(self, name: str, user: str = "the description") -> None:
        """Add @name after everything that it depends on."""
        name = name.replace("-", "_")
        if name in self._ordered:
            return
        if name not in self._files:
            raise BuildError(f"{user} needs the kernel module {name}, which is not in {self._tree}")
        module = _read_module(name, self._files[name])
        for dependency in module.depends:
            self.require(dependency, f"the kernel module {name}")
        self._ordered[name] = module

    def closure(self, name: str) -> list[str]:
        """@name's dependencies, nearest first, as modules.dep has them."""
        found: list[str] = []
        for dependency in self._ordered[name].depends:
            for item in (dependency, *self.closure(dependency)):
                if item not in found:
                    found.append(item)
        return found

    def write(self, archive: Archive, release: str, at_boot: list[str]) -> None:
        base = f"/usr/lib/modules/{release}"
        dep, alias = [], []
        for module in self._ordered.values():
            archive.file(f"{base}/{module.name}.ko", module.data)
            needs = " ".join(f"{item}.ko" for item in self.closure(module.name))
            dep.append(f"{module.name}.ko: {needs}".rstrip() + "\n")
            alias += [f"alias {item} {module.name}\n" for item in module.aliases]
        archive.file(f"{base}/modules.dep", "".join(sorted(dep)).encode())
        archive.file(f"{base}/modules.alias", "".join(sorted(alias)).encode())
        wanted = {item for name in at_boot for item in (name, *self.closure(name))}
        order = [name for name in self._ordered if name in wanted]
        lines = "".join(f"{base}/{name}.ko\n" for name in order)
        archive.file("/etc/modules-at-boot", lines.encode())


def _module_name(path: Path) -> str:
    return path.name.split(".ko")[0].replace("-", "_")


def without_signature(data: bytes) -> bytes:
    """A module as it was before it was signed: struct module_signature and the mark behind it (Linux, module_signature.h)."""
    if not data.endswith(SIGNATURE_MARK):
        return data
    end = len(data) - len(SIGNATURE_MARK)
    length = int.from_bytes(data[end - 4 : end], "big") + SIGNATURE_HEAD_BYTES
    if length > end:
        raise elf.ElfError("its signature is longer than the file")
    return data[: end - length]


def _read_module(name: str, path: Path) -> Module:
    data = path.read_bytes()
    try:
        # Decompressed here: the kernel would spend boot time on it.
        data = lzma.decompress(data) if path.suffix == ".xz" else data
        data = without_signature(data)  # as long: an elliptic curve for each module
        info = elf.section(data, ".modinfo").decode().split("\0")
    except (lzma.LZMAError, elf.ElfError) as error:
        raise BuildError(f"{path}: not a kernel module: {error}") from error
    values = [item.split("=", 1) for item in info if "=" in item]
    depends = [item for key, value in values if key == "depends" for item in value.split(",")]
    aliases = [value for key, value in values if key == "alias"]
    return Module(name, data, [item.replace("-", "_") for item in depends if item], aliases)


def add_tree(archive: Archive, libraries: Libraries, dest: str, source: Path) -> None:
    """Put the file @source at @dest (into it, if it ends with /)."""
    if dest.endswith("/"):
        dest += source.name
    try:
        data = source.read_bytes()
    except OSError as error:
        raise BuildError(f"{source}: {error.strerror}") from error
    loadable = elf.is_elf(data) and not source.name.endswith((".ko", ".elf"))
    runs = loadable or data.startswith(b"#!")
    archive.file(dest, data, 0o755 if runs else 0o644)
    if loadable:
        libraries.add_needs_of(dest, data)


def collect(
    sysroot: Path, kernel: Path | None, description: Path, extra: list[tuple[str, Path]]
) -> Archive:
    """The archive. @kernel is only needed where the description names modules."""
    text = tomllib.loads(description.read_text())
    archive = Archive(text.get("root", ""))
    for directory in ("/bin", "/sbin", "/lib"):
        archive.symlink(directory, f"usr{directory}")
    for directory in text["directories"]:
        if not directory.startswith("/lib"):
            archive.directory(directory)
    given = {source.name for dest, source in extra if dest == f"{LIBRARY_DIR}/"}
    elsewhere = {name: folder for folder, names in text.get("private_libraries", {}).items() for name in names}
    libraries = Libraries(archive, sysroot, text["library_path"], given, elsewhere)
    for path in text["programs"]:
        add_tree(archive, libraries, path, resolve_in(sysroot, path))
    applets = text["busybox"].split()
    busybox = resolve_in(sysroot, BUSYBOX).read_bytes() if applets else b""
    for applet in applets:
        if b"\0%s\0" % applet.encode() not in busybox:  # its table of names
            raise BuildError(f"busybox has no program {applet}")
        place = "/usr/sbin" if applet in ("modprobe", "poweroff", "reboot") else "/usr/bin"
        archive.symlink(f"{place}/{applet}", BUSYBOX)
    if kernel is not None:
        modules = Modules(kernel / "modules")
        for name in text["modules_at_boot"] + text["modules_on_demand"]:
            modules.require(name)
        release = (kernel / "release").read_text().strip()
        modules.write(archive, release, text["modules_at_boot"])
    for dest, source in extra:
        add_tree(archive, libraries, dest, source)
    return archive


def write_if_changed(path: Path, data: bytes) -> None:
    """Replace @path in one step; a reader never sees half an archive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_bytes() == data:
        path.touch()
        return
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.replace(path)


def pair(text: str) -> tuple[str, Path]:
    dest, equals, source = text.partition("=")
    if not equals or not dest.startswith("/"):
        raise argparse.ArgumentTypeError(f"{text!r} is not /DEST=SOURCE")
    return dest, Path(source)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="mkinitramfs", description="Build the host's initramfs.")
    parser.add_argument("--sysroot", type=Path, required=True, help="arm64 userland")
    parser.add_argument("--kernel", type=Path, help="has modules/ and release; without: no modules")
    parser.add_argument("--description", type=Path, default=HERE / "initramfs.toml")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("files", nargs="*", type=pair, metavar="/DEST=SOURCE")
    args = parser.parse_args(argv)
    try:
        data = collect(args.sysroot, args.kernel, args.description, args.files).to_bytes()
        write_if_changed(args.output, data)
    except (BuildError, elf.ElfError, OSError, ValueError, KeyError) as error:
        print(f"mkinitramfs: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
