/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trace plugin against a stand-in for QEMU: events are played by hand and
 * the file is read back by offsets.
 */
#include "qemu-plugins/trace.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/plugins/cmocka_all.h"
#include "tests/plugins/fake_qemu.h"

#define EL(n) ((uint64_t)(n) << 2 | 1)
#define VM_ON UINT64_C(1)
#define TGE (UINT64_C(1) << 27)
#define VTTBR(vmid) ((uint64_t)(vmid) << 48)
#define RETURN_PC UINT64_C(0xffff800000001000)

#define W_NOP 0xd503201f
#define W_ADD 0x91000421 /* add x1, x1, #1 */
#define W_LDR 0xf9400020 /* ldr x0, [x1] */
#define W_RET 0xd65f03c0
#define W_HVC 0xd4000002
#define W_SMC1 0xd4000023 /* smc #1 */
#define W_ERET 0xd69f03e0
#define W_MRS_X3 0xd53be043   /* mrs x3, cntvct_el0 */
#define W_IAR_X4 0xd538cc04   /* mrs x4, icc_iar1_el1 */
#define W_EOI_X4 0xd518cc24   /* msr icc_eoir1_el1, x4 */
#define W_VTTBR_X3 0xd51c2103 /* msr vttbr_el2, x3 */
#define W_MARK 0xd5032eff     /* hint #0x77 */

static char *path;
static qemu_info_t machine;
static struct trace_record *all; /* what records() read */

static int start(void **state)
{
	char *folder = g_dir_make_tmp("trace-XXXXXX", NULL);
	char name[16];
	int i;
	(void)state;

	path = g_build_filename(folder, "trace.bin", NULL);
	g_free(folder);
	memset(&trace, 0, sizeof(trace));
	plugin_forget();
	machine = fake_machine(1);
	fake_reset();
	for (i = 0; i < 31; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		fake_set(name, 0x100 + (uint64_t)i);
	}
#define ZERO(id, text, needed) fake_set(text, 0);
	REGS_LIST(ZERO)
#undef ZERO
	fake_set("ELR_EL2", RETURN_PC);
	return 0;
}

static int finish(void **state)
{
	char *folder = g_path_get_dirname(path);
	(void)state;

	g_clear_pointer(&all, g_free);
	unlink(path);
	rmdir(folder);
	g_free(folder);
	g_free(path);
	return 0;
}

static int install(const char *options)
{
	g_autofree char *out = g_strconcat("out=", path, NULL);
	g_auto(GStrv) more = g_strsplit(options, " ", 0);
	char *argv[8] = { out };
	int argc = 1;
	int i;

	for (i = 0; more[i] != NULL && more[i][0] != '\0'; i++) {
		argv[argc++] = more[i];
	}
	if (qemu_plugin_install(1, &machine, argc, argv) != 0) {
		return 1;
	}
	fake_callbacks.init(0, NULL);
	return 0;
}

/* QEMU's exception entry to EL2: state first, then the event. */
static void enter_el2(uint64_t esr, uint64_t from_el, uint64_t vector)
{
	fake_set("cpsr", EL(2));
	fake_set("SPSR_EL2", EL(from_el));
	fake_set("ESR_EL2", esr);
	fake_callbacks.discontinuity(
		0, vector == 0x400 ? QEMU_PLUGIN_DISCON_EXCEPTION : QEMU_PLUGIN_DISCON_INTERRUPT, 0,
		0x40000000 + vector, NULL);
}

/* An ERET at EL2 to @el of the world that HCR_EL2 and VTTBR_EL2 say. */
static void eret(uint64_t el, uint64_t hcr, uint64_t vttbr)
{
	static const uint32_t words[] = { W_ERET };
	struct qemu_plugin_tb tb;

	fake_set("cpsr", EL(2));
	fake_set("SPSR_EL2", EL(el));
	fake_set("HCR_EL2", hcr);
	fake_set("VTTBR_EL2", vttbr);
	fake_translate(&tb, 0x40001000, words, 1);
	fake_execute(&tb, 0, 0, 1);
	fake_set("cpsr", EL(el));
}

