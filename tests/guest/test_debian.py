# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules by which packages become one root file system (guest/debian/build.py)."""

import importlib.util
import os
import tarfile
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "guest/debian/build.py"
spec = importlib.util.spec_from_file_location("debian_build", SOURCE)
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)

PASSWD = "root:*:0:0:root:/root:/bin/bash\ndaemon:*:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"


@pytest.mark.parametrize(
    "name, placed",
    [
        ("./usr/bin/true", "usr/bin/true"),
        ("./bin/true", "usr/bin/true"),
        ("./lib/udev/", "usr/lib/udev"),
        ("./bin", "bin"),
        ("./", None),
        ("./usr/share/doc/dash/copyright", None),
        ("./usr/share/man", None),
    ],
)
def test_places(name: str, placed: str | None) -> None:
    assert build.place(name) == placed


def member(kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    made = tarfile.TarInfo("x")
    made.type = kind
    return made


def test_each_name_once(tmp_path: Path) -> None:
    root = build.Root(tmp_path / "root.tar")
    root.folder("etc")
    root.add("etc", member(tarfile.DIRTYPE), None)  # every package has its folders
    root.file("etc/one", "1")
    with pytest.raises(build.SdkError, match="etc/one"):
        root.file("etc/one", "2")
    root.close()
    with tarfile.open(tmp_path / "root.tar") as tar:
        assert tar.getnames() == ["etc", "etc/one"]
        assert tar.extractfile("etc/one").read() == b"1"


def test_users(tmp_path: Path) -> None:
    root = build.Root(tmp_path / "root.tar")
    for name in ("passwd", "group"):
        root.file(f"usr/share/base-passwd/{name}.master", PASSWD)
    build.add_users(root)
    root.close()
    with tarfile.open(tmp_path / "root.tar") as tar:
        passwd, shadow = (tar.extractfile(f"etc/{name}").read().decode() for name in ("passwd", "shadow"))
        assert passwd.startswith("root:x:0:0:")
        assert shadow.splitlines()[0].startswith("root::")
        assert shadow.splitlines()[1].startswith("daemon:*:")
        assert tar.getmember("etc/shadow").mode == 0o640


def test_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for name in ("a", "b"):
        root = build.Root(tmp_path / name)
        root.file("etc/one", "1")
        root.link("bin", "usr/bin")
        root.close()
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]


def test_what_is_missing() -> None:
    one = "Package: one\nDepends: two (>= 1), three:any | four, five\nPre-Depends: six\n"
    assert build.missing([one]) == ["five", "six", "three:any | four", "two (>= 1)"]
    rest = ["Package: two", "Package: four", "Package: x\nProvides: five (= 2), other", "Package: six\nDepends: one"]
    assert build.missing([one, *rest]) == []


def test_images_used_last_are_kept(tmp_path: Path) -> None:
    for age, name in enumerate(("new", "used", "old", "older")):
        (tmp_path / f"debian-guest-{name}.img").touch()
        os.utime(tmp_path / f"debian-guest-{name}.img", (0, 1000 - age))
    (tmp_path / "microdroid-kernel-1").mkdir()
    build.prune(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["debian-guest-new.img", "debian-guest-used.img", "microdroid-kernel-1"]
