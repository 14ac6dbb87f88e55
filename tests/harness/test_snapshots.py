# SPDX-License-Identifier: GPL-2.0-or-later
"""Saved machines: found by content, made once, checked, bounded; and what decides about their content."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios.harness import inputs, paths, pleas, saving, snapshots
from scenarios.harness.errors import MachineFailed, Unusable

KEY = "a" * 24


class Maker:
    """Saves a small machine and counts how often; what it was told is in @said."""

    def __init__(self) -> None:
        self.made = 0
        self.said: list[str] = []

    def __call__(self, folder: Path) -> dict:
        self.made += 1
        (folder / "ram").write_bytes(b"r" * 8192)
        (folder / "state").write_bytes(b"state")
        return {"inputs": {"kernel": "k"}}

    def obtain(self, key: str = KEY) -> snapshots.Snapshot | None:
        return snapshots.obtain(key, self, self.said.append)


@pytest.fixture
def maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maker:
    monkeypatch.setenv("O", str(tmp_path / "out"))
    return Maker()


def test_made_once_and_found_again(maker: Maker):
    for _ in range(3):
        snapshot = maker.obtain()
        assert snapshot is not None and snapshot.meta["inputs"] == {"kernel": "k"}
        assert snapshot.saved.ram.read_bytes() == b"r" * 8192
        snapshot.close()
    assert (maker.made, maker.said) == (1, [])


def _write(name: str, text: str):
    return lambda place: (place / name).write_text(text)


def _touch(place: Path) -> None:
    data = (place / "ram").read_bytes()
    (place / "ram").write_bytes(data[:4096] + b"x" + data[4097:])


def _same_size_state(place: Path) -> None:
    stat = (place / "state").stat()
    (place / "state").write_bytes(b"sTate")
    os.utime(place / "state", ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _foreign(place: Path) -> None:
    meta = json.loads((place / "meta.json").read_text())
    (place / "meta.json").write_text(json.dumps(meta | {"key": "b" * 24}))


@pytest.mark.parametrize(
    "harm, sentence",
    [
        (_touch, "is damaged: ram is not as it was saved"),
        (lambda place: os.truncate(place / "ram", 5000), "is damaged: ram is not as it was saved"),
        (lambda place: (place / "ram").unlink(), "is damaged: ram is missing"),
        (_same_size_state, "is damaged: state is not as it was saved"),
        (lambda place: (place / "meta.json").unlink(), "is damaged: meta.json is missing"),
        (_write("meta.json", "{"), "is damaged: meta.json is not readable"),
        (_write("meta.json", "[]"), "is damaged: meta.json is not readable"),
        (_foreign, "is of another build"),
    ],
)
def test_what_is_not_as_it_was_is_made_anew(maker: Maker, harm, sentence: str):
    maker.obtain().close()
    harm(snapshots.folder() / KEY)
    snapshot = maker.obtain()
    assert snapshot is not None and snapshot.saved.ram.read_bytes() == b"r" * 8192
    snapshot.close()
    assert maker.made == 2
    assert maker.said == [f"snapshot {KEY} {sentence}; it is made anew"]


def test_a_maker_that_fails_leaves_nothing(maker: Maker):
    def fail(folder: Path) -> dict:
        (folder / "ram").write_bytes(b"half")
        raise MachineFailed("QEMU died")

    with pytest.raises(MachineFailed):
        snapshots.obtain(KEY, fail, maker.said.append)
    assert [path.name for path in snapshots.folder().iterdir()] == [f"{KEY}.lock"]
    maker.obtain().close()
    assert maker.made == 1


def test_what_a_killed_maker_left_is_no_snapshot(maker: Maker):
    half = snapshots.folder() / f"{KEY}.new"
    half.mkdir(parents=True)
    (half / "ram").write_bytes(b"half")
    maker.obtain().close()
    assert maker.made == 1 and not half.exists()


def test_no_place_for_snapshots_is_one_sentence_and_a_boot(maker: Maker):
    snapshots.folder().parent.mkdir(parents=True)
    snapshots.folder().write_text("in the way")
    assert maker.obtain() is None
    assert len(maker.said) == 1 and maker.said[0].startswith("no snapshot: ")
    assert maker.said[0].endswith("; this machine boots") and maker.made == 0


def test_the_oldest_go_first_and_what_is_used_stays(maker: Maker, monkeypatch: pytest.MonkeyPatch):
    used = maker.obtain("0" * 24)
    for number in (1, 2, 3):
        maker.obtain(str(number) * 24).close()
    maker.obtain("1" * 24).close()
    size = snapshots._bytes(snapshots.folder() / KEY.replace("a", "1"))
    monkeypatch.setattr(snapshots, "LIMIT_BYTES", size * 3)
    maker.obtain("4" * 24).close()
    left = sorted(path.name[0] for path in snapshots.folder().glob("?" * 24))
    assert left == ["0", "1", "3", "4"]  # one in use comes on top
    used.close()


CHILD = """
import sys, pathlib
from scenarios.harness import snapshots
def make(folder):
    (pathlib.Path(sys.argv[1]) / "made").open("a").write("x")
    (folder / "ram").write_bytes(b"r" * 5000000)
    (folder / "state").write_bytes(b"s")
    return {}
