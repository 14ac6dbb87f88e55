/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trace plugin: every entry to EL2 and every return from it, on any
 * hypervisor, from the architecture's state alone.
 *
 *   -plugin trace.so,out=FILE[,clock=host|icount][,...]     (help lists all)
 *
 * The file's format is platform/abi/trace_format.h, its reader
 * scenarios/harness/trace.py.
 *
 * Caveats
 * - clock=icount is for one vCPU: the clock is reconstructed from one vCPU's
 *   instructions. A machine with more in one thread (thread=single, -icount with
 *   clock=host) is traced, several times slower, with its vCPUs told apart by
 *   TPIDR_EL2 (common/vcpu.h).
 * - clock=icount is a reconstruction (trace_clock.h), and meaningless without
 *   -icount. clock=host depends on the machine that runs QEMU.
 * - Calls that QEMU serves itself as firmware (PSCI) are recorded when they
 *   are done: FW_CALL and FW_RETURN have the same time.
 * - Instruction counts include each attempt of an instruction that faults. Those
 *   of EL1 and EL0 also include what a block had left when it was left early
 *   (about one in ten thousand), unless count=exact. EL2's are always exact.
 * - VMIDs are reused by hypervisors, and a VM is known by its VMID only. The
 *   host is what EL2 started first (common/world.h), or host-vmid.
 * - When EL2 is a kernel that hosts programs (VHE, HCR_EL2.TGE), what passes
 *   between that kernel and its own programs is not recorded.
 * - Interrupts that EL2 takes while it runs itself are not recorded.
 * - HPFAR_EL2 is written by QEMU for every stage-2 fault; hardware may leave
 *   it unknown for some permission faults.
 * - An ERETAA or ERETAB at EL2 is recorded with ELR_EL2 as it is, signed.
 * - A return whose entry was left out by `only` is left out too; with `worlds`, who is
 *   returned to decides.
 * - ROOT is recorded when the value changes, except for TTBR0_EL12 and TTBR1_EL12, whose
 *   value plugins cannot read.
 * - ACK is what software reads: a world with a virtual GIC reads virtual interrupts. It is
 *   lost if an exception comes between that instruction and the next.
 */
#include "qemu-plugins/trace.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "qemu-plugins/common/calls.h"
#include "qemu-plugins/common/options.h"
#include "qemu-plugins/common/plugin.h"
#include "qemu-plugins/common/sysregs.h"

#define NS_PER_S 1000000000ull

int qemu_plugin_version = QEMU_API_VERSION;

struct trace trace;

static const char *const clock_words[] = { "host", "icount", NULL };
static const char *const count_words[] = { "blocks", "exact", NULL };
static const char *const group_words[TRACE_GROUP_COUNT + 1] = {
	[TRACE_GROUP_CALLS] = "calls",       [TRACE_GROUP_FAULTS] = "faults",
	[TRACE_GROUP_SYSREGS] = "sysregs",   [TRACE_GROUP_WAITS] = "waits",
	[TRACE_GROUP_IRQS] = "irqs",         [TRACE_GROUP_OTHERS] = "others",
	[TRACE_GROUP_FIRMWARE] = "firmware", [TRACE_GROUP_ROOTS] = "roots",
	[TRACE_GROUP_ACKS] = "acks",         [TRACE_GROUP_MARKS] = "marks",
	[TRACE_GROUP_ENDS] = "ends",
};
static const char *const world_words[] = {
	[WORLD_BOOT] = "boot", [WORLD_HOST] = "host", [WORLD_VM] = "vm", [WORLD_EL2] = "el2", NULL,
};

enum {
	OPT_OUT,
	OPT_CLOCK,
	OPT_SHIFT,
	OPT_COUNTING,
	OPT_BOOT,
	OPT_ONLY,
	OPT_WORLDS,
	OPT_LOG,
	OPT_HOST_VMID,
	OPT_COUNT,
};

#define USUAL_GROUPS ((UINT64_C(1) << TRACE_GROUP_ENDS) - 1)
#define ALL_WORLDS 0xf
#define NO_VMID UINT64_C(0x10000)

