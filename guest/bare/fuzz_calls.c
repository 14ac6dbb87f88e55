/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes calls to the hypervisor, HVC and SMC, by a plan (platform/abi/fuzz_plan.h) that the host
 * wrote into the image: identifiers that exist, their neighbours and any others, with
 * arguments that make sense for them and with any others. In a realm, RSI's calls.
 *
 *   guest  value fuzz seed=.. ranges=..   before
 *   guest  value fuzzed calls=.. accepted=.. refused=.. unknown=.. undefined=.. reads=..
 *   guest  ok|fail secret_intact         what no call was about is as it was
 *
 * What would end or suspend this guest by its own wish is left out; pages that it gives away,
 * or says are a device's, are some of its own that nothing else is in. Such a page is read
 * now and then: that may fault, but only so that the guest can handle it.
 */
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/probe.h"
#include "guest/bare/lib/rsi.h"
#include "platform/abi/fuzz_plan.h"
#include "platform/abi/smccc.h"

#define SECRET_SEED UINT64_C(0x6169726172726574)
#define SCRATCH_PAGES 32
#define READ_EVERY 64
#define SMC_EVERY 16
#define BIT_64 UINT64_C(0x40000000) /* the call's 64-bit convention */

#define RSI_COUNT 0x10

/* What a call takes, from x1 on. */
enum takes {
	TAKES_ANY,
	TAKES_CALL,  /* another call's identifier */
	TAKES_PAGE,  /* an address, and pages or zero */
	TAKES_RANGE, /* first address, end, a small number */
};

static const struct {
	uint32_t id;
	enum takes takes;
} known[] = {
	{ SMCCC_VERSION, TAKES_ANY },
	{ SMCCC_ARCH_FEATURES, TAKES_CALL },
	{ SMCCC_ARCH_SOC_ID, TAKES_ANY },
	{ SMCCC_ARCH_WORKAROUND_1, TAKES_ANY },
	{ SMCCC_ARCH_WORKAROUND_2, TAKES_ANY },
	{ SMCCC_ARCH_WORKAROUND_3, TAKES_ANY },
	{ PSCI_VERSION, TAKES_ANY },
	{ PSCI_CPU_ON, TAKES_ANY },
	{ PSCI_AFFINITY_INFO, TAKES_ANY },
	{ PSCI_MIGRATE_INFO_TYPE, TAKES_ANY },
	{ PSCI_FEATURES, TAKES_CALL },
	{ PSCI_MEM_PROTECT, TAKES_ANY },
	{ PSCI_MEM_PROTECT_CHECK_RANGE, TAKES_PAGE },
	{ TRNG_VERSION, TAKES_ANY },
	{ TRNG_FEATURES, TAKES_CALL },
	{ TRNG_GET_UUID, TAKES_ANY },
	{ TRNG_RND64, TAKES_ANY },
	{ PV_TIME_FEATURES, TAKES_CALL },
	{ PV_TIME_ST, TAKES_ANY },
	{ KVM_CALL_UID, TAKES_ANY },
	{ KVM_FEATURES, TAKES_ANY },
	{ KVM_PTP, TAKES_ANY },
	{ PKVM_HYP_MEMINFO, TAKES_ANY },
	{ PKVM_MEM_SHARE, TAKES_PAGE },
	{ PKVM_MEM_UNSHARE, TAKES_PAGE },
	{ PKVM_MMIO_GUARD_INFO, TAKES_ANY },
	{ PKVM_MMIO_GUARD_MAP, TAKES_PAGE },
	{ PKVM_MMIO_GUARD_UNMAP, TAKES_PAGE },
	{ PKVM_MEM_RELINQUISH, TAKES_PAGE },
	/* KNOWN_RSI rows */
	{ RSI_ABI_VERSION, TAKES_ANY },
	{ RSI_FEATURES, TAKES_ANY },
	{ RSI_MEASUREMENT_READ, TAKES_ANY },
	{ RSI_MEASUREMENT_EXTEND, TAKES_ANY },
	{ RSI_REALM_CONFIG, TAKES_PAGE },
	{ RSI_IPA_STATE_SET, TAKES_RANGE },
	{ RSI_IPA_STATE_GET, TAKES_RANGE },
	{ RSI_HOST_CALL, TAKES_PAGE },
};

#define KNOWN (sizeof(known) / sizeof(known[0]))
#define KNOWN_RSI 8