/* Ends the trace and reads it into `all`; returns how many records it has. */
static size_t records(void)
{
	struct trace_header header;
	size_t count;
	char *bytes;
	gsize length;

	fake_callbacks.exit(NULL);
	assert_true(g_file_get_contents(path, &bytes, &length, NULL));
	memcpy(&header, bytes, sizeof(header));
	length -= header.header_bytes;
	assert_int_equal(length % sizeof(*all), 0);
	count = length / sizeof(*all);
	all = g_malloc(length);
	memcpy(all, bytes + header.header_bytes, length);
	g_free(bytes);
	assert_int_equal(all[count - 1].type, TRACE_END);
	return count;
}

static void records_a_hypercall(void **state)
{
	size_t count;
	(void)state;

	assert_int_equal(install(""), 0);
	eret(1, 0, 0);
	enter_el2(0x5a000007, 1, 0x400);
	fake_set("x0", 0);
	fake_set("x1", 42);
	eret(1, 0, 0);
	count = records();
	assert_int_equal(count, 5);
	assert_int_equal(all[0].type, TRACE_RETURN);
	assert_int_equal(all[1].type, TRACE_HVC);
	assert_int_equal(all[1].world, TRACE_WORLD_HOST);
	assert_int_equal(all[1].el, 1);
	assert_int_equal(all[1].aux, 7);
	assert_int_equal(all[1].pc, RETURN_PC);
	assert_int_equal(all[1].v[0], 0x100);
	assert_int_equal(all[1].v[3], 0x103);
	assert_int_equal(all[2].type, TRACE_MORE);
	assert_int_equal(all[2].time_ns, 0x104); /* x4 */
	assert_int_equal(all[2].pc, 0x107);      /* x7 */
	assert_int_equal(all[3].type, TRACE_RETURN);
	assert_int_equal(all[3].v[0], 0);
	assert_int_equal(all[3].v[1], 42);
	assert_int_equal(all[3].el2_insns - all[1].el2_insns, 1);
}

static void records_faults_of_a_vm(void **state)
{
	size_t count;
	(void)state;

	assert_int_equal(install(""), 0);
	eret(1, VM_ON, 0);
	eret(0, VM_ON, VTTBR(3));
	fake_set("FAR_EL2", 0xffff000003616308);
	fake_set("HPFAR_EL2", 0x436160);
	enter_el2(0x93c18047, 0, 0x400); /* write of 8 bytes from x1 */
	eret(0, VM_ON, VTTBR(3));
	enter_el2(0x82000007, 0, 0x400); /* instruction abort */
	count = records();
	assert_int_equal(count, 6);
	assert_int_equal(all[0].world, TRACE_WORLD_HOST);
	assert_int_equal(all[1].world, TRACE_WORLD_VM);
	assert_int_equal(all[1].vmid, 3);
	assert_int_equal(all[2].type, TRACE_DATA_ABORT);
	assert_int_equal(all[2].world, TRACE_WORLD_VM);
	assert_int_equal(all[2].el, 0);
	assert_int_equal(all[2].v[0], 0x93c18047);
	assert_int_equal(all[2].v[1], 0x43616308);
	assert_int_equal(all[2].v[2], 0xffff000003616308);
	assert_int_equal(all[2].v[3], 0x101);
	assert_int_equal(all[4].type, TRACE_INSN_ABORT);
	assert_int_equal(all[4].v[3], 0);
}

