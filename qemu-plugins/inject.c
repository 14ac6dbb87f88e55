/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inject plugin: breaks anything at a chosen instruction, on any hypervisor.
 *
 *   -plugin inject.so,fault="at=TRIGGER do=TARGET ..."[,...]     (help lists all)
 *
 * inject_words.h has the words, README.md says what they mean.
 *
 * Caveats
 * - Occurrences are counted from the plugin's start, or a gate's hit. An instruction
 *   that faults and is tried again is two occurrences; loaded values and MRS count
 *   only when the instruction completes.
 * - With several vCPUs occurrences are counted over all of them, in the order in
 *   which their threads come by: not repeatable. One vCPU and -icount is.
 *   `-accel tcg,thread=single` with several vCPUs crashes QEMU 11.1.
 * - QEMU lets no plugin write system registers: what MSR writes and what MRS reads
 *   can be changed, at that instruction.
 * - A change of PSTATE's mode or execution state is not offered: QEMU's own state
 *   would be inconsistent.
 * - Another vCPU may execute an instruction while it is replaced.
 * - A symbol is found by physical address, a pc by virtual address at any level.
 * - `pte` and places of `host` and `vm` know tables with 4 KiB granules. Changing a
 *   descriptor invalidates no TLB: as a bit that flips in memory.
 * - access sees what QEMU's memory callbacks see: no page-table walks, no DMA, no
 *   DC ZVA, no FEAT_MOPS.
 * - Interrupts: GICv3 of QEMU's virt machine, physical ones.
 * - at=time: see inject_time.c.
 * - budget counts whole blocks, on each vCPU for itself; idle CPUs use up nothing.
 * - The digests need one vCPU. Equality (golden) is looked for only in the visit
 *   of EL2 in which the last fault was made, and only for faults that leave
 *   memory as it was; else the run goes on.
 */
#include "qemu-plugins/inject.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int qemu_plugin_version = QEMU_API_VERSION;

struct inject inject = { .counted = -1 };

enum {
	OPT_FAULT,
	OPT_SYMBOLS,
	OPT_REPORT,
	OPT_RECORD,
	OPT_DIGESTS,
	OPT_GOLDEN,
	OPT_BUDGET,
	OPT_STOP,
	OPT_RANGE,
	OPT_HOST_VMID,
	OPT_CLOCK,
	OPT_COUNT,
};

static const char *const clock_words[] = { "host", "icount", NULL };

#define NO_VMID UINT64_C(0x10000)

static const struct option options_default[OPT_COUNT] = {
	[OPT_FAULT] = { .name = "fault", .type = OPTION_STRING, .help = "what to break, and when" },
	[OPT_SYMBOLS] = { .name = "symbols",
			  .type = OPTION_STRING,
			  .help = "a file of lines ADDRESS TYPE NAME, physical addresses" },
	[OPT_REPORT] = { .name = "report",
			 .type = OPTION_STRING,
			 .help = "the file to write what became of it to, JSON" },
	[OPT_RECORD] = { .name = "record",
			 .type = OPTION_STRING,
			 .help = "the file to write the instructions of EL2 to" },
	[OPT_DIGESTS] = { .name = "digests",
			  .type = OPTION_STRING,
			  .help = "the file to write a digest for each return from EL2 to" },
	[OPT_GOLDEN] = { .name = "golden",
			 .type = OPTION_STRING,
			 .help = "such a file: end when the machine is as in that run" },
	[OPT_BUDGET] = { .name = "budget",
			 .type = OPTION_NUMBER,
			 .min = 1,
			 .max = UINT64_MAX / 2,
			 .help = "instructions after which the run is a hang" },
	[OPT_STOP] = { .name = "stop",
		       .type = OPTION_STRING,
		       .help = "a trigger that ends the run" },
	[OPT_RANGE] = { .name = "range",
			.type = OPTION_STRING,
			.help = "memory in the report's digest: pa:ADDRESS/BYTES, joined by +" },
	[OPT_HOST_VMID] = { .name = "host-vmid",
			    .type = OPTION_NUMBER,
			    .max = 0xffff,
			    .value = NO_VMID,
			    .help = "the host's VMID, for a machine that starts in a VM" },
	[OPT_CLOCK] = { .name = "clock",
			.type = OPTION_CHOICE,
			.words = clock_words,
			.help = "icount: the machine runs with -icount shift=0, for at=time" },
};

uint64_t inject_sys(enum reg reg)
{
	return regs_read(&inject.regs, reg);
}

struct inject_counts *inject_counts_of(unsigned int vcpu)
{
	return qemu_plugin_scoreboard_find(inject.counts, vcpu);
}

uint64_t inject_insns(void)
{
	return qemu_plugin_u64_sum(
		(qemu_plugin_u64){ inject.counts, offsetof(struct inject_counts, insns) });
}

