# SPDX-License-Identifier: GPL-2.0-or-later
"""KVM's userspace API, call by call: the same answers on both targets, errors too."""

from __future__ import annotations

import pytest

from scenarios.harness.checks import Checks
from scenarios.harness.host import Host

EPERM, ENOENT, EINTR, E2BIG, ENOEXEC, EFAULT = -1, -2, -4, -7, -8, -14
EEXIST, ENODEV, EINVAL, ENXIO = -17, -19, -22, -6

# What KVM of the kernel that the platform runs answers on arm64.
ANSWERS = {
    "api_version": 12, "api_version_argument": EINVAL, "mmap_size_argument": EINVAL,
    "no_such_ioctl": EINVAL, "other_ioctl": EINVAL, "vm_type_bit_8": EINVAL, "vm_type_bit_32": EINVAL,
    "vm_of_40_bits": 0, "cap_none": 0, "cap_user_memory": 1, "cap_one_reg": 1, "cap_psci_0_2": 1,
    "cap_irqchip": 1, "cap_immediate_exit": 1, "cap_memory_slots": 32767,
    "vm_cap_readonly": 1, "vm_cap_mp_state": 1, "vm_cap_guest_debug": 1, "vm_cap_vcpu_events": 1,
    "vm_cap_nisv": 1, "vm_cap_ptp": 1, "vm_cap_one_reg": 1, "vm_cap_irqfd": 1,
    "slot_new": 0, "slot_same": 0, "slot_size_unaligned": EINVAL, "slot_address_unaligned": EINVAL,
    "slot_hva_unaligned": EINVAL, "slot_overlap": EEXIST, "slot_delete_none": EINVAL,
    "slot_number_too_big": EINVAL, "slot_wraps": EINVAL, "slot_flag_unknown": EINVAL,
    "slot_hva_of_kernel": EINVAL, "slot_resized": EINVAL, "slot_other_hva": EINVAL,
    "slot_made_readonly": EINVAL, "slot_moved": 0, "slot_moved_back": 0, "slot_readonly": 0,
    "slot_dirty_log": 0, "slot_other_address_space": EINVAL, "dirty_log_no_slot": ENOENT,
    "preferred_target": 0, "vcpu_twice": EEXIST, "vcpu_number_too_big": EINVAL,
    "run_before_init": ENOEXEC, "get_reg_before_init": ENOEXEC, "init_other_target": EINVAL,
    "init_unknown_feature": ENOENT, "init_32_bits": EINVAL,
    "init_half_of_pointer_authentication": EINVAL, "init": 0, "init_again": 0,
    "init_other_features": EINVAL,
    "reg_list_too_small": E2BIG, "reg_list_count_is_told": 1, "reg_list": 0,
    "regs_not_readable_or_not_writable": 0, "set_pc": 0, "get_reg_null": EFAULT,
    "get_reg_wrong_size": EINVAL, "get_reg_unaligned": EINVAL, "get_reg_beyond": ENOENT,
    "get_reg_of_x86": EINVAL, "get_reg_no_group": ENOENT, "get_reg_sve": ENOENT,
    "set_pstate_32_bits": EINVAL,
    "get_mp_state": 0, "mp_state": 0, "set_mp_state_halted": EINVAL, "set_mp_state_stopped": 0,
    "set_mp_state_runnable": 0, "get_events": 0, "set_events_reserved": EINVAL,
    "guest_debug_unknown": EINVAL, "finalize_without_sve": EINVAL, "vcpu_attribute_unknown": ENXIO,
    "vcpu_no_such_ioctl": EINVAL, "vcpu_get_regs": EINVAL, "run_argument": EINVAL,
    "enable_cap_that_is_none": EINVAL, "create_device_unknown": ENODEV,
    "irq_line_without_vgic": ENXIO, "vm_no_such_ioctl": EINVAL, "filter": 0, "filter_overlap": EEXIST,
    "filter_architecture": EEXIST, "filter_empty": EINVAL, "filter_action_unknown": EINVAL,
    "child_is_refused": 1, "mmap": 0, "run_immediate_exit": EINTR, "run_over_hole": EFAULT,
    "slot_delete_after_run": 0,
}  # fmt: skip

# A protected VM's: less, and its slots stay.
PROTECTED = {
    "vm_cap_readonly": 0, "vm_cap_mp_state": 0, "vm_cap_guest_debug": 0, "vm_cap_vcpu_events": 0,
    "vm_cap_nisv": 0, "vm_cap_ptp": 0, "vm_cap_one_reg": 0,
    "slot_readonly": EPERM, "slot_dirty_log": EPERM, "filter": EINVAL, "filter_overlap": EINVAL,
    "filter_architecture": EINVAL, "slot_delete_after_run": EPERM,
}  # fmt: skip

# Terrarium's hypervisor shows the host no register of a protected vCPU, not even before its run.
PROTECTED_TERRARIUM = {"get_reg_null": EPERM}


@pytest.mark.parametrize("protected", [False, True], ids=["normal", "protected"])
def test_kvm_api(host: Host, check: Checks, target: str, protected: bool) -> None:
    """Each call of a KVM client gets KVM's answer, and each wrong call KVM's error."""
    wanted = ANSWERS | (PROTECTED if protected else {})
    if protected and target == "terrarium":
        wanted |= PROTECTED_TERRARIUM
    result = host.run(["kvm-api", *(["protected"] if protected else [])], ok=True)
    seen = {report.name: report.number("result") for report in result.reports}
    check("calls that were made", sorted(wanted), sorted(seen))
    for name, answer in wanted.items():
        check(name, answer, seen.get(name))
