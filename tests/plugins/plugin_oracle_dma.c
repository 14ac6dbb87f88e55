/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tier C: lines of QEMU's log (as a run of QEMU 11.1 wrote them), registers that name memory,
 * digests of pages at rest.
 */
#include "qemu-plugins/oracle_dma.h"

#include <stdio.h>
#include <unistd.h>

#include "qemu-plugins/common/arm.h"
#include "qemu-plugins/oracle_except.h"
#include "tests/plugins/oracle_case.h"

#define STAMP "2026-11-21T11:44:48.385455Z "
#define NAME "smmuv3-iommu-memory-region-8-1 "
#define GICR_PENDBASER UINT64_C(0x080a0078)
#define GICR_PROPBASER UINT64_C(0x080a0070)
#define GITS_BASER0 UINT64_C(0x08080100)
#define FW_CFG_DMA UINT64_C(0x09020010)

static void reads_lines(void **state)
{
	struct oracle_dma_line line;
	(void)state;

	line = oracle_dma_parse(STAMP
				"smmuv3_translate_success " NAME
				"sid=0x8 iova=0xffffa802 translated=0x44a6d802 perm=0x3 stage=1");
	assert_int_equal(line.kind, DMA_PASSES);
	assert_false(line.is_bypass);
	assert_int_equal(line.stream, 8);
	assert_int_equal(line.iova, 0xffffa802);
	assert_int_equal(line.pa, 0x44a6d802);
	line = oracle_dma_parse(STAMP "smmuv3_translate_disable " NAME
				      "sid=0x10 bypass (smmu disabled) iova:0x40001000 is_write=1");
	assert_int_equal(line.kind, DMA_PASSES);
	assert_true(line.is_bypass);
	assert_int_equal(line.stream, 0x10);
	assert_int_equal(line.pa, 0x40001000);
	line = oracle_dma_parse(STAMP "smmuv3_translate_bypass " NAME
				      "sid=0x8 STE bypass iova:0x40002000 is_write=0\n");
	assert_int_equal(line.kind, DMA_PASSES);
	assert_true(line.is_bypass);
	assert_int_equal(line.pa, 0x40002000);
	line = oracle_dma_parse("smmuv3_translate_abort " NAME
				"sid=0x8 abort on iova:0x40002000 is_write=0");
	assert_int_equal(line.kind, DMA_REFUSED);
	assert_int_equal(line.iova, 0x40002000);
}

static void knows_bad_lines(void **state)
{
	(void)state;
	assert_int_equal(oracle_dma_parse("").kind, DMA_NONE);
	assert_int_equal(oracle_dma_parse("qemu: something else").kind, DMA_NONE);
	assert_int_equal(oracle_dma_parse(STAMP "smmuv3_translate_new " NAME "sid=0x8").kind,
			 DMA_UNKNOWN);
	assert_int_equal(
		oracle_dma_parse(STAMP "smmuv3_translate_success " NAME "sid=0x8 iova=").kind,
		DMA_UNKNOWN);
}

static char log_path[64];
static const char *log_text;

static void say(const char *text)
{
	FILE *file = fopen(log_path, "a");

	if (file == NULL || fputs(text, file) < 0) {
		fail_msg("%s cannot be written", log_path);
	}
	assert_int_equal(fclose(file), 0);
}

/* The log has a line and a half, then the rest of the second, over two entries to EL2. */
static void read_log(void)
{
	unlink(log_path);
	oracle_option_dma_log = log_path;
	g_mutex_lock(&oracle.lock);
	say(STAMP "smmuv3_translate_success " NAME
		  "sid=0x8 iova=0x0 translated=0x40008000 perm=0x3 stage=2\n" STAMP "smmu");
	oracle_tier_dma.entered(0, PARTY_HOST, ARM_VECTOR_SYNC);
	say(log_text);
	oracle_tier_dma.entered(0, PARTY_HOST, ARM_VECTOR_SYNC);
	g_mutex_unlock(&oracle.lock);
	unlink(log_path);
}

