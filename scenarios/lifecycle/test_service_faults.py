# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong around virtualizationservice: its users hear why, and it has nothing more than before."""

from __future__ import annotations

from scenarios.cli import NO_VMM, reason, run_vm, write_config
from scenarios.harness.checks import Checks, matches
from scenarios.harness.host import Host
from scenarios.service_load import listed

FULL = "/run/full"
SERVICE_FOLDER = "/run/terrarium/virtualizationservice"


def fill(host: Host, folder: str, what: str) -> None:
    """No room in @folder for what `what` makes, N by N."""
    host.run(["sh", "-c", f"cd {folder} && n=0; while {what} 2>/dev/null; do n=$((n + 1)); done"], ok=True)


def test_service_disk_full(host: Host, check: Checks) -> None:
    """The host's disk is full: what needs room says so and leaves nothing, what does not goes on."""
    host.run(["sh", "-c", f"mkdir -p {FULL} {SERVICE_FOLDER} && mount -t tmpfs -o size=64k full {FULL} && "
              f"mount -t tmpfs -o nr_inodes=32 full {SERVICE_FOLDER}"], ok=True)
    check("a VM before", "SHUTDOWN", reason(run_vm(host, "hello", False).out))

    fill(host, FULL, "dd if=/dev/zero bs=4096 count=1 of=filler.$n")
    made = host.run(["vm", "create-partition", "-t", "instance", f"{FULL}/instance.img", "1048576"], 30.0)
    check("a partition: refused", (1, True), (made.exit, "No space left on device" in made.err))
    check("a partition: nothing is left of it", 1, host.run(["test", "-e", f"{FULL}/instance.img"]).exit)
    console = host.run(["vm", "run", "--console", f"{FULL}/console", write_config(host, "hello", False)], 60.0)
    check("a console to a full disk: the VM ends well", (0, "SHUTDOWN"), (console.exit, reason(console.out)))

    fill(host, SERVICE_FOLDER, "touch filler.$n")
    refused = run_vm(host, "hello", False)
    check("no room for the service: no VM", 1, refused.exit)
    check("what the user hears", matches("cannot create the VM: .*No space left on device"), refused.err.strip())
    check("it is in no list", {}, listed(host))
    host.run(["sh", "-c", f"rm {SERVICE_FOLDER}/filler.*"], ok=True)
    check("a VM afterwards", "SHUTDOWN", reason(run_vm(host, "hello", False).out))
    check("no vmm is left", 0, host.run(NO_VMM, 20.0).exit)
