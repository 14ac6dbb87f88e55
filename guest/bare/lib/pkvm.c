/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/pkvm.h"

#include "guest/bare/lib/arch.h"
#include "guest/bare/lib/smccc.h"
#include "platform/abi/smccc.h"

#define FUNCTION_NUMBER(id) ((id) % 0x100)
#define MEMINFO_HAS_RANGE 1 /* bit 0 of x1 */

static struct {
	bool is_kvm;
	bool has_range;
	uint32_t features[4]; /* bit n: function n is offered */
	uint64_t granule;     /* bytes; 0: memory cannot be shared */
} hyp;

void pkvm_init(void)
{
	struct smccc_result result = smccc_call(KVM_CALL_UID, 0, 0, 0);

	hyp.is_kvm = (uint32_t)result.x[0] == KVM_UID_R0 && (uint32_t)result.x[1] == KVM_UID_R1 &&
		     (uint32_t)result.x[2] == KVM_UID_R2 && (uint32_t)result.x[3] == KVM_UID_R3;
	if (!hyp.is_kvm) {
		return;
	}
	result = smccc_call(KVM_FEATURES, 0, 0, 0);
	for (unsigned int i = 0; i < 4; i++) {
		hyp.features[i] = (uint32_t)result.x[i];
	}
	if (!pkvm_has_call(PKVM_HYP_MEMINFO) || !pkvm_has_call(PKVM_MEM_SHARE) ||
	    !pkvm_has_call(PKVM_MEM_UNSHARE)) {
		return;
	}
	result = smccc_call(PKVM_HYP_MEMINFO, 0, 0, 0);
	if (smccc_status(result) > 0 && PAGE_SIZE % result.x[0] == 0) {
		hyp.granule = result.x[0];
		hyp.has_range = result.x[1] & MEMINFO_HAS_RANGE;
	}
}

bool pkvm_is_kvm(void)
{
	return hyp.is_kvm;
}

bool pkvm_has_call(uint32_t function)
{
	unsigned int number = FUNCTION_NUMBER(function);

	return number < 128 && hyp.features[number / 32] & UINT32_C(1) << number % 32;
}

bool pkvm_can_share(void)
{
	return hyp.granule;
}

uint64_t pkvm_granule_bytes(void)
{
	return hyp.granule;
}

static int64_t change(uint32_t function, uint64_t ipa, size_t count)
{
	uint64_t left;

	if (!hyp.granule) {
		return SMCCC_NOT_SUPPORTED;
	}
	left = count * (PAGE_SIZE / hyp.granule);
	while (left) {
		struct smccc_result result;
		uint64_t done = 1;

		/* Without ranges x2 must be 0, which means one granule. */
		result = smccc_call(function, ipa, hyp.has_range ? left : 0, 0);
		if (smccc_status(result)) {
			return smccc_status(result);
		}
		if (hyp.has_range) {
			done = result.x[1];
		}
		if (!done || done > left) {
			return SMCCC_INVALID_PARAMETER;
		}
		ipa += done * hyp.granule;
		left -= done;
	}
	return SMCCC_SUCCESS;
}

int64_t pkvm_share(uint64_t ipa, size_t count)
{
	return change(PKVM_MEM_SHARE, ipa, count);
}

int64_t pkvm_unshare(uint64_t ipa, size_t count)
{
	return change(PKVM_MEM_UNSHARE, ipa, count);
}
