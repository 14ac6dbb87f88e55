# SPDX-License-Identifier: GPL-2.0-or-later
"""The host itself, without a guest."""

from scenarios.harness.checks import Checks, at_least
from scenarios.harness.host import Host


def test_host_boots(host: Host, check: Checks) -> None:
    """The machine boots, the host serves and can make protected VMs."""
    online = host.run(["nproc"], ok=True)
    check("CPUs online", at_least(1), int(online.out))
    mode = host.run(["dmesg"], ok=True).out
    check("protected mode at EL2", True, "kvm [1]: Protected" in mode)
    check("/dev/kvm is there", 0, host.run(["test", "-c", "/dev/kvm"]).exit)
    host.put("/run/probe", b"seven bytes"[:7])
    check("a file comes back as it was put", b"seven b", host.get("/run/probe"))
