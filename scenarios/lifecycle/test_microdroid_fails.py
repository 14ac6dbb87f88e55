# SPDX-License-Identifier: GPL-2.0-or-later
"""Microdroid that must not run its payload, or whose payload fails: each says why, by AVF's words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scenarios import microdroid
from scenarios.harness.checks import Checks, matches
from scenarios.harness.host import Host
from scenarios.microdroid import APK, FOLDER, IDSIG, Service, both_kinds, built, metadata, payload_disk, told, trimmed

# ErrorCode of notifyError
UNKNOWN, VERIFICATION_FAILED, INVALID_CONFIG = 0, 1, 3


def changed(data: bytes, at: int) -> bytes:
    """@data with one bit turned over."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def changed_library() -> bytes:
    """The package, one bit of its library changed: of the text that it reports."""
    data = built("probe.img").read_bytes()
    return changed(data, data.index(b"begin probe"))


def changed_tree() -> bytes:
    text = built("probe.verity").read_bytes()
    return text.replace(b"root_digest=", b"root_digest=00", 1).replace(b"\nsalt", b"", 1)


def other_root() -> bytes:
    """A description with another root digest."""
    text = built("probe.verity").read_bytes()
    at = text.index(b"root_digest=") + len("root_digest=")
    return text[:at] + (b"1" if text[at : at + 1] != b"1" else b"2") + text[at + 1 :]


# What is wrong -> partitions with other contents, code of notifyError, the failure port's word.
CASES: dict[str, tuple[Callable[[], dict[str, bytes]], int, str]] = {
    "library": (lambda: {APK: changed_library()}, VERIFICATION_FAILED, "MICRODROID_PAYLOAD_VERIFICATION_FAILED"),
    "superblock": (lambda: {APK: changed(built("probe.img").read_bytes(), 1024)}, VERIFICATION_FAILED,
                   "MICRODROID_PAYLOAD_VERIFICATION_FAILED"),
    "root_digest": (lambda: {IDSIG: other_root()}, VERIFICATION_FAILED, "MICRODROID_PAYLOAD_VERIFICATION_FAILED"),
    "tree": (lambda: {IDSIG: changed_tree()}, VERIFICATION_FAILED, "MICRODROID_PAYLOAD_VERIFICATION_FAILED"),
    "metadata": (lambda: {"payload-metadata": b"{}"}, INVALID_CONFIG, "MICRODROID_INVALID_PAYLOAD_CONFIG"),
    "config_path": (lambda: {"payload-metadata": metadata(config=None, config_path="assets/none.json")}, INVALID_CONFIG,
                    "MICRODROID_INVALID_PAYLOAD_CONFIG"),
    "binary_name": (lambda: {"payload-metadata": metadata("none.so")}, UNKNOWN, "MICRODROID_UNKNOWN_RUNTIME_ERROR"),
}


def disks() -> dict[str, Callable[[], bytes]]:
    """All cases' disks, so that the cases share one snapshot of the host."""
    return {f"{FOLDER}/{case}.img": lambda make=make: payload_disk(make()) for case, (make, _, _) in CASES.items()}


@pytest.mark.limit(300)
@both_kinds
@pytest.mark.parametrize("case", list(CASES))
@trimmed
@pytest.mark.host_files(disks())
def test_microdroid_boot_fails(host: Host, check: Checks, case: str, protected: bool) -> None:
    """A changed package, hash tree or configuration: the host hears AVF's code and word, and nothing of the payload ran."""
    _, code, word = CASES[case]
    service = Service(host)
    vm = microdroid.start(host, protected, payload=f"{FOLDER}/{case}.img")
    calls = service.calls()
    check("what the host hears: no start, one error with AVF's code", [f"error {code}"], told(calls))
    check("exit code of the VMM: powered off", 0, vm.wait(microdroid.BOOT_S))
    check("what the failure port says", matches(f"^{word}[|]"), vm.reason())
    check("reports of the payload", [], vm.reports())