static void read_log_of_guest_page(void)
{
	log_text = "v3_translate_success " NAME
		   "sid=0x8 iova=0x1000 translated=0x40002010 perm=0x3 stage=2\n";
	read_log();
}

static void judges_the_log(void **state)
{
	(void)state;
	assert_null(oracle_except_parse(NULL));
	assert_true(case_is_breach(read_log_of_guest_page, "had a device (stream 0x8"));
	/* It may have been done before the page became the guest's. */
	oracle.since_us[2] = (uint64_t)g_get_real_time() + G_USEC_PER_SEC;
	assert_true(case_is_silent(read_log_of_guest_page));
	oracle.since_us[2] = 1;
	assert_true(case_is_breach(read_log_of_guest_page, "PA 0x40002010"));
	case_own(CASE_GUEST,
		 (struct oracle_page){ .owner = PARTY_VM_FIRST, .flags = PAGE_SHARED_HOST });
	assert_true(case_is_silent(read_log_of_guest_page));
}

static void read_changed_log(void)
{
	log_text = "v3_translate_what\n";
	read_log();
}

static void no_log(void)
{
	oracle_option_dma_log = "/nowhere/at/all";
	g_mutex_lock(&oracle.lock);
	oracle_tier_dma.entered(0, PARTY_HOST, ARM_VECTOR_SYNC);
}

static void start_excepted(void)
{
	assert_null(oracle_except_parse("dma"));
	read_log_of_guest_page();
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	assert_true(case_ends(read_changed_log, PLUGIN_EXIT_UNUSABLE, "dma-log= has a line"));
	assert_true(case_ends(no_log, PLUGIN_EXIT_UNUSABLE, "cannot read dma-log="));
	assert_true(case_ends(start_excepted, 0, "excepted (dma): the host had"));
	assert_null(oracle_except_parse(NULL));
}

static qemu_plugin_mem_value u64(uint64_t value)
{
	return (qemu_plugin_mem_value){ QEMU_PLUGIN_MEM_VALUE_U64, { .u64 = value } };
}

static qemu_plugin_mem_value u32(uint32_t value)
{
	return (qemu_plugin_mem_value){ QEMU_PLUGIN_MEM_VALUE_U32, { .u32 = value } };
}

static void store_pending(void)
{
	oracle_dma_device_stored(0, GICR_PENDBASER, u64(CASE_RAM));
}

static void store_pending_in_halves(void)
{
	oracle_dma_device_stored(0, GICR_PENDBASER + 4, u32(0));
	oracle_dma_device_stored(0, GICR_PENDBASER, u32(CASE_RAM));
}

static void store_properties(void)
{
	oracle_dma_device_stored(0, GICR_PROPBASER, u64(CASE_PAGE(16) | 15));
}

static void store_its_table(void)
{
	oracle_dma_device_stored(0, GITS_BASER0, u64(UINT64_C(1) << 63 | CASE_PAGE(16) | 3));
}

static void store_its_table_off(void)
{
	oracle_dma_device_stored(0, GITS_BASER0, u64(CASE_GUEST | 3));
}

static void lose_table(void)
{
	store_its_table();
	case_own(CASE_PAGE(19), (struct oracle_page){ .owner = PARTY_EL2 });
	oracle_tier_dma.returns(0, PARTY_HOST);
}

static void lose_other(void)
{
	store_its_table();
	case_own(CASE_PAGE(20), (struct oracle_page){ .owner = PARTY_EL2 });
	oracle_tier_dma.returns(0, PARTY_HOST);
}

