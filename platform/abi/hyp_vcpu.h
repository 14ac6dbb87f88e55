/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VCPU_RUN of hyp_hypercalls.h, and the registers of a vCPU. The host calls with interrupts
 * masked; a physical interrupt ends the run and is taken by the host when it unmasks.
 *
 * In:  x1 VM, x2 vCPU, x3 HYP_RUN_* flags, x4-x7 the answer to the exit before (RUN_ANSWER),
 *      x8 ICH_HCR_EL2 (of it only UIE, LRENPIE, NPIE, VGrp*EIE, VGrp*DIE, TDIR; En is set),
 *      x9-x12 list registers 0 to 3
 * Out: x0 status; if OK: x1 HYP_EXIT_*, x2 to x7 by exit, x8 ICH_HCR_EL2 (EOIcount),
 *      x9-x12 list registers, x13 ICH_VMCR_EL2, x14 ICH_MISR_EL2, x15 HYP_STATE_* bits,
 *      x16 what the host's CNTVCT_EL0 must reach for the guest's virtual timer to fire, ~0 if
 *      it is off or masked (0 unless the exit is WFX: of a protected VM nothing else needs it)
 *
 * A list register with HW can name physical interrupt 27 only (EINVAL).
 *
 * Registers of an exit that are not named below are 0. Of a protected VM nothing else is
 * told, and nothing but the answer can be set. IPAs of a VM with RSI are without the top bit.
 *
 * X(number, NAME):
 *   IRQ      a physical interrupt; nothing else
 *   WFX      WFI or WFE: x2 ESR (TI). PSCI CPU_SUSPEND too, as a WFI
 *   MEMORY   the guest needs the page at x3 IPA: nothing is mapped there, or not with
 *            the rights that the access needs. x2 ESR: EC, DFSC/IFSC, WnR, S1PTW; ISV 0.
 *            Then VM_MAP and run again; or run with RUN_DEVICE, if nothing is there but a
 *            device: the access is tried again and comes as MMIO, for this page from now
 *            on; or RUN_ABORT
 *   MMIO     access to a device page: x3 IPA, x2 ESR with ISV, SAS, SSE, SF, WnR and SRT 0,
 *            x4 data of a write. Answer to a read: x4 data, extended here as ESR says. A
 *            write is done by RUN_ANSWER without data. Normal VM: ISV may be 0, and the only
 *            answer RUN_ABORT
 *   HVC      a call for the host: x4-x7 the guest's x0-x3, x2 ESR. Answer: x4-x7 -> x0-x3.
 *            Of a protected VM only calls that the host has to serve: KVM_PTP; with RSI
 *            HOST_CALL: x2 has its immediate, x4-x7 are its first four registers
 *   SYSREG   trapped access for the host: x2 ESR with Rt 0, x4 the value written. Answer
 *            to a read: x4. RUN_UNDEF: there is no such register
 *   PSCI     x4 function, done as far as it concerns this VM: CPU_ON: x5 index of the vCPU
 *            that can run now. CPU_OFF: none. SYSTEM_OFF, SYSTEM_RESET, SYSTEM_RESET2
 *            (x5, x6 its arguments): the whole VM; run again, the call has failed
 *   RETURNED the protected guest gave back the page at x3 IPA: it is the host's, zeroed
 *   SERROR   an SError interrupt while the guest ran
 *   DEBUG    normal VM with RUN_DEBUG: x2 ESR, x3 FAR. While it runs so its break- and watchpoints are
 *            the host's; what it writes to them is lost
 *   TABLES   the guest's request needs pages for the VM's tables: VM_DONATE, run again
 *   BROKEN   the guest cannot go on: x4 HYP_BROKEN_*. Every later run gives it again
 */
#ifndef ABI_HYP_VCPU_H
#define ABI_HYP_VCPU_H

