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
#include "qemu-plugins/common/a64.h"
#include "qemu-plugins/common/arm.h"
#include "qemu-plugins/common/plugin.h"
#include "qemu-plugins/common/qemu_api.h"
#include "qemu-plugins/common/regs.h"
#include "qemu-plugins/common/vcpu.h"
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
	TRACE_GROUP_ROOTS,
	TRACE_GROUP_ACKS,
	TRACE_GROUP_MARKS,
	TRACE_GROUP_ENDS, /* of interrupts: as many as ACKS, so only if asked for */
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
	uint64_t x16;
};

/* An instruction that a callback stands before. */
struct trace_site {
	uint64_t pc;
	uint16_t key; /* A64_KEY of its system register */
	uint8_t rt;
	uint8_t el;
};

/* An MRS whose result is in its register by now. */
struct trace_read {
	bool pending;
	uint8_t rt;
	uint8_t el;
	uint16_t key;
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
	bool stamps_log;                       /* QEMU's log gets a line per record */
	uint64_t groups;                       /* bit n: enum trace_group n is recorded */
	uint64_t worlds;                       /* bit n: enum trace_world n is recorded */
	uint64_t start_ns;                     /* CLOCK_MONOTONIC */
	struct qemu_plugin_scoreboard *counts; /* struct trace_counts */
	struct regs regs;                      /* set with the first vCPU */

	GMutex lock; /* guards what follows, across vCPUs */
	bool regs_ready;
	struct vcpus identity; /* read without the lock: constant once vCPUs run */
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

/* Whether the options want it. */
bool trace_records_group(enum trace_group group);
bool trace_records_world(enum world_kind kind);

/* Who runs below EL2 on the vCPU that makes the callback. */
struct world trace_world_now(void);

/* An exception, interrupt or firmware call happened. */
void trace_event_discontinuity(unsigned int vcpu, enum qemu_plugin_discon_type type,
			       uint64_t from_pc, uint64_t to_pc, void *userdata);
/* An ERET at EL2 is about to execute. */
void trace_event_eret(unsigned int vcpu, void *userdata);
/* An HVC or SMC is about to execute; @userdata is its immediate. */
void trace_event_call(unsigned int vcpu, void *userdata);

/* trace_watch.c: before an instruction; @userdata is its struct trace_site. */

/* Whether a register holds the root of page tables. */
bool trace_watch_is_root(uint16_t key);
/* MSR of such a register at EL2. */
void trace_watch_root(unsigned int vcpu, void *userdata);
/* MSR of ICC_EOIR0_EL1 or ICC_EOIR1_EL1. */
void trace_watch_end_of_interrupt(unsigned int vcpu, void *userdata);
/* The hint of platform/abi/mark.h. */
void trace_watch_mark(unsigned int vcpu, void *userdata);

/* The MRS of ICC_IAR0_EL1 or ICC_IAR1_EL1 that @read describes was executed. */
void trace_watch_acknowledged(unsigned int vcpu, const struct trace_read *read);

_Static_assert(PLUGIN_VCPUS_MAX - 1 <= UINT8_MAX, "trace_record.vcpu is a byte");

#endif /* QEMU_PLUGINS_TRACE_H */