static const struct option options_default[OPT_COUNT] = {
	[OPT_OUT] = { .name = "out",
		      .type = OPTION_STRING,
		      .required = true,
		      .help = "the file to write" },
	[OPT_CLOCK] = { .name = "clock",
			.type = OPTION_CHOICE,
			.words = clock_words,
			.help = "what a record's time is" },
	[OPT_SHIFT] = { .name = "shift",
			.type = OPTION_NUMBER,
			.max = 10,
			.help = "the shift given to -icount, with clock=icount" },
	[OPT_COUNTING] = { .name = "count",
			   .type = OPTION_CHOICE,
			   .words = count_words,
			   .help = "how instructions below EL2 are counted: exact costs more" },
	[OPT_BOOT] = { .name = "boot",
		       .type = OPTION_BOOL,
		       .help = "record also what happens before EL2 is left first" },
	[OPT_ONLY] = { .name = "only",
		       .type = OPTION_SET,
		       .words = group_words,
		       .value = USUAL_GROUPS,
		       .help = "what to record, all but ends if not given" },
	[OPT_WORLDS] = { .name = "worlds",
			 .type = OPTION_SET,
			 .words = world_words,
			 .value = ALL_WORLDS,
			 .help = "whose entries, returns and events to record" },
	[OPT_LOG] = { .name = "log",
		      .type = OPTION_BOOL,
		      .help = "a line in QEMU's log (-d plugin) before each record, to merge both" },
	[OPT_HOST_VMID] = { .name = "host-vmid",
			    .type = OPTION_NUMBER,
			    .max = 0xffff,
			    .value = NO_VMID,
			    .help = "the host's VMID, for a machine whose start is not traced" },
};

const struct trace_counts *trace_counts_of(unsigned int vcpu)
{
	return qemu_plugin_scoreboard_find(trace.counts, vcpu);
}

uint64_t trace_insns(const struct trace_counts *counts)
{
	return counts->insns[0] + counts->insns[1] + counts->insns[2] + counts->insns[3];
}

static uint64_t host_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Needs trace.lock. */
static uint64_t time_now(uint64_t insns)
{
	return trace.virtual_clock ? trace_clock_now(&trace.clock, insns) :
				     host_ns() - trace.start_ns;
}

void trace_emit(unsigned int vcpu, struct trace_record *records, size_t count)
{
	const struct trace_counts *counts = trace_counts_of(vcpu);
	int error;

	records[0].vcpu = (uint8_t)vcpu;
	records[0].insns = trace_insns(counts);
	records[0].el2_insns = counts->insns[2];
	g_mutex_lock(&trace.lock);
	records[0].time_ns = time_now(records[0].insns);
	if (trace.stamps_log) {
		g_autofree char *line = g_strdup_printf("trace: %" PRIu64 "\n", trace.file.records);

		qemu_plugin_outs(line);
	}
	error = trace_file_append(&trace.file, records, count);
	g_mutex_unlock(&trace.lock);
	if (error != 0) {
		plugin_say("trace", "the file cannot grow (%s): the trace ends here",
			   strerror(error));
	}
}

static void finish(void)
{
	g_mutex_lock(&trace.lock);
	trace_file_close(&trace.file);
	g_mutex_unlock(&trace.lock);
}

static void ended(void *userdata)
{
	(void)userdata;
	finish();
}

/* Registers exist from here on; the first vCPU looks them up. */
static void vcpu_started(unsigned int vcpu, void *userdata)
{
	(void)vcpu;
	(void)userdata;

	g_mutex_lock(&trace.lock);
	vcpus_started(&trace.identity);
	if (!trace.regs_ready) {
		plugin_regs_init("trace", &trace.regs);
		trace.regs_ready = true;
		if (trace.virtual_clock) {
			trace_clock_init(&trace.clock, trace.clock.shift,
					 regs_read(&trace.regs, REG_CNTFRQ_EL0));
		}
	}
	g_mutex_unlock(&trace.lock);
}

/* The vCPU wakes: if a timer of its own woke it, the time is known. */
static void vcpu_resumed(unsigned int vcpu, void *userdata)
{
	const struct regs *regs = &trace.regs;
	static const struct {
		enum reg ctl;
		enum reg cval;
		bool is_virtual;
	} timers[] = {
		{ REG_CNTP_CTL, REG_CNTP_CVAL, false },
		{ REG_CNTV_CTL, REG_CNTV_CVAL, true },
		{ REG_CNTHP_CTL, REG_CNTHP_CVAL, false },
	};
	uint64_t insns = trace_insns(trace_counts_of(vcpu));
	uint64_t ticks;
	size_t i;
	(void)userdata;

	if (!trace.regs_ready) {
		return;
	}
	g_mutex_lock(&trace.lock);
	trace_clock_slept(&trace.clock, insns);
	g_mutex_unlock(&trace.lock);
	for (i = 0; i < G_N_ELEMENTS(timers); i++) {
		if (!ARM_TIMER_FIRED(regs_read(regs, timers[i].ctl))) {
			continue;
		}
		ticks = regs_read(regs, timers[i].cval);
		if (timers[i].is_virtual) {
			ticks += regs_read(regs, REG_CNTVOFF_EL2);
		}
		g_mutex_lock(&trace.lock);
		trace_clock_fired(&trace.clock, insns, ticks);
		g_mutex_unlock(&trace.lock);
	}
}

