# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of `make run-app`: what becomes of them, and what is refused in one sentence."""

import zipfile
from pathlib import Path

import pytest

from scenarios.harness import app
from scenarios.harness.errors import Unusable


@pytest.fixture
def apk(tmp_path: Path) -> Path:
    path = tmp_path / "hello.apk"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("lib/arm64-v8a/hello.so", b"")
        package.writestr("lib/x86_64/other.so", b"")
        package.writestr("assets/lib.so", b"")
    return path


def test_the_only_library_is_the_payload(apk: Path) -> None:
    made = app.app_of({"APK": str(apk), "PROTECTED": "1", "DEBUG": "none", "VM_FLAGS": "--mem 512 --name 'my vm'"})
    assert made.what == ("--payload-binary-name", "hello.so")
    assert made.flags == ("--protected", "--debug", "none", "--mem", "512", "--name", "my vm")
    assert made.idsig is None and made.extra_apks == ()


def test_the_user_says_what_is_run(apk: Path) -> None:
    assert app.app_of({"APK": str(apk), "PAYLOAD_BINARY_NAME": "other.so"}).what == ("--payload-binary-name", "other.so")
    assert app.app_of({"APK": str(apk), "CONFIG_PATH": "assets/c.json"}).what == ("--config-path", "assets/c.json")
    assert app.app_of({"APK": str(apk), "EXTRA_APK": f"{apk} {apk}"}).extra_apks == (apk, apk)
    assert app.app_of({"APK": str(apk), "PROTECTED": "0"}).flags == ()


@pytest.mark.parametrize(
    "words, said",
    [
        ({"APK": ""}, "which package"),
        ({"APK": "/nowhere.apk"}, "no such file"),
        ({"PROTECTED": "yes"}, "PROTECTED=yes"),
        ({"DEBUG": "some"}, "DEBUG=some"),
        ({"IDSIG": "/nowhere"}, "IDSIG=/nowhere"),
        ({"EXTRA_APK": "/nowhere"}, "EXTRA_APK=/nowhere"),
        ({"PAYLOAD_BINARY_NAME": "a.so", "CONFIG_PATH": "c"}, "PAYLOAD_BINARY_NAME and CONFIG_PATH"),
    ],
)
def test_refused(apk: Path, words: dict[str, str], said: str) -> None:
    with pytest.raises(Unusable, match=said):
        app.app_of({"APK": str(apk)} | words)


def test_no_library_or_several(tmp_path: Path, apk: Path) -> None:
    with zipfile.ZipFile(apk, "a") as package:
        package.writestr("lib/arm64-v8a/second.so", b"")
    with pytest.raises(Unusable, match="2 libraries"):
        app.app_of({"APK": str(apk)})
    other = tmp_path / "no.zip"
    other.write_bytes(b"no zip")
    with pytest.raises(Unusable, match="0 libraries"):
        app.app_of({"APK": str(other)})


def test_success_is_the_payloads_and_the_vms() -> None:
    assert app._succeeded("payload finished with exit code 0\nVM ended: SHUTDOWN\n")
    assert not app._succeeded("payload finished with exit code 7\nVM ended: SHUTDOWN\n")
    assert not app._succeeded("payload finished with exit code 0\nVM ended: KILLED\n")
    assert not app._succeeded("VM ended: SHUTDOWN\n")
