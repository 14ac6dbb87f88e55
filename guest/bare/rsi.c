/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arm CCA's realm services (Arm DEN 0137), call by call: what each answers, what it
 * refuses, and that memory which is shared and taken back is empty both times. Needs a VM
 * whose guest speaks RSI; elsewhere it says `value realm is=0` and ends well.
 */
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/mmu.h"
#include "guest/bare/lib/probe.h"
#include "platform/abi/register_tags.h"
#include "platform/abi/smccc.h"

#define PAGES 600 /* more than one call moves */
#define SLOT 3
#define HOST_CALL_IMMEDIATE 0x42
#define BIT_31 (UINT64_C(1) << 31)

/* Of 32 zero bytes and "abc"; of that and the bytes 0 to 63: SHA-256, as words in memory. */
static const uint64_t measured_once[4] = { UINT64_C(0x2c40f9f7d8a75a36),
					   UINT64_C(0x9dc84c2b5034944b),
					   UINT64_C(0xb495cdd750fe09db),
					   UINT64_C(0x70535a2dc634b893) };
static const uint64_t measured_twice[4] = { UINT64_C(0x8dbd2031255d97a7),
					    UINT64_C(0x508a15f66d4f27c8),
					    UINT64_C(0xc2acc5692642ae6e),
					    UINT64_C(0x31eeae059d1c5238) };

struct host_call {
	uint64_t immediate;
	uint64_t registers[31];
};

static struct host_call host_call __attribute__((aligned(256)));
static uint64_t page[PAGE_SIZE / sizeof(uint64_t)] __attribute__((aligned(PAGE_SIZE)));

/* x0 of the call with three arguments; the whole result is left in @result if that is given. */
static uint64_t ask(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3,
		    struct rsi_registers *result)
{
	struct rsi_registers call = { { function, x1, x2, x3 } };

	rsi_call(&call);
	if (result) {
		*result = call;
	}
	return call.x[0];
}

static void check_answer(const char *name, uint64_t expected, uint64_t function, uint64_t x1,
			 uint64_t x2, uint64_t x3)
{
	uint64_t status = ask(function, x1, x2, x3, NULL);

	report_check(status == expected, "answer", "call=%s x0=0x%llx expected=0x%llx", name,
		     (unsigned long long)status, (unsigned long long)expected);
}

static void check_versions(void)
{
	struct rsi_registers r;
	uint64_t status = ask(RSI_ABI_VERSION, RSI_1_0, 0, 0, &r);

	report_check(status == RSI_SUCCESS && r.x[1] == RSI_1_0 && r.x[2] == RSI_1_0, "version",
		     "lowest=0x%llx highest=0x%llx", (unsigned long long)r.x[1],
		     (unsigned long long)r.x[2]);
	check_answer("version_2", RSI_ERROR_INPUT, RSI_ABI_VERSION, 2 * RSI_1_0, 0, 0);
	status = ask(RSI_FEATURES, 0, 0, 0, &r);
	report_check(status == RSI_SUCCESS && r.x[1] == 0, "features", "");
	check_answer("unassigned", (uint64_t)SMCCC_NOT_SUPPORTED, RSI_HOST_CALL + 1, 0, 0, 0);
	check_answer("kvm_uid", (uint64_t)SMCCC_NOT_SUPPORTED, KVM_CALL_UID, 0, 0, 0);
	check_answer("pkvm_share", (uint64_t)SMCCC_NOT_SUPPORTED, PKVM_MEM_SHARE, (uintptr_t)page,
		     0, 0);
	check_answer("psci", PSCI_1_1, PSCI_VERSION, 0, 0, 0);
	report_check(smccc_status(smccc_hvc(PSCI_VERSION, 0, 0, 0)) == SMCCC_NOT_SUPPORTED,
		     "hvc_is_undefined", "");
}

