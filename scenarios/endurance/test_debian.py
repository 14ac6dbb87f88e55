# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole operating system in a VM: Debian, from `vm run` or a program of AVF's raw API to a login and its power-off."""

from __future__ import annotations

import pytest

from scenarios import debian
from scenarios.harness.checks import Checks
from scenarios.harness.host import Host

ways = pytest.mark.parametrize("raw_api", [False, True], ids=["vm_run", "raw"])


@pytest.mark.limit(1500)
@pytest.mark.machine(mem="2G")
@ways
@debian.files
def test_debian_login(host: Host, check: Checks, raw_api: bool) -> None:
    """Debian's systemd boots in a normal VM on the stock kernel; root logs in at its console."""
    debian.log_in(host, check, raw_api)


@pytest.mark.limit(1500)
@pytest.mark.machine(mem="2G")
@pytest.mark.only_on("terrarium", reason="upstream pKVM has no guests that speak RSI, and the stock kernel speaks nothing else")
@ways
@debian.files
def test_debian_login_realm(host: Host, check: Checks, raw_api: bool) -> None:
    """The same in a protected VM, by Arm CCA's RSI."""
    debian.log_in(host, check, raw_api, protected=True, rsi=True)


@pytest.mark.limit(1500)
@pytest.mark.machine(mem="2G")
@ways
@debian.files
def test_debian_login_protected(host: Host, check: Checks, raw_api: bool) -> None:
    """Debian in a protected VM of pKVM's kind, on the Microdroid kernel, which has no control groups: a login, no systemd."""
    debian.log_in(host, check, raw_api, debian.TRIMMED, protected=True)
