# SPDX-License-Identifier: GPL-2.0-or-later
"""Microdroid straight on the VMM, without the service: its files in the host, its disks, the host's end of its calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from scenarios import gpt
from scenarios.harness.errors import GuestFailed, StepFailed
from scenarios.harness.host import Host, Job
from scenarios.harness.paths import out
from scenarios.harness.report import Report, parse
from scenarios.harness.vm import VM

FOLDER = "/guest/microdroid"
PAYLOAD_DISK = f"{FOLDER}/payload.img"
CID = 2049
BOOT_S = 150.0
# Linux 7.3 makes a realm's bounce buffers 1 MiB for each GiB of memory unless told: too few for a disk.
BOUNCE = " swiotlb=8192"  # of 2 KiB
LINES_SHOWN = 8
BLOCK = 4096
APK, IDSIG = "microdroid-apk", "microdroid-apk-idsig"


def built(name: str) -> Path:
    return out() / "guest/microdroid" / name


def package(name: str) -> Path:
    """A package of guest/payload; beside it its idsig."""
    return out() / f"guest/payload/{name}.apk"


def idsig(name: str) -> Path:
    return out() / f"guest/payload/{name}.apk.idsig"


def _files(kernel: Path, prefix: str) -> pytest.MarkDecorator:
    kinds = {f"{FOLDER}/initrd_{kind}.img": built(f"{prefix}_{kind}.img") for kind in ("normal", "debuggable")}
    return pytest.mark.host_files({f"{FOLDER}/kernel": kernel, f"{FOLDER}/super.img": built("super.img"), **kinds})


trimmed = _files(built("kernel"), "initrd")  # the kernel of guest/kernel
stock = _files(out() / "sdk/kernel/Image", "initrd_stock")  # the SDK's own
both_kinds = pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])


def metadata(binary: str = "probe.so", **changes: object) -> bytes:
    """The partition payload-metadata, as vmm/service/README.md has it."""
    apk = {"name": "apk", "payload_partition_name": APK, "idsig_partition_name": IDSIG}
    config = {"payload_binary_name": binary, "extra_apk_count": 0}
    members = {"version": 1, "apk": apk, "config": config} | changes
    return json.dumps({name: value for name, value in members.items() if value is not None}).encode()


def whole_blocks(data: bytes) -> bytes:
    """@data as the service makes a partition of it: filled up with zeroes to 4 KiB."""
    return data + bytes(-len(data) % BLOCK)


def payload_disk(changes: Mapping[str, bytes] | None = None, name: str = "probe") -> bytes:
    """The disk of the payload @name; with other contents for some of its partitions."""
    partitions = {
        "payload-metadata": metadata(f"{name}.so"), APK: package(name).read_bytes(), IDSIG: idsig(name).read_bytes(),
    } | dict(changes or {})
    return gpt.disk({label: whole_blocks(data) for label, data in partitions.items()})


class Service:
    """The host's end: every call of the guest, in order (guest/microdroid/tools/machine_service.c)."""

    def __init__(self, host: Host, name: str = "machine-service") -> None:
        host.run(["modprobe", "vhost_vsock"], ok=True)
        self._job: Job = host.job(name, ["machine-service", str(CID)])
        try:
            self._job.wait_line("what=listening")
        except StepFailed as failed:
            raise StepFailed(f"{failed}: {self._job.err().strip()}") from failed

    def wait(self, what: str) -> str:
        return self._job.wait_line(f"what={what}", timeout=BOOT_S)

    def stop(self) -> None:
        """Nobody has called, or nobody is to."""
        self._job.signal("TERM")
        self._job.wait(BOOT_S)

    def calls(self) -> list[Report]:
        """All, once the guest has closed the connection."""
        self._job.wait(BOOT_S)
        return [each for each in parse(self._job.out()) if each["what"] not in ("listening", "closed")]


def first_report(vm: VM, name: str, timeout: float = BOOT_S) -> Report:
    """vm.report(), whose failure says how the guest's console ends."""
    try:
        return vm.report(name, timeout)
    except GuestFailed as failed:
        lines = vm.job.out().splitlines()
        raise GuestFailed(f"{failed}; its console ends: {' / '.join(lines[-LINES_SHOWN:])}") from failed


def await_ready(vm: VM, service: Service) -> None:
    """The payload has said that it is ready; a failure says how the guest's console ends."""
    try:
        service.wait("ready")
    except StepFailed as failed:
        lines = vm.job.out().splitlines()
        raise GuestFailed(f"{failed}; its console ends: {' / '.join(lines[-LINES_SHOWN:])}") from failed


def start(
    host: Host, protected: bool, rsi: bool = False, debuggable: bool = True, mem: int = 256, folder: str = FOLDER,
    quiet: bool = False, payload: str = PAYLOAD_DISK, name: str = "microdroid",
) -> VM:
    """Microdroid with the disk @payload, if the host has it; its console and log are the VMM's stdout."""
    params = f"console={'hvc0' if debuggable else 'ttynull'} panic=-1 arm64.nopauth{' quiet' if quiet else ''}{BOUNCE if rsi else ''}"
    kind = "debuggable" if debuggable else "normal"
    has_payload = host.run(["test", "-e", payload]).exit == 0
    return host.vm(
        None, name=name, protected=protected and not rsi, mem=mem,
        options=[
            *(["--rsi"] if rsi else []),
            "--kernel", f"{folder}/kernel", "--initrd", f"{folder}/initrd_{kind}.img", "--params", params,
            "--block", f"{folder}/super.img,ro", *(["--block", f"{payload},ro"] if has_payload else []),
            "--rng", "--cid", str(CID), "--console", "stdout", "--serial0", "null" if debuggable else "file:/run/ttyS0",
        ],
    )


def told(calls: list[Report]) -> list[str]:
    """What the host heard, in order: a word for each call, with its code."""
    return [" ".join(str(call.values[key]) for key in ("what", "code") if key in call.values) for call in calls]
