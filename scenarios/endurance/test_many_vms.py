# SPDX-License-Identifier: GPL-2.0-or-later
"""As many VMs of the service as a host has room for, and hundreds one after the other. For the night."""

from __future__ import annotations

import pytest

from scenarios import service_load
from scenarios.harness.checks import Checks
from scenarios.harness.host import Host
from scenarios.performance.measures import Figure

AT_ONCE = 32
CYCLES = 200


@pytest.mark.limit(1800)
@pytest.mark.machine(mem="2G")
def test_vms_at_once(host: Host, check: Checks, figure: Figure) -> None:
    """32 VMs at once, half of them protected: started, spoken with, ended; nothing is left of them."""
    service_load.all_at_once(host, check, figure, AT_ONCE)


@pytest.mark.limit(3000)
def test_start_stop(host: Host, check: Checks, figure: Figure) -> None:
    """200 VMs, one after the other, half of them protected: service and host have what they had before."""
    service_load.start_and_stop(host, check, figure, CYCLES)
