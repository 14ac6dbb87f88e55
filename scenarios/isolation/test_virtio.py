# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtio between the VMM and guests that it cannot look into, or that mean it ill."""

from __future__ import annotations

import pytest

from scenarios.harness.checks import Checks
from scenarios.harness.host import Host

BOTH = pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])

HOSTILE_CID = 8
SOCKET_CID = 9
SOCKET_PORT = 5000  # guest/bare/virtio_vsock.c
GREETING_BYTES = 25

# Rules of guest/bare/virtio_hostile.c; the second list needs memory of the guest's own.
RULES = ["buffer_nowhere", "chain_loops", "table_indirect", "head_beyond", "index_ahead"]
RULES_PROTECTED = ["buffer_outside", *RULES, "buffer_withdrawn", "rings_withdrawn"]


@BOTH
def test_virtio_console(host: Host, check: Checks, protected: bool) -> None:
    """A guest writes to hvc0 and reads from it; a protected one through pages that it shares."""
    host.put("/run/hvc0-input", "a line from the host\n")
    vm = host.vm(
        "virtio_console",
        protected=protected,
        mem=16,
        options=["--console", "file:/run/hvc0", "--console-input", "/run/hvc0-input"],
    )
    vm.finish()
    seen = host.get("/run/hvc0").decode("ascii", "replace").splitlines()
    check("hvc0 echoes the line", True, "echo: a line from the host" in seen)
    check("bytes that the guest read", 21, vm.report("input")["bytes"])


@BOTH
def test_virtio_socket(host: Host, check: Checks, protected: bool) -> None:
    """A guest talks to AF_VSOCK of the host; a protected one through pages that it shares."""
    host.run(["modprobe", "vhost_vsock"], ok=True)
    listener = host.job("listener", ["vsock", "listen", str(SOCKET_PORT)])
    listener.wait_line("ok listening")
    vm = host.vm("virtio_vsock", protected=protected, mem=16, options=["--cid", str(SOCKET_CID)])
    vm.finish()
    check("bytes that the guest got back", GREETING_BYTES, vm.report("answer")["bytes"])
    check("the listener's end", 0, listener.wait())
    check("what the listener saw",
          f"terrarium: value served cid={SOCKET_CID} bytes={GREETING_BYTES}",
          listener.out().splitlines()[-1])


@BOTH
def test_virtio_hostile_driver(host: Host, check: Checks, protected: bool) -> None:
    """A driver that breaks the rules of virtio stops its own device, and nothing else."""
    rules = RULES_PROTECTED if protected else RULES
    vm = host.vm(
        "virtio_hostile",
        protected=protected,
        mem=16,
        options=["--console", "file:/run/hvc0", "--cid", str(HOSTILE_CID)],
    )
    check("the VMM's exit code", 0, vm.wait())
    seen = {report.name: report.kind for report in vm.reports()}
    for rule in [*rules, "socket_withdrawn"] if protected else rules:
        check(f"{rule.replace('_', ' ')}: the device asks for its reset", "ok",
              seen.get(rule, "missing"))
    lines = host.get("/run/hvc0").decode("ascii", "replace").splitlines()
    check("hvc0 after each reset", [f"after {rule}" for rule in rules], lines)
    check("the guest's status", 0, vm.status)
    check("warnings of the VMM", 2 if protected else 1, vm.log().count("vmm: warn: virtio"))
