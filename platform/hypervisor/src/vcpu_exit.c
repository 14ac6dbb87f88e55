/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest did that brought it here: served, refused, or an exit to the host with exactly
 * what hyp_vcpu.h says; and the host's answers. Tables; what they do not have, is refused.
 */
#include <hyp/guest_memory.h>
#include <hyp/trace.h>
#include <hyp/vcpu.h>
#include <hyp/world.h>

#include <stddef.h>

#include "arch/sysreg.h"

#define SAS_BYTES(esr) (1u << ((esr) >> ESR_SAS_SHIFT & 3))

/* Parts of ESR_EL2 that the host is told, by exit. */
#define TOLD_MEMORY (ESR_EC_MASK << ESR_EC_SHIFT | ESR_IL | ESR_S1PTW | ESR_WNR | ESR_FSC_MASK)
#define TOLD_MMIO                                                                                  \
	(ESR_EC_MASK << ESR_EC_SHIFT | ESR_IL | ESR_ISV | UINT64_C(3) << ESR_SAS_SHIFT | ESR_SSE | \
	 ESR_SF | ESR_WNR | ESR_FSC_MASK)
#define TOLD_SYSREG (~(ESR_RT_MASK << ESR_SYS_RT_SHIFT) & UINT32_MAX)
#define TOLD_WFX (ESR_EC_MASK << ESR_EC_SHIFT | ESR_IL | ESR_WFX_TI)

/* What happens at a trapped access to a system register. Zero refuses. */
enum access {
	ACCESS_UNDEF = 0,
	ACCESS_NOTHING,  /* reads zero, writes are ignored */
	ACCESS_ID,       /* vcpu->id */
	ACCESS_SRE,      /* ICC_SRE_EL1: constant */
	ACCESS_VALUE,    /* a register of vcpu_regs.h */
	ACCESS_DEBUG,    /* the same; while the host debugs the guest, a write does nothing */
	ACCESS_READ,     /* the same, to be read only */
	ACCESS_OS_LOCK,  /* OSLAR_EL1 */
	ACCESS_HOST,     /* exit SYSREG */
	ACCESS_HOST_SGI, /* the same, to be written only */
};

/* The first row whose bits under @mask fit; of a normal and of a protected VM. */
struct access_row {
	uint16_t encoding, mask;
	uint8_t kind[2];
};

