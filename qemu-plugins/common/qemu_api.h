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
 * Several vCPUs are several threads, except with -icount or thread=single: then
 * @vcpu_index of everything that was planted into code is not to be trusted and
 * inline and conditional operations crash QEMU (common/vcpu.h).
 *
 * Order. QEMU calls what several plugins registered for one event in the order
 * of -plugin; at one instruction, in the order of registration.
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
struct qemu_plugin_hwaddr;

/* What a memory callback is told of its access, packed. */
typedef uint32_t qemu_plugin_meminfo_t;

typedef struct {
	struct qemu_plugin_register *handle;
	const char *name;    /* as in the debugger's description: "x0", "ESR_EL2" */
	const char *feature; /* "org.qemu.gdb.arm.sys.regs" and others */
	bool is_readonly;    /* says no for system registers, and lies */
} qemu_plugin_reg_descriptor;

enum qemu_plugin_cb_flags {
	QEMU_PLUGIN_CB_NO_REGS,
	QEMU_PLUGIN_CB_R_REGS,
	QEMU_PLUGIN_CB_RW_REGS,    /* qemu_plugin_write_register() counts */
	QEMU_PLUGIN_CB_RW_REGS_PC, /* and qemu_plugin_set_pc() may be called */
};

enum qemu_plugin_mem_rw {
	QEMU_PLUGIN_MEM_R = 1,
	QEMU_PLUGIN_MEM_W,
	QEMU_PLUGIN_MEM_RW,
};

enum qemu_plugin_mem_value_type {
	QEMU_PLUGIN_MEM_VALUE_U8,
	QEMU_PLUGIN_MEM_VALUE_U16,
	QEMU_PLUGIN_MEM_VALUE_U32,
	QEMU_PLUGIN_MEM_VALUE_U64,
	QEMU_PLUGIN_MEM_VALUE_U128,
};

/* What was loaded or stored, in this machine's byte order. */
typedef struct {
	enum qemu_plugin_mem_value_type type;
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;
		struct {
			uint64_t low;
			uint64_t high;
		} u128;
	} data;
} qemu_plugin_mem_value;

/* Unsigned comparison of a scoreboard's field with a constant. */
enum qemu_plugin_cond {
	QEMU_PLUGIN_COND_NEVER,
	QEMU_PLUGIN_COND_ALWAYS,
	QEMU_PLUGIN_COND_EQ,
	QEMU_PLUGIN_COND_NE,
	QEMU_PLUGIN_COND_LT,
	QEMU_PLUGIN_COND_LE,
	QEMU_PLUGIN_COND_GT,
	QEMU_PLUGIN_COND_GE,
};

enum qemu_plugin_hwaddr_operation_result {
	QEMU_PLUGIN_HWADDR_OPERATION_OK,
	QEMU_PLUGIN_HWADDR_OPERATION_ERROR,
	QEMU_PLUGIN_HWADDR_OPERATION_DEVICE_ERROR,
	QEMU_PLUGIN_HWADDR_OPERATION_ACCESS_DENIED,
	QEMU_PLUGIN_HWADDR_OPERATION_INVALID_ADDRESS,
	QEMU_PLUGIN_HWADDR_OPERATION_INVALID_ADDRESS_SPACE,
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
typedef void (*qemu_plugin_vcpu_mem_cb_t)(unsigned int vcpu_index, qemu_plugin_meminfo_t info,
					  uint64_t vaddr, void *userdata);

/* Called by QEMU once, before the machine exists. Non-zero: QEMU ends. */
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
					   char **argv);
extern QEMU_PLUGIN_EXPORT int qemu_plugin_version;

/* In vCPU context, before the vCPU's first instruction. */
void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_udata_cb_t cb,
				       void *userdata);
/* The vCPU halts (WFI, PSCI CPU_OFF). Registers readable. */
void qemu_plugin_register_vcpu_idle_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_udata_cb_t cb,
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

/* Virtual address of the instruction. */
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

/* Before each execution of the block. Not called again when QEMU goes on within it. */
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, qemu_plugin_vcpu_udata_cb_t cb,
					  enum qemu_plugin_cb_flags flags, void *userdata);
/* The same, only if @entry of the vCPU compares so with @imm. */
void qemu_plugin_register_vcpu_tb_exec_cond_cb(struct qemu_plugin_tb *tb,
					       qemu_plugin_vcpu_udata_cb_t cb,
					       enum qemu_plugin_cb_flags flags,
					       enum qemu_plugin_cond cond, qemu_plugin_u64 entry,
					       uint64_t imm, void *userdata);
/* The same without a call: QEMU emits the operation into the block. */
void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *tb,
						       enum qemu_plugin_op op,
						       qemu_plugin_u64 entry, uint64_t imm);
/* Before each execution of the instruction, in the order of registration. */
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    qemu_plugin_vcpu_udata_cb_t cb,
					    enum qemu_plugin_cb_flags flags, void *userdata);
/*
 * The same, only if @entry of the vCPU compares so with @imm. An inline addition
 * registered before it at the same instruction is in what it compares.
 */
