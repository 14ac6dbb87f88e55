# SPDX-License-Identifier: GPL-2.0-or-later
"""`vm` in the host (vmm/cli): VMs by virtualizationservice, and what it prints of them."""

from __future__ import annotations

import json
import re

import pytest

from scenarios import microdroid
from scenarios.harness import os_files
from scenarios.harness.host import Host, Job
from scenarios.harness.steps import Result

NO_VMM = ["sh", "-c", "while pidof vmm; do :; done"]


def write_config(host: Host, program: str, protected: bool) -> str:
    path = f"/run/{program}.json"
    config = {"name": program, "bootloader": f"/guest/{program}.bin", "protected": protected, "memory_mib": 16}
    host.put(path, json.dumps(config))
    return path


def run_vm(host: Host, program: str, protected: bool) -> Result:
    return host.run(["vm", "run", write_config(host, program, protected)], 60.0)


def start_vm(host: Host, program: str, protected: bool, name: str) -> Job:
    return host.job(name, ["vm", "run", write_config(host, program, protected)])


def reason(text: str) -> str | None:
    """What `vm` says of its VM's end, a name of AVF's DeathReason; None if it says nothing."""
    found = re.search(r"^VM ended: (\w+)$", text, re.MULTILINE)
    return found.group(1) if found else None


def cid(text: str) -> int:
    found = re.search(r"^Created .* with CID (\d+), state is STARTING\.$", text, re.MULTILINE)
    return int(found.group(1)) if found else 0


APK, IDSIG = "/guest/apk", "/guest/idsig"
app_files = pytest.mark.host_files({
    APK: microdroid.package("probe"), IDSIG: microdroid.idsig("probe"),
    **os_files.microdroid(),
})


def run_app(host: Host, protected: bool, *flags: str) -> Result:
    kind = ["--protected"] if protected else []
    return host.run(["vm", "run-app", APK, IDSIG, "/run/instance.img", "--payload-binary-name", "probe.so", *kind, *flags], microdroid.BOOT_S)