#define ANY(op0, op1, crn, crm, op2) (uint16_t)(~SYSREG(op0, op1, crn, crm, op2))
#define EXACT UINT16_MAX
/* clang-format off */
#define ROW(op0, op1, crn, crm, op2, mask, normal, protected) \
	{ SYSREG(op0, op1, crn, crm, op2), mask, { ACCESS_##normal, ACCESS_##protected } }

static const struct access_row accesses[] = {
	/* ICC_DIR, SGI1R, ASGI1R, SGI0R_EL1; CNTP_TVAL, CTL, CVAL_EL0 */
	ROW(3, 0, 12, 11, 1, EXACT, HOST_SGI, HOST_SGI),
	ROW(3, 0, 12, 11, 5, EXACT, HOST_SGI, HOST_SGI),
	ROW(3, 0, 12, 11, 6, ANY(0, 0, 0, 0, 1), HOST_SGI, HOST_SGI),
	ROW(3, 3, 14, 2, 0, ANY(0, 0, 0, 0, 1), HOST, HOST),
	ROW(3, 3, 14, 2, 2, EXACT, HOST, HOST),
	/* REVIDR_EL1, AIDR_EL1; then ID registers, CRm 1 to 7 */
	ROW(3, 0, 0, 0, 6, EXACT, NOTHING, NOTHING),
	ROW(3, 1, 0, 0, 7, EXACT, NOTHING, NOTHING),
	ROW(3, 0, 0, 0, 0, ANY(0, 0, 0, 0, 7), UNDEF, UNDEF),
	ROW(3, 0, 0, 0, 0, ANY(0, 0, 0, 7, 7), ID, ID),
	/* ACTLR_EL1, ICC_SRE_EL1, error records */
	ROW(3, 0, 1, 0, 1, EXACT, NOTHING, NOTHING),
	ROW(3, 0, 12, 12, 5, EXACT, SRE, SRE),
	ROW(3, 0, 5, 3, 0, ANY(0, 0, 0, 0, 3), NOTHING, NOTHING),
	ROW(3, 0, 5, 4, 0, ANY(0, 0, 0, 0, 7), NOTHING, NOTHING),
	ROW(3, 0, 5, 5, 0, ANY(0, 0, 0, 0, 7), NOTHING, NOTHING),
	/* OSLAR, OSLSR, OSDLR, MDSCR, MDRAR_EL1 */
	ROW(2, 0, 1, 0, 4, EXACT, OS_LOCK, NOTHING),
	ROW(2, 0, 1, 1, 4, EXACT, READ, NOTHING),
	ROW(2, 0, 1, 3, 4, EXACT, NOTHING, NOTHING),
	ROW(2, 0, 0, 2, 2, EXACT, VALUE, NOTHING),
	ROW(2, 0, 1, 0, 0, EXACT, NOTHING, UNDEF),
	/* DBGBVR, DBGBCR, DBGWVR, DBGWCR<n>_EL1; of a protected VM, 0 and 1 do nothing */
	ROW(2, 0, 0, 0, 4, ANY(0, 0, 0, 1, 3), DEBUG, NOTHING),
	ROW(2, 0, 0, 0, 4, ANY(0, 0, 0, 15, 3), DEBUG, UNDEF),
	/* MDCCINT, OSDTRRX, OSDTRTX, OSECCR, DBGPRCR, DBGCLAIMSET and CLR, DBGAUTHSTATUS */
	ROW(2, 0, 0, 2, 0, EXACT, NOTHING, UNDEF),
	ROW(2, 0, 0, 0, 2, EXACT, NOTHING, UNDEF),
	ROW(2, 0, 0, 3, 2, EXACT, NOTHING, UNDEF),
	ROW(2, 0, 0, 6, 2, EXACT, NOTHING, UNDEF),
	ROW(2, 0, 1, 4, 4, EXACT, NOTHING, UNDEF),
	ROW(2, 0, 7, 8, 6, ANY(0, 0, 0, 1, 0), NOTHING, UNDEF),
	ROW(2, 0, 7, 14, 6, EXACT, NOTHING, UNDEF),
	/* MDCCSR, DBGDTR, DBGDTRRX and TX_EL0 */
	ROW(2, 3, 0, 1, 0, EXACT, NOTHING, UNDEF),
	ROW(2, 3, 0, 4, 0, ANY(0, 0, 0, 1, 0), NOTHING, UNDEF),
};
/* clang-format on */

typedef bool (*trap_fn)(struct vcpu *vcpu, uint64_t esr);

void vcpu_set_exit(struct vcpu *vcpu, enum hyp_exit reason)
{
	vcpu->exit = (struct vcpu_exit){ .reason = reason };
}

static bool exit_to_host(struct vcpu *vcpu, enum hyp_exit reason, uint64_t esr, uint64_t address,
			 uint64_t x4)
{
	vcpu->exit =
		(struct vcpu_exit){ .reason = reason, .esr = esr, .address = address, .x = { x4 } };
	return true;
}

/* Go on behind the instruction, as if it had been executed. */
static void skip(struct vcpu *vcpu)
{
	vcpu->pc += INSTRUCTION_BYTES;
	vcpu->pstate &= ~(PSR_BTYPE | PSR_SS);
}

static uint64_t reg_read(const struct vcpu *vcpu, uint64_t n)
{
	return n == ESR_RT_MASK ? 0 : vcpu->x[n];
}

static void reg_write(struct vcpu *vcpu, uint64_t n, uint64_t value)
{
	if (n != ESR_RT_MASK) {
		vcpu->x[n] = value;
	}
}

/* ---- exceptions that the guest gets ---- */

static bool undefined(struct vcpu *vcpu, uint64_t esr)
{
	if (!vm_is_protected(vcpu->vm)) { /* else nobody's business */
		trace_emit(vcpu_illegal_trap, vcpu->vm->id, vcpu->index, esr, 0);
	}
	exception_take(&vcpu->pc, &vcpu->pstate, (uint64_t)EC_UNKNOWN << ESR_EC_SHIFT | ESR_IL);
	return false;
}

/* A synchronous external abort, at the access of vcpu->trap. */
static bool external_abort(struct vcpu *vcpu)
{
	uint64_t class = EC_OF(vcpu->trap.esr);
	uint64_t esr = FSC_EXTERNAL | ESR_IL, far = vcpu->trap.far;

	if (class == EC_DABT_LOW) {
		esr |= vcpu->trap.esr & ESR_WNR;
	} else if (class != EC_IABT_LOW) { /* a call of the guest: there is no address */
		class = EC_DABT_LOW;
		esr |= ESR_FNV;
		far = 0;
	}
	exception_take_abort(&vcpu->pc, &vcpu->pstate, class << ESR_EC_SHIFT | esr, far);
	return false;
}

/* ---- memory ---- */

static bool mmio(struct vcpu *vcpu, uint64_t esr, uint64_t ipa)
{
	uint64_t data = 0;

	if (esr & ESR_CM) {
		skip(vcpu); /* there is no cache to maintain */
		return false;
	}
	if (esr & ESR_S1PTW || EC_OF(esr) != EC_DABT_LOW ||
	    (!(esr & ESR_ISV) && vm_is_protected(vcpu->vm))) {
		return external_abort(vcpu);
	}
	if (esr & ESR_ISV && esr & ESR_WNR) {
		data = reg_read(vcpu, esr >> ESR_SRT_SHIFT & ESR_RT_MASK) &
		       (UINT64_MAX >> (64 - SAS_BYTES(esr) * 8));
	}
	return exit_to_host(vcpu, HYP_EXIT_MMIO, esr & (esr & ESR_ISV ? TOLD_MMIO : TOLD_MEMORY),
			    ipa, data);
}

/* A read's result as the instruction wants it: SAS, SSE, SF. */
static uint64_t mmio_extend(uint64_t data, uint64_t esr)
{
	uint64_t shift = 64 - SAS_BYTES(esr) * 8;

	data <<= shift;
	data = esr & ESR_SSE ? (uint64_t)((int64_t)data >> shift) : data >> shift;
	return esr & ESR_SF ? data : (uint32_t)data;
}

static bool trap_abort(struct vcpu *vcpu, uint64_t esr)
{
	uint64_t cause = esr & ESR_FSC_LEVEL_MASK;
	uint64_t ipa = vcpu->trap.ipa, at = 0;
	bool is_permission = cause == FSC_PERMISSION;
	enum guest_fault fault;
	bool is_write = esr & ESR_S1PTW ? is_permission :
					  EC_OF(esr) == EC_DABT_LOW && esr & ESR_WNR;

	if (cause != FSC_TRANSLATION && cause != FSC_ACCESS && cause != FSC_PERMISSION) {
		return external_abort(vcpu);
	}
	if (ipa == UINT64_MAX) {
		return false; /* not there any more: try again */
	}
	fault = guest_fault(vcpu->vm, ipa, is_write, is_permission, &at);
	if (fault == GUEST_FAULT_RETRY) {
		return false;
	}
	if (fault == GUEST_FAULT_MEMORY) {
		return exit_to_host(vcpu, HYP_EXIT_MEMORY, esr & TOLD_MEMORY,
				    at & ~(uint64_t)(PAGE_BYTES - 1), 0);
	}
	return fault == GUEST_FAULT_DEVICE ? mmio(vcpu, esr, at) : external_abort(vcpu);
}

/* ---- system registers ---- */

static enum access access_of(const struct vcpu *vcpu, uint32_t encoding)
{
	for (size_t n = 0; n < sizeof(accesses) / sizeof(accesses[0]); n++) {
		if ((encoding & accesses[n].mask) == accesses[n].encoding) {
			return accesses[n].kind[vm_is_protected(vcpu->vm)];
		}
	}
	return ACCESS_UNDEF;
}

/* Read into or write from *value. False: not that way. */
static bool sysreg_access(struct vcpu *vcpu, enum access kind, uint32_t encoding, bool is_read,
			  uint64_t *value)
{
	uint64_t *slot = NULL;

	if (kind == ACCESS_NOTHING || kind == ACCESS_SRE) {
		*value = kind == ACCESS_SRE ? ICC_SRE_GUEST : 0;
		return true;
	}
	if (kind == ACCESS_OS_LOCK && !is_read) {
		vcpu->state.sys[SYS_OSLSR_EL1] = *value & 1 ? OSLSR_LOCKED : OSLSR_OPEN;
		return true;
	}
	if (kind == ACCESS_ID && is_read) {
		slot = vcpu_id(vcpu, encoding >> 3 & 7, encoding & 7);
	} else if (kind == ACCESS_VALUE || kind == ACCESS_DEBUG ||
		   (kind == ACCESS_READ && is_read)) {
		slot = vcpu_sysreg(vcpu, encoding);
	}
	if (slot && (is_read || kind != ACCESS_DEBUG || !vcpu->is_debugged)) {
		*(is_read ? value : slot) = *(is_read ? slot : value);
	}
	return slot;
}

static bool trap_sysreg(struct vcpu *vcpu, uint64_t esr)
{
	bool is_read = esr & ESR_SYS_READ;
	uint64_t rt = esr >> ESR_SYS_RT_SHIFT & ESR_RT_MASK;
	uint64_t value = is_read ? 0 : reg_read(vcpu, rt);
	/* ISS of EC_SYSREG (Arm ARM D24.2, ESR_EL2) */
	uint32_t encoding = (uint32_t)SYSREG(esr >> 20 & 3, esr >> 14 & 7, esr >> 10 & 15,
					     esr >> 1 & 15, esr >> 17 & 7);
	enum access kind = access_of(vcpu, encoding);

	if (kind == ACCESS_HOST || (kind == ACCESS_HOST_SGI && !is_read)) {
		return exit_to_host(vcpu, HYP_EXIT_SYSREG, esr & TOLD_SYSREG, 0, value);
	}
	if (!sysreg_access(vcpu, kind, encoding, is_read, &value)) {
		return undefined(vcpu, esr);
	}
	if (is_read) {
		reg_write(vcpu, rt, value);
	}
	skip(vcpu);
	return false;
}

/* ---- calls and the rest ---- */

/* What came of the HVC or SMC before @behind. */
static bool call_end(struct vcpu *vcpu, enum guest_call result, uint64_t behind)
{
	if (result == GUEST_CALL_RETRY || result == GUEST_CALL_UNDEF) {
		vcpu->pc = behind - INSTRUCTION_BYTES;
	}
	return result == GUEST_CALL_UNDEF ? undefined(vcpu, 0) : result != GUEST_CALL_RESUME;
}

static bool trap_call(struct vcpu *vcpu, uint64_t esr)
{
	bool is_smc = EC_OF(esr) == EC_SMC64;
	uint64_t behind, id = vcpu->x[0];
	enum guest_call result;

	if (is_smc) {
		skip(vcpu); /* a trapped SMC has not been executed */
	}
	behind = vcpu->pc;
	result = guest_call(vcpu, is_smc, esr & ESR_IMM16_MASK);
	if (!vm_is_protected(vcpu->vm) || result == GUEST_CALL_EXIT) {
		trace_emit(guest_hcall, vcpu->vm->id, vcpu->index, id, vcpu->x[0]);
	}
	return call_end(vcpu, result, behind);
}

static bool trap_wfx(struct vcpu *vcpu, uint64_t esr)
{
	skip(vcpu);
	return exit_to_host(vcpu, HYP_EXIT_WFX, esr & TOLD_WFX, 0, 0);
}

/* Only with MDCR_EL2.TDE: RUN_DEBUG. */
static bool trap_debug(struct vcpu *vcpu, uint64_t esr)
{
	uint64_t far = EC_OF(esr) == EC_WATCHPOINT_LOW ? vcpu->trap.far : 0;

	return exit_to_host(vcpu, HYP_EXIT_DEBUG, esr, far, 0);
}

static const trap_fn traps[EC_COUNT] = {
	[EC_WFX] = trap_wfx,        [EC_PAUTH] = undefined,
	[EC_LS64] = undefined,      [EC_SYSREG_128] = undefined,
	[EC_HVC64] = trap_call,     [EC_SMC64] = trap_call,
	[EC_SYSREG] = trap_sysreg,  [EC_SVE] = undefined,
	[EC_SME] = undefined,       [EC_IABT_LOW] = trap_abort,
	[EC_DABT_LOW] = trap_abort, [EC_BREAKPOINT_LOW] = trap_debug,
	[EC_STEP_LOW] = trap_debug, [EC_WATCHPOINT_LOW] = trap_debug,
	[EC_BRK] = trap_debug,
};

bool vcpu_handle_trap(struct vcpu *vcpu)
{
	uint64_t esr = vcpu->trap.esr;
	trap_fn trap = traps[EC_OF(esr)];

	if (trap) {
		return trap(vcpu, esr);
	}
	vcpu->broken = HYP_BROKEN_TRAP;
	trace_emit(vcpu_illegal_trap, vcpu->vm->id, vcpu->index, 0, 0);
	return exit_to_host(vcpu, HYP_EXIT_BROKEN, 0, 0, vcpu->broken);
}

/* ---- the host's answers ---- */

uint64_t vcpu_answers(const struct vcpu *vcpu)
{
	static const uint16_t answers[HYP_EXIT_COUNT] = {
		[HYP_EXIT_MEMORY] = HYP_RUN_ABORT | HYP_RUN_DEVICE,
		[HYP_EXIT_MMIO] = HYP_RUN_ABORT | HYP_RUN_ANSWER,
		[HYP_EXIT_HVC] = HYP_RUN_ANSWER | HYP_RUN_SERVE,
		[HYP_EXIT_SYSREG] = HYP_RUN_ANSWER | HYP_RUN_UNDEF,
	};
	uint64_t refused = 0;

	if (vcpu->exit.reason == HYP_EXIT_HVC && !vcpu->vm->forwards_hvc) {
		refused = HYP_RUN_SERVE;
	} else if (vcpu->exit.reason == HYP_EXIT_MMIO && !(vcpu->exit.esr & ESR_ISV)) {
		refused = HYP_RUN_ANSWER;
	}
	return answers[vcpu->exit.reason] & ~refused;
}

static void answer(struct vcpu *vcpu, const uint64_t x[4])
{
	uint64_t esr = vcpu->trap.esr;

	if (vcpu->exit.reason == HYP_EXIT_HVC) {
		guest_call_answer(vcpu, x);
		return;
	}
	if (vcpu->exit.reason == HYP_EXIT_MMIO && !(esr & ESR_WNR)) {
		reg_write(vcpu, esr >> ESR_SRT_SHIFT & ESR_RT_MASK, mmio_extend(x[0], esr));
	}
	if (vcpu->exit.reason == HYP_EXIT_SYSREG && esr & ESR_SYS_READ) {
		reg_write(vcpu, esr >> ESR_SYS_RT_SHIFT & ESR_RT_MASK, x[0]);
	}
	skip(vcpu);
}

bool vcpu_apply_answer(struct vcpu *vcpu, uint64_t kind, const uint64_t x[4])
{
	if (kind & HYP_RUN_ANSWER) {
		answer(vcpu, x);
	} else if (kind & HYP_RUN_ABORT) {
		external_abort(vcpu);
	} else if (kind & HYP_RUN_UNDEF) {
		undefined(vcpu, 0);
	}
	vcpu_set_exit(vcpu, HYP_EXIT_IRQ);
	return kind & HYP_RUN_SERVE && call_end(vcpu, guest_call_serve(vcpu), vcpu->pc);
}