void qemu_plugin_register_vcpu_insn_exec_cond_cb(struct qemu_plugin_insn *insn,
						 qemu_plugin_vcpu_udata_cb_t cb,
						 enum qemu_plugin_cb_flags flags,
						 enum qemu_plugin_cond cond, qemu_plugin_u64 entry,
						 uint64_t imm, void *userdata);
/* The same without a call: QEMU emits the operation into the block. */
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn,
							 enum qemu_plugin_op op,
							 qemu_plugin_u64 entry, uint64_t imm);

/*
 * After each successful access of the instruction to memory, devices included;
 * an access that faults is not reported, nor are DC ZVA, GVA, GZVA, FEAT_MOPS,
 * page-table walks and instruction fetch. A pair is one access of 16 bytes. An
 * access across a page is one, with the first page's address. With RW_REGS the
 * destination of a load can be written here, and what the next load sees by
 * qemu_plugin_write_memory_hwaddr().
 */
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, qemu_plugin_vcpu_mem_cb_t cb,
				      enum qemu_plugin_cb_flags flags, enum qemu_plugin_mem_rw rw,
				      void *userdata);
/* The same without a call. */
void qemu_plugin_register_vcpu_mem_inline_per_vcpu(struct qemu_plugin_insn *insn,
						   enum qemu_plugin_mem_rw rw,
						   enum qemu_plugin_op op, qemu_plugin_u64 entry,
						   uint64_t imm);
/* Of a memory callback's access: log2 of its bytes, direction, value. */
unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);
qemu_plugin_mem_value qemu_plugin_mem_get_value(qemu_plugin_meminfo_t info);
/* Where the access went, NULL if not known. Valid in the memory callback only. */
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t vaddr);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *haddr);
/* Physical address, behind both stages. */
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *haddr);
/* "RAM" or the device's region; lives as long as QEMU. */
const char *qemu_plugin_hwaddr_device_name(const struct qemu_plugin_hwaddr *haddr);

/*
 * Physical memory and devices, as the CPU sees them without security
 * extensions. vCPU context: in others there is no current CPU, and QEMU ends.
 * Reading resizes @data to @len. A read or write of a device register is one,
 * with its effects. Writing code makes QEMU translate it again.
 */
enum qemu_plugin_hwaddr_operation_result
qemu_plugin_read_memory_hwaddr(uint64_t addr, GByteArray *data, size_t len);
enum qemu_plugin_hwaddr_operation_result qemu_plugin_write_memory_hwaddr(uint64_t addr,
									 GByteArray *data);
/* Through the vCPU's current translation, as a debugger: no fault, no permission. */
bool qemu_plugin_read_memory_vaddr(uint64_t addr, GByteArray *data, size_t len);
bool qemu_plugin_write_memory_vaddr(uint64_t addr, GByteArray *data);
/*
 * Physical address of @vaddr in the vCPU's current regime, behind both stages,
 * by a walk as a debugger's: about 1 us, so for translation time. vCPU context.
 */
bool qemu_plugin_translate_vaddr(uint64_t vaddr, uint64_t *hwaddr);

/* Writes @string to QEMU's log, if that has `-d plugin`. Any thread. */
void qemu_plugin_outs(const char *string);

/* One zeroed element of @element_size bytes per vCPU. Never freed here. */
struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size);
/* The vCPU's element; moves when a vCPU is added, so do not keep it. */
void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *score, unsigned int vcpu_index);

/* One field of one vCPU, and its sum over all. Any context. */
uint64_t qemu_plugin_u64_get(qemu_plugin_u64 entry, unsigned int vcpu_index);
void qemu_plugin_u64_set(qemu_plugin_u64 entry, unsigned int vcpu_index, uint64_t val);
void qemu_plugin_u64_add(qemu_plugin_u64 entry, unsigned int vcpu_index, uint64_t added);
uint64_t qemu_plugin_u64_sum(qemu_plugin_u64 entry);

/* Array of qemu_plugin_reg_descriptor; the caller frees it. vCPU context. */
GArray *qemu_plugin_get_registers(void);
/* Appends the value, little endian, to @buf; false if it cannot be read. */
bool qemu_plugin_read_register(struct qemu_plugin_register *handle, GByteArray *buf);
/*
 * Set it from @buf, which must have the register's size. Works for x0 to x30,
 * sp, cpsr and vector registers in a callback registered with RW_REGS, and in
 * discontinuity callbacks. System registers: returns false, nothing changes.
 * `pc`: QEMU aborts.
 */
bool qemu_plugin_write_register(struct qemu_plugin_register *handle, GByteArray *buf);
/*
 * Execution goes on at @vaddr instead of the instruction that the callback
 * stands before. Only in an instruction callback with RW_REGS_PC: from a
 * discontinuity callback QEMU hangs. Does not return.
 */
_Noreturn void qemu_plugin_set_pc(uint64_t vaddr);

#endif /* COMMON_QEMU_API_H */
