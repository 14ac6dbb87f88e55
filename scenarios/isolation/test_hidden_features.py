# SPDX-License-Identifier: GPL-2.0-or-later
"""What of the CPU guests are not given."""

import pytest

from scenarios.harness.checks import Checks, at_least
from scenarios.harness.vm import VM

BOTH = pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])
CRASHED, PANICKED = 33, 34  # the VMM's exit codes


# These the CPU has, and upstream gives them to VMs that are not protected: the control.
OPEN_UPSTREAM = {"PFR0_EL0_is_AArch64", "MMFR1_LO", "LORC_EL1", "LORID_EL1", "LORSA_EL1"}


def is_open(target: str, protected: bool) -> bool:
    return target == "pkvm" and not protected


@BOTH
@pytest.mark.vm("hidden_features", mem=16)
def test_hidden_features(vm_running: VM, target: str, check: Checks, protected: bool) -> None:
    """MTE, SME, activity monitors, MPAM, profiling, trace, LORegions, EL2: not in ID registers, and undefined."""
    vm_running.wait()
    judged = [report for report in vm_running.reports() if report.kind in ("ok", "fail")]
    for what, count in (("control", 3), ("hidden", 12), ("undefined", 23)):
        check(f"looked at: {what}", count, len([report for report in judged if report.name == what]))
    if is_open(target, protected):
        failed = {str(report["name"]) for report in judged if report.kind == "fail"}
        check("control: some of it is there, if nobody hides it", at_least(1), len(failed & OPEN_UPSTREAM))
        check("of the others, there", [], sorted(failed - OPEN_UPSTREAM))
        return
    for report in judged:
        check(" ".join(report.line.split()[2:]), "ok", report.kind)
    check("status of the guest", 0, vm_running.status)


@BOTH
@pytest.mark.vm("aarch32", mem=16)
def test_aarch32(vm_running: VM, target: str, check: Checks, protected: bool) -> None:
    """A guest goes to EL0 in AArch64, and comes back; in AArch32 it does not get as far as to its device."""
    vm_running.report("about_to_enter")
    ended = vm_running.wait()
    if is_open(target, protected):
        check("control: in AArch32 it panics by its device: exit code of the VMM", PANICKED, ended)
    else:
        check("in AArch32 it is over: exit code of the VMM", CRASHED, ended)
    names = {report.name: report.kind for report in vm_running.reports()}
    check("control: back from AArch64", "ok", names.get("back_from_aarch64"))
    check("back from AArch32", None, names.get("back_from_aarch32"))
