/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine that is made up, for tier A as a whole: a hypervisor's stores, invalidations and
 * returns are played, right and wrong, and the run ends with status 90 when they are wrong.
 * Each is played in a process of its own, because the oracle's end is the process's.
 */
#ifndef PLUGINS_ORACLE_PLAY_H
#define PLUGINS_ORACLE_PLAY_H

#include "tests/plugins/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/plugins/fake_qemu.h"

#define RAM UINT64_C(0x40000000)
#define RAM_END (RAM + (UINT64_C(16) << 20))
#define MIB2 UINT64_C(0x200000)

/* EL2's image is the first 2 MiB; its tables, then the host's, a VM's and another VM's. */
#define EL2_ROOT (RAM + 0x10000)
#define EL2_LEVEL2 (RAM + 0x11000)
#define EL2_LEVEL3 (RAM + 0x12000)
#define HOST_ROOT (RAM + 0x20000)
#define HOST_LEVEL2 (RAM + 0x22000)
#define HOST_LEVEL3 (RAM + 0x23000) /* of the host's first 2 MiB, page by page */
#define VM_ROOT (RAM + 0x30000)
#define VM_LEVEL2 (RAM + 0x32000)
#define VM_LEVEL3 (RAM + 0x33000)
#define VM2_ROOT (RAM + 0x40000)
#define HOST_RAM (RAM + MIB2)
#define GUEST_RAM UINT64_C(0x80000000)

#define TABLE(pa) ((pa) | 3)
#define S2_BLOCK(pa) ((pa) | 0x4c1)
#define S2_PAGE(pa) ((pa) | 0x4c3)
#define VTCR (24 | 1 << 6)
#define VTTBR(root, vmid) ((root) | UINT64_C(vmid) << 48)

#define EC_HVC (UINT64_C(0x16) << 26)
#define EC_ABORT (UINT64_C(0x24) << 26)

/* What EL2 executes, one by one. */
enum {
	STR,
	DSB_ST,
	TLBI_IPA,
	DSB,
	TLBI_STAGE1,
	TLBI_VMID,
	TLBI_STAGE1_HERE,
	ERET,
	INSNS,
};

static const uint32_t words[INSNS] = {
	[STR] = 0xf9000020,              /* str x0, [x1] */
	[DSB_ST] = 0xd5033a9f,           /* dsb ishst */
	[TLBI_IPA] = 0xd50c8020,         /* tlbi ipas2e1is, x0 */
	[DSB] = 0xd5033b9f,              /* dsb ish */
	[TLBI_STAGE1] = 0xd508831f,      /* tlbi vmalle1is */
	[TLBI_VMID] = 0xd50c83df,        /* tlbi vmalls12e1is */
	[TLBI_STAGE1_HERE] = 0xd508871f, /* tlbi vmalle1 */
	[ERET] = 0xd69f03e0,
};

static struct qemu_plugin_tb block;
static char out[64];
/* Before the machine is on: it was restored from a snapshot, with what this prepares. */
static void (*restored)(void);
static const char *except; /* a further option of the plugin, or NULL */

/* ---- the machine ---- */

static inline void run(unsigned int insn)
{
	fake_execute(&block, 0, insn, insn + 1);
}

static inline void store(uint64_t table, unsigned int index, uint64_t value)
{
	fake_access(&block, 0, STR, table + index * 8, true, value);
}

static inline void set_x(unsigned int n, uint64_t value)
{
	char name[8];

	snprintf(name, sizeof(name), "x%u", n);
	fake_set(name, value);
}

static inline void enter(uint64_t esr)
{
	fake_set("cpsr", 0x3c9);
	fake_set("SPSR_EL2", 0x3c5);
	fake_set("ESR_EL2", esr);
	fake_callbacks.discontinuity(0, QEMU_PLUGIN_DISCON_EXCEPTION, 0x1000, 0x800400, NULL);
}

static inline void leave(uint64_t vttbr)
{
	fake_set("VTTBR_EL2", vttbr);
	run(ERET);
}

static inline void leave_to_host(void)
{
	leave(VTTBR(HOST_ROOT, 0));
}

/* The host calls; EL2 has not answered yet. */
static inline void host_calls(uint32_t number, uint64_t x1, uint64_t x2, uint64_t x3, uint64_t x4)
{
	set_x(0, number);
	set_x(1, x1);
	set_x(2, x2);
	set_x(3, x3);
	set_x(4, x4);
	enter(EC_HVC);
}

static inline void answer(uint64_t x0, uint64_t x1)
{
	set_x(0, x0);
	set_x(1, x1);
	leave_to_host();
}

static inline void invalidate(uint64_t ipa)
{
	run(DSB_ST);
	set_x(0, ipa >> 12);
	run(TLBI_IPA);
	run(DSB);
	run(TLBI_STAGE1);
	run(DSB);
}

static inline uint64_t host_page(unsigned int n)
{
	return HOST_RAM + n * UINT64_C(0x1000);
}

static inline void host_loses(unsigned int n)
{
	store(HOST_LEVEL3, n, 0);
	invalidate(host_page(n));
}

