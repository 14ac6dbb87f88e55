/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vCPU: all its state, at EL2, in pages that the host gave. While it runs it belongs to
 * the CPU that runs it; else to who holds its VM and has set `busy`.
 */
#ifndef HYP_VCPU_H
#define HYP_VCPU_H

#include <hyp/vcpu_regs.h>
#include <hyp/vm.h>

#include "platform/abi/hyp_vcpu.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * PSCI's view. OFF -> CLAIMED by CPU_ON, which then owns the entry point and goes on to
 * PENDING when it is written; PENDING -> ON by VCPU_RUN; ON -> OFF by CPU_OFF.
 */
enum vcpu_power { VCPU_OFF = 0, VCPU_CLAIMED, VCPU_PENDING, VCPU_ON };

/* What the host is told: hyp_vcpu.h. */
struct vcpu_exit {
	enum hyp_exit reason;
	uint64_t esr;
	uint64_t address;
	uint64_t x[4]; /* x4 to x7 */
};

/* A trap of the guest: ESR_EL2, FAR_EL2, and the IPA of HPFAR_EL2 with FAR's low bits. */
struct vcpu_trap {
	uint64_t esr;
	uint64_t far;
	uint64_t ipa;
};

struct vcpu {
	uint64_t x[31]; /* general registers; offset 0, see guest.S */
	uint64_t pc;
	uint64_t pstate;
	struct vm *vm;         /* constant */
	uint32_t index;        /* constant */
	uint32_t features;     /* constant: HYP_VCPU_* */
	uint64_t mpidr, midr;  /* constant: the guest's MPIDR_EL1 and MIDR_EL1 */
	uint32_t vector_bytes; /* constant: of state.fp: 16, or SVE's longest */
	uint32_t busy;         /* atomic: runs, or is being looked at */
	uint32_t power;        /* atomic: enum vcpu_power */
	uint32_t broken;       /* HYP_BROKEN_*: it never runs again */
	bool has_vserror;      /* an SError is pending for the guest */
	bool is_debugged;      /* while it runs: RUN_DEBUG */
	uint64_t entry;        /* owned by who set CLAIMED: where CPU_ON wants it to begin */
	uint64_t argument;     /* and x0 */
	uint64_t host_call;    /* RSI: IPA + 1 of the struct the host answers; 0: none */
	struct vcpu_exit exit; /* the last one; reason IRQ: nothing to answer */
	struct vcpu_trap trap; /* what led to it */
	uint64_t id[ID_COUNT]; /* what the guest sees of ID registers */
	struct cpu_state state;
};

/* The host's hypercalls, by the names of hyp_hypercalls.h. */
enum hyp_status vcpu_create(struct regs *regs);
enum hyp_status vcpu_get_reg(struct regs *regs);
enum hyp_status vcpu_set_reg(struct regs *regs);
enum hyp_status vcpu_run(struct regs *regs);
enum hyp_status vcpu_features(struct regs *regs); /* FEATURES */

/*
 * What the guest's trap vcpu->trap leads to, while the guest is loaded: true: an exit to the
 * host, vcpu->exit is filled; false: enter the guest again. In vcpu_exit.c.
 */
bool vcpu_handle_trap(struct vcpu *vcpu);

/* An exit of that reason, all its registers 0. */
void vcpu_set_exit(struct vcpu *vcpu, enum hyp_exit reason);

/* HYP_RUN_ answers to vcpu->exit that fit it. */
uint64_t vcpu_answers(const struct vcpu *vcpu);

/*
 * Give the guest, which is loaded, one answer, which vcpu_answers() has; @x are x4 to x7.
 * True: it led to another exit.
 */
bool vcpu_apply_answer(struct vcpu *vcpu, uint64_t answer, const uint64_t x[4]);

/* All registers as after VCPU_CREATE, at @entry with x0 = @argument, at EL1. */
void vcpu_reset(struct vcpu *vcpu, uint64_t entry, uint64_t argument);

/* MPIDR_EL1's affinity of the vCPU with @index: Aff0 is index % 16, Aff1 index / 16, as KVM. */
uint64_t vcpu_affinity(uint32_t index);

/*
 * What a guest's HVC or SMC leads to. In guest_call.c.
 *
 * @is_smc, @immediate  the instruction; pc is behind it for both.
 * RESUME  x registers have the answer (vcpu->x)
 * EXIT    vcpu->exit is filled; answer of the host goes to x0-x3 if reason is HVC
 * RETRY   the same, but the guest executes the instruction again afterwards (exits MEMORY,
 *         TABLES)
 * UNDEF   the guest gets an undefined instruction, at the instruction
 */
enum guest_call { GUEST_CALL_UNDEF = 0, GUEST_CALL_RESUME, GUEST_CALL_EXIT, GUEST_CALL_RETRY };
enum guest_call guest_call(struct vcpu *vcpu, bool is_smc, uint64_t immediate);

/*
 * A call that left as exit HVC is served here after all (RUN_SERVE), as if the VM's calls
 * were not forwarded.
 */
enum guest_call guest_call_serve(struct vcpu *vcpu);

/* The host's answer to exit HVC: RUN_ANSWER with x4 to x7. */
void guest_call_answer(struct vcpu *vcpu, const uint64_t answer[4]);

#endif /* HYP_VCPU_H */
