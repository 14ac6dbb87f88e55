/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes known numbers of calls of each kind, so that a trace can be held against
 * `value call name=.. id=.. hvc=<n>` and the counts at the end. What this program
 * alone makes comes between two reports; the runtime's own calls at the start (UID,
 * features, MEMINFO) and SYSTEM_OFF after the end are the rest.
 */
#include "guest/bare/lib/guest.h"
#include "platform/abi/smccc.h"

#define REPEAT 100
#define SMC_REPEAT 10

/* A standard-service id that no published call has (Arm DEN 0028, table 6-2). */
#define UNASSIGNED_CALL 0x84007fff

struct call {
	const char *name;
	uint32_t id;
	uint64_t x1;
	bool is_refused; /* must answer NOT_SUPPORTED */
};

static const struct call calls[] = {
	{ .name = "smccc_version", .id = SMCCC_VERSION },
	{ .name = "psci_version", .id = PSCI_VERSION },
	{ .name = "psci_features", .id = PSCI_FEATURES, .x1 = PSCI_CPU_ON },
	{ .name = "kvm_uid", .id = KVM_CALL_UID },
	{ .name = "kvm_features", .id = KVM_FEATURES },
	{ .name = "unassigned", .id = UNASSIGNED_CALL, .is_refused = true },
};

static void repeat(const struct call *call)
{
	uint64_t before = smccc_hvc_count();
	struct smccc_result first = smccc_hvc(call->id, call->x1, 0, 0);
	bool is_same = true;
	int32_t status;

	for (unsigned int i = 1; i < REPEAT; i++) {
		struct smccc_result result = smccc_hvc(call->id, call->x1, 0, 0);

		is_same = is_same && result.x[0] == first.x[0];
	}
	status = (int32_t)first.x[0];
	report_value("call", "name=%s id=0x%x hvc=%llu x0=0x%llx", call->name, call->id,
		     (unsigned long long)(smccc_hvc_count() - before),
		     (unsigned long long)first.x[0]);
	report_check(is_same && (status == SMCCC_NOT_SUPPORTED) == call->is_refused, "answers",
		     "name=%s", call->name);
}

static void repeat_memory_calls(void)
{
	uint64_t *page = pages_take(1);
	int64_t failed = 0;

	if (!page || !pkvm_can_share()) {
		report_value("memory_calls", "can_share=%d", pkvm_can_share());
		return;
	}
	*page = 1; /* touched: no call is repeated by the hypervisor */
	repeat(&(struct call){ .name = "pkvm_meminfo", .id = PKVM_HYP_MEMINFO });
	for (unsigned int i = 0; i < REPEAT; i++) {
		failed |= pkvm_share((uintptr_t)page, 1);
		failed |= pkvm_unshare((uintptr_t)page, 1);
	}
	report_value("call", "name=pkvm_mem_share id=0x%x hvc=%u", PKVM_MEM_SHARE, REPEAT);
	report_value("call", "name=pkvm_mem_unshare id=0x%x hvc=%u", PKVM_MEM_UNSHARE, REPEAT);
	report_check(!failed, "answers", "name=pkvm_mem_share_unshare");
}

static void repeat_smc(void)
{
	struct smccc_result result = { 0 };
	unsigned int undefined_count = 0;

	for (unsigned int i = 0; i < SMC_REPEAT; i++) {
		bool undefined;

		result = smccc_smc(PSCI_VERSION, 0, 0, 0, &undefined);
		undefined_count += undefined;
	}
	report_value("call", "name=smc_psci_version id=0x%x smc=%u undefined=%u x0=0x%llx",
		     PSCI_VERSION, SMC_REPEAT, undefined_count, (unsigned long long)result.x[0]);
	/* All or none: one machine treats one instruction in one way. */
	report_check(!undefined_count || undefined_count == SMC_REPEAT, "smc", "undefined=%u",
		     undefined_count);
}

int guest_main(void)
{
	report_begin();
	report_value("before", "hvc=%llu", (unsigned long long)smccc_hvc_count());
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		repeat(&calls[i]);
	}
	repeat_memory_calls();
	repeat_smc();
	return 0;
}
