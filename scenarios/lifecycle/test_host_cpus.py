# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's CPUs come and go through the hypervisor's PSCI."""

from scenarios.harness.checks import Checks
from scenarios.harness.host import Host

ROUNDS = 3


def online(host: Host) -> int:
    return int(host.run(["nproc"], ok=True).out)


def test_host_cpus_off_and_on(host: Host, check: Checks) -> None:
    """Every CPU but the first is turned off and on again, and runs programs."""
    count = online(host)
    for number in range(1, ROUNDS + 1):
        for value in (0, 1):
            for cpu in range(1, count):
                path = f"/sys/devices/system/cpu/cpu{cpu}/online"
                host.run(["sh", "-c", f"echo {value} > {path}"], ok=True)
            check(f"round {number}: CPUs online", count if value else 1, online(host))
    for cpu in range(count):
        ran = host.run(["taskset", "-c", str(cpu), "true"])
        check(f"a program on CPU {cpu}", 0, ran.exit)