/* Never made, in neither convention: the guest's own end, sleep, or the loss of its serials. */
static const uint32_t left_out[] = {
	PSCI_CPU_SUSPEND,    PSCI_CPU_OFF, PSCI_SYSTEM_OFF,        PSCI_SYSTEM_RESET,
	PSCI_SYSTEM_SUSPEND, 0x8400000c,   PSCI_SYSTEM_RESET2,     0x8400000d,
	0x8400000b,          0x84000005,   PKVM_MMIO_GUARD_ENROLL, 0x84000015,
};

static uint8_t secret_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static uint8_t scratch[SCRATCH_PAGES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct fuzz_random random;

/* Not constant for the compiler: the host writes it. */
struct fuzz_input {
	char magic[FUZZ_INPUT_MAGIC_BYTES];
	struct fuzz_plan plan;
};
extern struct fuzz_input fuzz_input;
struct fuzz_input fuzz_input = {
	.magic = { "terrarium fuzz 1" },
	.plan = { .seed = 1, .ranges_count = 1, .ranges = { { 0, 100000 } } },
};

static uint64_t any(void)
{
	return fuzz_any(&random);
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

static uint64_t any_id(enum takes *takes)
{
	uint64_t id;

	do {
		/* The last rows are a realm's; what is not offered is asked for now and then. */
		bool realms = any() % 16 ? rsi_shared_bit() != 0 && any() % 2 : true;
		size_t place = realms ? KNOWN - 1 - any() % KNOWN_RSI : any() % (KNOWN - KNOWN_RSI);

		id = known[place].id;
		*takes = known[place].takes;
		switch (any() % 16) {
		case 0:
			id ^= any() % 32;
			break;
		case 1:
			id ^= BIT_64;
			break;
		case 2:
			id = RSI_ABI_VERSION + any() % RSI_COUNT;
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

static void fill(enum takes takes, uint64_t args[8])
{
	for (size_t i = 1; i < 8; i++) {
		args[i] = any_argument();
	}
	args[2] = any_count();
	switch (takes) {
	case TAKES_CALL:
		args[1] = known[any() % KNOWN].id;
		break;
	case TAKES_PAGE:
		args[1] = any() % 4 ? any_scratch() : args[1];
		break;
	case TAKES_RANGE:
		/* Within the scratch pages, or one that ends before it begins. */
		args[1] = any_scratch() | (any() % 8 ? 0 : UINT64_C(1) << (40 + any() % 24));
		args[2] = any_scratch() + (any() % 8 ? 0 : any() % PAGE_SIZE);
		args[3] = any() % 4;
		break;
	case TAKES_ANY:
		break;
	}
}

static void one_call(struct counts *counts)
{
	uint64_t args[8], results[4];
	enum takes takes;
	bool completed, by_smc;

	args[0] = any_id(&takes);
	fill(takes, args);
	by_smc = any() % SMC_EVERY == 0 || (rsi_shared_bit() != 0 && any() % 2);
	completed = by_smc ? probe_smc(args, results) : probe_hvc(args, results);
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
	const struct fuzz_plan *plan = &fuzz_input.plan;
	struct counts counts = { 0 };
	uint32_t calls = 0;
	size_t bad;

	report_begin();
	pattern_fill(secret_page, PAGE_SIZE, SECRET_SEED);
	memset(scratch, 1, sizeof(scratch));
	report_value("fuzz", "seed=0x%llx ranges=%u", (unsigned long long)plan->seed,
		     plan->ranges_count);
	for (uint32_t i = 0; i < plan->ranges_count; i++) {
		for (uint32_t n = 0; n < plan->ranges[i].count; n++) {
			random = fuzz_random_of(plan->seed, plan->ranges[i].first + n);
			one_call(&counts);
			calls++;
		}
	}
	report_value("fuzzed",
		     "calls=%u accepted=%llu refused=%llu unknown=%llu undefined=%llu reads=%llu",
		     calls, (unsigned long long)counts.accepted, (unsigned long long)counts.refused,
		     (unsigned long long)counts.unknown, (unsigned long long)counts.undefined,
		     (unsigned long long)counts.reads);
	bad = pattern_compare(secret_page, PAGE_SIZE, SECRET_SEED);
	report_check(bad == PATTERN_EQUAL, "secret_intact", "first_bad=%zu", bad);
	return 0;
}
