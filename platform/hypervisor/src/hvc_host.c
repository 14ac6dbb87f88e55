/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's hypercalls: platform/abi/hyp_hypercalls.h says what each does. */
#include <hyp/host.h>
#include <hyp/owner.h>
#include <hyp/trace.h>
#include <hyp/vcpu.h>
#include <hyp/vm.h>

#include <stddef.h>

#include "platform/abi/hyp_hypercalls.h"

typedef enum hyp_status (*call_fn)(struct regs *regs);

#define INDEX(call) (call - HYP_HOST_CALL_FIRST) /* call: a name, no expression */

static enum hyp_status hvc_host_abi_version(struct regs *regs)
{
	regs->x[1] = HYP_ABI_VERSION_NUMBER;
	return HYP_OK;
}

/* MEM_DONATE, MEM_RETURN. So many pages a call, that no CPU is kept at EL2 for long. */
static enum hyp_status hvc_host_pages(struct regs *regs)
{
	bool gives = (uint32_t)regs->x[0] == HYP_CALL_MEM_DONATE;
	enum owner_op op = gives ? OWNER_HOST_DONATE_HYP : OWNER_HYP_DONATE_HOST;
	struct owner_request request = { .op = op, .pfn = regs->x[1], .count = regs->x[2] };

	return request.count > HYP_PAGES_MAX ? HYP_EINVAL : owner_apply(&request);
}

static const call_fn calls[] = {
	[INDEX(HYP_CALL_ABI_VERSION)] = hvc_host_abi_version,
	[INDEX(HYP_CALL_MEM_DONATE)] = hvc_host_pages,
	[INDEX(HYP_CALL_MEM_RETURN)] = hvc_host_pages,
	[INDEX(HYP_CALL_FEATURES)] = vcpu_features,
	[INDEX(HYP_CALL_VCPU_CREATE)] = vcpu_create,
	[INDEX(HYP_CALL_VCPU_GET_REG)] = vcpu_get_reg,
	[INDEX(HYP_CALL_VCPU_SET_REG)] = vcpu_set_reg,
	[INDEX(HYP_CALL_VCPU_RUN)] = vcpu_run,
	[INDEX(HYP_CALL_VM_CREATE)] = vm_create,
	[INDEX(HYP_CALL_VM_DONATE)] = vm_donate,
	[INDEX(HYP_CALL_VM_CONFIG)] = vm_config,
	[INDEX(HYP_CALL_VM_MAP)] = vm_map,
	[INDEX(HYP_CALL_VM_UNMAP)] = vm_unmap,
	[INDEX(HYP_CALL_VM_KILL)] = vm_kill,
	[INDEX(HYP_CALL_VM_RECLAIM)] = vm_reclaim,
	[INDEX(HYP_CALL_VM_DESTROY)] = vm_destroy,
	[INDEX(HYP_CALL_VM_STATS)] = vm_stats,
	[INDEX(HYP_CALL_TRACE_SET)] = trace_set,
	[INDEX(HYP_CALL_TRACE_READ)] = trace_read,
};

void hvc_host_call(struct regs *regs, uint64_t immediate)
{
	uint64_t index = (uint32_t)regs->x[0] - (uint64_t)HYP_HOST_CALL_FIRST;
	enum hyp_status status = HYP_NOT_SUPPORTED;
	uint64_t id = regs->x[0];

	if (immediate == 0 && index < sizeof(calls) / sizeof(calls[0]) && calls[index]) {
		status = calls[index](regs);
	}
	regs->x[0] = (uint64_t)(int64_t)status;
	trace_emit(host_hcall, 0, 0, id, regs->x[0]);
}
