# SPDX-License-Identifier: GPL-2.0-or-later
"""What the set-up does when all is well, and when it is not: one sentence, and a next run that works."""

from __future__ import annotations

import json
import shutil
import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.sdk.conftest import SUITE, Mirror, SetUp

BOTH = ["lib-of-tool_1.0_amd64.deb", "tool_1.0_amd64.deb"]
FILES = ["lib-of-tool", "tool"]


def one_sentence(errors: list[str]) -> str:
    """The only line of error; no trace of Python."""
    (line,) = errors
    assert line.startswith("sdk: error: ")
    return line


def works(set_up: SetUp) -> None:
    """The next run brings everything."""
    status, _, errors = set_up.run()
    assert (status, errors) == (0, [])
    assert set_up.unpacked() == FILES
    assert set_up.kept() == BOTH
    assert (set_up.out / ".ready").exists()


def test_from_nothing(set_up: SetUp, mirror: Mirror) -> None:
    works(set_up)
    assert not any("notes" in path for path in mirror.requests), "what `keep` leaves out is not fetched"
    assert list((set_up.cache / "partial").iterdir()) == []


def test_a_second_run_fetches_and_unpacks_nothing(set_up: SetUp, mirror: Mirror) -> None:
    works(set_up)
    mirror.requests.clear()
    before = (set_up.out / "tool").stat().st_ino
    works(set_up)
    assert mirror.requests == []
    assert (set_up.out / "tool").stat().st_ino == before


