/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the trace plugin's files share. There is one plugin per QEMU, so its
 * state is one object; plugin_accepts() refuses a second.
 */
#ifndef QEMU_PLUGINS_TRACE_H
#define QEMU_PLUGINS_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "platform/abi/trace_format.h"
#include "qemu-plugins/common/arm.h"
#include "qemu-plugins/common/plugin.h"
#include "qemu-plugins/common/qemu_api.h"
#include "qemu-plugins/common/regs.h"
#include "qemu-plugins/common/world.h"
#include "qemu-plugins/trace_clock.h"
#include "qemu-plugins/trace_file.h"

/* Groups of record types that option `only` chooses; the order is its words'. */
enum trace_group {
	TRACE_GROUP_CALLS,
	TRACE_GROUP_FAULTS,
	TRACE_GROUP_SYSREGS,
	TRACE_GROUP_WAITS,
	TRACE_GROUP_IRQS,
	TRACE_GROUP_OTHERS,
	TRACE_GROUP_FIRMWARE,
	TRACE_GROUP_COUNT,
};

/* A vCPU's element of the scoreboard: instructions executed at each level. */
struct trace_counts {
	uint64_t insns[4];
};

/* A call instruction that is about to execute. */
struct trace_call {
	bool pending;
	uint16_t imm;
	uint64_t x[8];
};

/* A read of the system counter whose result is in its register by now. */
struct trace_read {
	bool pending;
	enum arm_insn kind;
	unsigned int rt;
	unsigned int el;
	uint64_t insns; /* counted when it executed */
};

/* Touched by the vCPU's own thread only. */
struct trace_vcpu {
	bool below;        /* has been below EL2 */
	bool skips_return; /* the entry was left out, so is its return */
	struct trace_call call;
	struct trace_read read;
};

struct trace {
	/* Set at install, constant afterwards. */
	bool virtual_clock;
	bool records_boot;
	bool counts_blocks;
	uint64_t groups;                       /* bit n: enum trace_group n is recorded */
	uint64_t start_ns;                     /* CLOCK_MONOTONIC */
	struct qemu_plugin_scoreboard *counts; /* struct trace_counts */
	struct regs regs;                      /* set with the first vCPU */

	GMutex lock; /* guards what follows, across vCPUs */
	bool regs_ready;
	struct trace_file file;
	struct trace_clock clock;
	struct world_host host;

	struct trace_vcpu vcpus[PLUGIN_VCPUS_MAX];
};

extern struct trace trace;

/* trace.c */

/* The vCPU's counts. */
const struct trace_counts *trace_counts_of(unsigned int vcpu);
uint64_t trace_insns(const struct trace_counts *counts);

/*
 * Stamp @records[0] with vCPU, time and counts, and append @count records
 * that belong together. Takes trace.lock. A file that cannot grow is reported
 * once, on stderr.
 */
void trace_emit(unsigned int vcpu, struct trace_record *records, size_t count);

/* trace_block.c: a block is translated: plant counters and callbacks. */
void trace_block_translated(struct qemu_plugin_tb *tb, void *userdata);

/* trace_event.c */

/* An exception, interrupt or firmware call happened. */
void trace_event_discontinuity(unsigned int vcpu, enum qemu_plugin_discon_type type,
			       uint64_t from_pc, uint64_t to_pc, void *userdata);
/* An ERET at EL2 is about to execute. */
void trace_event_eret(unsigned int vcpu, void *userdata);
/* An HVC or SMC is about to execute; @userdata is its immediate. */
void trace_event_call(unsigned int vcpu, void *userdata);

_Static_assert(PLUGIN_VCPUS_MAX - 1 <= UINT8_MAX, "trace_record.vcpu is a byte");

#endif /* QEMU_PLUGINS_TRACE_H */
