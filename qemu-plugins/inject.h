/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the inject plugin's files share. inject.c has the options and the caveats. */
#ifndef QEMU_PLUGINS_INJECT_H
#define QEMU_PLUGINS_INJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "qemu-plugins/common/a64.h"
#include "qemu-plugins/common/plugin.h"
#include "qemu-plugins/common/regs.h"
#include "qemu-plugins/common/world.h"
#include "qemu-plugins/inject_fault.h"
#include "qemu-plugins/inject_symbols.h"
#include "qemu-plugins/inject_walk.h"

#define INJECT_VCPUS_MAX 16
#define INJECT_SHOTS_KEPT 64
#define INJECT_AFTERS_MAX 4

/* QEMU's exit status when the trigger of stop= was hit (common/plugin.h has the others). */
#define INJECT_EXIT_STOP 94

/* What a trigger's hit leads to. */
enum inject_role {
	INJECT_ROLE_FAULT,
	INJECT_ROLE_GATE, /* opens the fault */
	INJECT_ROLE_END,  /* closes it */
	INJECT_ROLE_STOP,
};

/* A trigger and how often it was hit. */
struct inject_watch {
	struct inject_trigger trigger;
	enum inject_role role;
	unsigned int fault;    /* FAULT, GATE, END: index */
	enum inject_where who; /* counts only there */
	int cpu;               /* or INJECT_CPU_ANY */
	uint64_t hits;         /* atomic */
	bool open;             /* atomic; false: a gate is before it */
	uint64_t since_ns;     /* TIME: when its gate was hit, atomic; INJECT_EVER: not known yet */
	uint64_t pa;           /* ACCESS: where its place is now, atomic */
};

/* An instruction in translated code at which triggers may be hit. */
struct inject_site {
	uint64_t vaddr;
	uint32_t word;
	unsigned int el;
	struct a64 insn;
	uint64_t watches; /* bit per watch */
};

/* When a fault is made. */
enum inject_moment {
	INJECT_BEFORE_INSN, /* registers can be written, and execution moved */
	INJECT_ENTERED,     /* an exception was taken, registers can be written */
	INJECT_ACCESSED,    /* memory was accessed */
};

/* Where the machine is when a trigger is hit. */
struct inject_context {
	enum inject_moment moment;
	unsigned int vcpu;
	const struct inject_site *site; /* NULL with ENTERED */
	uint64_t pc;                    /* of the instruction, or to which the exception went */
	unsigned int el;
	unsigned int who_el; /* for `who`: of what is returned to, of ERET and RETURN; else @el */
	bool moves;          /* out: execution goes on at @next */
	uint64_t next;       /* out */
};

/* What is left to do before this vCPU's next instruction. */
struct inject_after {
	unsigned int fault;
	unsigned int watch;
	enum inject_do what; /* LOADED, SYSREG: change @reg; OPCODE, MSR: put @before back */
	bool restores;       /* @reg := @before, or @pa := @before */
	unsigned int reg;
	uint64_t pa;
	uint64_t before;
	uint64_t pc;
	uint32_t word;
	unsigned int el;
};

/* One fault made. */
struct inject_shot {
	unsigned int fault;
	uint64_t nth; /* the trigger's hit */
	uint64_t pc;
	uint32_t opcode;
	unsigned int el;
	unsigned int vcpu;
	struct world world;
	char where[48];
	uint64_t before;
	uint64_t after;
	uint64_t insns;
	uint64_t el2_insns;
	uint64_t time_ns; /* virtual, INJECT_EVER: not known */
};

/* Counters that translated code increments, a vCPU's each. */
struct inject_counts {
	uint64_t insns; /* all levels, by blocks */
	uint64_t el2;   /* exact */
	uint64_t after; /* entries of inject_vcpu.after in use */
	uint64_t left;  /* instructions of EL2 until inject.counted is hit */
};

/* A vCPU. Written by its own thread only. */
struct inject_vcpu {
	bool known; /* @world is right */
	struct world world;
	bool again; /* the patched instruction comes a second time: no hit */
	bool again_begun;
	uint64_t again_pc;
	struct inject_after after[INJECT_AFTERS_MAX];
	struct {
		bool known;
		uint64_t ns;    /* virtual time */
		uint64_t insns; /* of this vCPU, then */
	} time;
	struct {
		bool pending;     /* at the next ERET of this vCPU: */
		uint64_t address; /* write @value to this register of the GIC */
		uint32_t value;
	} gic;
	struct {
		bool pending;
		struct world world;
		uint64_t elr;
	} call[INJECT_WATCHES_MAX]; /* RETURN: a call that matched is being served */
};

struct inject {
	struct regs regs;
	struct qemu_plugin_scoreboard *counts;

	struct inject_fault faults[INJECT_FAULTS_MAX];
	size_t faults_count;
	struct inject_watch watches[INJECT_WATCHES_MAX];
	size_t watches_count;
	uint64_t watches_of[INJECT_AT_COUNT]; /* bit per watch */
	int counted; /* the watch whose occurrences translated code counts by itself, or -1 */
	bool uses_after;
	bool uses_irq;
	bool icount;     /* an instruction is a nanosecond */
	uint64_t budget; /* 0: none */
	const char *report_path;
	struct inject_place ranges[INJECT_RANGES_MAX];
	size_t ranges_count;

	GMutex lock; /* guards what follows, across vCPUs; no memory access under it */
	bool regs_ready;
	struct world_host host;
	struct inject_shot shots[INJECT_SHOTS_KEPT];
	uint64_t shots_count;
	uint64_t erets;    /* from EL2 to below */
	uint64_t vttbr[2]; /* of the host and of the VM that ran last */
	uint64_t vtcr[2];
	bool stage2[2]; /* it runs under a stage 2 */
	bool ended;

