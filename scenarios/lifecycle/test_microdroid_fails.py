# SPDX-License-Identifier: GPL-2.0-or-later
"""Microdroid that must not run its payload, or whose payload fails: each says why, by AVF's words."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from scenarios import idsigs, microdroid
from scenarios.harness.checks import Checks, matches
from scenarios.harness.host import Host
from scenarios.microdroid import (
    APK, FOLDER, IDSIG, PAYLOAD_DISK, Service, both_kinds, idsig, metadata, package, payload_disk, told, trimmed,
)

# ErrorCode of notifyError
UNKNOWN, VERIFICATION_FAILED, INVALID_CONFIG = 0, 1, 3
LAUNCHER_FAILED = 101  # exit code of a payload that could not be started
RESET = 32  # the VMM's exit status
TOO_LITTLE = "^MICRODROID_UNKNOWN_RUNTIME_ERROR[|]first stage: too little memory"

# Nothing here is about the host's CPUs, and two of them wait for each other where the build machine has no two to spare: half of the time.
one_cpu = pytest.mark.machine(smp=1)


def changed(data: bytes, at: int) -> bytes:
    """@data with one bit turned over."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def changed_library() -> bytes:
    """The package, one bit of its library changed: of the text that it reports."""
    data = package("probe").read_bytes()
    return changed(data, data.index(b"begin probe"))


def changed_directory() -> bytes:
    """The package, one bit changed in the zip's directory, which lies at its end."""
    data = package("probe").read_bytes()
    return changed(data, data.rindex(b"PK\1\2") + 10)


def signed_by_nobody() -> dict[str, bytes]:
    """One bit of the package's signature changed, with an idsig that is right for that package: dm-verity has nothing against it."""
    data = package("probe").read_bytes()
    block = data.index((0xF05368C0).to_bytes(4, "little"))
    certificate = data.index(b"\x30\x82", block)
    key = data.index(b"\x30\x82\x01\x22", data.index(b"\x30\x82\x01\x22", certificate) + 1)  # behind the signature
    forged = changed(data, key - 100)
    return {APK: forged, IDSIG: idsigs.of(forged, idsig("probe").read_bytes())}


def other_content() -> dict[str, bytes]:
    """The library changed, with an idsig that is right for that package: the signature alone knows."""
    forged = changed_library()
    return {APK: forged, IDSIG: idsigs.of(forged, idsig("probe").read_bytes())}


def without_signature() -> dict[str, bytes]:
    """A zip that nobody signed, with an idsig that is right for it."""
    zipped = idsigs.unsigned(package("probe").read_bytes())
    return {APK: zipped, IDSIG: idsigs.of(zipped, idsig("probe").read_bytes())}


def changed_idsig(part: str) -> dict[str, bytes]:
    data = idsig("probe").read_bytes()
    return {IDSIG: changed(data, idsigs.places(data)[part])}


FAILED, INVALID, RUNTIME = (f"MICRODROID_{word}" for word in ("PAYLOAD_VERIFICATION_FAILED", "INVALID_PAYLOAD_CONFIG",
                                                              "UNKNOWN_RUNTIME_ERROR"))

# What is wrong -> partitions with other contents, code of notifyError, the failure port's word.
CASES: dict[str, tuple[Callable[[], dict[str, bytes]], int, str]] = {
    "library": (lambda: {APK: changed_library()}, VERIFICATION_FAILED, FAILED),
    "directory": (lambda: {APK: changed_directory()}, VERIFICATION_FAILED, FAILED),
    "signature": (signed_by_nobody, VERIFICATION_FAILED, FAILED),
    "unsigned": (without_signature, VERIFICATION_FAILED, FAILED),
    "content": (other_content, VERIFICATION_FAILED, FAILED),
    "root_digest": (lambda: changed_idsig("root"), VERIFICATION_FAILED, FAILED),
    "tree": (lambda: changed_idsig("tree"), VERIFICATION_FAILED, FAILED),
    "metadata": (lambda: {"payload-metadata": b"{}"}, INVALID_CONFIG, INVALID),
    "config_path": (lambda: {"payload-metadata": metadata(config=None, config_path="assets/none.json")}, INVALID_CONFIG, INVALID),
    "extra_apks": (lambda: {"payload-metadata": metadata(config={"payload_binary_name": "probe.so", "extra_apk_count": 1})},
                   INVALID_CONFIG, INVALID),
    "binary_name": (lambda: {"payload-metadata": metadata("none.so")}, UNKNOWN, RUNTIME),
}


# Cases that are tests of AVF's are asked of both kinds of VMs, the others by turns.
NAMES = {"config_path": "bootFailsWhenConfigIsInvalid", "binary_name": "bootFailsWhenBinaryNameIsInvalid"}


def asked() -> list[tuple[str, bool]]:
    kinds = [(case, at % 2 == 0) for at, case in enumerate(CASES)]
    return kinds + [(case, not protected) for case, protected in kinds if case in NAMES]