def test_a_warm_cache_needs_no_network(
    set_up: SetUp, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    works(set_up)
    shutil.rmtree(set_up.out)
    mirror.requests.clear()
    monkeypatch.setenv("DEBIAN_MIRROR", "http://127.0.0.1:9")
    works(set_up)
    assert mirror.requests == []


def test_a_cold_cache_without_network(set_up: SetUp, mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBIAN_MIRROR", "http://127.0.0.1:9")
    status, _, errors = set_up.run()
    assert status == 1
    assert "cannot fetch package lists from http://127.0.0.1:9" in one_sentence(errors)
    assert "DEBIAN_MIRROR" in errors[0]
    assert not (set_up.out / ".ready").exists()
    monkeypatch.setenv("DEBIAN_MIRROR", mirror.address)
    works(set_up)


def test_a_mirror_that_is_no_address(set_up: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBIAN_MIRROR", "somewhere")
    status, _, errors = set_up.run()
    assert status == 1
    assert "DEBIAN_MIRROR=somewhere" in one_sentence(errors)


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 400_000], ids=["empty", "short", "long"])
def test_a_broken_file_in_the_cache_is_fetched_again(set_up: SetUp, damage: bytes) -> None:
    works(set_up)
    shutil.rmtree(set_up.out)
    (set_up.cache / "archives" / BOTH[0]).write_bytes(damage)
    status, said, errors = set_up.run()
    assert (status, errors) == (0, [])
    assert any("lib-of-tool_1.0_amd64.deb in the cache is broken" in line for line in said)
    works(set_up)


def test_a_broken_file_and_no_network(
    set_up: SetUp, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    works(set_up)
    shutil.rmtree(set_up.out)
    (set_up.cache / "archives" / BOTH[0]).write_bytes(b"broken")
    monkeypatch.setenv("DEBIAN_MIRROR", "http://127.0.0.1:9")
    status, _, errors = set_up.run()
    assert status == 1
    one_sentence(errors)
    assert set_up.kept() == BOTH[1:], "the broken file is gone, the good one stays"
    monkeypatch.setenv("DEBIAN_MIRROR", mirror.address)
    works(set_up)


def test_broken_notes_of_the_cache(set_up: SetUp) -> None:
    works(set_up)
    shutil.rmtree(set_up.out)
    (set_up.cache / "resolved/tool.json").write_text('{"key": ')
    works(set_up)


def test_an_interrupted_download_is_resumed(set_up: SetUp, mirror: Mirror) -> None:
    mirror.cut_after = 1000
    status, _, errors = set_up.run()
    assert status == 1
    one_sentence(errors)
    assert set_up.kept() == []
    half = max(path.stat().st_size for path in (set_up.cache / "partial").iterdir())
    assert half >= 1000
    mirror.cut_after = 0
    mirror.ranges.clear()
    works(set_up)
    assert any(int(asked.removeprefix("bytes=").rstrip("-")) >= 1000 for asked in mirror.ranges)


def test_a_mirror_with_other_bytes_than_its_list(set_up: SetUp, mirror: Mirror) -> None:
    file = mirror.root / "pool" / BOTH[1]
    good = file.read_bytes()
    file.write_bytes(good[:-100] + b"\0" * 100)
    status, _, errors = set_up.run()
    assert status == 1
    one_sentence(errors)
    assert BOTH[1] not in set_up.kept()
    file.write_bytes(good)
    works(set_up)


def test_a_list_that_nobody_signed(set_up: SetUp, mirror: Mirror) -> None:
    release = mirror.root / "dists/tiny/InRelease"
    good = release.read_text()
    release.write_text(good.replace("Label: Debian", "Label: Debiam"))
    status, _, errors = set_up.run()
    assert status == 1
    assert "cannot fetch package lists" in one_sentence(errors)
    assert set_up.kept() == []
    release.write_text(good)
    works(set_up)


def test_a_package_that_the_suite_lacks(set_up: SetUp, tmp_path: Path) -> None:
    config = tmp_path / "here/packages.toml"
    config.write_text(config.read_text().replace("tool:amd64", "spoon:amd64"))
    status, _, errors = set_up.run()
    assert status == 1
    assert "cannot resolve spoon:amd64 in tiny" in one_sentence(errors)


def test_a_package_that_left_the_mirror(set_up: SetUp, mirror: Mirror) -> None:
    works(set_up)
    shutil.rmtree(set_up.cache / "archives")
    shutil.rmtree(set_up.out)
    (mirror.root / "pool" / BOTH[0]).rename(mirror.root / "pool/away.deb")
    status, said, errors = set_up.run()
    assert status == 1
    one_sentence(errors)
    assert any("newer lists" in line for line in said)
    (mirror.root / "pool/away.deb").rename(mirror.root / "pool" / BOTH[0])
    works(set_up)


def test_no_disk_space_for_the_cache(
    set_up: SetUp, modules: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as full:
        full.setattr(modules("cache").shutil, "disk_usage", lambda _: usage(10**9, 10**9, 1000))
        status, _, errors = set_up.run()
    assert status == 1
    assert "no disk space for package lists" in one_sentence(errors)
    assert str(set_up.cache) in errors[0]
    works(set_up)


def test_the_disk_fills_up_while_unpacking(
    set_up: SetUp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "tar").write_text(
        "#!/bin/sh\ncat >/dev/null\necho 'tar: x: Cannot write: No space left on device' >&2\nexit 2\n"
    )
    (tools / "tar").chmod(0o755)
    with monkeypatch.context() as full:
        full.setenv("PATH", str(tools), prepend=":")
        status, _, errors = set_up.run()
    assert status == 1
    assert "no disk space" in one_sentence(errors)
    assert [path.name for path in set_up.out.iterdir()] == ["bin"], "nothing half-unpacked is left"
    works(set_up)


def test_a_run_that_was_killed_while_unpacking(set_up: SetUp) -> None:
    half = set_up.out / ".tool.new/usr/share"
    half.mkdir(parents=True)
    (half / "rubbish").write_text("half")
    works(set_up)
    assert not (set_up.out / ".tool.new").exists()


def test_an_unpacked_set_that_lost_its_folder(set_up: SetUp) -> None:
    works(set_up)
    shutil.rmtree(set_up.out / "tool")
    works(set_up)


def test_a_cache_folder_that_cannot_be(set_up: SetUp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TERRARIUM_CACHE", str(tmp_path / "file/cache"))
    status, _, errors = set_up.run()
    assert status == 1
    assert "TERRARIUM_CACHE" in one_sentence(errors)


def test_ctrl_c(set_up: SetUp, modules: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as pressed:
        pressed.setattr(modules("sdk"), "unpack", interrupt)
        status, _, errors = set_up.run()
    assert status == 130
    assert errors == ["sdk: interrupted: the next run goes on where this one stopped"]
    works(set_up)


ON_DEMAND = f"""
[more]
on_demand = true
suite = "{SUITE}"
packages = ["notes={{kernel.version}}"]
keep = "notes"
"""


def test_a_set_on_demand(
    set_up: SetUp, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(tmp_path / "here/packages.toml", "a", encoding="utf-8") as config:
        config.write(ON_DEMAND)
    works(set_up)
    assert not any("notes" in path for path in mirror.requests), "it is no part of setup"
    kernel = {"linux-binary-1.0-arm64:arm64": {"version": "1.0", "sha256": ""}}
    (set_up.out / "manifest.json").write_text(json.dumps({"kernel": "1.0.3", "packages": {"kernel": kernel}}))
    monkeypatch.setattr(sys, "argv", ["sdk", "fetch", "more", "--out", str(set_up.out)])
    status, said, _ = set_up.run()
    assert (status, said) == (0, [str(set_up.cache / "archives/notes_1.0_amd64.deb")])
    assert Path(said[0]).is_file()


@pytest.mark.parametrize("name", ["tool", "spoon"])
def test_no_set_on_demand(set_up: SetUp, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(sys, "argv", ["sdk", "fetch", name, "--out", str(set_up.out)])
    status, said, errors = set_up.run()
    assert (status, said) == (1, [])
    assert name in one_sentence(errors)
