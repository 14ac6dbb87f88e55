# SPDX-License-Identifier: GPL-2.0-or-later
"""The root file system of Debian as a guest: packages' files in one EROFS image, without root and without a chroot.

    python3 guest/debian/build.py --sdk out/sdk --output out/guest/debian/root.img

No maintainer script runs. What the few do that matter here stands below: users, PAM, a console with a login. The image
is named by what goes in, and kept in the cache (built/debian-guest-KEY), so a second call is a copy.
"""

from __future__ import annotations

import argparse
import email
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
SDK_SOURCES = HERE.parents[1] / "platform/sdk"
sys.path.insert(0, str(SDK_SOURCES))

from cache import cache_folder, need_space  # noqa: E402  (platform/sdk)
from errors import SdkError  # noqa: E402

SET = "debian-guest"
WORK_BYTES = 600_000_000  # measured: the archive 170 MB, the image as much
KEPT = 2  # images in the cache: this tree's, and one of another
MTIME = 1735689600  # of what is made here: any, but always this
UUID = "6f1d3c52-5b0e-4a86-8f0c-64656269616e"  # of the file system, likewise
# Documentation, and texts in languages that nobody here asks for.
LEFT_OUT = ("usr/share/doc/", "usr/share/man/", "usr/share/locale/", "usr/share/info/", "usr/share/lintian/")
# Debian's folders of old, which are links into usr: a package may still name them.
MOVED = ("bin/", "sbin/", "lib/")

PAM = {
    "auth": "auth\t[success=1 default=ignore]\tpam_unix.so nullok\nauth\trequisite\tpam_deny.so\nauth\trequired\tpam_permit.so\n",
    "account": "account\trequired\tpam_unix.so\n",
    "password": "password\trequired\tpam_unix.so obscure yescrypt\n",
    "session": "session\trequired\tpam_unix.so\n",
    "session-noninteractive": "session\trequired\tpam_unix.so\n",
}
# The first process on a kernel without control groups (guest/kernel), where systemd does not run.
CONSOLE_LOGIN = """#!/bin/sh
export PATH=/usr/sbin:/usr/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts
mount -t devpts pts /dev/pts
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
hostname debian
while :; do
	setsid --wait agetty --noclear hvc0 vt220
done
"""
FILES = {
    "etc/hostname": "debian\n",
    "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 debian\n",
    "etc/fstab": "",
    "etc/motd": "Debian, as a guest.\n",
    "etc/machine-id": "",  # systemd makes one for this boot
    "etc/securetty": "console\nhvc0\nttyS0\n",
    "etc/shells": "/bin/sh\n/bin/bash\n",
    **{f"etc/pam.d/common-{name}": text for name, text in PAM.items()},
    # The login is at the virtio console, also where no "console=" says so (AVF's raw configurations have no such words).
    "etc/systemd/system/console-getty.service.d/hvc0.conf": "[Service]\nTTYPath=/dev/hvc0\n",
}
# Units that have nothing to do here: there is no tree of modules, no other terminal; what they would write goes with the guest.
MASKED = ("getty-static", "ldconfig", "systemd-journal-catalog-update", "systemd-modules-load", "systemd-timesyncd")
LINKS = {
    **{f"etc/systemd/system/{name}.service": "/dev/null" for name in MASKED},
    "etc/systemd/system/default.target": "/usr/lib/systemd/system/multi-user.target",
    "etc/systemd/system/getty.target.wants/console-getty.service": "/usr/lib/systemd/system/console-getty.service",
    "usr/bin/awk": "mawk",
}


