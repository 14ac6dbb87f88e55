/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This CPU between host and guest: everything that needs its registers. Chosen by the linker:
 * world_switch.c in the image, a fake in tests.
 */
#ifndef HYP_WORLD_H
#define HYP_WORLD_H

#include <hyp/vcpu.h>

#include <stdint.h>

/* What VCPU_RUN carries beside the answer. */
struct world_run {
	uint64_t flags;                  /* HYP_RUN_* */
	uint64_t ich_hcr;                /* in: bits of the host; out: EOIcount */
	uint64_t lr[HYP_LIST_REGISTERS]; /* in and out */
	uint64_t vmcr, misr, state;      /* out */
};

/* Why a guest stopped. */
enum guest_event { GUEST_SYNC = 0, GUEST_IRQ, GUEST_SERROR };

/* Put the host's state away, load @vcpu's. Until world_leave() traps of the guest come here. */
void world_enter(struct vcpu *vcpu, const struct world_run *run);

/* Run the guest until it traps; vcpu->trap says how. Between the two. */
enum guest_event world_guest(struct vcpu *vcpu);

/* Put @vcpu's state away, load the host's. */
void world_leave(struct vcpu *vcpu, struct world_run *run);

/*
 * Take the exception @esr to EL1 as the CPU would (Arm ARM D1.3) from *pc, *pstate, which
 * become those of the handler. The EL1 registers of who takes it must be loaded.
 */
void exception_take(uint64_t *pc, uint64_t *pstate, uint64_t esr);

/*
 * The same for an abort at the address @far. @esr has the class for EL0 (EC_DABT_LOW,
 * EC_IABT_LOW); that for EL1 is the next one.
 */
void exception_take_abort(uint64_t *pc, uint64_t *pstate, uint64_t esr, uint64_t far);

/* What this machine's CPUs have, all the same. */
struct cpu_facts {
	uint64_t id[ID_COUNT];
	uint64_t midr;
	uint32_t features;  /* HYP_FEATURE_* that vCPUs can have */
	uint32_t sve_bytes; /* of the longest vector; 0: no SVE */
	uint32_t list_registers;
};

struct cpu_facts cpu_facts(void);

#endif /* HYP_WORLD_H */
