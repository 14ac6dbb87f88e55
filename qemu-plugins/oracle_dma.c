/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tier C: devices, by what QEMU itself logs of each access through the SMMU.
 *
 *   -d trace:smmuv3_translate_* -D FILE -plugin oracle.so,tiers=..c,dma-log=FILE
 *
 * What is new in the log is read at each entry to EL2 and, when tier A has settled who owns
 * what, at each return, and held against the page's owner. A page whose owner changed since
 * the log was last read is left out: the access may have been before that.
 *
 * Caveats. A line tells where an access begins, not how far it goes. QEMU logs nothing of a
 * device that goes past the SMMU: oracle_dma_device.c and oracle_dma_digest.c are for these. A
 * device's access between EL2's change of the tables and the return from EL2 counts as before.
 * except=dma (oracle_except.h): breaches of this tier are said once and do not end the run.
 */
#include "qemu-plugins/oracle_dma.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "qemu-plugins/oracle.h"
#include "qemu-plugins/oracle_except.h"

#define READ_BYTES 65536
/* So many windows after a sign of activity are looked at closely. */
#define ACTIVE_WINDOWS 64

static struct {
	int fd; /* of the log; -1: not open yet */
	off_t offset;
	GString *rest;    /* a line that is not whole yet */
	uint64_t read_us; /* g_get_real_time() of the last reading */
	bool is_said;
	unsigned int active; /* windows still to be looked at closely */
} dma = { .fd = -1 };

void oracle_dma_breach(unsigned int vcpu, const char *rule, const char *what, uint64_t iova,
		       uint64_t pa)
{
	const struct oracle_breach breach = {
		.tier = 'c',
		.rule = rule,
		.what = what,
		.vcpu = vcpu,
		.party = PARTY_HOST,
		.pc = ORACLE_NONE,
		.va = iova,
		.ipa = ORACLE_NONE,
		.pa = pa,
	};

	if (!oracle_excepts(EXCEPT_DMA)) {
		oracle_breach(&breach);
	}
	if (!dma.is_said) {
		dma.is_said = true;
		plugin_say("oracle", "excepted (dma): the host %s; PA 0x%" PRIx64, what, pa);
	}
}

static void judge_line(unsigned int vcpu, const char *text)
{
	struct oracle_dma_line line = oracle_dma_parse(text);
	g_autofree char *what = NULL;

	switch (line.kind) {
	case DMA_NONE:
	case DMA_REFUSED:
		return;
	case DMA_UNKNOWN:
		plugin_end("oracle", PLUGIN_EXIT_UNUSABLE,
			   "dma-log= has a line that is not as QEMU 11.1 writes it: %s", text);
	case DMA_PASSES:
		break;
	}
	dma.active = ACTIVE_WINDOWS;
	if (oracle_may_reach(PARTY_HOST, oracle_page(line.pa)) ||
	    oracle.since_us[(line.pa - oracle.ram_base) >> ORACLE_PAGE_SHIFT] >= dma.read_us) {
		return;
	}
	what = g_strdup_printf("had a device (stream 0x%" PRIx64
			       ", %s) reach a page that it may not",
			       line.stream, line.is_bypass ? "past the SMMU" : "through the SMMU");
	oracle_dma_breach(vcpu, "device", what, line.iova, line.pa);
}

static void open_log(void)
{
	dma.fd = open(oracle_option_dma_log, O_RDONLY | O_CLOEXEC);
	if (dma.fd < 0) {
		plugin_end("oracle", PLUGIN_EXIT_UNUSABLE,
			   "cannot read dma-log=%s: is it QEMU's -D, with -d "
			   "trace:smmuv3_translate_*?",
			   oracle_option_dma_log);
	}
	dma.rest = g_string_new(NULL);
}

/* Judge all lines that are new in the log. */
static void drain(unsigned int vcpu)
{
	static char buffer[READ_BYTES];
	ssize_t got;
	uint64_t now = (uint64_t)g_get_real_time();
	char *line;
	char *end;

	if (oracle_option_dma_log == NULL) {
		return;
	}
	if (dma.fd < 0) {
		open_log();
	}
	while ((got = pread(dma.fd, buffer, sizeof(buffer), dma.offset)) > 0) {
		dma.offset += got;
		g_string_append_len(dma.rest, buffer, got);
		line = dma.rest->str;
		while ((end = strchr(line, '\n')) != NULL) {
			*end = '\0';
			judge_line(vcpu, line);
			line = end + 1;
		}
		g_string_erase(dma.rest, 0, line - dma.rest->str);
	}
	dma.read_us = now;
}

/* Whether no vCPU but @vcpu executes a guest or EL2. */
static bool others_are_quiet(unsigned int vcpu)
{
	unsigned int i;

	for (i = 0; i < oracle.vcpus_count; i++) {
		unsigned int party = oracle_party_of(i);

		if (i != vcpu && party != PARTY_HOST && party != PARTY_NOBODY) {
			return false;
		}
	}
	return true;
}

static void entered(unsigned int vcpu, unsigned int party, unsigned int vector)
{
	(void)party;
	(void)vector;
	oracle_dma_digest_end(vcpu);
	drain(vcpu);
}

static void returns(unsigned int vcpu, unsigned int party)
{
	drain(vcpu);
	oracle_dma_device_judge(vcpu);
	if (party == PARTY_HOST && others_are_quiet(vcpu)) {
		oracle_dma_digest_begin(dma.active > 0);
		dma.active -= dma.active > 0;
	}
}

/* Without tier B, which sees all stores: those to devices. */
static void stored(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t va, void *userdata)
{
	const struct qemu_plugin_hwaddr *where = qemu_plugin_get_hwaddr(info, va);
	(void)userdata;

	if (where != NULL && qemu_plugin_hwaddr_is_io(where)) {
		oracle_dma_device_stored(vcpu, qemu_plugin_hwaddr_phys_addr(where),
					 qemu_plugin_mem_get_value(info));
	}
}

static void translated(struct qemu_plugin_tb *tb, unsigned int el)
{
	size_t count = qemu_plugin_tb_n_insns(tb);
	size_t i;

	for (i = 0; i < count && el < 2 && !oracle.tiers[1]; i++) {
		qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(tb, i), stored,
						 QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_W, NULL);
	}
}

const struct oracle_tier oracle_tier_dma = {
	.letter = 'c',
	.translated = translated,
	.entered = entered,
	.returns = returns,
};
