// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The CPU interface's registers as user space saves and restores them (ICC_*_EL1), out of what
 * the hypervisor keeps of a vCPU: VGIC_VMCR_EL2 and ICH_AP<g>R<n>_EL2. IHI 0069 12.2 and 12.4.
 */
#include "platform/kvm/vgic.h"

#include <linux/errno.h>

#define REGISTER(op0, op1, crn, crm, op2) \
	((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#define ICC_PMR REGISTER(3, 0, 4, 6, 0)
#define ICC_BPR0 REGISTER(3, 0, 12, 8, 3)
#define ICC_AP0R(n) REGISTER(3, 0, 12, 8, 4 + (n))
#define ICC_AP1R(n) REGISTER(3, 0, 12, 9, n)
#define ICC_BPR1 REGISTER(3, 0, 12, 12, 3)
#define ICC_CTLR REGISTER(3, 0, 12, 12, 4)
#define ICC_SRE REGISTER(3, 0, 12, 12, 5)
#define ICC_IGRPEN0 REGISTER(3, 0, 12, 12, 6)
#define ICC_IGRPEN1 REGISTER(3, 0, 12, 12, 7)
#define ICH_AP0R(n) REGISTER(3, 4, 12, 8, n)
#define ICH_AP1R(n) REGISTER(3, 4, 12, 9, n)
#define ICH_VMCR REGISTER(3, 4, 12, 11, 7)

/* What ICC_CTLR says of a CPU, which user space cannot choose. */
#define CTLR_CONSTANT                                                                     \
	(VGIC_CTLR_A3V | VGIC_CTLR_SEIS | VGIC_CTLR_BITS_MASK << VGIC_CTLR_IDBITS_SHIFT | \
	 VGIC_CTLR_BITS_MASK << VGIC_CTLR_PRIBITS_SHIFT)

/* Active priority registers that this CPU has: 1, 2 or 4 of each group (12.4.1). */
static u32 ap_count(u64 host_ctlr)
{
	u64 bits = (host_ctlr >> VGIC_CTLR_PRIBITS_SHIFT & VGIC_CTLR_BITS_MASK) + 1;

	return bits >= 7 ? 4 : bits == 6 ? 2 : 1;
}

enum vgic_cpuif vgic_cpuif_find(u32 instr, u64 host_ctlr, u32 *ich)
{
	for (u32 n = 0; n < 4; n++) {
		if (instr == ICC_AP0R(n) || instr == ICC_AP1R(n)) {
			*ich = instr == ICC_AP0R(n) ? ICH_AP0R(n) : ICH_AP1R(n);
			return n < ap_count(host_ctlr) ? VGIC_CPUIF_AP : VGIC_CPUIF_ABSENT;
		}
	}
	*ich = ICH_VMCR;
	switch (instr) {
	case ICC_PMR:
	case ICC_BPR0:
	case ICC_BPR1:
	case ICC_CTLR:
	case ICC_IGRPEN0:
	case ICC_IGRPEN1:
		return VGIC_CPUIF_VMCR;
	case ICC_SRE:
		return VGIC_CPUIF_CONSTANT;
	default:
		return VGIC_CPUIF_NONE;
	}
}

static u64 field_of(u64 value, u32 shift, u64 mask)
{
	return value >> shift & mask;
}

u64 vgic_cpuif_read(u32 instr, u64 host_ctlr, u64 value)
{
	u64 bpr0 = field_of(value, VGIC_VMCR_VBPR0_SHIFT, VGIC_VMCR_VBPR_MASK);

	switch (instr) {
	case ICC_PMR:
		return field_of(value, VGIC_VMCR_VPMR_SHIFT, VGIC_VMCR_VPMR_MASK);
	case ICC_BPR0:
		return bpr0;
	case ICC_BPR1:
		/* With CBPR it is BPR0 + 1 (12.2.6). */
		if (value & VGIC_VMCR_VCBPR) {
			return bpr0 == VGIC_VMCR_VBPR_MASK ? bpr0 : bpr0 + 1;
		}
		return field_of(value, VGIC_VMCR_VBPR1_SHIFT, VGIC_VMCR_VBPR_MASK);
	case ICC_CTLR:
		return (host_ctlr & CTLR_CONSTANT) |
		       (value & VGIC_VMCR_VCBPR ? VGIC_CTLR_CBPR : 0) |
		       (value & VGIC_VMCR_VEOIM ? VGIC_CTLR_EOIMODE : 0);
	case ICC_IGRPEN0:
		return (value & VGIC_VMCR_VENG0) != 0;
	case ICC_IGRPEN1:
		return (value & VGIC_VMCR_VENG1) != 0;
	case ICC_SRE:
		return VGIC_SRE_ALL;
	default:
		return value & 0xffffffff;
	}
}

static u64 with_field(u64 vmcr, u32 shift, u64 mask, u64 value)
{
	return (vmcr & ~(mask << shift)) | (value & mask) << shift;
}

static u64 with_bit(u64 vmcr, u64 bit, bool set)
{
	return set ? vmcr | bit : vmcr & ~bit;
}

static int write_ctlr(u64 host_ctlr, u64 value, u64 *vmcr)
{
	if ((value ^ host_ctlr) & CTLR_CONSTANT) {
		return -EINVAL;
	}
	*vmcr = with_bit(*vmcr, VGIC_VMCR_VCBPR, value & VGIC_CTLR_CBPR);
	*vmcr = with_bit(*vmcr, VGIC_VMCR_VEOIM, value & VGIC_CTLR_EOIMODE);
	return 0;
}

int vgic_cpuif_write(u32 instr, u64 host_ctlr, u64 value, u64 *ich)
{
	switch (instr) {
	case ICC_PMR:
		*ich = with_field(*ich, VGIC_VMCR_VPMR_SHIFT, VGIC_VMCR_VPMR_MASK, value);
		return 0;
	case ICC_BPR0:
		*ich = with_field(*ich, VGIC_VMCR_VBPR0_SHIFT, VGIC_VMCR_VBPR_MASK, value);
		return 0;
	case ICC_BPR1:
		if (!(*ich & VGIC_VMCR_VCBPR)) {
			*ich = with_field(*ich, VGIC_VMCR_VBPR1_SHIFT, VGIC_VMCR_VBPR_MASK, value);
		}
		return 0;
	case ICC_CTLR:
		return write_ctlr(host_ctlr, value, ich);
	case ICC_IGRPEN0:
		*ich = with_bit(*ich, VGIC_VMCR_VENG0, value & 1);
		return 0;
	case ICC_IGRPEN1:
		*ich = with_bit(*ich, VGIC_VMCR_VENG1, value & 1);
		return 0;
	case ICC_SRE:
		return value & VGIC_SRE_SRE ? 0 : -EINVAL;
	default:
		*ich = value & 0xffffffff;
		return 0;
	}
}
