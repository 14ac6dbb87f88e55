/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes 100,000 calls to the hypervisor, HVC and SMC, from a seed: identifiers that exist,
 * their neighbours and any others, with arguments that make sense and with any others.
 *
 *   guest  value fuzz seed=.. calls=..   before
 *   guest  value fuzzed calls=.. accepted=.. refused=.. unknown=.. undefined=.. reads=..
 *   guest  ok|fail secret_intact         what no call was about is as it was
 *
 * What would end or suspend this guest by its own wish is left out; pages that it gives away,
 * or says are a device's, are some of its own that nothing else is in. Such a page is read
 * now and then: that may fault, but only so that the guest can handle it.
 */
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/probe.h"
#include "platform/abi/smccc.h"

#define SEED UINT64_C(0x5eed5eed5eed5eed)
#define CALLS 100000
#define SECRET_SEED UINT64_C(0x6169726172726574)
#define SCRATCH_PAGES 32
#define READ_EVERY 64
#define SMC_EVERY 16
#define BIT_64 UINT64_C(0x40000000) /* the call's 64-bit convention */

/* RSI (Arm DEN 0137): the range of its identifiers. */
#define RSI_FIRST 0xc4000190
#define RSI_COUNT 0x10

static const uint32_t known[] = {
	SMCCC_VERSION,
	SMCCC_ARCH_FEATURES,
	SMCCC_ARCH_SOC_ID,
	SMCCC_ARCH_WORKAROUND_1,
	SMCCC_ARCH_WORKAROUND_2,
	SMCCC_ARCH_WORKAROUND_3,
	PSCI_VERSION,
	PSCI_CPU_ON,
	PSCI_AFFINITY_INFO,
	PSCI_MIGRATE_INFO_TYPE,
	PSCI_FEATURES,
	PSCI_MEM_PROTECT,
	PSCI_MEM_PROTECT_CHECK_RANGE,
	TRNG_VERSION,
	TRNG_FEATURES,
	TRNG_GET_UUID,
	TRNG_RND64,
	PV_TIME_FEATURES,
	PV_TIME_ST,
	KVM_CALL_UID,
	KVM_FEATURES,
	KVM_PTP,
	PKVM_HYP_MEMINFO,
	PKVM_MEM_SHARE,
	PKVM_MEM_UNSHARE,
	PKVM_MMIO_GUARD_INFO,
	PKVM_MMIO_GUARD_MAP,
	PKVM_MMIO_GUARD_UNMAP,
	PKVM_MEM_RELINQUISH,
	RSI_FIRST,
};

/* Never made, in neither convention: the guest's own end, sleep, or the loss of its serials. */
static const uint32_t left_out[] = {
	PSCI_CPU_SUSPEND,    PSCI_CPU_OFF, PSCI_SYSTEM_OFF,        PSCI_SYSTEM_RESET,
	PSCI_SYSTEM_SUSPEND, 0x8400000c,   PSCI_SYSTEM_RESET2,     0x8400000d,
	0x8400000b,          0x84000005,   PKVM_MMIO_GUARD_ENROLL, 0x84000015,
};

static uint8_t secret_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static uint8_t scratch[SCRATCH_PAGES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static uint64_t state = SEED;

/* Marsaglia's xorshift64 (13, 7, 17). */
static uint64_t any(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t any_scratch(void)
{
	return (uintptr_t)scratch[any() % SCRATCH_PAGES];
}

static bool is_left_out(uint64_t id)
{
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
		if (((uint32_t)id | BIT_64) == (left_out[i] | BIT_64)) {
			return true;
		}
	}
	return false;
}

static uint64_t any_id(void)
{
	uint64_t id;

	do {
		id = known[any() % (sizeof(known) / sizeof(known[0]))];
		switch (any() % 8) {
		case 0:
			id ^= any() % 32;
			break;
		case 1:
			id ^= BIT_64;
			break;
		case 2:
			id = RSI_FIRST + any() % RSI_COUNT;
			break;
		case 3:
			id = any();
			break;
		case 4:
			id |= any() << 32;
			break;
		default:
			break;
		}
	} while (is_left_out(id));
	return id;
}

/* Addresses are of the scratch pages, or of none at all: the guest keeps what it lives on. */
static uint64_t any_argument(void)
{
	switch (any() % 8) {
	case 0:
		return 0;
	case 1:
		return any() % 8;
	case 2:
		return any_scratch() + any() % PAGE_SIZE;
	case 3:
		return any_scratch() | UINT64_C(1) << (40 + any() % 24);
	case 4:
		return UINT64_MAX - any() % 8192;
	case 5:
		return any() << 40;
	default:
		return any_scratch();
	}
}

/* A count of pages that may reach beyond the scratch area is one that overflows. */
static uint64_t any_count(void)
{
	return any() % 4 ? any() % 2 : UINT64_MAX - any() % 4096;
}

struct counts {
	uint64_t accepted, refused, unknown, undefined, reads;
};

static void one_call(struct counts *counts)
{
	uint64_t args[8] = { any_id(), any_argument(), any_count() };
	uint64_t results[4];
	bool completed;

	for (size_t i = 3; i < 8; i++) {
		args[i] = any_argument();
	}
	completed = any() % SMC_EVERY ? probe_hvc(args, results) : probe_smc(args, results);
	if (!completed) {
		counts->undefined++;
	} else if ((int32_t)results[0] == SMCCC_NOT_SUPPORTED) {
		counts->unknown++;
	} else if ((int32_t)results[0] < 0) {
		counts->refused++;
	} else {
		counts->accepted++;
	}
	if (any() % READ_EVERY == 0) {
		uint64_t word;

		counts->reads += !probe_read64(any_scratch(), &word);
	}
}

int guest_main(void)
{
	struct counts counts = { 0 };
	size_t bad;

	report_begin();
	pattern_fill(secret_page, PAGE_SIZE, SECRET_SEED);
	memset(scratch, 1, sizeof(scratch));
	report_value("fuzz", "seed=0x%llx calls=%u", (unsigned long long)SEED, CALLS);
	for (unsigned int i = 0; i < CALLS; i++) {
		one_call(&counts);
	}
	report_value("fuzzed",
		     "calls=%u accepted=%llu refused=%llu unknown=%llu undefined=%llu reads=%llu",
		     CALLS, (unsigned long long)counts.accepted, (unsigned long long)counts.refused,
		     (unsigned long long)counts.unknown, (unsigned long long)counts.undefined,
		     (unsigned long long)counts.reads);
	bad = pattern_compare(secret_page, PAGE_SIZE, SECRET_SEED);
	report_check(bad == PATTERN_EQUAL, "secret_intact", "first_bad=%zu", bad);
	return 0;
}
