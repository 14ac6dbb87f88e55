/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a protected guest can ask of its hypervisor beside sharing: ranges, MMIO guard,
 * giving pages back, random numbers, PSCI's details. Each is tried only if it is offered;
 * `value offered` says which are.
 */
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/mmu.h"
#include "guest/bare/lib/probe.h"
#include "platform/abi/smccc.h"

#define PAGES 300 /* more than one call does */
#define SEED UINT64_C(0x70726f7465637465)
#define NUMBERS 64
#define RND_BITS 192
#define FOREIGN_IPA UINT64_C(0x3000000) /* no device and no memory is there */
#define MEMINFO_RANGES 1

static void check_ranges(void)
{
	uint8_t *pages = pages_take(PAGES);
	uint64_t ipa = (uintptr_t)pages;
	int64_t status;

	/* Not one has been touched: each must be got from the host on the way. */
	status = pkvm_share(ipa, PAGES);
	report_check(!status, "share_range", "pages=%u status=%lld", PAGES, (long long)status);
	pattern_fill(pages, PAGES * PAGE_SIZE, SEED);
	status = pkvm_unshare(ipa, PAGES);
	report_check(!status, "unshare_range", "status=%lld", (long long)status);
	report_check(pattern_compare(pages, PAGES * PAGE_SIZE, SEED) == PATTERN_EQUAL,
		     "range_contents", "");
	/* A page of the range cannot be: what was before it stays done. */
	status = pkvm_share(ipa + 2 * PAGE_SIZE, 1);
	status |= smccc_status(smccc_call(PKVM_MEM_SHARE, ipa, 4, 0)) ? 0 : 1;
	report_check(!status, "share_range_stops", "");
	report_check(!pkvm_unshare(ipa, 3), "unshare_what_was_done", "");
}

static bool is_offered(uint32_t function)
{
	return pkvm_can_share() && pkvm_has_call(function);
}

/* Pages given back come again when they are touched, and hold nothing of before. */
static void check_relinquish(void)
{
	volatile uint64_t *page = pages_take(1);
	uint64_t ipa = (uintptr_t)page;
	int64_t status;

	*page = SEED;
	status = smccc_status(smccc_call(PKVM_MEM_RELINQUISH, ipa, 0, 0));
	report_check(!status, "relinquish", "status=%lld", (long long)status);
	report_check(!smccc_status(smccc_call(PKVM_MEM_RELINQUISH, ipa, 0, 0)), "relinquish_again",
		     "");
	report_check(*page != SEED, "relinquished_is_empty", "is=0x%llx",
		     (unsigned long long)*page);
	*page = SEED + 1;
	report_check(*page == SEED + 1, "relinquished_is_memory", "");
	report_check(pkvm_share(ipa, 1) == 0 &&
			     smccc_status(smccc_call(PKVM_MEM_RELINQUISH, ipa, 0, 0)) < 0,
		     "relinquish_shared_is_refused", "");
}

/* From ENROLL on only what was mapped by MAP is a device: all others' accesses fault. */
static void check_mmio_guard(void)
{
	uint64_t seen = 0;
	int64_t status;

	status = smccc_status(smccc_call(PKVM_MMIO_GUARD_INFO, 0, 0, 0));
	report_check(status == PAGE_SIZE, "mmio_guard_info", "granule=%lld", (long long)status);
	report_check(smccc_status(smccc_call(PKVM_MMIO_GUARD_MAP, 8, 0, 0)) < 0,
		     "mmio_guard_misaligned", "");
	report_check(smccc_status(smccc_call(PKVM_MMIO_GUARD_MAP, (uintptr_t)&seen & ~4095ull, 0,
					     0)) < 0,
		     "mmio_guard_of_memory", "");
	/* The serials' page: else this guest could not say what follows. */
	status = smccc_status(smccc_call(PKVM_MMIO_GUARD_MAP, 0, 0, 0));
	status |= smccc_status(smccc_call(PKVM_MMIO_GUARD_MAP, GUEST_PVPANIC_BASE, 0, 0));
	status |= smccc_status(smccc_call(PKVM_MMIO_GUARD_ENROLL, 0, 0, 0));
	report_check(!status, "mmio_guard", "status=%lld", (long long)status);
	report_check(mmu_map(FOREIGN_IPA, PAGE_SIZE, MMU_DEVICE) &&
			     probe_read64(FOREIGN_IPA, &seen) != 0,
		     "unguarded_faults", "read=0x%llx", (unsigned long long)seen);
}