/* What stands in the trace's manifest; nothing that differs between equal runs. */
static char *manifest_text(const qemu_info_t *info, const struct option *options)
{
	GString *text = g_string_new(NULL);
	const char *name;
	uint16_t key;
	size_t i;

	g_string_append_printf(text, "writer=terrarium trace\ntarget=%s\nvcpus=%d\n",
			       info->target_name, info->system.smp_vcpus);
	g_string_append_printf(text, "clock=%s\nshift=%u\ncount=%s\nboot=%s\nonly=",
			       clock_words[options[OPT_CLOCK].value],
			       (unsigned int)options[OPT_SHIFT].value,
			       count_words[options[OPT_COUNTING].value],
			       options[OPT_BOOT].value ? "on" : "off");
	for (i = 0; i < TRACE_GROUP_COUNT; i++) {
		if ((options[OPT_ONLY].value >> i & 1) != 0) {
			g_string_append_printf(text, "%s+", group_words[i]);
		}
	}
	g_string_truncate(text, text->len - 1);
	g_string_append(text, "\nworlds=");
	for (i = 0; world_words[i] != NULL; i++) {
		if ((options[OPT_WORLDS].value >> i & 1) != 0) {
			g_string_append_printf(text, "%s+", world_words[i]);
		}
	}
	g_string_truncate(text, text->len - 1);
	g_string_append_c(text, '\n');
	for (i = 0; i < calls_count; i++) {
		g_string_append_printf(text, "call %s 0x%x=%s %s\n",
				       calls_who_name(calls_table[i].who), calls_table[i].number,
				       calls_table[i].name, calls_table[i].arguments);
	}
	for (i = 0; (key = sysregs_row(i, &name)), name != NULL; i++) {
		/* Registers only; instructions (op0 1) are no traps with a name of their own. */
		if (A64_KEY_OP0(key) >= 2) {
			g_string_append_printf(text, "register 0x%x=%s\n", key, name);
		}
	}
	return g_string_free(text, FALSE);
}

static const char *refusal(const qemu_info_t *info, const struct option *options)
{
	if (options[OPT_CLOCK].value == 1 && info->system.max_vcpus > 1) {
		return "clock=icount needs -smp 1: the time is reconstructed from the "
		       "instructions of one vCPU";
	}
	return NULL;
}

static void start(qemu_plugin_id_t id, const struct option *options)
{
	trace.virtual_clock = options[OPT_CLOCK].value == 1;
	trace.counts_blocks = options[OPT_COUNTING].value == 0;
	trace.records_boot = options[OPT_BOOT].value != 0;
	trace.groups = options[OPT_ONLY].value;
	trace.worlds = options[OPT_WORLDS].value;
	trace.stamps_log = options[OPT_LOG].value != 0;
	trace.start_ns = host_ns();
	trace.clock.shift = (unsigned int)options[OPT_SHIFT].value;
	if (options[OPT_HOST_VMID].value != NO_VMID) {
		trace.host = (struct world_host){ true, (uint16_t)options[OPT_HOST_VMID].value };
	}
	trace.counts = qemu_plugin_scoreboard_new(sizeof(struct trace_counts));
	qemu_plugin_register_vcpu_init_cb(id, vcpu_started, NULL);
	qemu_plugin_register_vcpu_tb_trans_cb(id, trace_block_translated, NULL);
	qemu_plugin_register_vcpu_discon_cb(id, QEMU_PLUGIN_DISCON_ALL, trace_event_discontinuity,
					    NULL);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	plugin_at_end("trace", finish);
	if (trace.virtual_clock) {
		qemu_plugin_register_vcpu_resume_cb(id, vcpu_resumed, NULL);
	}
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	struct option options[OPT_COUNT];
	const struct plugin plugin = { "trace", options, OPT_COUNT, refusal };
	int error;

	memcpy(options, options_default, sizeof(options));
	if (!plugin_accepts(&plugin, info, argc, argv)) {
		return 1;
	}
	g_autofree char *manifest = manifest_text(info, options);
	error = trace_file_open(
		&trace.file, options[OPT_OUT].string,
		options[OPT_CLOCK].value == 1 ? TRACE_CLOCK_ICOUNT : TRACE_CLOCK_HOST, manifest);
	if (error != 0) {
		plugin_say("trace", "cannot write out=%s: %s", options[OPT_OUT].string,
			   strerror(error));
		return 1;
	}
	start(id, options);
	return 0;
}