static void records_other_entries(void **state)
{
	static const struct {
		uint64_t esr;
		uint64_t vector;
		enum trace_type type;
		uint64_t v0;
		uint64_t v1;
	} rows[] = {
		{ 0x5e000000, 0x400, TRACE_SMC, 0x100, 0x101 },
		{ 0x6230f816, 0x400, TRACE_SYSREG, 0x6230f816, 0 },     /* msr, xzr */
		{ 0x6230f856, 0x400, TRACE_SYSREG, 0x6230f856, 0x102 }, /* msr, x2 */
		{ 0x6230f857, 0x400, TRACE_SYSREG, 0x6230f857, 0 },     /* mrs */
		{ 0x06000001, 0x400, TRACE_WFX, 0x06000001, 0 },
		{ 0x1fe00000, 0x400, TRACE_EXCEPTION, 0x1fe00000, 0x77 }, /* FP trap */
		{ 0xdead0000, 0x480, TRACE_IRQ, 0, 0 },
		{ 0xdead0000, 0x500, TRACE_FIQ, 0, 0 },
		{ 0xbe000011, 0x580, TRACE_SERROR, 0xbe000011, 0 },
	};
	const struct trace_record *at;
	size_t i;
	(void)state;

	assert_int_equal(install(""), 0);
	eret(1, VM_ON, 0);
	fake_set("FAR_EL2", 0x77);
	for (i = 0; i < G_N_ELEMENTS(rows); i++) {
		/* 0x1f in Rt: the zero register. */
		enter_el2(i == 1 ? rows[i].esr | 0x3e0 : rows[i].esr, 1, rows[i].vector);
		eret(1, VM_ON, 0);
	}
	records();
	at = &all[1];
	for (i = 0; i < G_N_ELEMENTS(rows); i++) {
		assert_int_equal(at->type, rows[i].type);
		if (i != 1) {
			assert_int_equal(at->v[0], rows[i].v0);
		}
		assert_int_equal(at->v[1], rows[i].v1);
		at += rows[i].type == TRACE_SMC ? 3 : 2;
	}
	assert_int_equal(at->type, TRACE_END);
}

static void leaves_out_what_is_not_an_entry(void **state)
{
	size_t count;
	(void)state;

	assert_int_equal(install(""), 0);
	enter_el2(0xf2000000, 2, 0x400); /* EL2's own, before it was left */
	eret(1, VM_ON, 0);
	enter_el2(0, 2, 0x480); /* EL2's own interrupt */
	eret(2, VM_ON, 0);      /* stays at EL2 */
	fake_set("HCR_EL2", TGE);
	enter_el2(0x56000000, 0, 0x400); /* a hosted program's system call */
	eret(0, TGE, 0);
	fake_set("HCR_EL2", VM_ON);
	fake_set("cpsr", EL(1));
	fake_callbacks.discontinuity(0, QEMU_PLUGIN_DISCON_EXCEPTION, 0, 0x400, NULL); /* EL1's */
	fake_set("x0", 9);
	enter_el2(0xf2000001, 2, 0x400); /* EL2's own: broken */
	count = records();
	assert_int_equal(count, 3);
	assert_int_equal(all[0].type, TRACE_RETURN);
	assert_int_equal(all[1].type, TRACE_EL2_EXCEPTION);
	assert_int_equal(all[1].world, TRACE_WORLD_EL2);
	assert_int_equal(all[1].v[0], 0xf2000001);
}

static void records_boot_if_asked(void **state)
{
	size_t count;
	(void)state;

	assert_int_equal(install("boot=on"), 0);
	enter_el2(0xf2000000, 2, 0x400);
	count = records();
	assert_int_equal(count, 2);
	assert_int_equal(all[0].type, TRACE_EL2_EXCEPTION);
	assert_int_equal(all[0].world, TRACE_WORLD_BOOT);
}

