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
#define FAKE_OPS_MAX 8

/* What a plugin planted at an instruction: a callback, or an addition. */
struct fake_op {
	qemu_plugin_vcpu_udata_cb_t callback; /* NULL: an addition */
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
};

/* What the plugin registered, NULL if it did not. */
struct fake_callbacks {
	qemu_plugin_vcpu_udata_cb_t init;
	qemu_plugin_vcpu_udata_cb_t resume;
	qemu_plugin_vcpu_tb_trans_cb_t translate;
	qemu_plugin_vcpu_discon_cb_t discontinuity;
	qemu_plugin_udata_cb_t exit;
};

extern struct fake_callbacks fake_callbacks;

/* Forget all registers and callbacks. */
void fake_reset(void);

/* Set a register by its name in QEMU; it exists from then on. */
void fake_set(const char *name, uint64_t value);

/* Make a block of @words at @address and have the plugin translate it. */
void fake_translate(struct qemu_plugin_tb *tb, uint64_t address, const uint32_t *words,
		    size_t count);

/* Execute instructions [from, to) of the block: only what was planted runs. */
void fake_execute(const struct qemu_plugin_tb *tb, unsigned int vcpu, size_t from, size_t to);

/* If set, posix_fallocate fails with it. */
extern int fake_disk_error;

/* A physical address is the virtual one with these bits the other way round. */
extern uint64_t fake_va_bits;
/* The address that has no translation. */
extern uint64_t fake_unmapped;

#endif /* PLUGINS_FAKE_QEMU_H */