def packages(sdk: Path) -> list[Path]:
    """The set's packages, in the cache."""
    done = subprocess.run(
        [sys.executable, SDK_SOURCES / "sdk.py", "fetch", SET, "--out", sdk], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        raise SdkError(f"the packages of {SET} cannot be fetched")
    return [Path(line) for line in done.stdout.splitlines()]


def digest(files: list[Path]) -> str:
    key = hashlib.sha256(Path(__file__).read_bytes())
    for path in files:
        key.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return key.hexdigest()[:32]


def ask(argv: list[str | Path]) -> bytes:
    done = subprocess.run(argv, capture_output=True, check=False)
    if done.returncode != 0:
        raise SdkError(f"{Path(argv[0]).name}: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return done.stdout


def place(name: str) -> str | None:
    """Where a package's member goes; None: nowhere."""
    name = name.removeprefix("./").rstrip("/")
    if name.startswith(MOVED):
        name = f"usr/{name}"
    return None if not name or f"{name}/".startswith(LEFT_OUT) else name


def members(package: Path) -> Iterator[tuple[str, tarfile.TarInfo, bytes | None]]:
    with tarfile.open(fileobj=io.BytesIO(ask(["dpkg-deb", "--fsys-tarfile", package]))) as tar:
        for member in tar:
            name = place(member.name)
            if name is None:
                continue
            if member.islnk():
                member.linkname = place(member.linkname) or member.linkname
            content = tar.extractfile(member) if member.isreg() else None
            yield name, member, content.read() if content is not None else None


class Root:
    """The archive; each name once, but folders, of which the first counts."""

    def __init__(self, path: Path) -> None:
        self._tar = tarfile.open(path, "w", format=tarfile.GNU_FORMAT)
        self._names: set[str] = set()
        self.texts: dict[str, bytes] = {}  # those that are asked for again

    def add(self, name: str, member: tarfile.TarInfo, content: bytes | None) -> None:
        if name in self._names:
            if member.isdir() or member.issym():
                return
            raise SdkError(f"two packages have {name}")
        self._names.add(name)
        member.name = name
        self._tar.addfile(member, io.BytesIO(content) if content is not None else None)
        if name.startswith("usr/share/base-passwd/") and content is not None:
            self.texts[name] = content

    def file(self, name: str, text: str, mode: int = 0o644, gid: int = 0) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.gid, member.mtime = len(text.encode()), mode, gid, MTIME
        self.add(name, member, text.encode())

    def link(self, name: str, target: str) -> None:
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.mtime = tarfile.SYMTYPE, target, MTIME
        self.add(name, member, None)

    def folder(self, name: str) -> None:
        member = tarfile.TarInfo(name)
        member.type, member.mode, member.mtime = tarfile.DIRTYPE, 0o755, MTIME
        self.add(name, member, None)

    def close(self) -> None:
        self._tar.close()


def add_users(root: Root) -> None:
    """base-passwd's masters; root has no password: who is at the console is in."""
    users = root.texts["usr/share/base-passwd/passwd.master"].decode()
    groups = root.texts["usr/share/base-passwd/group.master"].decode()
    root.file("etc/passwd", users.replace(":*:", ":x:"))
    root.file("etc/group", groups.replace(":*:", ":x:"))
    names = [line.split(":")[0] for line in users.splitlines()]
    root.file("etc/shadow", "".join(f"{name}:{'' if name == 'root' else '*'}:20000:0:99999:7:::\n" for name in names), 0o640, 42)


def missing(fields: list[str]) -> list[str]:
    """What packages depend on and none of them is; of each package its control fields."""
    controls = [email.message_from_string(text) for text in fields]
    relations = [control.get(name, "") for control in controls for name in ("Depends", "Pre-Depends")]
    provided = [word for control in controls for word in control.get("Provides", "").split(",")]
    there = {control["Package"] for control in controls} | {word.split()[0] for word in provided if word.strip()}
    wanted = {relation.strip() for text in relations for relation in text.split(",") if relation.strip()}
    return sorted(each for each in wanted if not any(re.split("[ :(]", name.strip())[0] in there for name in each.split("|")))


def add_status(root: Root, files: list[Path]) -> None:
    """What dpkg knows as installed."""
    text = ""
    controls = [ask(["dpkg-deb", "--field", package]).decode().strip() for package in files]
    if missing(controls):
        raise SdkError(f"the set {SET} lacks: {', '.join(missing(controls))}")
    for fields in controls:
        first, rest = fields.split("\n", 1)
        text += f"{first}\nStatus: install ok installed\n{rest}\n\n"
    root.file("var/lib/dpkg/status", text)


def make_archive(files: list[Path], path: Path) -> None:
    root = Root(path)
    base = [file for file in files if file.name.startswith("base-files_")]  # whose links of old folders come first
    for package in base + [file for file in files if file not in base]:
        for name, member, content in members(package):
            root.add(name, member, content)
    add_users(root)
    add_status(root, files)
    for folder in ("etc/systemd/system/getty.target.wants", "etc/systemd/system/console-getty.service.d", "over"):
        root.folder(folder)
    for name, text in FILES.items():
        root.file(name, text)
    root.file("usr/sbin/console-login", CONSOLE_LOGIN, 0o755)
    for name, target in LINKS.items():
        root.link(name, target)
    root.close()


def make_image(sdk: Path, files: list[Path], image: Path) -> None:
    need_space(image.parent, WORK_BYTES, "Debian's root file system")
    archive, new = image.with_suffix(".tar"), image.with_suffix(".new")
    try:
        make_archive(files, archive)
        new.unlink(missing_ok=True)
        ask([sdk / "bin/mkfs.erofs", "--quiet", f"-T{MTIME}", "-U", UUID, "--tar=f", new, archive])
        os.truncate(new, new.stat().st_size + -new.stat().st_size % 4096)
        new.replace(image)
    finally:
        archive.unlink(missing_ok=True)
        new.unlink(missing_ok=True)


def prune(folder: Path) -> None:
    """Keep the images used last."""
    images = sorted(folder.glob("debian-guest-*.img"), key=lambda image: image.stat().st_mtime)
    for image in images[:-KEPT]:
        image.unlink(missing_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="debian", description="Build the root file system of Debian as a guest.")
    parser.add_argument("--sdk", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        files = packages(arguments.sdk.resolve())
        kept = cache_folder() / "built" / f"debian-guest-{digest(files)}.img"
        kept.parent.mkdir(parents=True, exist_ok=True)
        if not kept.exists():
            print(f"debian: {len(files)} packages into one image", flush=True)
            make_image(arguments.sdk.resolve(), files, kept)
        kept.touch()
        prune(kept.parent)
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kept, arguments.output)
        (arguments.output.parent / "packages.json").write_text(json.dumps([file.name for file in files], indent=1) + "\n")
    except (SdkError, OSError) as error:
        print(f"debian: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