static void records_firmware_calls(void **state)
{
	static const uint32_t words[] = { W_NOP, W_SMC1 };
	struct qemu_plugin_tb tb;
	size_t count;
	(void)state;

	assert_int_equal(install(""), 0);
	eret(1, VM_ON, 0);
	fake_translate(&tb, 0x8000, words, 2);
	fake_set("x0", 0x84000000);
	fake_execute(&tb, 0, 0, 2);
	fake_set("x0", 0x10001); /* QEMU has put the result there */
	fake_callbacks.discontinuity(0, QEMU_PLUGIN_DISCON_HOSTCALL, 0x8008, 0x8008, NULL);
	/* Not a call: nothing was about to execute. */
	fake_callbacks.discontinuity(0, QEMU_PLUGIN_DISCON_HOSTCALL, 0x8008, 0x8008, NULL);
	count = records();
	assert_int_equal(count, 5);
	assert_int_equal(all[1].type, TRACE_FW_CALL);
	assert_int_equal(all[1].world, TRACE_WORLD_HOST);
	assert_int_equal(all[1].pc, 0x8004);
	assert_int_equal(all[1].aux, 1);
	assert_int_equal(all[1].v[0], 0x84000000);
	assert_int_equal(all[2].type, TRACE_MORE);
	assert_int_equal(all[3].type, TRACE_FW_RETURN);
	assert_int_equal(all[3].v[0], 0x10001);
}

static void filters(void **state)
{
	size_t count;
	(void)state;

	assert_int_equal(install("only=faults"), 0);
	eret(1, VM_ON, 0);
	enter_el2(0x5a000000, 1, 0x400);
	eret(1, VM_ON, 0);
	enter_el2(0x92000007, 1, 0x400);
	eret(1, VM_ON, 0);
	count = records();
	assert_int_equal(count, 4);
	assert_int_equal(all[0].type, TRACE_RETURN);
	assert_int_equal(all[1].type, TRACE_DATA_ABORT);
	assert_int_equal(all[2].type, TRACE_RETURN);
}

static void counts_exactly_wherever_a_block_is_left(void **state)
{
	static const uint32_t words[] = { W_ADD, W_ADD, W_LDR, W_ADD, W_NOP, W_ADD, W_RET };
	/* Counted when instruction i is the last that was begun. */
	static const uint64_t at_exit[] = { 0, 0, 3, 0, 5, 0, 7 };
	struct qemu_plugin_tb tb;
	size_t i;
	(void)state;

	assert_int_equal(install("count=exact"), 0);
	fake_set("cpsr", EL(1));
	fake_translate(&tb, 0x8000, words, G_N_ELEMENTS(words));
	for (i = 0; i < G_N_ELEMENTS(words); i++) {
		struct trace_counts *counts = qemu_plugin_scoreboard_find(trace.counts, 0);

		if (at_exit[i] == 0) {
			continue; /* cannot be left here */
		}
		memset(counts, 0, sizeof(*counts));
		fake_execute(&tb, 0, 0, i + 1);
		assert_int_equal(counts->insns[1], at_exit[i]);
		assert_int_equal(trace_insns(counts), at_exit[i]);
	}
}

static void counts_blocks_below_el2(void **state)
{
	static const uint32_t words[] = { W_ADD, W_LDR, W_ADD, W_RET };
	struct qemu_plugin_tb tb;
	(void)state;

	assert_int_equal(install("count=blocks"), 0);
	fake_set("cpsr", EL(1));
	fake_translate(&tb, 0x8000, words, 4);
	fake_execute(&tb, 0, 0, 2);
	assert_int_equal(trace_counts_of(0)->insns[1], 4);
	fake_set("cpsr", EL(2));
	fake_translate(&tb, 0x8000, words, 4);
	fake_execute(&tb, 0, 0, 2);
	assert_int_equal(trace_counts_of(0)->insns[2], 2);
}

static void keeps_levels_apart(void **state)
{
	static const uint32_t words[] = { W_LDR, W_RET };
	const struct trace_counts *counts;
	struct qemu_plugin_tb tb;
	unsigned int el;
	(void)state;

	assert_int_equal(install(""), 0);
	for (el = 0; el < 3; el++) {
		fake_set("cpsr", EL(el));
		fake_translate(&tb, 0x8000, words, 2);
		fake_execute(&tb, 1, 0, el < 2 ? 2 : 1);
	}
	counts = trace_counts_of(1);
	assert_int_equal(counts->insns[0], 2);
	assert_int_equal(counts->insns[1], 2);
	assert_int_equal(counts->insns[2], 1);
	assert_int_equal(trace_insns(trace_counts_of(0)), 0);
}

