# SPDX-License-Identifier: GPL-2.0-or-later
"""
The trace on a hypervisor of others: Debian's Xen boots the stock kernel as dom0.

    make xen        boots it, prints what dom0 said and the trace's summary; artefacts in out/runs/xen/boot
"""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from scenarios.harness import cpio, instruments, paths
from scenarios.harness.errors import Failure, MachineFailed, Unusable
from scenarios.harness.folder import RunFolder
from scenarios.harness.trace import Trace
from scenarios.harness.tracefile import decode

LIMIT_S = 110.0
BUSYBOX = "sdk/sysroot/usr/bin/busybox"

# dom0's first process: says what it runs on, and ends the machine.
INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /sys
/bin/busybox mount -t sysfs sysfs /sys
echo "dom0 runs on $(/bin/busybox cat /sys/hypervisor/type) $(/bin/busybox cat /sys/hypervisor/version/major)"
/bin/busybox poweroff -f
"""


@dataclasses.dataclass(frozen=True)
class Boot:
    """What came of it."""

    said: str  # dom0's line
    trace: Trace
    folder: Path


def boot(env: Mapping[str, str]) -> Boot:
    """Boot until dom0 powers off. Raises MachineFailed, TraceError, Unusable."""
    describe = paths.machine_description
    options = describe.from_env({**env, "HYP": ""})
    options = dataclasses.replace(options, hyp="xen")
    if not describe.image(options).is_file():
        raise Unusable("Xen is not there: `make setup` fetches it")
    folder = RunFolder("xen/boot")
    try:
        files = {"/init": INIT, "/bin/busybox": paths.out() / BUSYBOX}
        initrd = folder.write("initrd.cpio", cpio.archive(files, frozenset(files)))
        console = folder.path / "console.log"
        channels = describe.Channels(console=f"file,path={str(console).replace(',', ',,')}")
        # Not the VMID that our targets' hosts have: the host is who runs first.
        given = dict(instruments.TRACE.arguments(folder.path, options))
        given.pop("host-vmid")
        trace = dataclasses.replace(instruments.TRACE, arguments=lambda *_: given)
        argv = describe.command(options, channels, initrd, [trace.plugin(folder.path, options)])
        _run(argv, folder.path)
        said = re.search(r"^dom0 runs on .*$", console.read_text(errors="replace"), re.M)
        if said is None:
            raise MachineFailed(f"dom0's init said nothing: see {paths.short(console)}")
        return Boot(said[0].strip(), decode(folder.path)[0], folder.path)
    finally:
        (folder.path / "initrd.cpio").unlink(missing_ok=True)
        folder.close()


def _run(argv: list[str], folder: Path) -> None:
    with (folder / "qemu.log").open("wb") as log:
        try:
            done = subprocess.run(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise MachineFailed(f"Xen and its dom0 were not done after {LIMIT_S:g} s") from None
    if done.returncode != 0:
        words = (folder / "qemu.log").read_text(errors="replace").strip()
        raise MachineFailed(f"QEMU died with status {done.returncode}: {words[-300:]}")


def main() -> int:
    try:
        result = boot(os.environ)
    except Failure as failure:
        print(f"xen: {failure}", file=sys.stderr)
        return 1
    print(f"{result.said}\n{result.trace.table()}\nartefacts: {paths.short(result.folder)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
