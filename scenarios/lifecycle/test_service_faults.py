# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong around virtualizationservice: its users hear why, and it has nothing more than before."""

from __future__ import annotations

import pytest

from scenarios import microdroid
from scenarios.cli import NO_VMM, app_files, reason, run_vm, start_vm, write_config
from scenarios.harness.checks import Checks, at_least, matches
from scenarios.harness.host import Host
from scenarios.performance.measures import Figure
from scenarios.service_load import check_growth, cost, listed

FULL = "/run/full"
SERVICE_FOLDER = "/run/terrarium/virtualizationservice"
RUBBISH_S = 120.0
CONNECTIONS = 6  # guest/bare/rubbish.c
SIGSEGV = 128 + 11  # exit code of a payload that it killed


def fill(host: Host, folder: str, what: str) -> None:
    """No room in @folder for what `what` makes, N by N."""
    host.run(["sh", "-c", f"cd {folder} && n=0; while {what} 2>/dev/null; do n=$((n + 1)); done"], ok=True)


@pytest.mark.limit(300)
@pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])
def test_service_rubbish(host: Host, check: Checks, figure: Figure, protected: bool) -> None:
    """A guest writes rubbish to all its channels, twice: it ends as it says, others go on, nothing is kept of it."""
    other = start_vm(host, "converse", protected, "other")
    other.wait_line("listening")
    costs = []
    for _ in range(2):
        done = host.run(["vm", "run", write_config(host, "rubbish", protected)], RUBBISH_S)
        check("the client ends well", 0, done.exit)
        check("what it hears", "SHUTDOWN", reason(done.out))
        said = {report.name: report for report in done.reports}
        check("channels that the guest wrote to", ["ok"] * 3, [said[name].kind for name in ("serials", "consoles", "connections")])
        check("connections that the service took of it", CONNECTIONS, said["connections"]["count"])
        check("characters of it at the client", at_least(60_000), len(done.out) + len(done.err))
        costs.append(cost(host, costs[0].threads if costs else None))
    check_growth(check, figure, *costs)
    console = next(iter(listed(host).values()))["console"]
    host.run(["sh", "-c", f"echo still here > {console}"], ok=True)
    check("the other VM answers", "echo: still here", other.wait_line("^echo: "))
    host.run(["sh", "-c", f"echo bye > {console}"], ok=True)
    other.wait()
    check("reason of its end", "SHUTDOWN", reason(other.out()))
    check("no vmm is left", 0, host.run(NO_VMM, 20.0).exit)


@pytest.mark.limit(300)
@pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])
@app_files
@pytest.mark.host_files({"/guest/crash.apk": microdroid.package("crash")})
def test_service_payload_killed(host: Host, check: Checks, protected: bool) -> None:
    """A signal kills the payload: its client hears the exit code 128 + 11, SIGSEGV, and the VM ends as one whose work is done."""
    kind = ["--protected"] if protected else []
    words = "vm run-app /guest/crash.apk /run/crash.idsig /run/instance.img --payload-binary-name crash.so".split()
    done = host.run([*words, *kind], microdroid.BOOT_S)
    told = [line for line in done.err.splitlines() if line.startswith(("payload ", "VM encountered"))]
    check("what the client hears", ["payload started", f"payload finished with exit code {SIGSEGV}"], told)
    check("reason of the VM's end", (0, "SHUTDOWN"), (done.exit, reason(done.out)))
    check("no vmm is left", 0, host.run(NO_VMM, 20.0).exit)


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
