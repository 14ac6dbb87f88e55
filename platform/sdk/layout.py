# SPDX-License-Identifier: GPL-2.0-or-later
"""What each unpacked set looks like to the rest of the project: fixed names in
out/sdk/bin, out/sdk/kernel and out/sdk/sysroot, whatever the versions are.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from aptroot import Package
from errors import SdkError
from unpack import relocate, version_of

CROSS_PREFIX = "aarch64-linux-gnu-"
BINUTILS = ("addr2line", "ar", "as", "c++filt", "ld", "nm", "objcopy", "objdump", "ranlib",
            "readelf", "size", "strings", "strip")
TRIPLET = "aarch64-linux-gnu"


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def link(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def start_by_loader(out: Path, program: Path, closure: Path, env: str = "", options: str = "") -> None:
    """A script in out/sdk/bin that starts @program with the loader and libraries of @closure."""
    if not program.exists():
        raise SdkError(f"the packages of {closure.name} have no {program.name}")
    libraries = closure / "usr/lib/x86_64-linux-gnu"
    script(out / "bin" / program.name,
           f'{env}exec "{libraries}/ld-linux-x86-64.so.2" --library-path "{libraries}:{libraries.parent}" '
           f'--argv0 {program.name} "{program}"{options} "$@"')


def finish_qemu(out: Path) -> None:
    """QEMU keeps its ELF files as they are: it is started through the set's
    own loader, since patchelf would rewrite a 30 MB program for nothing."""
    qemu = out / "qemu"
    modules = f'QEMU_MODULE_DIR="{qemu}/usr/lib/x86_64-linux-gnu/qemu" '
    for name in ("qemu-system-aarch64", "qemu-img"):
        data = f' -L "{qemu}/usr/share/qemu" -L "{qemu}/usr/share/seabios"' if name.startswith("qemu-system") else ""
        start_by_loader(out, qemu / "usr/bin" / name, qemu, modules, data)


def finish_cbmc(out: Path) -> None:
    start_by_loader(out, out / "cbmc/usr/bin/cbmc", out / "cbmc")


def finish_images(out: Path) -> None:
    images = out / "images"
    for name in ("usr/bin/mkfs.erofs", "usr/bin/fsck.erofs", "usr/sbin/veritysetup"):
        start_by_loader(out, images / name, images)


def finish_cross(out: Path) -> None:
    cross = out / "cross"
    relocate(cross / "usr/bin", cross)
    relocate(cross / "usr/libexec", cross)
    for tool in BINUTILS:
        link(out / "bin" / (CROSS_PREFIX + tool), cross / "usr/bin" / (CROSS_PREFIX + tool))
    compilers = sorted((cross / "usr/bin").glob(CROSS_PREFIX + "gcc-[0-9]*"))
    if not compilers:
        raise SdkError("the cross compiler's packages have no gcc")
    for tool in ("gcc", "cpp", "gcov"):
        version = compilers[-1].name.rsplit("-", 1)[1]
        link(out / "bin" / (CROSS_PREFIX + tool), cross / "usr/bin" / f"{CROSS_PREFIX}{tool}-{version}")


def finish_sysroot(out: Path) -> None:
    """pkg-config for the sysroot; absolute links made relative, so that the
    compiler does not leave the sysroot."""
    sysroot = out / "sysroot"
    for path in sysroot.rglob("*"):
        if path.is_symlink() and os.readlink(path).startswith("/"):
            inside = sysroot / os.readlink(path).lstrip("/")
            link(path, Path(os.path.relpath(inside, path.parent)))
    script(out / "bin" / (CROSS_PREFIX + "pkg-config"),
           f'export PKG_CONFIG_SYSROOT_DIR="{sysroot}"\n'
           f'export PKG_CONFIG_LIBDIR="{sysroot}/usr/lib/{TRIPLET}/pkgconfig:{sysroot}/usr/share/pkgconfig"\n'
           'exec pkg-config "$@"')


def finish_kernel(out: Path) -> None:
    kernel = out / "kernel"
    trees = sorted((kernel / "usr/lib/modules").iterdir())
    if len(trees) != 1:
        raise SdkError("the kernel's packages hold no or more than one release: "
                       + ", ".join(tree.name for tree in trees))
    release = trees[0].name
    common = sorted((kernel / "usr/src").glob("linux-headers-*-common"))[0]
    link(kernel / "Image", trees[0] / "vmlinuz")
    link(kernel / "config", trees[0] / "config")
    link(kernel / "modules", trees[0])
    link(kernel / "headers-common", common)
    (kernel / "release").write_text(release + "\n")
    build = kernel / f"usr/src/linux-headers-{release}"
    # The packaged ones name absolute places and a compiler on PATH.
    (build / "Makefile").write_text(f"KBUILD_OUTPUT={build}\ninclude {common}/Makefile\n")
    (build / ".kernelvariables").write_text(
        f"override ARCH = arm64\noverride KERNELRELEASE = {release}\n"
        f"override CROSS_COMPILE = {out}/bin/{CROSS_PREFIX}\nCC = $(CROSS_COMPILE)gcc\n")
    link(kernel / "build", build)
    kbuild = sorted((kernel / "usr/lib").glob("linux-kbuild-*"))[0]
    relocate(kbuild, kernel)
    relocate(kernel / "usr/bin", kernel)
    done = subprocess.run(["depmod", "-b", kernel / "usr", release], env=_with_sbin(),
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SdkError(f"depmod failed on the kernel's modules: {done.stderr.strip()[-200:]}")


FINISH = {"qemu": finish_qemu, "cross": finish_cross, "kernel": finish_kernel, "sysroot": finish_sysroot,
          "images": finish_images, "cbmc": finish_cbmc}


def _with_sbin() -> dict:
    return dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def use_system(name: str, own: Path, out: Path) -> None:
    """Point out/sdk/bin at the machine's own tools of set `name`."""
    if name == "qemu":
        wanted = ["qemu-system-aarch64", "qemu-img"]
    elif name == "cbmc":
        wanted = ["cbmc"]
    else:
        wanted = [CROSS_PREFIX + tool for tool in (*BINUTILS, "gcc", "cpp", "gcov")]
    for tool in wanted:
        path = shutil.which(tool)
        if not path:
            raise SdkError(f"{own} is new enough but {tool} beside it is missing: install it or set TERRARIUM_SDK_ONLY=1")
        link(out / "bin" / tool, Path(path))


