# SPDX-License-Identifier: GPL-2.0-or-later
"""What campaigns run: a page's life, from a mark to a mark, and nothing besides."""

from __future__ import annotations

from scenarios.harness.checks import Checks
from scenarios.harness.host import Host

PAGES = 3


def test_ownership(host: Host, check: Checks) -> None:
    """Pages are donated to a protected VM, shared, taken back and reclaimed, by KVM's interface alone."""
    host.run(["vm-pages", "1"], ok=True)  # what the first VM leaves in the host is no VM's own
    seen = host.run(["vm-pages", "--mark", "before", str(PAGES)]).report
    host.mark("after")
    for name in ("shared", "read", "refused", "zeroed"):
        check(f"pages {name}", PAGES, seen[name])
    check("statuses of the guest's calls", 0, seen["calls"])
    check("pages with something left in them", 0, seen["left"])