uint64_t inject_el2_insns(void)
{
	return qemu_plugin_u64_sum(
		(qemu_plugin_u64){ inject.counts, offsetof(struct inject_counts, el2) });
}

static void close_files(const char *end)
{
	g_mutex_lock(&inject.lock);
	if (!inject.ended) {
		inject.ended = true;
		inject_record_close();
		inject_digest_close();
		inject_report_write(end);
	}
	g_mutex_unlock(&inject.lock);
}

void inject_end(const char *end, int status, const char *format, ...)
{
	char text[INJECT_ERROR_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	close_files(end);
	plugin_end("inject", status, "%s", text);
}

static void ended(void *userdata)
{
	(void)userdata;
	close_files("exit");
}

static void vcpu_started(unsigned int vcpu, void *userdata)
{
	(void)userdata;
	if (inject.counted >= 0) {
		inject_counts_of(vcpu)->left = inject.watches[inject.counted].trigger.nth;
	}
	g_mutex_lock(&inject.lock);
	if (!inject.regs_ready) {
		plugin_regs_init("inject", &inject.regs);
		inject.regs_ready = true;
	}
	g_mutex_unlock(&inject.lock);
}

static const char *refusal(const qemu_info_t *info, const struct option *options)
{
	if (info->system.max_vcpus > INJECT_VCPUS_MAX) {
		return "the machine has more than 16 vCPUs";
	}
	if (options[OPT_DIGESTS].seen && options[OPT_GOLDEN].seen) {
		return "digests= and golden= are not for the same run";
	}
	if ((options[OPT_DIGESTS].seen || options[OPT_GOLDEN].seen) && info->system.max_vcpus > 1) {
		return "digests need a machine with one vCPU";
	}
	if (options[OPT_GOLDEN].seen && !options[OPT_FAULT].seen) {
		return "golden= without fault= would compare a run with itself";
	}
	return NULL;
}

/* What the words say; @error has a sentence on failure. */
static bool read_words(const struct option *options, char *error)
{
	struct inject_trigger stop;

	if (options[OPT_FAULT].seen &&
	    !inject_parse(options[OPT_FAULT].string, inject_symbols_find, NULL, inject.faults,
			  &inject.faults_count, error)) {
		return false;
	}
	if (options[OPT_STOP].seen &&
	    !inject_parse_trigger(options[OPT_STOP].string, inject_symbols_find, NULL, &stop,
				  error)) {
		return false;
	}
	if (options[OPT_RANGE].seen &&
	    !inject_parse_ranges(options[OPT_RANGE].string, inject_symbols_find, NULL,
				 inject.ranges, INJECT_RANGES_MAX, &inject.ranges_count, error)) {
		return false;
	}
	inject_watch_init(options[OPT_STOP].seen ? &stop : NULL);
	return true;
}

static const char *open_files(const struct option *options)
{
	const char *why = NULL;

	inject.report_path = options[OPT_REPORT].string;
	if (options[OPT_RECORD].seen) {
		why = inject_record_open(options[OPT_RECORD].string);
	}
	if (why == NULL && (options[OPT_DIGESTS].seen || options[OPT_GOLDEN].seen)) {
		why = inject_digest_open(options[OPT_DIGESTS].string, options[OPT_GOLDEN].string);
	}
	return why;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
					   char **argv)
{
	struct option options[OPT_COUNT];
	const struct plugin plugin = { "inject", options, OPT_COUNT, refusal };
	char error[INJECT_ERROR_BYTES];
	const char *why;

	memcpy(options, options_default, sizeof(options));
	if (!plugin_accepts(&plugin, info, argc, argv)) {
		return 1;
	}
	why = options[OPT_SYMBOLS].seen ? inject_symbols_open(options[OPT_SYMBOLS].string) : NULL;
	if (why == NULL && !read_words(options, error)) {
		why = error;
	}
	if (why == NULL) {
		why = open_files(options);
	}
	if (why != NULL) {
		plugin_say("inject", "%s", why);
		return 1;
	}
	if (info->system.max_vcpus == 1) {
		inject_watch_count();
	}
	inject.icount = options[OPT_CLOCK].value == 1;
	inject.budget = options[OPT_BUDGET].value;
	if (options[OPT_HOST_VMID].value != NO_VMID) {
		inject.host = (struct world_host){ true, (uint16_t)options[OPT_HOST_VMID].value };
	}
	inject.counts = qemu_plugin_scoreboard_new(sizeof(struct inject_counts));
	qemu_plugin_register_vcpu_init_cb(id, vcpu_started, NULL);
	qemu_plugin_register_vcpu_tb_trans_cb(id, inject_block_translated, NULL);
	qemu_plugin_register_vcpu_discon_cb(id, QEMU_PLUGIN_DISCON_ALL, inject_event_discontinuity,
					    NULL);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
