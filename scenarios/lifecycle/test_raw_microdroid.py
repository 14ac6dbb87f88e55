# SPDX-License-Identifier: GPL-2.0-or-later
"""Microdroid by the ways that start any guest: `vm run` with a configuration, and a program of AVF's raw API."""

from __future__ import annotations

import json

import pytest

from scenarios import microdroid, overlay
from scenarios.cli import NO_VMM, reason
from scenarios.harness import os_files
from scenarios.harness.checks import Checks
from scenarios.harness.host import Host
from scenarios.harness.report import parse

KERNEL, INITRD, SYSTEM = (f"{os_files.FOLDER}/{name}" for name in ("kernel", "initrd_debuggable.img", "super.img"))
CONFIG, OVERLAY, METADATA = "/run/microdroid.json", "/run/microdroid.dtbo", "/run/metadata"
APK, IDSIG, PAYLOAD = "/guest/apk", "/guest/idsig", "/guest/payload.img"


def configuration(described: dict[str, object], protected: bool) -> dict[str, object]:
    """`vm run`'s: the OS's own, as a debuggable one, and the payload's disk behind the system's."""
    payload = {"payload-metadata": METADATA, microdroid.APK: APK, microdroid.IDSIG: IDSIG}
    disks = [{"super": SYSTEM}, payload]
    return {
        "kernel": KERNEL, "initrd": INITRD, "params": described["params"], "memory_mib": described["memory_mib"], "protected": protected,
        "disks": [{"partitions": [{"label": label, "path": path} for label, path in disk.items()]} for disk in disks],
    }


@pytest.mark.limit(300)
@microdroid.both_kinds
@pytest.mark.host_files(
    {APK: microdroid.package("probe"), IDSIG: microdroid.idsig("probe"), PAYLOAD: microdroid.payload_disk, **os_files.microdroid()}
)
def test_raw_microdroid(host: Host, check: Checks, protected: bool) -> None:
    """Two VMs at once, one by each way, boot Microdroid and run the same payload to its end."""
    described = json.loads(host.get(f"{os_files.FOLDER}/microdroid.json"))
    host.put(METADATA, microdroid.metadata())
    host.put(CONFIG, json.dumps(configuration(described, protected)))
    host.put(OVERLAY, overlay.bootargs(described["params"]))
    raw = host.job("raw", [
        "avf-raw", *(["-p"] if protected else []), "-m", str(described["memory_mib"]), "-i", INITRD, "-t", OVERLAY,
        "-d", SYSTEM, "-d", PAYLOAD, KERNEL,
    ])
    done = host.run(["vm", "run", CONFIG], microdroid.BOOT_S)
    told = [line for line in done.err.splitlines() if line.startswith(("payload ", "VM encountered"))]
    check("vm run: what the client hears", ["payload started", "payload finished with exit code 0"], told)
    check("vm run: reason of its death", "SHUTDOWN", reason(done.out))
    check("raw API: the program ends well", 0, raw.wait(microdroid.BOOT_S))
    check("raw API: AVirtualMachineStopReason SHUTDOWN", "stopped: 5", raw.err().splitlines()[-1])
    for way, log in (("vm run", done.err), ("raw API", raw.err())):
        check(f"{way}: the payload spoke on the log, as the payload's user", [10000], [each["uid"] for each in parse(log) if each.name == "identity"])
    check("no vmm is left", 0, host.run(NO_VMM, 20.0).exit)
