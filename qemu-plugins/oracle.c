/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle: decides from the architecture's state and the published ABIs alone whether
 * isolation holds, and ends the run at the first breach, with exit status 90, a sentence on
 * stderr and all that is known in out=FILE.
 *
 *   -plugin oracle.so[,tiers=a+b+c][,out=FILE][,host-vmid=N][,...]     (help lists all)
 *
 * Tier a  what could be accessed (oracle_tables.c), judged at each return from EL2
 * Tier b  what is accessed (oracle_access.c), and what exits show (oracle_register.c)
 * Tier c  what devices access (oracle_dma.c)
 *
 * Caveats: those of a tier stand at the top of its file. For all:
 * - One vCPU with -icount; with several vCPUs thread=multi (common/qemu_api.h).
 * - A hypervisor that hosts its own kernel at EL2 (VHE, HCR_EL2.TGE) is not judged.
 * - The oracle begins with the first return from EL2 to a host that has a stage 2. What was
 *   before is taken as it is found: in a machine restored from a snapshot, too.
 * - RAM is that of QEMU's machine `virt`.
 * - AArch32 is taken to be at EL0 only, and what runs in it is not judged by tier B.
 */
#include "qemu-plugins/oracle.h"

#include <stdio.h>
#include <string.h>

#include "qemu-plugins/common/a64.h"
#include "qemu-plugins/common/arm.h"
#include "qemu-plugins/oracle_except.h"
#include "qemu-plugins/oracle_tables.h"

int qemu_plugin_version = QEMU_API_VERSION;

const char *oracle_option_dma_log;
const char *oracle_option_tags;
bool oracle_option_reread;

static const char *const tier_words[] = { "a", "b", "c", NULL };

enum {
	OPT_TIERS,
	OPT_OUT,
	OPT_HOST_VMID,
	OPT_DMA_LOG,
	OPT_TAGS,
	OPT_EXCEPT,
	OPT_REREAD,
	OPT_COUNT,
};

static const struct option options_default[OPT_COUNT] = {
	[OPT_TIERS] = { .name = "tiers",
			.type = OPTION_SET,
			.words = tier_words,
			.value = 1,
			.help = "what to judge: a accesses that could be made, b those that are, "
				"c those of devices" },
	[OPT_OUT] = { .name = "out",
		      .type = OPTION_STRING,
		      .help = "the file for what is known of a breach" },
	[OPT_HOST_VMID] = { .name = "host-vmid",
			    .type = OPTION_NUMBER,
			    .max = 0xffff,
			    .value = TABLES_NO_VMID,
			    .help = "the host's VMID, for a machine whose start is not seen" },
	[OPT_DMA_LOG] = { .name = "dma-log",
			  .type = OPTION_STRING,
			  .help = "QEMU's own log, with its SMMU events, for tier c" },
	[OPT_TAGS] = { .name = "tags",
		       .type = OPTION_STRING,
		       .help = "VALUE/MASK of what guests mark their registers with, for tier b" },
	[OPT_EXCEPT] = { .name = "except",
			 .type = OPTION_STRING,
			 .help = "named exceptions (oracle_except.h), joined by +" },
	[OPT_REREAD] = { .name = "reread",
			 .type = OPTION_BOOL,
			 .help = "read all tables again at each return from EL2, for bits that "
				 "flip in them without a store" },
};

/* In the order in which they are called; absent ones are not linked in. */
static const struct oracle_tier *const all_tiers[] = {
	&oracle_tier_tables,
	&oracle_tier_access,
	&oracle_tier_register,
	&oracle_tier_dma,
};

static const struct oracle_tier *tiers[G_N_ELEMENTS(all_tiers)];
static size_t tiers_count;

static void lock_ready(void)
{
	g_mutex_lock(&oracle.lock);
	if (oracle.ram_pages == 0) {
		oracle_pages_start();
	}
}

static uint64_t sys(enum reg reg)
{
	return regs_read(&oracle.regs, reg);
}

static void vcpu_started(unsigned int vcpu, void *userdata)
{
	static bool is_ready;
	(void)userdata;

	g_mutex_lock(&oracle.lock);
	if (!is_ready) {
		plugin_regs_init("oracle", &oracle.regs);
		is_ready = true;
	}
	oracle.vcpus_count = MAX(oracle.vcpus_count, vcpu + 1);
	g_mutex_unlock(&oracle.lock);
}

/*
 * Whether the vCPU of this thread runs AArch32 since EL2's last ERET. Its `cpsr` is what PSTATE
 * was before that ERET then, and says EL2: QEMU writes it in AArch64 only.
 */
static __thread bool in_aarch32;

/* Before EL2's ERET. */
static void returning(unsigned int vcpu, void *userdata)
{
	uint64_t spsr = sys(REG_SPSR_EL2);
	uint64_t hcr = sys(REG_HCR_EL2);
	unsigned int party;
	size_t i;
	(void)userdata;

	in_aarch32 = (spsr & ARM_PSTATE_AARCH32) != 0;
	if ((!in_aarch32 && ARM_PSTATE_EL(spsr) >= 2) || (hcr & ARM_HCR_TGE) != 0) {
		return;
	}
	lock_ready();
	party = tables_party(vcpu, hcr, sys(REG_VTTBR_EL2));
	for (i = 0; i < tiers_count; i++) {
		if (tiers[i]->returns != NULL) {
			tiers[i]->returns(vcpu, party);
		}
	}
	__atomic_store_n(&oracle.vcpus[vcpu].party, (uint16_t)party, __ATOMIC_RELAXED);
	g_mutex_unlock(&oracle.lock);
}

