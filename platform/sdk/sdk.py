# SPDX-License-Identifier: GPL-2.0-or-later
"""Set up the SDK: QEMU, the arm64 compiler, the stock kernel and an arm64
sysroot, from Debian packages, in one folder (README.md here).

    python3 platform/sdk/sdk.py setup --out out/sdk [--update]
    python3 platform/sdk/sdk.py fetch NAME --out out/sdk    # a set that is not part of setup: into the cache
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import sys
import tomllib
from pathlib import Path

import layout
from aptroot import AptRoot, Package
from cache import Cache, cache_folder, megabytes, need_space
from errors import SdkError, explain_os_error
from unpack import GROWTH, unpack, version_of

LISTS_BYTES = 160 << 20  # measured: 113 MB unpacked, and what apt needs beside it
HERE = Path(__file__).resolve().parent


def say(text: str) -> None:
    print(f"sdk: {text}", flush=True)


def key_of(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def system_tool(description: dict) -> Path | None:
    """The machine's own program for this set, if it is new enough."""
    if os.environ.get("TERRARIUM_SDK_ONLY") == "1" or "system" not in description:
        return None
    path = shutil.which(description["system"])
    version = version_of([path, "--version"]) if path else None
    wanted = tuple(int(part) for part in description["at_least"].split("."))
    return Path(path) if path and version and version >= wanted else None


def fetch_lists(cache: Cache, apt: AptRoot) -> None:
    need_space(cache.folder, LISTS_BYTES, "package lists")
    say("fetching package lists")
    apt.update()


def resolve(name: str, description: dict, cache: Cache, apt: AptRoot, update: bool) -> list[Package]:
    """The set's packages, fetched into the cache. A resolution is kept, so
    that a warm cache needs neither network nor lists; when the mirror no longer
    has a file of it, lists are fetched anew and the set is resolved once more."""
    key = key_of(description)
    packages = None if update else cache.recall(name, key)
    if packages is None:
        if not apt.has_lists():
            fetch_lists(cache, apt)
        packages = apt.resolve(description["suite"], description["packages"], description["keep"])
        fresh = update
    else:
        fresh = False
    try:
        cache.fetch(name, packages, apt, say)
    except SdkError:
        if fresh:
            raise
        say(f"{name}: fetching failed; asking the mirror for newer lists")
        fetch_lists(cache, apt)
        packages = apt.resolve(description["suite"], description["packages"], description["keep"])
        cache.fetch(name, packages, apt, say)
    cache.remember(name, key, packages)
    return packages


def unpack_set(name: str, packages: list[Package], cache: Cache, out: Path) -> bool:
    """Unpack the set if what is there is another one. True if it did."""
    mark = out / f".{name}"
    key = key_of(str(out), [p.sha256 for p in packages], (HERE / "layout.py").read_text(),
                 (HERE / "unpack.py").read_text())
    if mark.exists() and mark.read_text() == key and (out / name).is_dir():
        return False
    size = sum(p.size for p in packages)
    need_space(out, size * GROWTH, f"unpacking {name}")
    say(f"unpacking {name}: {len(packages)} packages, {megabytes(size)}")
    mark.unlink(missing_ok=True)
    unpack([cache.archives / p.file for p in packages], out / name)
    if name in layout.FINISH:
        layout.FINISH[name](out)
    mark.write_text(key)
    return True


def read_config() -> tuple[list[str], dict[str, dict]]:
    """The suites and the sets of packages.toml."""
    with open(HERE / "packages.toml", "rb") as file:
        config = tomllib.load(file)
    suites = config.pop("suites")
    return suites, config


def kernel_words(out: Path) -> dict[str, str]:
    """What "{kernel.series}" and "{kernel.version}" stand for, by the manifest of the SDK in `out`."""
    manifest = json.loads((out / "manifest.json").read_text())
    series = ".".join(manifest["kernel"].split(".")[:2])
    return {"{kernel.series}": series, "{kernel.version}": layout.kernel_version(manifest)}


def fetch_on_demand(name: str, out: Path) -> None:
    """Fetch set `name` into the cache; print the paths of its packages, one a line, on stdout."""
    suites, config = read_config()
    description = config.get(name, {})
    if not description.get("on_demand"):
        raise SdkError(f"{name}: no set that is fetched on demand")
    words = kernel_words(out)
    for word, value in words.items():
        description["packages"] = [package.replace(word, value) for package in description["packages"]]
    cache = Cache(cache_folder())
    apt = AptRoot(cache.folder / "apt", suites)
    with contextlib.redirect_stdout(sys.stderr):  # stdout is the answer
        packages = resolve(name, description, cache, apt, False)
    for package in packages:
        print(cache.archives / package.file)


def setup(out: Path, update: bool) -> None:
    suites, config = read_config()
    out.mkdir(parents=True, exist_ok=True)
    cache = Cache(cache_folder())
    apt = AptRoot(cache.folder / "apt", suites)
    if update:
        fetch_lists(cache, apt)
    sets: dict[str, list[Package]] = {}
    tools: dict[str, str] = {}
    (out / "bin").mkdir(exist_ok=True)
    for name, description in config.items():
        if description.get("on_demand"):
            continue
        own = system_tool(description)
        if own:
            layout.use_system(name, own, out)
            tools[name] = f"the machine's own {own}"
            continue
        sets[name] = resolve(name, description, cache, apt, update)
    for name, packages in sets.items():
        unpack_set(name, packages, cache, out)
        tools[name] = "Debian packages"
    layout.write_manifest(out, suites, sets, tools)
    (out / ".ready").write_text("")
    kept = sum(p.size for packages in sets.values() for p in packages)
    say(f"ready: {sum(map(len, sets.values()))} packages, {megabytes(kept)} in {cache.folder}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="sdk")
    parser.add_argument("command", choices=["setup", "fetch"])
    parser.add_argument("name", nargs="?", help="the set to fetch")
    parser.add_argument("--out", type=Path, required=True, help="folder to unpack into")
    parser.add_argument("--update", action="store_true", help="resolve anew with fresh package lists")
    arguments = parser.parse_args()
    if (arguments.command == "fetch") != (arguments.name is not None):
        parser.error("fetch takes the name of a set, setup takes none")
    try:
        if arguments.command == "fetch":
            fetch_on_demand(arguments.name, arguments.out.resolve())
        else:
            setup(arguments.out.resolve(), arguments.update)
    except SdkError as error:
        print(f"sdk: error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"sdk: error: {explain_os_error(error, 'setting up the SDK')}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("sdk: interrupted: the next run goes on where this one stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
