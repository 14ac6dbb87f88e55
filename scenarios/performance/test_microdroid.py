# SPDX-License-Identifier: GPL-2.0-or-later
"""What Microdroid costs on the trimmed kernel, next to the stock one: the same image and payload on both."""

from __future__ import annotations

import pytest

from scenarios import microdroid
from scenarios.harness.checks import Checks, at_most
from scenarios.harness.host import Host
from scenarios.harness.paths import out
from scenarios.microdroid import FOLDER, PAYLOAD_DISK, Service, payload_disk
from scenarios.performance.measures import GOAL, Figure

MEMORY_MIB = 256
HALF = 0.5  # Android 14's headline over Android 13, for both figures
KERNELS = {"trimmed": (microdroid.built("kernel"), "initrd"), "stock": (out() / "sdk/kernel/Image", "initrd_stock")}


def files() -> dict[str, object]:
    found: dict[str, object] = {PAYLOAD_DISK: payload_disk}
    for name, (kernel, initrd) in KERNELS.items():
        found |= {f"{FOLDER}/{name}/kernel": kernel, f"{FOLDER}/{name}/initrd_debuggable.img": microdroid.built(f"{initrd}_debuggable.img"),
                  f"{FOLDER}/{name}/super.img": microdroid.built("super.img")}
    return found


@pytest.mark.icount
@pytest.mark.limit(600)
@pytest.mark.host_files(files())
def test_microdroid(host: Host, check: Checks, figure: Figure) -> None:
    """boot_time and memory of a normal VM, from its kernel's start to the payload's: trimmed kernel, stock kernel, ratio."""
    boot: dict[str, float] = {}
    used: dict[str, float] = {}
    for name in KERNELS:
        service = Service(host)
        vm = microdroid.start(host, protected=False, folder=f"{FOLDER}/{name}", quiet=True)
        boot[name] = vm.report("clock", microdroid.BOOT_S * 2).number("boot_us") / 1000
        used[name] = MEMORY_MIB - vm.report("memory").number("available_kib") / 1024
        service.calls()
        vm.finish(microdroid.BOOT_S)
        figure(f"boot_time, {name} kernel", boot[name], "ms")
        figure(f"memory used, {name} kernel", used[name], "MiB")
    check(f"{GOAL}boot_time, trimmed / stock kernel", at_most(HALF), boot["trimmed"] / boot["stock"])
    check(f"{GOAL}memory used, trimmed / stock kernel", at_most(HALF), used["trimmed"] / used["stock"])
