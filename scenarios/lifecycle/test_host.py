# SPDX-License-Identifier: GPL-2.0-or-later
"""The host itself, without a guest."""

from scenarios.harness.checks import Checks, at_least
from scenarios.harness.host import Host
from scenarios.targets import protects_vms


def test_host_boots(host: Host, check: Checks, target: str) -> None:
    """The machine boots, the host serves and can make protected VMs."""
    online = host.run(["nproc"], ok=True)
    check("CPUs online", at_least(1), int(online.out))
    check("EL2 makes protected VMs", True, protects_vms(target, host))
    check("/dev/kvm is there", 0, host.run(["test", "-c", "/dev/kvm"]).exit)
    host.put("/run/probe", b"seven bytes"[:7])
    check("a file comes back as it was put", b"seven b", host.get("/run/probe"))