static void play_counter_reads(const char *options)
{
	static const uint32_t read_words[] = { W_NOP, W_MRS_X3 };
	static const uint32_t next_words[] = { W_ADD, W_LDR, W_RET };
	static const uint32_t call_words[] = { W_HVC };
	struct qemu_plugin_tb read_block;
	struct qemu_plugin_tb next_block;
	struct qemu_plugin_tb call_block;

	assert_int_equal(install(options), 0);
	eret(1, VM_ON, 0);
	fake_set("CNTVOFF_EL2", 500);
	fake_translate(&read_block, 0x8000, read_words, 2);
	fake_translate(&next_block, 0x8008, next_words, 3);
	fake_translate(&call_block, 0x8014, call_words, 1);

	fake_execute(&read_block, 0, 0, 2); /* the 3rd instruction, after ERET */
	fake_set("x3", 62500000 - 500);     /* 1 s */
	fake_execute(&next_block, 0, 0, 3);
	fake_callbacks.resume(0, NULL); /* after a sleep each read is wanted */
	fake_execute(&read_block, 0, 0, 2);
	fake_execute(&call_block, 0, 0, 1); /* not the instruction behind it */
	fake_set("x3", 1);
	fake_execute(&next_block, 0, 0, 3); /* so this is no sample */
	fake_execute(&call_block, 0, 0, 1);
	enter_el2(0x5a000000, 1, 0x400);
	records();
	assert_int_equal(all[0].time_ns, 1);
	assert_int_equal(all[1].insns, 13);
	assert_int_equal(all[1].time_ns, 1000000000 + 10);
}

static void records_switched_roots(void **state)
{
	static const uint32_t words[] = { W_VTTBR_X3 };
	struct qemu_plugin_tb tb;
	size_t count;
	(void)state;

	assert_int_equal(install(""), 0);
	eret(1, VM_ON, 0);
	fake_set("cpsr", EL(2));
	fake_set("VTTBR_EL2", 0x103);
	fake_translate(&tb, 0x8000, words, 1);
	fake_execute(&tb, 0, 0, 1); /* the same value */
	fake_set("x3", VTTBR(5) | 0x40000);
	fake_execute(&tb, 0, 0, 1);
	fake_set("cpsr", EL(1));
	fake_translate(&tb, 0x8000, words, 1); /* would trap */
	fake_execute(&tb, 0, 0, 1);
	count = records();
	assert_int_equal(count, 3);
	assert_int_equal(all[1].type, TRACE_ROOT);
	assert_int_equal(all[1].world, TRACE_WORLD_EL2);
	assert_int_equal(all[1].aux, A64_VTTBR_EL2);
	assert_int_equal(all[1].pc, 0x8000);
	assert_int_equal(all[1].v[0], VTTBR(5) | 0x40000);
	assert_int_equal(all[1].v[1], 0x103);
}

static void records_interrupts(void **state)
{
	static const uint32_t words[] = { W_NOP, W_IAR_X4, W_ADD, W_EOI_X4 };
	static const uint32_t last[] = { W_IAR_X4 };
	struct qemu_plugin_tb tb;
	struct qemu_plugin_tb other;
	size_t count;
	(void)state;

	assert_int_equal(install("only=acks+ends+others"), 0);
	eret(1, VM_ON, VTTBR(0));
	eret(1, VM_ON, VTTBR(2));
	fake_translate(&tb, 0x8000, words, 4);
	fake_set("x4", 27);
	fake_execute(&tb, 0, 0, 4);
	fake_translate(&tb, 0x9000, last, 1); /* the read ends its block */
	fake_translate(&other, 0x9004, words, 1);
	fake_execute(&tb, 0, 0, 1);
	fake_set("x4", 1023);
	fake_execute(&other, 0, 0, 1);
	count = records();
	assert_int_equal(count, 6);
	assert_int_equal(all[2].type, TRACE_ACK);
	assert_int_equal(all[2].world, TRACE_WORLD_VM);
	assert_int_equal(all[2].vmid, 2);
	assert_int_equal(all[2].aux, A64_ICC_IAR1_EL1);
	assert_int_equal(all[2].v[0], 27);
	assert_int_equal(all[3].type, TRACE_EOI);
	assert_int_equal(all[3].v[0], 27);
	assert_int_equal(all[4].type, TRACE_ACK);
	assert_int_equal(all[4].v[0], 1023);
}

