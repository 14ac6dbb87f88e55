# SPDX-License-Identifier: GPL-2.0-or-later
"""From one C program to a whole operating system: Debian. The other ways and kinds are endurance/debian_login."""

from __future__ import annotations

import pytest

from scenarios import debian
from scenarios.harness.checks import Checks
from scenarios.harness.host import Host


@pytest.mark.limit(600)
@pytest.mark.machine(mem="2G")
@pytest.mark.only_on("terrarium", reason="upstream pKVM has no guests that speak RSI")
@debian.files
def test_debian_realm(host: Host, check: Checks) -> None:
    """Debian's systemd boots on the stock kernel in a protected VM that AVF's raw API started; root logs in at its console."""
    debian.log_in(host, check, raw_api=True, protected=True, rsi=True)