	struct inject_vcpu vcpus[INJECT_VCPUS_MAX];
};

extern struct inject inject;

/* inject.c */

struct inject_counts *inject_counts_of(unsigned int vcpu);
/* All vCPUs together. */
uint64_t inject_insns(void);
uint64_t inject_el2_insns(void);
/* Write all files; then QEMU ends with @status and the sentence. */
__attribute__((format(printf, 3, 4))) _Noreturn void inject_end(const char *end, int status,
								const char *format, ...);
uint64_t inject_sys(enum reg reg);

/* inject_watch.c: triggers are hit. */

/* Fill watches from faults and from what stops the run, NULL: nothing does. */
void inject_watch_init(const struct inject_trigger *stop);
/* On a machine with one vCPU: choose the watch that translated code counts by itself. */
void inject_watch_count(void);
/*
 * One occurrence of the trigger of each watch in @mask; those that are due are
 * served. The world that counts for `who` is the vCPU's below EL2.
 */
void inject_watch_hit(uint64_t mask, struct inject_context *context);
/* Whether a single occurrence may be the last that matters: all faults are made. */
bool inject_watch_done(void);
/* An occurrence that was none: the instruction did not complete. */
void inject_watch_undo(unsigned int watch);
/* Who runs below EL2 on this vCPU. vCPU context. */
struct world inject_world_of(unsigned int vcpu);

/* inject_block.c: a block is translated: plant callbacks. */
void inject_block_translated(struct qemu_plugin_tb *tb, void *userdata);

/* inject_event.c */
void inject_event_discontinuity(unsigned int vcpu, enum qemu_plugin_discon_type type,
				uint64_t from_pc, uint64_t to_pc, void *userdata);
/* @userdata is a site. */
void inject_event_eret(unsigned int vcpu, void *userdata);
void inject_event_site(unsigned int vcpu, void *userdata);
void inject_event_counted(unsigned int vcpu, void *userdata);
void inject_event_counter(unsigned int vcpu, void *userdata);
void inject_event_after(unsigned int vcpu, void *userdata);
void inject_event_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr,
			 void *userdata);
void inject_event_budget(unsigned int vcpu, void *userdata);

/* inject_apply.c: make fault @index now. False: this occurrence cannot have it. */
bool inject_apply(unsigned int index, unsigned int watch, uint64_t nth,
		  struct inject_context *context);
/* The counter's value will be in a register behind this instruction. */
void inject_apply_counter(unsigned int vcpu, const struct inject_site *site);
/* What inject_apply() left for after the instruction. */
void inject_apply_after(unsigned int vcpu, uint64_t vaddr);
/* The instruction before did not complete. */
void inject_apply_cancel(unsigned int vcpu);
void inject_shot(unsigned int index, uint64_t nth, const struct inject_context *context,
		 const char *where, uint64_t before, uint64_t after);

/* inject_memory.c */

/* Physical memory, at most 8 bytes; false: there is none. */
bool inject_memory_read(uint64_t pa, uint64_t bytes, uint64_t *value);
bool inject_memory_write(uint64_t pa, uint64_t bytes, uint64_t value);
/* A device's register of 32 bits; 0 where there is none. */
uint32_t inject_register_read(uint64_t pa);
void inject_register_write(uint64_t pa, uint32_t value);
/* Where the place is in physical memory now; false: nowhere. */
bool inject_memory_place(const struct inject_place *place, uint64_t *pa);
/* The descriptor that a PTE fault means, NULL or why there is none. */
const char *inject_memory_pte(const struct inject_fault *fault, struct inject_walk *found);

/* inject_irq.c, inject_dma.c: NULL, or why it cannot be done. */
const char *inject_irq(const struct inject_fault *fault, const struct inject_context *context,
		       uint64_t *interrupt);
void inject_irq_returns(unsigned int vcpu, void *userdata);
/* @where, 48 bytes, says what became of it. */
const char *inject_dma(const struct inject_fault *fault, char *where, uint64_t *before,
		       uint64_t *after);

/* inject_time.c */

/* Whether the instruction reads the system counter. */
bool inject_time_is_read(uint32_t word);
/* Such an instruction at @el has read @ticks. */
void inject_time_sample(unsigned int vcpu, uint32_t word, unsigned int el, uint64_t ticks);
/* Virtual time as this vCPU knows it, INJECT_EVER: not yet. */
uint64_t inject_time_now(unsigned int vcpu);
/* Whether the time of this watch, which is open, has come. */
bool inject_time_has_come(unsigned int vcpu, struct inject_watch *watch);

/* inject_record.c: the list of EL2's instructions. NULL, or why the file cannot be. */
const char *inject_record_open(const char *path);
bool inject_record_is_on(void);
void inject_record_insn(unsigned int vcpu, void *userdata);
void inject_record_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr,
			  void *userdata);
void inject_record_visit(unsigned int vcpu);
void inject_record_close(void);

/* inject_digest.c: what EL2 did in one visit, as a number. */
const char *inject_digest_open(const char *write_path, const char *golden_path);
bool inject_digest_is_on(void);
void inject_digest_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr,
			  void *userdata);
/* @userdata is a site: MSR, SYS, SMC and what else has effects of its own. */
void inject_digest_effect(unsigned int vcpu, void *userdata);
bool inject_digest_has_effect(const struct a64 *insn);
void inject_digest_entered(void);
void inject_digest_returns(void);
/* A fault was made in this visit; @comparable: its visit's end says all. */
void inject_digest_shot(bool comparable);
void inject_digest_close(void);
uint64_t inject_digest_registers(void);

/* inject_report.c */
void inject_report_write(const char *end);

#endif /* QEMU_PLUGINS_INJECT_H */
