# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's free memory, exact enough to be compared."""

from __future__ import annotations

import re

from scenarios.harness.host import Host

PAGE = 4096


def free_memory(host: Host) -> int:
    """Bytes that are free when all caches are dropped, with the pages that CPUs keep at hand.

    MemFree leaves out the latter, and they come and go by tens of MiB.
    """
    host.run(["sh", "-c", "sync; echo 3 > /proc/sys/vm/drop_caches"], ok=True)
    zones = host.run(["cat", "/proc/zoneinfo"], ok=True).out
    pages = re.findall(r"^ *(?:pages free|count:) +([0-9]+)$", zones, re.MULTILINE)
    return PAGE * sum(int(count) for count in pages)
