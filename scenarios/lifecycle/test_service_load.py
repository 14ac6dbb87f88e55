# SPDX-License-Identifier: GPL-2.0-or-later
"""Several VMs of the service at once, and one after the other; scenarios/endurance has more of them."""

from __future__ import annotations

import pytest

from scenarios import service_load
from scenarios.harness.checks import Checks
from scenarios.harness.host import Host
from scenarios.performance.measures import Figure

AT_ONCE = 8
CYCLES = 20


@pytest.mark.limit(300)
def test_vms_at_once(host: Host, check: Checks, figure: Figure) -> None:
    """Eight VMs at once, half of them protected: started, spoken with, ended; nothing is left of them."""
    service_load.all_at_once(host, check, figure, AT_ONCE)


@pytest.mark.limit(300)
def test_service_start_stop(host: Host, check: Checks, figure: Figure) -> None:
    """Twenty VMs, one after the other, half of them protected: service and host have what they had before."""
    service_load.start_and_stop(host, check, figure, CYCLES)
