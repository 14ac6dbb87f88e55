/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "platform/kvm/reg_id.h"

#ifdef __KERNEL__
#include <linux/stddef.h>
#else
#include <stddef.h>
#endif
#include <linux/kvm.h>

#include "platform/abi/hyp_vcpu.h"

#define CORE(member) (offsetof(struct kvm_regs, member) / 4)
#define CORE_END(member) (CORE(member) + (sizeof(((struct kvm_regs *)0)->member)) / 4)
#define SYSTEM(op0, op1, crn, crm, op2) \
	(HYP_REG_SYSTEM + ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2)))
#define SYSTEM_BITS 0xffff
#define QUARTER 16 /* bytes of a part of a vector at the hypervisor */

static __u32 size_of(__u64 id)
{
	return 1U << ((id & KVM_REG_SIZE_MASK) >> KVM_REG_SIZE_SHIFT);
}

static struct reg_id bad(void)
{
	return (struct reg_id){ .kind = REG_BAD };
}

static struct reg_id none(void)
{
	return (struct reg_id){ .kind = REG_NONE };
}

static struct reg_id at_hyp(__u64 hyp, __u32 bytes)
{
	return (struct reg_id){ .kind = REG_HYP, .hyp = hyp, .bytes = bytes };
}

/* @offset  in words of 32 bits, within struct kvm_regs */
static struct reg_id core_at(__u32 offset, __u32 bytes)
{
	if (offset < CORE(regs.sp)) {
		return at_hyp(HYP_REG_X(offset / 2), bytes);
	}
	if (offset >= CORE(spsr[1]) && offset < CORE_END(spsr)) {
		return (struct reg_id){ .kind = REG_SPSR,
					.index = (offset - (__u32)CORE(spsr[1])) / 2,
					.bytes = bytes };
	}
	if (offset >= CORE(fp_regs.vregs) && offset < CORE_END(fp_regs.vregs)) {
		return at_hyp(HYP_REG_V((offset - CORE(fp_regs.vregs)) / 4), bytes);
	}
	switch (offset) {
	case CORE(regs.sp):
		return at_hyp(HYP_REG_SP_EL0, bytes);
	case CORE(regs.pc):
		return at_hyp(HYP_REG_PC, bytes);
	case CORE(regs.pstate):
		return at_hyp(HYP_REG_PSTATE, bytes);
	case CORE(sp_el1):
		return at_hyp(SYSTEM(3, 4, 4, 1, 0), bytes);
	case CORE(elr_el1):
		return at_hyp(SYSTEM(3, 0, 4, 0, 1), bytes);
	case CORE(spsr[0]):
		return at_hyp(SYSTEM(3, 0, 4, 0, 0), bytes);
	case CORE(fp_regs.fpsr):
		return at_hyp(SYSTEM(3, 3, 4, 4, 1), bytes);
	case CORE(fp_regs.fpcr):
		return at_hyp(SYSTEM(3, 3, 4, 4, 0), bytes);
	default:
		return none();
	}
}

static struct reg_id core(__u64 id, __u32 vector_bytes)
{
	__u32 offset = id & ~(KVM_REG_ARCH_MASK | KVM_REG_SIZE_MASK | KVM_REG_ARM_CORE);
	__u32 bytes;

	if (offset >= CORE(fp_regs.vregs) && offset < CORE_END(fp_regs.vregs)) {
		bytes = 16;
	} else if (offset == CORE(fp_regs.fpsr) || offset == CORE(fp_regs.fpcr)) {
		bytes = 4;
	} else {
		bytes = 8;
	}
	if (offset >= sizeof(struct kvm_regs) / sizeof(__u32)) {
		return none();
	}
	if (size_of(id) != bytes || offset % (bytes / 4) ||
	    (bytes == 4 && offset > CORE(fp_regs.fpcr)) || (bytes == 16 && vector_bytes)) {
		return bad();
	}
	return core_at(offset, bytes);
}

static struct reg_id sve(__u64 id, __u32 vector_bytes)
{
	__u32 number = id & 0xffff;
	__u32 index = number >> 5 & 0x1f;

	if (vector_bytes == 0) {
		return none();
	}
	if (id == KVM_REG_ARM64_SVE_VLS) {
		return (struct reg_id){ .kind = REG_SVE_LENGTHS, .bytes = size_of(id) };
	}
	if (number & (KVM_ARM64_SVE_MAX_SLICES - 1)) {
		return none(); /* slices beyond the first are for longer vectors than there are */
	}
	if (number < KVM_REG_ARM64_SVE_PREG_BASE && size_of(id) == 256) {
		return (struct reg_id){ .kind = REG_SVE,
					.bytes = 256,
					.parts = vector_bytes / QUARTER,
					.hyp = HYP_REG_Z(index, 0) };
	}
	if (size_of(id) != 32 || number < KVM_REG_ARM64_SVE_PREG_BASE ||
	    number > KVM_REG_ARM64_SVE_FFR_BASE) {
		return none();
	}
	return (struct reg_id){ .kind = REG_SVE,
				.bytes = 32,
				.index = 1,
				.parts = vector_bytes / QUARTER,
				.hyp = number < KVM_REG_ARM64_SVE_FFR_BASE ? HYP_REG_P(index, 0) :
									     HYP_REG_FFR(0) };
}

static int is_timer(__u64 id)
{
	return id == KVM_REG_ARM_TIMER_CTL || id == KVM_REG_ARM_TIMER_CNT ||
	       id == KVM_REG_ARM_TIMER_CVAL || id == KVM_REG_ARM_PTIMER_CTL ||
	       id == KVM_REG_ARM_PTIMER_CNT || id == KVM_REG_ARM_PTIMER_CVAL;
}

struct reg_id reg_id(__u64 id, __u32 vector_bytes)
{
	__u64 group = id & KVM_REG_ARM_COPROC_MASK;

	if ((id & KVM_REG_ARCH_MASK) != KVM_REG_ARM64 ||
	    id & ~(KVM_REG_ARCH_MASK | KVM_REG_SIZE_MASK | KVM_REG_ARM_COPROC_MASK | 0xffff)) {
		return bad();
	}
	if (is_timer(id)) {
		return (struct reg_id){ .kind = REG_TIMER, .bytes = 8 };
	}
	switch (group) {
	case KVM_REG_ARM_CORE:
		return core(id, vector_bytes);
	case KVM_REG_ARM64_SVE:
		return sve(id, vector_bytes);
	case KVM_REG_ARM64_SYSREG:
		return size_of(id) == 8 ? at_hyp(HYP_REG_SYSTEM + (id & SYSTEM_BITS), 8) : none();
	case KVM_REG_ARM_FW:
	case KVM_REG_ARM_FW_FEAT_BMAP:
		return (struct reg_id){ .kind = size_of(id) != 8        ? REG_NONE :
						group == KVM_REG_ARM_FW ? REG_FIRMWARE :
									  REG_BITMAP,
					.index = id & 0xffff,
					.bytes = 8 };
	default:
		return none();
	}
}

__u64 reg_id_of_system(__u32 op0, __u32 op1, __u32 crn, __u32 crm, __u32 op2)
{
	return KVM_REG_ARM64 | KVM_REG_ARM64_SYSREG | KVM_REG_SIZE_U64 | op0 << 14 | op1 << 11 |
	       crn << 7 | crm << 3 | op2;
}
