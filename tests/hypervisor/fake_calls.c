/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of the host that other files serve: for tests of how calls are told apart. */
#include <hyp/vcpu.h>

#define FAKE_CALL(name)                         \
	enum hyp_status name(struct regs *regs) \
	{                                       \
		(void)regs;                     \
		return HYP_EINVAL;              \
	}

FAKE_CALL(vm_create)
FAKE_CALL(vm_donate)
FAKE_CALL(vm_config)
FAKE_CALL(vm_map)
FAKE_CALL(vm_unmap)
FAKE_CALL(vm_kill)
FAKE_CALL(vm_reclaim)
FAKE_CALL(vm_destroy)
FAKE_CALL(vm_stats)
FAKE_CALL(vcpu_features)
FAKE_CALL(vcpu_create)
FAKE_CALL(vcpu_get_reg)
FAKE_CALL(vcpu_set_reg)
FAKE_CALL(vcpu_run)
