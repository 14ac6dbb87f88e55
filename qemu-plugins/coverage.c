/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The coverage plugin: which instructions EL2 executed, how often, and which way its
 * conditional branches went; of any hypervisor, which is neither built nor changed for it.
 *
 *   -plugin coverage.so,out=FILE[,branches=on|off]          (help lists all)
 *
 * The file is text, by physical address, a line for each instruction:
 *   PA VA WORD COUNT [TAKEN NOT_TAKEN]      hexadecimal, the last three decimal
 * between "terrarium coverage 1" and "end whole". ci/coverage_el2.py makes lines,
 * functions and branches of a program's source of it.
 *
 * Caveats
 * - It is written when QEMU ends by itself, `quit` or SIGTERM, or by a plugin of ours; a killed
 *   QEMU leaves none.
 * - After a restored snapshot it sees what runs from then on, not the boot.
 * - An instruction is counted before it executes: also when it then faults.
 * - Several vCPUs in one thread (-icount) crash QEMU 11.1, as with all plugins that count.
 * - Code that is loaded at an address where other code was is taken for that.
 */
#include "qemu-plugins/coverage.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "qemu-plugins/common/arm.h"
#include "qemu-plugins/common/plugin.h"

#define NAME "coverage"

int qemu_plugin_version = QEMU_API_VERSION;

static struct coverage coverage;

enum {
	OPT_OUT,
	OPT_BRANCHES,
	OPT_COUNT,
};

static bool sees_branches;

static const struct option options_default[OPT_COUNT] = {
	[OPT_OUT] = { .name = "out",
		      .type = OPTION_STRING,
		      .required = true,
		      .help = "the file to write" },
	[OPT_BRANCHES] = { .name = "branches",
			   .type = OPTION_BOOL,
			   .value = true,
			   .help = "which way conditional branches went" },
};

static uint64_t count_of(const struct coverage *all, const struct coverage_site *site)
{
	uint64_t sum = 0;
	unsigned int vcpu;

	for (vcpu = 0; vcpu < all->vcpus; vcpu++) {
		const uint64_t *counts = qemu_plugin_scoreboard_find(all->counts, vcpu);

		sum += counts[site->slot];
	}
	return sum;
}

/* The file is whole or not there. */
static void finish(void)
{
	g_autofree char *part = NULL;
	FILE *file;
	bool good;

	g_mutex_lock(&coverage.lock);
	part = g_strconcat(coverage.out, ".part", NULL);
	file = coverage.written ? NULL : fopen(part, "w");
	if (file != NULL) {
		good = coverage_write(&coverage, file, count_of);
		good = fclose(file) == 0 && good && rename(part, coverage.out) == 0;
		coverage.written = true;
		if (!good) {
			plugin_say(NAME, "cannot write %s", coverage.out);
			unlink(part);
		}
	}
	g_mutex_unlock(&coverage.lock);
}

static void ended(void *userdata)
{
	(void)userdata;
	finish();
}

static void vcpu_started(unsigned int vcpu, void *userdata)
{
	(void)userdata;

	g_mutex_lock(&coverage.lock);
	coverage.vcpus = MAX(coverage.vcpus, vcpu + 1);
	if (!coverage.regs_ready) {
		plugin_regs_init(NAME, &coverage.regs);
		coverage.regs_ready = true;
	}
	g_mutex_unlock(&coverage.lock);
}

static void branch_is_reached(unsigned int vcpu, void *userdata)
{
	struct coverage_site *site = userdata;
	uint64_t xt = regs_read_x(&coverage.regs, coverage_branch_rt(site->word));
	bool taken = coverage_branch_taken(site->word, regs_read(&coverage.regs, REG_CPSR), xt);
	(void)vcpu;

	__atomic_fetch_add(taken ? &site->taken : &site->not_taken, 1, __ATOMIC_RELAXED);
}

static void block_translated(struct qemu_plugin_tb *tb, void *userdata)
{
	size_t count = qemu_plugin_tb_n_insns(tb);
	uint64_t pstate = regs_read(&coverage.regs, REG_CPSR);
	uint64_t va = qemu_plugin_tb_vaddr(tb);
	size_t i;
	(void)userdata;

	/* The exception level is part of QEMU's key of a block. */
	if ((pstate & ARM_PSTATE_AARCH32) != 0 || ARM_PSTATE_EL(pstate) != 2) {
		return;
	}
	for (i = 0; i < count; i++, va += ARM_INSN_BYTES) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		struct coverage_site *site;
		qemu_plugin_u64 counter = { .score = coverage.counts };
		uint32_t word = 0;
		uint64_t pa;

		qemu_plugin_insn_data(insn, &word, sizeof(word));
		if (!qemu_plugin_translate_vaddr(va, &pa)) {
			continue; /* it will fault when it is fetched */
		}
		site = coverage_site_at(&coverage, pa, va, word);
		if (site == NULL) {
			return;
		}
		counter.offset = site->slot * sizeof(uint64_t);
		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
			insn, QEMU_PLUGIN_INLINE_ADD_U64, counter, 1);
		if (sees_branches && coverage_is_branch(word)) {
			qemu_plugin_register_vcpu_insn_exec_cb(insn, branch_is_reached,
							       QEMU_PLUGIN_CB_R_REGS, site);
		}
	}
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	struct option options[OPT_COUNT];
	const struct plugin plugin = { NAME, options, OPT_COUNT, NULL };
	FILE *file;

	memcpy(options, options_default, sizeof(options));
	if (!plugin_accepts(&plugin, info, argc, argv)) {
		return 1;
	}
	/* Now, not after the run. An old file must not speak for this run. */
	file = fopen(options[OPT_OUT].string, "w");
	if (file == NULL) {
		plugin_say(NAME, "cannot write out=%s: %s", options[OPT_OUT].string,
			   strerror(errno));
		return 1;
	}
	fclose(file);
	unlink(options[OPT_OUT].string);
	coverage.out = g_strdup(options[OPT_OUT].string);
	sees_branches = options[OPT_BRANCHES].value != 0;
	coverage.sites = g_hash_table_new(g_int64_hash, g_int64_equal);
	coverage.by_slot = g_ptr_array_new();
	coverage.counts = qemu_plugin_scoreboard_new(COVERAGE_SITES_MAX * sizeof(uint64_t));
	qemu_plugin_register_vcpu_init_cb(id, vcpu_started, NULL);
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated, NULL);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	plugin_at_end(NAME, finish);
	return 0;
}
