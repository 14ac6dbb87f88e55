# SPDX-License-Identifier: GPL-2.0-or-later
"""A private apt: resolves and fetches Debian packages of named suites and
architectures without touching the system's own apt or dpkg.

It has its own lists and an empty dpkg status, in the cache folder. Release
files are verified by apt against the Debian archive keyring of the machine,
packages against the hashes in the verified lists.
"""

import os
import re
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import unquote

from errors import SdkError

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
APT_HELPER = "/usr/lib/apt/apt-helper"
ARCHITECTURES = ("amd64", "arm64")
URI_LINE = re.compile(r"^'(?P<uri>[^']+)' (?P<file>\S+) (?P<size>\d+) SHA256:(?P<sha256>[0-9a-f]{64})$")


@dataclass(frozen=True)
class Package:
    """One file of the archive. `path` is below the mirror's address."""

    name: str
    version: str
    architecture: str
    path: str
    file: str  # its name in the cache
    size: int  # bytes
    sha256: str

    def asdict(self) -> dict:
        return asdict(self)


def system_mirror() -> str:
    """The mirror's address: DEBIAN_MIRROR, else the one that this machine's
    apt has for the Debian archive. Raises SdkError if there is none."""
    chosen = os.environ.get("DEBIAN_MIRROR", "").strip()
    if chosen:
        if not re.match(r"^[a-z+]+:/", chosen):
            raise SdkError(f"DEBIAN_MIRROR={chosen}: not an address (expected scheme://host/path or file:/path)")
        return chosen.rstrip("/")
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)\t$(LABEL)\t$(REPO_URI)", "Created-By: Packages"],
        capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        origin, label, uri = (line.split("\t") + ["", "", ""])[:3]
        if origin == "Debian" and label == "Debian":
            return uri.rstrip("/")
    for line in _configured_uris():
        return line
    raise SdkError("no Debian mirror found in this machine's apt configuration: "
                   "set DEBIAN_MIRROR to the address of one")


def _configured_uris() -> list[str]:
    """Debian archive addresses in apt's source files, for a machine whose
    lists were never fetched (indextargets then has no origin)."""
    found = []
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for file in files:
        if not file.is_file():
            continue
        for line in file.read_text(errors="replace").splitlines():
            match = re.match(r"^(?:URIs:|deb(?:\s+\[[^\]]*\])?)\s+(\S+?)/?(?:\s|$)", line.strip())
            if match and match.group(1).endswith("/debian"):
                found.append(match.group(1))
    return found


class AptRoot:
    """apt with a root of its own below `folder`."""

    def __init__(self, folder: Path, suites: list[str]):
        self.folder = folder
        self.suites = suites
        self.mirror = ""  # known after prepare(): a warm cache needs none
        self.config = folder / "apt.conf"

    def prepare(self) -> None:
        """Find the mirror and write the configuration, once. Cheap."""
        if self.mirror:
            return
        self.mirror = system_mirror()
        for sub in ("etc/preferences.d", "etc/apt.conf.d", "etc/sources.list.d",
                    "state/lists/partial", "cache/archives/partial"):
            (self.folder / sub).mkdir(parents=True, exist_ok=True)
        (self.folder / "state/status").touch()
        if not KEYRING.exists():
            raise SdkError(f"{KEYRING} is missing: install the package debian-archive-keyring")
        (self.folder / "etc/sources.list.d/sdk.sources").write_text(
            "Types: deb\n"
            f"URIs: {self.mirror}\n"
            f"Suites: {' '.join(self.suites)}\n"
            "Components: main\n"
            f"Architectures: {' '.join(ARCHITECTURES)}\n"
            f"Signed-By: {KEYRING}\n")
        architectures = " ".join(f'"{a}";' for a in ARCHITECTURES)
        self.config.write_text(
            f'Dir::Etc "{self.folder}/etc";\n'
            'Dir::Etc::sourcelist "/dev/null";\n'
            f'Dir::Etc::sourceparts "{self.folder}/etc/sources.list.d";\n'
            f'Dir::Etc::preferencesparts "{self.folder}/etc/preferences.d";\n'
            f'Dir::State "{self.folder}/state";\n'
            f'Dir::State::status "{self.folder}/state/status";\n'
            f'Dir::Cache "{self.folder}/cache";\n'
            f'APT::Architecture "{ARCHITECTURES[0]}";\n'
            f"APT::Architectures {{ {architectures} }};\n"
            'APT::Install-Recommends "false";\n'
            'APT::Sandbox::User "";\n'
            'Acquire::Languages "none";\n'
            'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";\n'
            'Acquire::ForceHash "SHA256";\n'
            'Acquire::Retries "3";\n')

    def _run(self, argv: list[str], **options) -> subprocess.CompletedProcess:
        # The option form leaves the machine's own apt.conf.d (proxies) in force.
        env = dict(os.environ, APT_CONFIG=str(self.config), LC_ALL="C")
        return subprocess.run(argv, env=env, capture_output=True, text=True, check=False, **options)

    def has_lists(self) -> bool:
        return any((self.folder / "state/lists").glob("*_Packages*"))

    def update(self) -> None:
        """Fetch the signed lists. Raises SdkError; old lists then stay."""
        self.prepare()
        done = self._run(["apt-get", "update", "-o", "APT::Update::Error-Mode=any"])
        if done.returncode != 0:
            raise SdkError(f"cannot fetch package lists from {self.mirror}: {_last_error(done)} "
                           "(is the network there? DEBIAN_MIRROR names another mirror)")

    def resolve(self, suite: str, packages: list[str], keep: str) -> list[Package]:
        """The closure of `packages`, as apt would install it on an empty
        machine, thinned by `keep` (see packages.toml)."""
        self.prepare()
        done = self._run(["apt-get", "install", "-y", "--print-uris", "-t", suite, *packages])
        if done.returncode != 0:
            raise SdkError(f"cannot resolve {' '.join(packages)} in {suite}: {_last_error(done)}")
        found = []
        for line in done.stdout.splitlines():
            match = URI_LINE.match(line)
            if not match:
                continue
            name, version, architecture = match["file"].removesuffix(".deb").split("_")
            if not re.search(keep, f"{name}_{architecture}"):
                continue
            path = match["uri"].removeprefix(self.mirror).lstrip("/")
            found.append(Package(name, unquote(version), architecture, path, match["file"],
                                 int(match["size"]), match["sha256"]))
        if not found:
            raise SdkError(f"apt named no file for {' '.join(packages)} in {suite}")
        return sorted(found, key=lambda p: p.file)

    def fetch(self, packages: list[Package], folder: Path) -> None:
        """Fetch files into `folder`; apt-helper resumes what is half there
        and refuses what has another hash. Raises SdkError."""
        self.prepare()
        argv = [APT_HELPER, "download-file"]
        for package in packages:
            argv += [f"{self.mirror}/{package.path}", str(folder / package.file), f"SHA256:{package.sha256}"]
        done = self._run(argv)
        if done.returncode != 0:
            raise SdkError(f"cannot fetch packages from {self.mirror}: {_last_error(done)}")


def _last_error(done: subprocess.CompletedProcess) -> str:
    """The reason apt gives: the indented line below an "Err:" line, else its
    last "E:" line."""
    lines = (done.stdout + done.stderr).splitlines()
    for line, below in zip(lines, lines[1:]):
        if line.startswith("Err:") and below.startswith("  "):
            return " ".join(below.split())
    said = [line.removeprefix("E:").strip() for line in lines if line.startswith("E:")]
    return (said or ["no reason given"])[-1]