static inline void build_tables(void)
{
	unsigned int i;

	fake_store(EL2_ROOT + 8, TABLE(EL2_LEVEL2));
	fake_store(EL2_LEVEL2, RAM | 0x401 | UINT64_C(1) << 54);
	fake_store(HOST_ROOT + 8, TABLE(HOST_LEVEL2));
	fake_store(HOST_LEVEL2 + 8, TABLE(HOST_LEVEL3));
	for (i = 2; i < 8; i++) {
		fake_store(HOST_LEVEL2 + i * 8, S2_BLOCK(RAM + i * MIB2));
	}
	for (i = 0; i < 512; i++) {
		fake_store(HOST_LEVEL3 + i * 8, S2_PAGE(host_page(i)));
	}
	fake_store(VM_ROOT + 16, TABLE(VM_LEVEL2));
	fake_store(VM_LEVEL2, TABLE(VM_LEVEL3));
}

/* The machine is on, and the host runs for the first time. */
static inline void power_on(void)
{
	static const qemu_info_t info = {
		.target_name = "aarch64",
		.version = { 7, 7 },
		.system_emulation = true,
		.system = { 1, 1 },
	};
	static const char *const names[] = { "ELR_EL2",     "FAR_EL2",   "HPFAR_EL2", "CNTVOFF_EL2",
					     "CNTHCTL_EL2", "VTTBR_EL2", "VMPIDR_EL2" };
	char option[80];
	char further[80];
	char *argv[] = { option, further };
	size_t i;

	fake_reset();
	fake_ram_end = RAM_END;
	for (i = 0; i < G_N_ELEMENTS(names); i++) {
		fake_set(names[i], 0);
	}
	for (i = 0; i < 31; i++) {
		set_x((unsigned int)i, 0);
	}
	fake_set("cpsr", 0x3c9);
	fake_set("SPSR_EL2", 0x3c5);
	fake_set("ESR_EL2", 0);
	fake_set("HCR_EL2", 0);
	fake_set("VTCR_EL2", VTCR);
	fake_set("TCR_EL2", 25);
	fake_set("TTBR0_EL2", EL2_ROOT);
	build_tables();
	if (restored != NULL) {
		fake_set("HCR_EL2", 1);
		fake_set("VTTBR_EL2", VTTBR(HOST_ROOT, 0));
		restored();
	}
	snprintf(option, sizeof(option), "out=%s", out);
	snprintf(further, sizeof(further), "%s", except != NULL ? except : "");
	assert_int_equal(qemu_plugin_install(1, &info, except != NULL ? 2 : 1, argv), 0);
	fake_callbacks.init(0, NULL);
	fake_translate(&block, RAM + 0x1000, words, INSNS);
	fake_set("HCR_EL2", 1);
	leave_to_host();
}

/* ---- how a play ends ---- */

static inline int ends(void (*play)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		power_on();
		play();
		leave_to_host();
		_exit(0);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static inline void is_silent(void (*play)(void))
{
	assert_int_equal(ends(play), 0);
	assert_int_not_equal(access(out, F_OK), 0);
}

static inline void breaks(void (*play)(void), const char *rule)
{
	g_autofree char *text = NULL;
	g_autofree char *wanted = g_strdup_printf("\"rule\": \"%s\"", rule);

	assert_int_equal(ends(play), 90);
	assert_true(g_file_get_contents(out, &text, NULL, NULL));
	if (strstr(text, wanted) == NULL) {
		fail_msg("not %s, but %s", rule, text);
	}
	unlink(out);
}

/* ---- a VM's life ---- */

/* VM_CREATE, with 4 pages from page 8 on; then VCPU_RUN up to the guest. */
static inline void makes_vm(uint64_t flags)
{
	unsigned int i;

	host_calls(0xc6007010, flags, 40, 100, host_page(8) >> 12);
	for (i = 8; i < 12; i++) {
		host_loses(i);
	}
	answer(0, 1);
}

static inline void runs_vm(void)
{
	host_calls(0xc6007023, 1, 0, 0, 0);
	leave(VTTBR(VM_ROOT, 1));
}

/* The guest traps, and the host is told. */
static inline void guest_exits(void)
{
	enter(EC_ABORT);
	answer(0, 0);
}

/* VM_MAP of one page. */
static inline void maps(unsigned int page, bool host_keeps)
{
	host_calls(0xc6007013, 1, host_page(page) >> 12, GUEST_RAM >> 12, 1);
	if (!host_keeps) {
		host_loses(page);
	}
	store(VM_LEVEL3, 0, S2_PAGE(host_page(page)));
	answer(0, 0);
}

static inline void vm_with_a_page(void)
{
	makes_vm(1);
	runs_vm();
	guest_exits();
	maps(20, false);
	fake_store(host_page(20) + 8, 0x5ec7e7);
	runs_vm();
}

static inline void host_lends_a_page(void)
{
	makes_vm(0);
	runs_vm();
	guest_exits();
	maps(20, true);
	runs_vm();
	guest_exits();
}

static inline int play_begin(void **state)
{
	(void)state;
	snprintf(out, sizeof(out), "/tmp/plugin_oracle.%d.json", getpid());
	return 0;
}

#endif /* PLUGINS_ORACLE_PLAY_H */
