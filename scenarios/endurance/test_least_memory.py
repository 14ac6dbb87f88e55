# SPDX-License-Identifier: GPL-2.0-or-later
"""minimum_required_memory, as AVF's benchmarks call it. A part of `make bench`; too many boots for every push."""

from __future__ import annotations

import pytest

from scenarios.harness.checks import Checks
from scenarios.harness.host import Host
from scenarios.performance.measures import Figure
from scenarios.performance.test_avf import avf_test, both_kinds, files

HANGUP = 16  # AVF's reason: the service waited for the payload's start in vain


@pytest.mark.icount
@pytest.mark.limit(300)
@both_kinds
@files
def test_avf_least_memory(host: Host, check: Checks, figure: Figure, protected: bool) -> None:
    """minimum_required_memory: the least with which a payload runs; with less the VM ends by itself."""
    lines = avf_test(host, "protected" if protected else "normal", "least_memory")
    tried = {line.number("mib"): line for line in lines if line.name == "memory"}
    least = next(line for line in lines if line.name == "minimum_required_memory").number("mib")
    figure("minimum_required_memory", least, "MiB")
    check("sizes with which no payload ran", sorted(mib for mib in tried if mib < least),
          sorted(mib for mib, line in tried.items() if not line["finished"]))
    check("MiB less than the least that were tried", 2, least - max(mib for mib in tried if mib < least))
    check("sizes with which the VM stood still", [], [mib for mib, line in tried.items() if line["reason"] == HANGUP])
