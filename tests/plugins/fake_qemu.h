/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stand-in for QEMU's plugin interface: registers are a table that the test
 * sets, blocks are words that the test translates and then steps through, and
 * events are made by calling what the plugin registered. One vCPU thread;
 * the vCPU's number is given with each step.
 */
#ifndef PLUGINS_FAKE_QEMU_H
#define PLUGINS_FAKE_QEMU_H

#include "qemu-plugins/common/qemu_api.h"

#define FAKE_INSNS_MAX 32
#define FAKE_OPS_MAX 16

/* What a plugin planted at an instruction. */
struct fake_op {
	qemu_plugin_vcpu_udata_cb_t callback; /* NULL: an addition or a store */
	qemu_plugin_vcpu_mem_cb_t memory;     /* a memory callback: fake_access() calls it */
	enum qemu_plugin_mem_rw rw;
	enum qemu_plugin_op op;
	enum qemu_plugin_cond cond; /* ALWAYS unless the callback is conditional */
	enum qemu_plugin_cb_flags flags;
	void *userdata;
	qemu_plugin_u64 entry;
	uint64_t imm;
};

struct qemu_plugin_insn {
	uint64_t vaddr;
	uint32_t word;
	size_t ops_count;
	struct fake_op ops[FAKE_OPS_MAX];
};

struct qemu_plugin_tb {
	size_t count;
	struct qemu_plugin_insn insns[FAKE_INSNS_MAX];
	size_t ops_count; /* of the block itself, before its first instruction's */
	struct fake_op ops[FAKE_OPS_MAX];
};

/* What the plugin registered, NULL if it did not. */
struct fake_callbacks {
	qemu_plugin_vcpu_udata_cb_t init;
	qemu_plugin_vcpu_udata_cb_t resume;
	qemu_plugin_vcpu_udata_cb_t idle;
	qemu_plugin_vcpu_tb_trans_cb_t translate;
	qemu_plugin_vcpu_discon_cb_t discontinuity;
	qemu_plugin_udata_cb_t exit;
};

extern struct fake_callbacks fake_callbacks;

/* What a plugin is told of a QEMU that it can use, whose machine has so many vCPUs. */
qemu_info_t fake_machine(int vcpus);

/* Forget all registers and callbacks. */
void fake_reset(void);

/* Set a register by its name in QEMU; it exists from then on. */
void fake_set(const char *name, uint64_t value);

/* Make a block of @words at @address and have the plugin translate it. */
void fake_translate(struct qemu_plugin_tb *tb, uint64_t address, const uint32_t *words,
		    size_t count);

/* A register's value, as the plugin left it. */
uint64_t fake_get(const char *name);

/*
 * Execute instructions [from, to) of the block: only what was planted runs. A
 * plugin's qemu_plugin_set_pc() ends it: returns the address, else 0.
 */
uint64_t fake_execute(const struct qemu_plugin_tb *tb, unsigned int vcpu, size_t from, size_t to);

/* An access of instruction @index to @vaddr, after it was done: 8 bytes, @value. */
void fake_access(const struct qemu_plugin_tb *tb, unsigned int vcpu, size_t index, uint64_t vaddr,
		 bool is_store, uint64_t value);

/*
 * Physical memory: pages come into being, zeroed, when they are first touched;
 * virtual addresses are physical ones plus fake_offset, and those above
 * fake_limit (if not 0) are not mapped.
 */
uint64_t fake_load(uint64_t address);
void fake_store(uint64_t address, uint64_t value);
extern uint64_t fake_offset;
extern uint64_t fake_limit;
/* Where physical memory ends, 0: nowhere. */
extern uint64_t fake_ram_end;

/* What the plugin wrote into QEMU's log. */
extern char fake_log[256];

/* If set, posix_fallocate fails with it. */
extern int fake_disk_error;

#endif /* PLUGINS_FAKE_QEMU_H */
