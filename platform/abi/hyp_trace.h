/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events that the hypervisor records about itself, by pKVM's names where pKVM has one
 * (arch/arm64/include/asm/kvm_hypevents.h). Each CPU has a ring; an event is HYP_TRACE_WORDS
 * 64-bit words: CNTPCT_EL0; number in bits 7:0, CPU in 15:8, VM in 31:16, vCPU in 39:32; and
 * the event's two values.
 *
 * X(number, NAME, first value, second value)
 */
#ifndef ABI_HYP_TRACE_H
#define ABI_HYP_TRACE_H

#define HYP_TRACE_WORDS 4
#define HYP_TRACE_READ_MAX 3 /* events an answer of TRACE_READ has room for */

#define HYP_TRACE_EVENTS(X)                    \
	X(0, hyp_enter, reason, esr)           \
	X(1, hyp_exit, reason, _)              \
	X(2, host_hcall, id, status)           \
	X(3, host_smc, id, forwarded)          \
	X(4, host_mem_abort, esr, addr)        \
	X(5, vcpu_illegal_trap, esr, _)        \
	X(6, psci_mem_protect, count, was)     \
	X(7, page_transition, pfn, from_to_op) \
	X(8, guest_fault, esr, ipa)            \
	X(9, guest_hcall, id, status)          \
	X(10, smmu_event, word0, word1)

#ifndef __ASSEMBLER__

#define HYP_TRACE_ENUM(number, name, first, second) HYP_TRACE_##name = (number),
enum hyp_trace_event { HYP_TRACE_EVENTS(HYP_TRACE_ENUM) HYP_TRACE_COUNT };
#undef HYP_TRACE_ENUM

#endif /* __ASSEMBLER__ */

#endif /* ABI_HYP_TRACE_H */