/* Enough to see that these are numbers: no two are the same, and all bits change. */
static void check_trng(void)
{
	uint64_t numbers[NUMBERS], ones = 0, zeros = 0;
	struct smccc_result result;
	bool is_same = false;

	report_check(smccc_status(smccc_call(TRNG_FEATURES, TRNG_RND64, 0, 0)) == 0 &&
			     smccc_status(smccc_call(TRNG_RND64, RND_BITS + 1, 0, 0)) ==
				     TRNG_INVALID_PARAMETERS,
		     "trng", "");
	for (unsigned int i = 0; i < NUMBERS; i++) {
		result = smccc_call(TRNG_RND64, 64, 0, 0);
		if (smccc_status(result) == TRNG_NO_ENTROPY) {
			report_value("trng", "entropy=0");
			return;
		}
		numbers[i] = result.x[3];
		is_same = is_same || result.x[0] || result.x[1] || result.x[2];
		ones |= numbers[i];
		zeros |= ~numbers[i];
		for (unsigned int j = 0; j < i; j++) {
			is_same = is_same || numbers[j] == numbers[i];
		}
	}
	report_value("trng", "entropy=1");
	report_check(!is_same && !~ones && !~zeros, "random", "numbers=%u", NUMBERS);
}

static void check_psci(void)
{
	uint64_t mpidr = machine.mpidr[0];

	report_check(psci_version() >= PSCI_1_1, "psci", "version=0x%llx",
		     (unsigned long long)psci_version());
	report_check(psci_features(PSCI_CPU_ON) == 0 && psci_features(TRNG_RND64) < 0 &&
			     psci_features(PSCI_MEM_PROTECT) < 0,
		     "psci_features", "");
	report_check(psci_affinity_info(mpidr) == PSCI_AFFINITY_ON &&
			     psci_affinity_info(mpidr + 77) == PSCI_INVALID_PARAMETERS,
		     "affinity", "");
	report_check(psci_cpu_on(mpidr, (uintptr_t)guest_main, 0) == PSCI_ALREADY_ON &&
			     psci_cpu_on(mpidr + 77, (uintptr_t)guest_main, 0) ==
				     PSCI_INVALID_PARAMETERS,
		     "cpu_on_refused", "");
	report_check(smccc_status(smccc_call(PSCI_SYSTEM_RESET2, 5, 0, 0)) ==
			     PSCI_INVALID_PARAMETERS,
		     "reset2_refused", "");
}

int guest_main(void)
{
	bool has_range = pkvm_can_share() &&
			 smccc_call(PKVM_HYP_MEMINFO, 0, 0, 0).x[1] & MEMINFO_RANGES;
	bool has_trng = smccc_status(smccc_call(TRNG_VERSION, 0, 0, 0)) >= TRNG_1_0;

	report_begin();
	report_value("offered", "ranges=%d relinquish=%d mmio_guard=%d trng=%d", has_range,
		     is_offered(PKVM_MEM_RELINQUISH), is_offered(PKVM_MMIO_GUARD_MAP), has_trng);
	check_psci();
	if (has_trng) {
		check_trng();
	}
	if (has_range) {
		check_ranges();
	}
	if (is_offered(PKVM_MEM_RELINQUISH)) {
		check_relinquish();
	}
	if (is_offered(PKVM_MMIO_GUARD_ENROLL)) {
		check_mmio_guard();
	}
	return 0;
}
