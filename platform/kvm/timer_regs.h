/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timer registers: Arm DDI 0487, D24.10. */
#ifndef KVM_TIMER_REGS_H
#define KVM_TIMER_REGS_H

#include "platform/abi/hyp_vcpu.h"

#define CNT_CTL_ENABLE 0x1
#define CNT_CTL_IMASK 0x2
#define CNT_CTL_ISTATUS 0x4

/* op0, op1, CRn, CRm, op2, as hyp_vcpu.h packs them. */
#define TIMER_REG(op0, op1, crn, crm, op2) \
	((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#define TIMER_REG_CNTP_TVAL TIMER_REG(3, 3, 14, 2, 0)
#define TIMER_REG_CNTP_CTL TIMER_REG(3, 3, 14, 2, 1)
#define TIMER_REG_CNTP_CVAL TIMER_REG(3, 3, 14, 2, 2)

#define TIMER_HYP_CNTV_CTL (HYP_REG_SYSTEM + TIMER_REG(3, 3, 14, 3, 1))
#define TIMER_HYP_CNTV_CVAL (HYP_REG_SYSTEM + TIMER_REG(3, 3, 14, 3, 2))
#define TIMER_HYP_CNTVOFF (HYP_REG_SYSTEM + TIMER_REG(3, 4, 14, 0, 3))

#endif /* KVM_TIMER_REGS_H */