#define HYP_EXITS(X)   \
	X(0, IRQ)      \
	X(1, WFX)      \
	X(2, MEMORY)   \
	X(3, MMIO)     \
	X(4, HVC)      \
	X(5, SYSREG)   \
	X(6, PSCI)     \
	X(7, RETURNED) \
	X(8, SERROR)   \
	X(9, DEBUG)    \
	X(10, TABLES)  \
	X(11, BROKEN)

/*
 * x3 of VCPU_RUN. At most one of the first four and SERVE; they are about the exit before and
 * must fit it (EINVAL). Without one, an access is tried again; a call leaves x0-x3 as they are.
 */
#define HYP_RUN_ANSWER 0x1 /* MMIO, HVC, SYSREG: x4-x7 answer it; the guest goes on behind */
#define HYP_RUN_ABORT 0x2  /* MEMORY, MMIO: the guest gets a synchronous external abort */
#define HYP_RUN_UNDEF 0x4  /* SYSREG: the guest gets an undefined instruction */
#define HYP_RUN_DEVICE 0x8 /* MEMORY: the page is a device's */
#define HYP_RUN_TRAP_WFI 0x10
#define HYP_RUN_TRAP_WFE 0x20
#define HYP_RUN_VSERROR 0x40   /* normal VM: an SError is pending for it */
#define HYP_RUN_DEBUG 0x80     /* normal VM: its debug exceptions go to the host */
#define HYP_RUN_STEP 0x100     /* normal VM, with RUN_DEBUG: one instruction */
#define HYP_RUN_NO_ENTRY 0x200 /* only give the answer: exit IRQ at once, or what it leads to */
#define HYP_RUN_SERVE 0x400    /* HVC of a VM that forwards calls: EL2 serves this one itself */

/* x15 of VCPU_RUN's answer. */
#define HYP_STATE_VTIMER 0x1     /* the virtual timer's interrupt is asserted */
#define HYP_STATE_IRQ_MASKED 0x2 /* WFX only: PSTATE.I */
#define HYP_STATE_EL1 0x4        /* normal VM: it runs at EL1, not EL0 */
#define HYP_STATE_PMU 0x8        /* the PMU's interrupt is asserted */

#define HYP_BROKEN_STATE 1 /* an illegal execution state: PSTATE, AArch32 */
#define HYP_BROKEN_TRAP 2  /* an exception that no guest can cause on this CPU */
#define HYP_BROKEN_RSI 3   /* the guest broke its realm's rules */

/*
 * Registers of VCPU_GET_REG and VCPU_SET_REG. Normal VM: all, while it does not run. Protected
 * VM: before its first run the host may set X0 to X3 and PC of vCPUs that are on; nothing
 * else, ever.
 */
#define HYP_REG_X(n) (n) /* n: 0 to 30 */
#define HYP_REG_SP_EL0 31
#define HYP_REG_PC 32
#define HYP_REG_PSTATE 33
#define HYP_REG_POWER 34           /* HYP_POWER_* */
#define HYP_REG_RESET 35           /* write 0: all registers as after VCPU_CREATE */
#define HYP_REG_V(n) (0x100 + (n)) /* 128 bits */
#define HYP_REG_SYSTEM 0x10000     /* + op0 << 14 | op1 << 11 | CRn << 7 | CRm << 3 | op2 */
#define HYP_REG_Z(n, quarter) (0x20000 + ((n) << 4) + (quarter)) /* 128 bits each */
#define HYP_REG_P(n, part) (0x20400 + ((n) << 4) + (part))       /* 16 bits for each quarter */
#define HYP_REG_FFR(part) (0x20500 + (part))

#define HYP_POWER_ON 0
#define HYP_POWER_OFF 1

#ifndef __ASSEMBLER__

#define HYP_EXIT_ENUM(number, name) HYP_EXIT_##name = (number),
enum hyp_exit { HYP_EXITS(HYP_EXIT_ENUM) HYP_EXIT_COUNT };
#undef HYP_EXIT_ENUM

#endif /* __ASSEMBLER__ */

#endif /* ABI_HYP_VCPU_H */
