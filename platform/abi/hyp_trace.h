/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events that the hypervisor records about itself, by pKVM's names where pKVM has one
 * (arch/arm64/include/asm/kvm_hypevents.h). Each CPU has a ring; an event is HYP_TRACE_WORDS
 * 64-bit words: CNTPCT_EL0; number in bits 7:0, CPU in 15:8, VM in 31:16, vCPU in 39:32; and
 * the event's two values.
 *
 * page_transition: from_to_op has what happened to the pages from pfn on: the state before in
 * bits 7:0, the state after in 15:8, the operation in 23:16, how many pages in 63:32; numbers
 * are positions in PAGE_STATES and OWNER_OPS of the hypervisor's owner.h.
 * What the host would not learn otherwise of a protected VM is not recorded.
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

/* Why, in hyp_enter and hyp_exit. X(number, NAME) */
#define HYP_TRACE_REASONS(X) \
	X(0, UNKNOWN)        \
	X(1, HVC)            \
	X(2, SMC)            \
	X(3, HOST_ABORT)     \
	X(4, GUEST_EXIT)     \
	X(5, ERET_HOST)      \
	X(6, ERET_GUEST)

#ifndef __ASSEMBLER__

#define HYP_TRACE_ENUM(number, name, first, second) HYP_TRACE_##name = (number),
enum hyp_trace_event { HYP_TRACE_EVENTS(HYP_TRACE_ENUM) HYP_TRACE_COUNT };
#undef HYP_TRACE_ENUM

#define HYP_TRACE_REASON_ENUM(number, name) HYP_REASON_##name = (number),
enum hyp_trace_reason { HYP_TRACE_REASONS(HYP_TRACE_REASON_ENUM) };
#undef HYP_TRACE_REASON_ENUM

#endif /* __ASSEMBLER__ */

#endif /* ABI_HYP_TRACE_H */