static void records_marks(void **state)
{
	static const uint32_t words[] = { W_NOP, W_MARK };
	struct qemu_plugin_tb tb;
	size_t count;
	(void)state;

	assert_int_equal(install("only=marks log=on"), 0);
	fake_set("cpsr", EL(0));
	fake_set("x0", 0x6b72616d); /* "mark" */
	fake_translate(&tb, 0x8000, words, 2);
	fake_execute(&tb, 0, 0, 2);
	count = records();
	assert_int_equal(count, 2);
	assert_int_equal(all[0].type, TRACE_MARK);
	assert_int_equal(all[0].el, 0);
	assert_int_equal(all[0].world, TRACE_WORLD_HOST);
	assert_int_equal(all[0].pc, 0x8004);
	assert_int_equal(all[0].v[0], 0x6b72616d);
	assert_int_equal(all[0].v[3], 0x103);
	assert_string_equal(fake_log, "trace: 0\n");
}

static void chooses_worlds(void **state)
{
	size_t count;
	(void)state;

	assert_int_equal(install("worlds=vm"), 0);
	eret(1, VM_ON, 0);
	enter_el2(0x5a000000, 1, 0x400);
	eret(1, VM_ON, VTTBR(3));
	enter_el2(0x92000007, 1, 0x400);
	eret(1, VM_ON, 0);
	count = records();
	assert_int_equal(count, 3);
	assert_int_equal(all[0].type, TRACE_RETURN);
	assert_int_equal(all[0].world, TRACE_WORLD_VM);
	assert_int_equal(all[1].type, TRACE_DATA_ABORT);
}

/* All vCPUs in one thread: QEMU's index of planted callbacks is of the translating vCPU. */
static void knows_vcpus_that_share_a_thread(void **state)
{
	static const uint32_t words[] = { W_LDR, W_HVC };
	struct qemu_plugin_tb tb;
	size_t count;
	(void)state;

	machine.system.max_vcpus = 2;
	assert_int_equal(install(""), 0);
	fake_callbacks.init(1, NULL);
	fake_set("cpsr", EL(1));
	fake_translate(&tb, 0x8000, words, 2);
	fake_set("TPIDR_EL2", 0x1000);
	enter_el2(0x5a000007, 1, 0x400);
	fake_set("TPIDR_EL2", 0x2000);
	fake_set("cpsr", EL(2));
	fake_callbacks.discontinuity(1, QEMU_PLUGIN_DISCON_EXCEPTION, 0, 0x40000400, NULL);
	fake_execute(&tb, 0, 0, 2); /* of vCPU 1, whatever the index says */
	assert_int_equal(trace_counts_of(1)->insns[1], 2);
	assert_int_equal(trace_counts_of(0)->insns[1], 0);
	fake_set("TPIDR_EL2", 0x1000);
	fake_execute(&tb, 1, 0, 2);
	assert_int_equal(trace_counts_of(0)->insns[1], 2);
	fake_callbacks.init(2, NULL);
	fake_set("TPIDR_EL2", 0x3000); /* not seen yet: of the vCPU of which nothing is known */
	fake_execute(&tb, 0, 0, 2);
	assert_int_equal(trace_counts_of(2)->insns[1], 2);
	fake_set("TPIDR_EL2", 0x2000);
	eret(1, 0, 0);
	count = records();
	assert_int_equal(all[count - 2].type, TRACE_RETURN);
	assert_int_equal(all[count - 2].vcpu, 1);
}

