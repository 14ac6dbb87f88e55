# SPDX-License-Identifier: GPL-2.0-or-later
"""What a VMM or a debugger sees when a vCPU runs: each kind of exit, the same on both targets."""

from __future__ import annotations

from scenarios.harness.checks import Checks
from scenarios.harness.host import Host

EINTR = -4
DEBUG, MMIO, HYPERCALL, INTR, SYSTEM_EVENT = 4, 6, 3, 10, 24  # KVM_EXIT_*
STEP, BRK, BREAKPOINT, WATCHPOINT = 0x32, 0x3C, 0x30, 0x34  # ESR_ELx.EC
SHUTDOWN, RESET, RESET_FLAG_RESET2 = 1, 2, 1  # KVM_SYSTEM_EVENT_*
NOT_SUPPORTED = -1

# What KVM of the kernel that the platform runs does.
ANSWERS = {
    "step_1_exit": DEBUG, "step_1_class": STEP, "step_1_pc": 4,
    "step_2_exit": DEBUG, "step_2_class": STEP, "step_2_pc": 8,
    "step_3_exit": DEBUG, "step_3_class": STEP, "step_3_pc": 12,
    "not_debugged_any_more": 0, "brk_is_the_guests": 7,
    "brk_exit": DEBUG, "brk_class": BRK, "brk_pc": 12,
    "breakpoint_exit": DEBUG, "breakpoint_class": BREAKPOINT, "breakpoint_pc": 8,
    "breakpoint_after_reset_exit": DEBUG, "breakpoint_after_reset_class": BREAKPOINT, "breakpoint_after_reset_pc": 8,
    "watchpoint_exit": DEBUG, "watchpoint_class": WATCHPOINT, "watchpoint_pc": 4, "watchpoint_address": 4096,
    "signal_while_it_runs": EINTR, "signal_exit": INTR, "signal_pc": 0,
    "set_signal_mask": 0, "signal_of_the_mask": EINTR, "signal_is_pending": 1,
    "off_exit": SYSTEM_EVENT, "off_type": SHUTDOWN, "reset_exit": SYSTEM_EVENT, "reset_type": RESET,
    "reset2_exit": SYSTEM_EVENT, "reset2_type": RESET, "reset2_flag": RESET_FLAG_RESET2,
    "stopped_waits_for_a_signal": EINTR, "stopped_pc": 0, "runnable": 0,
    "not_filtered": NOT_SUPPORTED, "hypercall_exit": HYPERCALL, "hypercall_number": 0, "hypercall_x1": 11,
    "hypercall_answer": 99,
    "stores": 0, "dirty_pages": 1 << 2 | 1 << 5, "dirty_pages_since": 0,
    "read_only_exit": MMIO, "read_only_is_write": 1, "read_only_address": 0, "read_only_then": 77, "read_only_holds": 77,
    "io_exit": MMIO, "io_is_write": 0, "io_address": 8, "ioeventfd_read": 8, "ioeventfd_count": 1,
    "immediate_exit": EINTR, "immediate_exit_has_the_answer": 1, "then": 1,
}  # fmt: skip


def test_kvm_run(host: Host, check: Checks) -> None:
    """Guest debug, signals, PSCI's events, forwarded calls, dirty and read-only memory, eventfds: as KVM does it."""
    seen = {report.name: report.number("result") for report in host.run(["kvm-run"], timeout=60, ok=True).reports}
    check("things that were tried", sorted(ANSWERS), sorted(seen))
    for name, answer in ANSWERS.items():
        check(name, answer, seen.get(name))