static void watches_interrupt_tables(void **state)
{
	(void)state;
	oracle_option_dma_log = NULL;
	assert_true(case_is_breach(store_pending, "register at 0x80a0078"));
	assert_true(case_is_breach(store_pending_in_halves, "PA 0x40001000"));
	assert_true(case_is_silent(store_properties));
	assert_true(case_is_silent(store_its_table));
	assert_true(case_is_silent(store_its_table_off));
	assert_true(case_is_breach(lose_table, "PA 0x40013000"));
	assert_true(case_is_silent(lose_other));
	case_own(CASE_PAGE(30), (struct oracle_page){ .owner = PARTY_EL2 });
	assert_true(case_is_silent(store_properties)); /* 2^16 interrupts less 8192: 14 pages */
	case_own(CASE_PAGE(29), (struct oracle_page){ .owner = PARTY_EL2 });
	assert_true(case_is_silent(store_its_table));
	assert_true(case_is_breach(store_properties, "PA 0x4001d000"));
}

static uint64_t fw_cfg_target;

static void start_fw_cfg(void)
{
	fake_store(CASE_HOST, (uint64_t)GUINT32_TO_BE(64) << 32);
	fake_store(CASE_HOST + 8, GUINT64_TO_BE(fw_cfg_target));
	oracle_dma_device_stored(0, FW_CFG_DMA, u64(GUINT64_TO_BE(CASE_HOST)));
}

static void start_fw_cfg_in_halves(void)
{
	fake_store(CASE_HOST, (uint64_t)GUINT32_TO_BE(64) << 32);
	fake_store(CASE_HOST + 8, GUINT64_TO_BE(fw_cfg_target));
	oracle_dma_device_stored(0, FW_CFG_DMA, u32(0));
	oracle_dma_device_stored(0, FW_CFG_DMA + 4, u32(GUINT32_TO_BE((uint32_t)CASE_HOST)));
}

static void watches_fw_cfg(void **state)
{
	(void)state;
	fw_cfg_target = CASE_PAGE(9);
	assert_true(case_is_silent(start_fw_cfg));
	fw_cfg_target = CASE_GUEST + 16;
	assert_true(case_is_breach(start_fw_cfg, "has fw_cfg use a page"));
	assert_true(case_is_breach(start_fw_cfg_in_halves, "PA 0x40002000"));
	fw_cfg_target = CASE_EL2 - 63;
	assert_true(case_is_breach(start_fw_cfg, "PA 0x40001000"));
	/* EL2 itself may. */
	oracle.vcpus[0].party = PARTY_EL2;
	assert_true(case_is_silent(start_fw_cfg));
}

static uint64_t changes;

static void change_at_rest(void)
{
	g_mutex_lock(&oracle.lock);
	oracle_tier_dma.returns(0, PARTY_HOST);
	fake_store(changes, 1);
	oracle_tier_dma.entered(0, PARTY_HOST, ARM_VECTOR_IRQ);
	fake_store(changes, 2); /* EL2 may */
	oracle_tier_dma.returns(0, PARTY_HOST);
	oracle_tier_dma.entered(0, PARTY_HOST, ARM_VECTOR_IRQ);
	g_mutex_unlock(&oracle.lock);
}

static void sees_changes_at_rest(void **state)
{
	(void)state;
	oracle_option_dma_log = NULL;
	changes = CASE_GUEST + 8;
	assert_true(case_is_breach(change_at_rest, "changed a protected guest's page at rest"));
	changes = CASE_SHARED + 8;
	assert_true(case_is_silent(change_at_rest));
	changes = CASE_HOST + 8;
	assert_true(case_is_silent(change_at_rest));
	/* Another vCPU runs the guest. */
	changes = CASE_GUEST + 8;
	oracle.vcpus[1].party = PARTY_VM_FIRST;
	assert_true(case_is_silent(change_at_rest));
}

#define TEST(name) cmocka_unit_test_setup(name, case_start)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(reads_lines),          TEST(knows_bad_lines),          TEST(judges_the_log),
		TEST(says_what_is_wrong),   TEST(watches_interrupt_tables), TEST(watches_fw_cfg),
		TEST(sees_changes_at_rest),
	};

	int failed;

	snprintf(log_path, sizeof(log_path), "/tmp/plugin_oracle_dma.%d.log", getpid());
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(log_path); /* where a child was ended before it could */
	return failed;
}