static void takes_the_time_from_counter_reads(void **state)
{
	(void)state;
	play_counter_reads("clock=icount");
}

static void takes_the_time_when_counting_blocks(void **state)
{
	(void)state;
	play_counter_reads("clock=icount count=blocks");
}

static void refuses_a_machine_it_cannot_trace(void **state)
{
	(void)state;
	machine.version.min = 8;
	machine.version.cur = 9;
	assert_int_equal(install(""), 1);
	machine.version.min = 4;
	machine.version.cur = 6;
	assert_int_equal(install(""), 1);
	machine.version.min = 7;
	machine.version.cur = 7;
	machine.target_name = "x86_64";
	assert_int_equal(install(""), 1);
	machine.target_name = "aarch64";
	machine.system.max_vcpus = 2;
	assert_int_equal(install("clock=icount"), 1);
	machine.system.max_vcpus = 257;
	assert_int_equal(install(""), 1);
	machine.system.max_vcpus = 1;
	assert_int_equal(install("nonsense=1"), 1);
	assert_int_equal(install("help"), 1);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(install(""), 0);
	assert_int_equal(install(""), 1); /* twice */
	fake_callbacks.exit(NULL);
}

/* A plugin that ends QEMU, in a process of its own. */
static void end_by(const char *name)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		plugin_end(name, PLUGIN_EXIT_BUDGET, "enough");
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), PLUGIN_EXIT_BUDGET);
}

static void is_whole_when_another_plugin_ends_qemu(void **state)
{
	struct trace_header header;
	struct trace_record end;
	g_autofree char *bytes = NULL;
	gsize length;
	(void)state;

	assert_int_equal(install(""), 0);
	eret(1, 0, 0);
	end_by("trace"); /* what it has to finish it knows itself */
	assert_true(g_file_get_contents(path, &bytes, &length, NULL));
	memcpy(&header, bytes, sizeof(header));
	assert_int_equal(header.state, TRACE_STATE_OPEN);
	g_free(bytes);
	end_by("inject");
	assert_true(g_file_get_contents(path, &bytes, &length, NULL));
	memcpy(&header, bytes, sizeof(header));
	assert_int_equal(header.state, TRACE_STATE_COMPLETE);
	assert_int_equal(length, header.header_bytes + 2 * sizeof(end));
	memcpy(&end, bytes + length - sizeof(end), sizeof(end));
	assert_int_equal(end.type, TRACE_END);
	assert_int_equal(end.v[0], 1);
}

static void ends_a_machine_without_el2(void **state)
{
	int status;
	pid_t child;
	(void)state;

	fake_reset();
	fake_set("cpsr", EL(1));
	child = fork();
	if (child == 0) {
		install("");
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), PLUGIN_EXIT_UNUSABLE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
	const struct CMUnitTest tests[] = {
		TEST(records_a_hypercall),
		TEST(records_faults_of_a_vm),
		TEST(records_other_entries),
		TEST(leaves_out_what_is_not_an_entry),
		TEST(records_boot_if_asked),
		TEST(records_firmware_calls),
		TEST(filters),
		TEST(counts_exactly_wherever_a_block_is_left),
		TEST(counts_blocks_below_el2),
		TEST(keeps_levels_apart),
		TEST(records_switched_roots),
		TEST(records_interrupts),
		TEST(records_marks),
		TEST(chooses_worlds),
		TEST(knows_vcpus_that_share_a_thread),
		TEST(takes_the_time_from_counter_reads),
		TEST(takes_the_time_when_counting_blocks),
		TEST(refuses_a_machine_it_cannot_trace),
		TEST(is_whole_when_another_plugin_ends_qemu),
		TEST(ends_a_machine_without_el2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