def disks() -> dict[str, Callable[[], bytes]]:
    """All cases' disks, so that the cases share one snapshot of the host."""
    return {f"{FOLDER}/{case}.img": lambda make=make: payload_disk(make()) for case, (make, _, _) in CASES.items()}


@pytest.mark.limit(300)
@pytest.mark.parametrize(("case", "protected"), [
    pytest.param(case, protected, id=f"{case}-{'protected' if protected else 'normal'}") for case, protected in asked()
])
@one_cpu
@trimmed
@pytest.mark.host_files(disks())
def test_microdroid_boot_fails(host: Host, check: Checks, case: str, protected: bool) -> None:
    """A changed package, hash tree or configuration: the host hears AVF's code and word, and nothing of the payload ran."""
    _, code, word = CASES[case]
    service = Service(host)
    vm = microdroid.start(host, protected, payload=f"{FOLDER}/{case}.img")
    calls = service.calls()
    name = NAMES.get(case, case)
    check(f"{name}: no start, one error with AVF's code", [f"error {code}"], told(calls))
    check("exit code of the VMM: powered off", 0, vm.wait(microdroid.BOOT_S))
    check("what the failure port says", matches(f"^{word}[|]"), vm.reason())
    check("reports of the payload", [], vm.reports())


def system(part: bytes) -> Callable[[], bytes]:
    """The system image, one bit of it changed, behind the first @part."""
    def image() -> bytes:
        data = microdroid.built("super.img").read_bytes()
        return changed(data, data.index(part) + len(part))

    return image


# What is changed: the file system's first block, so that it cannot be mounted; the manager, so that it runs into it.
IMAGES = {"file_system": system((0xE0F5E1E2).to_bytes(4, "little")), "manager": system(b"payload verified and ")}


def image_files() -> dict[str, object]:
    kernel = {name: microdroid.built(name) for name in ("kernel", "initrd_debuggable.img")}
    return {f"{FOLDER}/{case}/{name}": content for case, image in IMAGES.items()
            for name, content in {**kernel, "super.img": image}.items()}


@pytest.mark.limit(300)
@pytest.mark.parametrize(("case", "protected"), [("file_system", True), ("manager", False)], ids=IMAGES)
@one_cpu
@pytest.mark.host_files({PAYLOAD_DISK: payload_disk} | image_files())
def test_microdroid_image_changed(host: Host, check: Checks, case: str, protected: bool) -> None:
    """A changed block of the system image: the VM is reset, and nothing of the payload ran."""
    service = Service(host)
    vm = microdroid.start(host, protected, folder=f"{FOLDER}/{case}")
    check("exit code of the VMM: the guest was reset", RESET, vm.wait(microdroid.BOOT_S))
    check("what the console says", matches("block [0-9]+ is corrupted"), vm.job.out())
    check("what the failure port says", "", vm.reason())
    check("reports of the payload", [], vm.reports())
    service.stop()


# Payload -> AVF's name of the test, and what the launcher says of it.
NO_PAYLOADS = {
    "no_entry": ("bootFailsWhenBinaryIsMissingEntryFunction", "the payload has no entry point: .*AVmPayload_main"),
    "private_link": ("bootFailsWhenBinaryTriesToLinkAgainstPrivateLibs", r"cannot load the payload: libcrypto\.so\.3: "),
}


@pytest.mark.limit(300)
@both_kinds
@one_cpu
@trimmed
@pytest.mark.host_files({f"{FOLDER}/{name}.img": lambda name=name: payload_disk(name=name) for name in NO_PAYLOADS})
def test_microdroid_payload_is_none(host: Host, check: Checks, protected: bool) -> None:
    """A library without the entry function, and one that wants a private library of the system: the launcher says so, and ends."""
    for payload, (name, words) in NO_PAYLOADS.items():
        service = Service(host, f"{payload}-service")
        vm = microdroid.start(host, protected, payload=f"{FOLDER}/{payload}.img", name=payload)
        check(f"{name}: what the host hears", ["started", f"finished {LAUNCHER_FAILED}"], told(service.calls()))
        check("exit code of the VMM: powered off", 0, vm.wait(microdroid.BOOT_S))
        check(f"{name}: the log", True, re.search(words, vm.job.out()) is not None)


@pytest.mark.limit(300)
@both_kinds
@one_cpu
@trimmed
def test_microdroid_low_memory(host: Host, check: Checks, protected: bool) -> None:
    """bootFailsWhenLowMem: with too little for the system the VM says so and ends by itself, at once."""
    for mib in (16, 20, 24):
        vm = microdroid.start(host, protected, mem=mib, name=f"mib-{mib}")
        check(f"{mib} MiB: exit code of the VMM", 0, vm.wait(60.0))
        check(f"{mib} MiB: what the failure port says", matches(TOO_LITTLE), vm.reason())