static bool is_measured(const uint64_t expected[4])
{
	struct rsi_registers r;

	return ask(RSI_MEASUREMENT_READ, SLOT, 0, 0, &r) == RSI_SUCCESS &&
	       memcmp(&r.x[1], expected, 32) == 0 && !(r.x[5] | r.x[6] | r.x[7] | r.x[8]);
}

static void check_measurements(void)
{
	struct rsi_registers extend = { { RSI_MEASUREMENT_EXTEND, SLOT, 3, 0x636261 } };

	rsi_call(&extend);
	report_check(extend.x[0] == RSI_SUCCESS && is_measured(measured_once), "measured", "");
	extend = (struct rsi_registers){ { RSI_MEASUREMENT_EXTEND, SLOT, 64 } };
	for (uint64_t i = 0; i < 8; i++) {
		extend.x[3 + i] = UINT64_C(0x0706050403020100) + 0x0808080808080808 * i;
	}
	rsi_call(&extend);
	report_check(extend.x[0] == RSI_SUCCESS && is_measured(measured_twice), "measured_twice",
		     "");
	check_answer("extend_initial", RSI_ERROR_INPUT, RSI_MEASUREMENT_EXTEND, 0, 32, 0);
	check_answer("extend_slot_5", RSI_ERROR_INPUT, RSI_MEASUREMENT_EXTEND, 5, 32, 0);
	check_answer("extend_long", RSI_ERROR_INPUT, RSI_MEASUREMENT_EXTEND, 1, 65, 0);
	check_answer("read_slot_5", RSI_ERROR_INPUT, RSI_MEASUREMENT_READ, 5, 0, 0);
	/* There is no attestation yet, and these say no more than that. */
	check_answer("token_init", RSI_ERROR_UNKNOWN, RSI_ATTESTATION_TOKEN_INIT, 1, 2, 3);
	check_answer("token_continue", RSI_ERROR_STATE, RSI_ATTESTATION_TOKEN_CONTINUE,
		     (uintptr_t)page, 0, PAGE_SIZE);
}

static void check_config(void)
{
	uint64_t status;

	memset(page, 0xff, sizeof(page));
	status = ask(RSI_REALM_CONFIG, (uintptr_t)page, 0, 0, NULL);
	report_check(status == RSI_SUCCESS && UINT64_C(1) << (page[0] - 1) == rsi_shared_bit() &&
			     page[1] == RSI_HASH_SHA256 && page[PAGE_SIZE / 8 - 1] == 0,
		     "config", "ipa_bits=%llu", (unsigned long long)page[0]);
	check_answer("config_misaligned", RSI_ERROR_INPUT, RSI_REALM_CONFIG, (uintptr_t)page + 8, 0,
		     0);
	check_answer("config_shared_half", RSI_ERROR_INPUT, RSI_REALM_CONFIG,
		     (uintptr_t)page | rsi_shared_bit(), 0, 0);
	check_answer("config_at_device", RSI_ERROR_INPUT, RSI_REALM_CONFIG, GUEST_VIRTIO_BASE, 0,
		     0);
}

static uint64_t state_at(uint64_t address)
{
	struct rsi_registers r;

	return ask(RSI_IPA_STATE_GET, address, address + PAGE_SIZE, 0, &r) == RSI_SUCCESS ? r.x[2] :
											    ~0ull;
}

static bool is_all(const uint64_t *pages, uint64_t value)
{
	for (size_t i = 0; i < PAGES * PAGE_SIZE / sizeof(*pages); i++) {
		if (pages[i] != value) {
			return false;
		}
	}
	return true;
}

static void fill(uint64_t *pages, uint64_t value)
{
	for (size_t i = 0; i < PAGES * PAGE_SIZE / sizeof(*pages); i++) {
		pages[i] = value;
	}
}

