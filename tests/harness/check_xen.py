# SPDX-License-Identifier: GPL-2.0-or-later
"""The trace plugin on a hypervisor that none here wrote: Debian's Xen with the stock kernel as dom0."""

import json
import os

from scenarios.harness import xen
from scenarios.harness.trace_perfetto import write_perfetto


def test_trace_of_xen_and_its_dom0() -> None:
    result = xen.boot({key: os.environ[key] for key in ("O", "CPU") if key in os.environ})
    trace = result.trace
    assert result.said == "dom0 runs on xen 4"
    assert trace.header.state == "complete"

    calls = {visit.name for visit in trace.calls(world="host")}
    assert {"xen console_io", "xen memory_op", "xen event_channel_op", "PSCI_VERSION"} <= calls
    assert not [name for name in calls if name.startswith(("0x", "#"))], "a call without a name"
    off = trace.calls(name="PSCI_SYSTEM_OFF")
    assert len(off) == 1 and off[0].leave is None
    assert [call.name for call in trace.firmware_calls(world="el2")][-1] == "PSCI_SYSTEM_OFF"
    versions = [v for v in trace.calls(name="xen xen_version") if v.named_args["a0"] == 0]
    assert versions[0].named_results["result"] >> 16 == 4  # XENVER_version: major and minor

    faults = trace.faults(world="host")
    gic = [fault for fault in faults if 0x08000000 <= fault.enter.value("ipa") < 0x09000000]
    assert gic, "dom0's GIC is emulated, so its accesses fault"
    names = {visit.name for visit in trace.visits if visit.kind == "SYSREG"}
    assert "msr ICC_SGI1R_EL1" in names and "mrs ID_AA64PFR0_EL1" in names
    acked = {(r.world, r.value("intid")) for r in trace.raw if r.type.name == "ACK"}
    assert ("el2", 26) in acked and ("host", 27) in acked  # EL2's timer, and dom0's virtual one
    timed = [visit for visit in trace.calls() if visit.leave]
    assert timed and all(visit.el2_insns is None or visit.el2_insns > 0 for visit in timed)

    write_perfetto(trace, result.folder / "trace.perfetto.json")
    events = json.loads((result.folder / "trace.perfetto.json").read_text())["traceEvents"]
    tracks = {(e["pid"], e["tid"]) for e in events if e["ph"] == "X"}
    assert len(tracks) == 4, "dom0 and EL2, on two vCPUs each"
