/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of its own: the kernel has other macros by the names of smccc.h. */
#include "platform/abi/smccc.h"
#include "platform/host/attack/calls.h"

const struct calls_guest_call calls_guest_calls[] = {
	{ .id = PSCI_VERSION },
	{ .id = PSCI_AFFINITY_INFO },
	{ .id = PSCI_CPU_ON },
	{ .id = TRNG_RND64 },
	{ .id = KVM_FEATURES },
	{ .id = PKVM_HYP_MEMINFO },
	{ .id = PKVM_MEM_SHARE },
	{ .id = PKVM_MEM_UNSHARE },
	{ .id = PKVM_MEM_RELINQUISH },
	{ .id = PKVM_MMIO_GUARD_INFO },
	{ .id = PKVM_MMIO_GUARD_ENROLL },
	{ .id = PKVM_MMIO_GUARD_MAP },
	{ .id = PKVM_MMIO_GUARD_UNMAP },
	{ .id = RSI_MEASUREMENT_READ, .by_smc = 1 },
	{ .id = RSI_REALM_CONFIG, .by_smc = 1 },
	{ .id = RSI_IPA_STATE_SET, .by_smc = 1, .takes_end = 1 },
	{ .id = RSI_IPA_STATE_GET, .by_smc = 1, .takes_end = 1 },
	{ .id = RSI_HOST_CALL, .by_smc = 1 },
};

const uint32_t calls_guest_count = sizeof(calls_guest_calls) / sizeof(calls_guest_calls[0]);