snapshot = snapshots.obtain("c" * 24, make, print)
assert len(snapshot.saved.ram.read_bytes()) == 5000000
"""


def test_workers_side_by_side_make_it_once(maker: Maker, tmp_path: Path):
    argv = [sys.executable, "-c", CHILD, str(tmp_path)]
    env = os.environ | {"PYTHONPATH": str(paths.ROOT)}
    children = [subprocess.Popen(argv, env=env, stdout=subprocess.PIPE) for _ in range(4)]
    assert [child.communicate(timeout=60)[0] for child in children] == [b""] * 4
    assert [child.returncode for child in children] == [0] * 4
    assert (tmp_path / "made").read_text() == "x"


def _key(image: Path, lines=saving.description.Channels(console="c", agent="a"), parts=(b"i",), **env: str) -> str:
    options = saving.description.from_env({"KERNEL": str(image)} | env)
    return snapshots.key_of(saving.words_of(options, lines, parts))


def test_the_key_is_of_content(image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out = tmp_path / "out"
    monkeypatch.setenv("O", str(out))
    (out / "sdk/bin").mkdir(parents=True)
    (out / "hypervisor").mkdir()
    qemu, hypervisor = out / "sdk/bin/qemu-system-aarch64", out / "hypervisor/hyp.bin"
    qemu.write_text("qemu")
    first = _key(image)
    moved = image.with_name("Image2")
    moved.write_bytes(image.read_bytes())
    assert _key(moved) == first  # the same kernel in another place
    other = saving.description.Channels(console="another", agent="socket")
    assert _key(image, other) == first  # whom the lines lead to
    seen = [first]
    seen += [_key(image, HYP="pkvm"), _key(image, SMP="1"), _key(image, MEM="2G"), _key(image, parts=(b"j",))]
    seen += [_key(image, CPU="cortex-a76"), _key(image, ICOUNT="1")]
    seen.append(_key(image, saving.description.Channels(console="c")))
    hypervisor.write_text("hypervisor")
    seen.append(_key(image))
    (out / "sdk/.qemu").write_text("another release")
    seen.append(_key(image))
    qemu.write_text("QEMU")
    seen.append(_key(image))
    moved.write_bytes(image.read_bytes() + b"1")
    seen.append(_key(moved))
    assert len(set(seen)) == len(seen)


def test_too_little_room_is_one_sentence_and_a_boot(
    image: Path, maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    qemu = tmp_path / "out/sdk/bin/qemu-system-aarch64"
    qemu.parent.mkdir(parents=True)
    qemu.write_text("qemu")
    usage = saving.shutil.disk_usage(tmp_path)._replace(free=700 << 20)
    monkeypatch.setattr(saving.shutil, "disk_usage", lambda path: usage)
    options = saving.description.from_env({"KERNEL": str(image)})
    assert saving.obtain(options, {"words": 1}, lambda folder: {}, maker.said.append) is None
    assert "700 MiB free" in maker.said[0] and "768 MiB wanted; this machine boots" in maker.said[0]


def test_a_digest_is_of_what_the_file_holds_now(tmp_path: Path):
    file = tmp_path / "file"
    file.write_bytes(b"one")
    first, stat = inputs.digest(file), file.stat()
    file.write_bytes(b"two")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert inputs.digest(file) == inputs.digest_of(b"two") != first


def test_cold_is_yes_or_no():
    assert not pleas.cold_given({}) and not pleas.cold_given({"COLD": "0"})
    assert pleas.cold_given({"COLD": "1"})
    with pytest.raises(Unusable, match=r"COLD=maybe: allowed: 0 \(go on from a snapshot\), 1 \(boot\)"):
        pleas.cold_given({"COLD": "maybe"})
