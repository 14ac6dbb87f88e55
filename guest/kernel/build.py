# SPDX-License-Identifier: GPL-2.0-or-later
"""The Microdroid kernel: built once from Debian's Linux source and kept in the cache.

    python3 guest/kernel/build.py --sdk out/sdk --config guest/kernel/microdroid.config \\
            --work out/build/kernel --output out/guest/microdroid

What comes out is named by what goes in: the source package's version, the
compiler's, the configuration's lines and RECIPE. So a second call, in any
checkout, takes it from the cache (built/microdroid-kernel-KEY), and needs
neither the source nor the tools that build it.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SDK_SOURCES = ROOT / "platform/sdk"
sys.path.insert(0, str(SDK_SOURCES))

from cache import cache_folder, need_space  # noqa: E402  (platform/sdk)
from errors import SdkError  # noqa: E402
from layout import kernel_version  # noqa: E402

RECIPE = 1  # count it up when a change of this file changes what comes out
WORK_BYTES = 1_400_000_000  # measured: source as unpacked 0.76 GB, objects 0.4 GB
# Never compiled here, and two thirds of the source. Kconfig and make files stay: all are read.
LEFT_OUT = (
    "*/Documentation/*/*", "*/tools/testing/*", "*/arch/[!a]*/*.[chS]", "*/sound/*.[ch]", "*/drivers/gpu/*.[ch]",
    "*/drivers/media/*.[ch]", "*/drivers/net/ethernet/*.[ch]", "*/drivers/net/wireless/*.[ch]",
)
RESULTS = ("Image", "config", "System.map")
# The same bytes on every machine and day.
REPRODUCIBLE = {
    "KBUILD_BUILD_TIMESTAMP": "1970-01-01 00:00:00 UTC", "KBUILD_BUILD_USER": "terrarium",
    "KBUILD_BUILD_HOST": "terrarium", "KBUILD_BUILD_VERSION": "1", "LC_ALL": "C",
}


def say(text: str) -> None:
    print(f"kernel: {text}", flush=True)


def options_in(fragment: Path) -> list[str]:
    return [line for line in fragment.read_text().splitlines() if line.startswith("CONFIG_")]


def key_of(manifest: dict, fragment: Path) -> str:
    parts = [kernel_version(manifest), manifest["gcc"], sorted(options_in(fragment)), RECIPE]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def run(argv: list[str], doing: str, log: Path, **options) -> None:
    """Run a command with its output in @log. Raises SdkError with the last lines that it wrote."""
    with open(log, "ab") as file:
        done = subprocess.run(argv, stdout=file, stderr=subprocess.STDOUT, check=False, **options)
    if done.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
        raise SdkError(f"{doing} failed, the whole log is {log}:\n{tail}")


def packages_in(file: Path) -> list[str]:
    lines = (line.split("#")[0].strip() for line in file.read_text().splitlines())
    return [line for line in lines if line]


def unpack_source(sdk: Path, work: Path, key: str) -> Path:
    """The source below @work, as of an earlier call if that one was cut off after it."""
    source, mark = work / "source", work / "source.key"
    if mark.exists() and mark.read_text() == key:
        return source
    shutil.rmtree(work, ignore_errors=True)
    source.mkdir(parents=True)
    need_space(work, WORK_BYTES, "building the Microdroid kernel")
    fetched = subprocess.run(
        [sys.executable, SDK_SOURCES / "sdk.py", "fetch", "linux-source", "--out", sdk],
        stdout=subprocess.PIPE, text=True, check=False)
    if fetched.returncode != 0:
        raise SdkError("no source for the Microdroid kernel (make sdk-update takes the newest kernel, for which there is one)")
    package = fetched.stdout.splitlines()[-1]
    say("unpacking the source")
    excludes = " ".join(f"--exclude='{pattern}'" for pattern in LEFT_OUT)
    run(["bash", "-c", "set -o pipefail; dpkg-deb --fsys-tarfile \"$1\" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' "
         f"| xz -dc | tar -x --strip-components=1 -C \"$2\" {excludes}", "unpack", package, str(source)],
        "unpacking the kernel's source", work / "log")
    mark.write_text(key)
    return source


def check_config(fragment: Path, config: Path) -> None:
    """Every line of the fragment is in the configuration: Kconfig drops what it cannot have without a word."""
    have = set(config.read_text().splitlines())
    lost = [line for line in options_in(fragment) if line not in have]
    if lost:
        raise SdkError(f"{fragment}: not in the kernel's configuration (renamed, or something that they need is missing): "
                       + ", ".join(lost))


def build(sdk: Path, fragment: Path, work: Path, key: str, jobs: int) -> dict[str, Path]:
    """Build; the paths of RESULTS below @work."""
    work.parent.mkdir(parents=True, exist_ok=True)
    run([str(SDK_SOURCES / "system.sh"), *packages_in(SDK_SOURCES / "kernel-packages.txt")],
        "installing what a kernel's build needs", work.parent / "kernel-setup.log")
    source = unpack_source(sdk, work, key)
    objects = work / "objects"
    objects.mkdir(exist_ok=True)
    unwanted = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "O", "CC", "CPU", "V", "KERNEL")
    env = {name: value for name, value in os.environ.items() if name not in unwanted} | REPRODUCIBLE
    make = ["make", "-s", "-C", str(source), f"O={objects}", "ARCH=arm64", f"CROSS_COMPILE={sdk}/bin/aarch64-linux-gnu-"]
    run([*make, f"KCONFIG_ALLCONFIG={fragment}", "allnoconfig"], "configuring the kernel", work / "log", env=env)
    check_config(fragment, objects / ".config")
    say("compiling: some minutes, once")
    run([*make, f"-j{jobs}", "Image"], "compiling the kernel", work / "log", env=env)
    return {"Image": objects / "arch/arm64/boot/Image", "config": objects / ".config", "System.map": objects / "System.map"}


def keep(results: dict[str, Path], kept: Path) -> None:
    """Into the cache in one step: a reader sees all of it or nothing."""
    partial = kept.with_name(kept.name + ".new")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name, path in results.items():
        shutil.copyfile(path, partial / name)
    partial.replace(kept)


def provide(sdk: Path, fragment: Path, work: Path, output: Path, jobs: int) -> None:
    manifest = json.loads((sdk / "manifest.json").read_text())
    key = key_of(manifest, fragment)
    built = cache_folder() / "built"
    built.mkdir(parents=True, exist_ok=True)
    kept = built / f"microdroid-kernel-{key}"
    with open(built / ".microdroid-kernel.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second checkout waits, and then finds it
        if not all((kept / name).is_file() for name in RESULTS):
            say(f"building the Microdroid kernel from Linux {kernel_version(manifest)}")
            shutil.rmtree(kept, ignore_errors=True)
            keep(build(sdk, fragment, work, key, jobs), kept)
            say(f"built: {(kept / 'Image').stat().st_size / 1e6:.1f} MB in {kept}")
            shutil.rmtree(work, ignore_errors=True)
    output.mkdir(parents=True, exist_ok=True)
    for name in RESULTS:
        partial = output / f"kernel-{name}.partial"
        shutil.copyfile(kept / name, partial)
        partial.replace(output / ("kernel" if name == "Image" else f"kernel-{name}"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="guest/kernel/build.py")
    parser.add_argument("--sdk", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True, help="the fragment")
    parser.add_argument("--work", type=Path, required=True, help="folder for source and objects, removed at the end")
    parser.add_argument("--output", type=Path, required=True, help="folder for kernel, kernel-config, kernel-System.map")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    try:
        provide(args.sdk.resolve(), args.config.resolve(), args.work.resolve(), args.output.resolve(), args.jobs)
    except (SdkError, OSError, KeyError, ValueError) as error:
        print(f"kernel: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("kernel: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