static void check_states(void)
{
	uint64_t *pages = pages_take(PAGES);
	uint64_t ipa = (uintptr_t)pages, seen = 0;
	int64_t status;

	report_check(state_at(ipa) == RSI_RAM, "state_of_ram", "");
	report_check(state_at(GUEST_VIRTIO_BASE) == RSI_EMPTY, "state_of_device", "");
	check_answer("get_backwards", RSI_ERROR_INPUT, RSI_IPA_STATE_GET, ipa, ipa, 0);
	check_answer("set_misaligned", RSI_ERROR_INPUT, RSI_IPA_STATE_SET, ipa + 8, ipa + 4096, 0);
	check_answer("set_shared_half", RSI_ERROR_INPUT, RSI_IPA_STATE_SET, ipa | rsi_shared_bit(),
		     (ipa | rsi_shared_bit()) + PAGE_SIZE, 0);
	check_answer("set_destroyed", RSI_ERROR_INPUT, RSI_IPA_STATE_SET, ipa, ipa + 4096,
		     RSI_DESTROYED);
	if (!pages) {
		report_fail("memory", "free_pages=%zu", pages_free());
		return;
	}
	fill(pages, 0x5ec2e7);
	status = rsi_share(pages, PAGES);
	report_check(!status && is_all(pages, 0), "shared_is_empty", "status=%lld",
		     (long long)status);
	report_check(state_at(ipa) == RSI_EMPTY, "state_of_shared", "");
	fill(pages, 0x7e11);
	report_check(is_all(pages, 0x7e11), "shared_is_memory", "");
	/* Its private address is none. */
	mmu_point(ipa, ipa);
	report_check(probe_read64(ipa, &seen) != 0, "private_address_faults", "read=0x%llx",
		     (unsigned long long)seen);
	mmu_point(ipa, ipa | rsi_shared_bit());
	status = rsi_unshare(pages, PAGES);
	report_check(!status && is_all(pages, 0), "private_is_empty", "status=%lld",
		     (long long)status);
	report_check(state_at(ipa) == RSI_RAM, "state_of_private", "");
	/* Nor is the shared address of a private page. */
	mmu_point(ipa, ipa | rsi_shared_bit());
	report_check(probe_write64(ipa, 1) != 0, "shared_address_faults", "");
	mmu_point(ipa, ipa);
	report_check(is_all(pages, 0), "private_is_untouched", "");
}

/* The host's KVM knows no such call: it answers in the struct, and only there. */
/* The registers behind the call's own are marked: the host must see none of these. */
static void check_host_call(void)
{
	struct rsi_registers call = { { RSI_HOST_CALL, (uintptr_t)&host_call } };
	uint64_t status;

	for (unsigned int i = 2; i < sizeof(call.x) / sizeof(call.x[0]); i++) {
		call.x[i] = (uint64_t)REGISTER_TAG_HIGH << 32 | REGISTER_TAG_LOW |
			    REGISTER_TAG_X << 8 | i;
	}
	host_call = (struct host_call){ HOST_CALL_IMMEDIATE, { BIT_31, 2, 3, 4, 5 } };
	rsi_call(&call);
	status = call.x[0];
	report_check(status == RSI_SUCCESS && host_call.immediate == HOST_CALL_IMMEDIATE &&
			     host_call.registers[0] == (uint64_t)SMCCC_NOT_SUPPORTED &&
			     host_call.registers[4] == 5,
		     "host_call", "x0=0x%llx answer=0x%llx", (unsigned long long)status,
		     (unsigned long long)host_call.registers[0]);
	check_answer("host_call_misaligned", RSI_ERROR_INPUT, RSI_HOST_CALL,
		     (uintptr_t)&host_call + 8, 0, 0);
}

int guest_main(void)
{
	report_begin();
	report_value("realm", "is=%d shared_bit=0x%llx", rsi_shared_bit() != 0,
		     (unsigned long long)rsi_shared_bit());
	if (!rsi_shared_bit()) {
		return 0;
	}
	check_versions();
	check_measurements();
	check_config();
	check_states();
	check_host_call();
	return 0;
}