def kernel_version(manifest: dict) -> str:
    """The Debian version of the SDK's kernel, which its source has too, by what manifest.json holds."""
    for name, package in manifest["packages"]["kernel"].items():
        if name.startswith("linux-binary-"):
            return package["version"]
    raise SdkError("the SDK's kernel set holds no package linux-binary-*: remove out/sdk and run make setup again")


def write_manifest(out: Path, suites: list[str], sets: dict[str, list[Package]], tools: dict[str, str]) -> None:
    """out/sdk/manifest.json: what every report quotes."""
    def dotted(tool: str) -> str:
        version = version_of([str(out / "bin" / tool), "--version"])
        if version is None:
            raise SdkError(f"out/sdk/bin/{tool} does not start: remove out/sdk and run make setup again")
        return ".".join(map(str, version))

    qemu = dotted("qemu-system-aarch64")
    if tuple(map(int, qemu.split("."))) < (11, 1):
        raise SdkError(f"QEMU {qemu} is too old: plugins need API version 7, that is 11.1 or newer")
    release = (out / "kernel/release").read_text().strip()
    if tuple(map(int, re.findall(r"\d+", release)[:2])) < (7, 2):
        raise SdkError(f"kernel {release} is too old: 7.2 or newer is needed")
    manifest = {
        "qemu": qemu,
        "gcc": dotted(CROSS_PREFIX + "gcc"),
        "kernel": release,
        "suites": suites,
        "origin": tools,
        "packages": {name: {f"{p.name}:{p.architecture}": {"version": p.version, "sha256": p.sha256}
                            for p in packages} for name, packages in sorted(sets.items())},
    }
    temporary = out / "manifest.json.new"
    temporary.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    temporary.replace(out / "manifest.json")