static void discontinuity(unsigned int vcpu, enum qemu_plugin_discon_type type, uint64_t from_pc,
			  uint64_t to_pc, void *userdata)
{
	struct oracle_vcpu *state = &oracle.vcpus[vcpu];
	uint64_t pstate = sys(REG_CPSR);
	enum arm_vector vector = arm_vector_kind(to_pc);
	uint64_t spsr;
	size_t i;
	(void)from_pc;
	(void)userdata;

	in_aarch32 = false; /* exceptions are taken in AArch64: no model here has more than EL0 */
	if (type == QEMU_PLUGIN_DISCON_HOSTCALL || (pstate & ARM_PSTATE_AARCH32) != 0 ||
	    ARM_PSTATE_EL(pstate) != 2 || (sys(REG_HCR_EL2) & ARM_HCR_TGE) != 0) {
		return;
	}
	spsr = sys(REG_SPSR_EL2);
	if ((spsr & ARM_PSTATE_AARCH32) == 0 && ARM_PSTATE_EL(spsr) >= 2) {
		return;
	}
	lock_ready();
	state->entered_from = (uint16_t)tables_party(vcpu, sys(REG_HCR_EL2), sys(REG_VTTBR_EL2));
	state->entry_pc = sys(REG_ELR_EL2);
	state->entry_esr = vector == ARM_VECTOR_SYNC ? sys(REG_ESR_EL2) : 0;
	__atomic_store_n(&state->party, PARTY_EL2, __ATOMIC_RELAXED);
	for (i = 0; i < tiers_count; i++) {
		if (tiers[i]->entered != NULL) {
			tiers[i]->entered(vcpu, state->entered_from, vector);
		}
	}
	g_mutex_unlock(&oracle.lock);
}

static void ended(void *userdata)
{
	(void)userdata;
	g_mutex_lock(&oracle.lock);
	oracle_silent();
	g_mutex_unlock(&oracle.lock);
}

static void plant_returns(struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(tb, count - 1);
	uint32_t word = 0;

	/* ERET ends a block. */
	qemu_plugin_insn_data(last, &word, sizeof(word));
	if (a64_decode(word).kind == A64_ERET) {
		qemu_plugin_register_vcpu_insn_exec_cb(last, returning, QEMU_PLUGIN_CB_R_REGS,
						       NULL);
	}
}

static void translated(struct qemu_plugin_tb *tb, void *userdata)
{
	uint64_t pstate = sys(REG_CPSR);
	unsigned int el = (unsigned int)ARM_PSTATE_EL(pstate);
	size_t i;
	(void)userdata;

	if (in_aarch32 || (pstate & ARM_PSTATE_AARCH32) != 0) {
		return;
	}
	for (i = 0; i < tiers_count; i++) {
		if (tiers[i]->translated != NULL) {
			tiers[i]->translated(tb, el);
		}
	}
	/* Last, so that what stands at the same instruction was seen before. */
	if (el == 2) {
		plant_returns(tb);
	}
}

/* Tier A is always there: the others ask whose a page is. */
static const char *choose_tiers(qemu_plugin_id_t id, uint64_t wanted)
{
	uint64_t missing = wanted;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(tier_words) - 1; i++) {
		oracle.tiers[i] = i == 0 || (wanted >> i & 1) != 0;
	}
	for (i = 0; i < G_N_ELEMENTS(all_tiers); i++) {
		const struct oracle_tier *tier = all_tiers[i];
		const char *reason;

		if (tier == NULL || !oracle.tiers[tier->letter - 'a']) {
			continue;
		}
		reason = tier->start != NULL ? tier->start(id) : NULL;
		if (reason != NULL) {
			return reason;
		}
		tiers[tiers_count++] = tier;
		missing &= ~(UINT64_C(1) << (tier->letter - 'a'));
	}
	return missing != 0 ? "a tier that tiers= names is not built in" : NULL;
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	struct option options[OPT_COUNT];
	const struct plugin plugin = { "oracle", options, OPT_COUNT, NULL };
	const char *reason;

	memcpy(options, options_default, sizeof(options));
	if (!plugin_accepts(&plugin, info, argc, argv)) {
		return 1;
	}
	/* What the options point to must outlive this call. */
	oracle.out = g_strdup(options[OPT_OUT].string);
	oracle_option_dma_log = g_strdup(options[OPT_DMA_LOG].string);
	oracle_option_tags = g_strdup(options[OPT_TAGS].string);
	oracle_option_reread = options[OPT_REREAD].value != 0;
	tables_init((uint32_t)options[OPT_HOST_VMID].value);
	reason = oracle_except_parse(options[OPT_EXCEPT].string);
	if (reason == NULL) {
		reason = choose_tiers(id, options[OPT_TIERS].value);
	}
	if (reason != NULL) {
		plugin_say("oracle", "%s", reason);
		return 1;
	}
	qemu_plugin_register_vcpu_init_cb(id, vcpu_started, NULL);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated, NULL);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	qemu_plugin_register_vcpu_discon_cb(id, QEMU_PLUGIN_DISCON_ALL, discontinuity, NULL);
	return 0;
}
