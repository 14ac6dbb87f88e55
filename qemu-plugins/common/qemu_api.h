/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's interface for TCG plugins, version 7 (QEMU 11.1): the part that is
 * used here, declared from its documentation and from trials, since
 * distributions do not package the header. QEMU refuses a plugin whose
 * `qemu_plugin_version` it does not speak, and plugin_api_check() says so in
 * a sentence when the version it offers is another.
 *
 * Contexts. "vCPU context" is a callback that QEMU makes on behalf of one
 * vCPU while it executes or translates. Registers can be read there if the
 * callback was registered with QEMU_PLUGIN_CB_R_REGS; in a translation
 * callback and in a discontinuity callback they always can. `pc` is stale in
 * all of them: take addresses from the block at translation, or from ELR_ELx.
 *
 * Lifetimes. struct qemu_plugin_tb and struct qemu_plugin_insn live during
 * the translation callback only. Register handles live as long as QEMU and
 * are the same for all vCPUs of one model. Everything that a callback gets
 * as @userdata belongs to the plugin and must outlive the translation cache,
 * which means: for ever.
 */
#ifndef COMMON_QEMU_API_H
#define COMMON_QEMU_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#define QEMU_API_VERSION 7

/* A symbol that QEMU looks up in the plugin. */
#define QEMU_PLUGIN_EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;

/* What qemu_plugin_install() is told about the machine. */
typedef struct {
	const char *target_name; /* "aarch64" */
	struct {
		int min; /* oldest version that QEMU serves */
		int cur; /* newest */
	} version;
	bool system_emulation;
	struct {
		int smp_vcpus; /* vCPUs at start */
		int max_vcpus; /* and with those plugged in later */
	} system;
} qemu_info_t;

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;
struct qemu_plugin_register;

typedef struct {
	struct qemu_plugin_register *handle;
	const char *name;    /* as in the debugger's description: "x0", "ESR_EL2" */
	const char *feature; /* "org.qemu.gdb.arm.sys.regs" and others */
	bool is_readonly;    /* says no for system registers, and lies */
} qemu_plugin_reg_descriptor;

enum qemu_plugin_cb_flags {
	QEMU_PLUGIN_CB_NO_REGS,
	QEMU_PLUGIN_CB_R_REGS,
	QEMU_PLUGIN_CB_RW_REGS,
	QEMU_PLUGIN_CB_RW_REGS_PC,
};

enum qemu_plugin_discon_type {
	QEMU_PLUGIN_DISCON_INTERRUPT = 1, /* IRQ, FIQ and SError, virtual ones too */
	QEMU_PLUGIN_DISCON_EXCEPTION = 2, /* every synchronous exception */
	QEMU_PLUGIN_DISCON_HOSTCALL = 4,  /* a call that QEMU serves itself: PSCI */
	QEMU_PLUGIN_DISCON_ALL = -1,
};

enum qemu_plugin_op {
	QEMU_PLUGIN_INLINE_ADD_U64,
	QEMU_PLUGIN_INLINE_STORE_U64,
};

/* One 64-bit field of every vCPU's element of a scoreboard. */
typedef struct {
	struct qemu_plugin_scoreboard *score;
	size_t offset; /* bytes into the element */
} qemu_plugin_u64;

typedef void (*qemu_plugin_udata_cb_t)(void *userdata);
typedef void (*qemu_plugin_vcpu_udata_cb_t)(unsigned int vcpu_index, void *userdata);
typedef void (*qemu_plugin_vcpu_tb_trans_cb_t)(struct qemu_plugin_tb *tb, void *userdata);
typedef void (*qemu_plugin_vcpu_discon_cb_t)(unsigned int vcpu_index,
					     enum qemu_plugin_discon_type type, uint64_t from_pc,
					     uint64_t to_pc, void *userdata);

/* Called by QEMU once, before the machine exists. Non-zero: QEMU ends. */
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
					   char **argv);
extern QEMU_PLUGIN_EXPORT int qemu_plugin_version;

/* In vCPU context, before the vCPU's first instruction. */
void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_udata_cb_t cb,
				       void *userdata);
/* The vCPU runs again after a halt (WFI, PSCI CPU_OFF). Registers readable. */
void qemu_plugin_register_vcpu_resume_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_udata_cb_t cb,
					 void *userdata);
/* A block is being translated, in vCPU context. */
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t cb,
					   void *userdata);
/*
 * After the vCPU's state changed for an exception, an interrupt or a call
 * that QEMU served itself; ERET is none of these. @type is a mask.
 */
void qemu_plugin_register_vcpu_discon_cb(qemu_plugin_id_t id, enum qemu_plugin_discon_type type,
					 qemu_plugin_vcpu_discon_cb_t cb, void *userdata);
/* QEMU ends: by power-off, `quit`, or SIGTERM. vCPU threads may still run. */
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb_t cb, void *userdata);

/* How many instructions the block has, at least 1. */
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
/* Virtual address of the block's first instruction. */
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
/* Instruction @index, counted from 0, NULL beyond the last. */
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
/* Copies at most @size bytes of the opcode; returns how many. */
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest, size_t size);

/* Before each execution of the instruction, in the order of registration. */
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    qemu_plugin_vcpu_udata_cb_t cb,
					    enum qemu_plugin_cb_flags flags, void *userdata);
/* The same without a call: QEMU emits the operation into the block. */
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn,
							 enum qemu_plugin_op op,
							 qemu_plugin_u64 entry, uint64_t imm);

/*
 * The physical address that @vaddr has in the vCPU's translation regime, by a walk of its tables.
 * vCPU context. False if it is not mapped.
 */
bool qemu_plugin_translate_vaddr(uint64_t vaddr, uint64_t *hwaddr);

/* One zeroed element of @element_size bytes per vCPU. Never freed here. */
struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size);
/* The vCPU's element; moves when a vCPU is added, so do not keep it. */
void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *score, unsigned int vcpu_index);

/* Array of qemu_plugin_reg_descriptor; the caller frees it. vCPU context. */
GArray *qemu_plugin_get_registers(void);
/* Appends the value, little endian, to @buf; false if it cannot be read. */
bool qemu_plugin_read_register(struct qemu_plugin_register *handle, GByteArray *buf);

#endif /* COMMON_QEMU_API_H */
