/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host's kernel can ask of the hypervisor: HVC #0 with the identifier in x0 and
 * arguments from x1 on, by the SMC calling convention (Arm DEN 0028; fast, 64 bits, owner:
 * vendor-specific hypervisor). x0 of the answer is a number of hyp_status.h; the other
 * registers are unchanged unless said. An identifier that is not here: NOT_SUPPORTED.
 * Registers are all: the hypervisor reads and writes no memory of the host for a call.
 *
 * pfn and gfn are page numbers (4 KiB) of the machine and of a VM. At most HYP_PAGES_MAX
 * pages a call (EINVAL); all of them or none. A VM is named by the handle that VM_CREATE
 * gave, a vCPU by its VM and its index from 0 to HYP_VCPUS_MAX - 1.
 *
 * X(number, NAME):
 *   ABI_VERSION  -> x1 version: HYP_ABI_VERSION_NUMBER
 *   MEM_DONATE   x1 pfn, x2 pages: the host gives them to the hypervisor and loses access,
 *                on all CPUs, before the call returns
 *   MEM_RETURN   x1 pfn, x2 pages: the hypervisor gives such pages back, zeroed
 *   FEATURES     -> x1 largest ipa_bits, x2 list registers of the GIC (at most
 *                HYP_LIST_REGISTERS are used), x3 HYP_FEATURE_*, x4 longest SVE vector in
 *                bytes, 0 without SVE
 *
 *   VM_CREATE    x1 HYP_VM_* flags, x2 ipa_bits, x3 quota in pages, x4 pfn of
 *                HYP_VM_PAGES pages that the host gives for it, x4 a multiple of 2
 *                -> x1 VM. EBUSY: there are 255 already
 *   VM_DONATE    x1 VM, x2 pfn, x3 pages: for its tables
 *   VM_CONFIG    x1 VM, x2 HYP_CONFIG_*, x3 value; before its first run only (EBUSY).
 *                CONFIG_RAM: x3 gfn, x4 pages
 *   VM_MAP       x1 VM, x2 pfn, x3 gfn, x4 pages, x5 HYP_MAP_*: protected VM: the pages
 *                become its own, with what is in them (x5 must be HYP_MAP_ALL); normal VM:
 *                they are lent to it. EBUSY: something is mapped at a gfn, or it is a
 *                device's page of a protected VM. ENOTABLE: it lacks pages for tables:
 *                VM_DONATE, then again. EPERM: a page is not the host's to give; or a gfn
 *                of a VM with RSI is no memory, or only some of them are shared
 *   VM_UNMAP     x1 VM (normal), x2 gfn, x3 pages: what of them is mapped, is not any
 *                more, on all CPUs, before the call returns -> x1 pages that were mapped
 *   VM_KILL      x1 VM: it never runs again. EBUSY: a vCPU runs, or another call is about
 *                it. Then only VM_RECLAIM, VM_DESTROY and VM_STATS know it
 *   VM_RECLAIM   x1 VM (killed), x2 pfn, x3 pages: the host has them again; zeroed unless
 *                they were only lent. Of a page lent several times, all loans end
 *   VM_DESTROY   x1 VM (killed): its number is free. EBUSY: it still holds pages
 *   VM_STATS     x1 VM -> x1 pages held, x2 tables' and vCPUs' of these, x3 shared by the
 *                guest with the host
 *
 *   VCPU_CREATE  x1 VM, x2 index, x3 pfn of HYP_VCPU_PAGES pages that the host gives for
 *                it, x4 HYP_VCPU_* flags
 *   VCPU_GET_REG x1 VM, x2 vCPU, x3 register of hyp_vcpu.h -> x1 bits 63:0, x2 127:64
 *   VCPU_SET_REG x1 VM, x2 vCPU, x3 register, x4 bits 63:0, x5 127:64. Both: ENOENT: no
 *                such register here; EPERM: not the host's to see or change; EBUSY: it runs
 *   VCPU_RUN     hyp_vcpu.h. EBUSY: it runs already. EPERM: it is off
 *
 *   TRACE_SET    x1 mask of events of hyp_trace.h to record -> x1 mask before
 *   TRACE_READ   x1 CPU -> x1 events that follow, oldest first, x2 lost so far,
 *                x3 on: the events, HYP_TRACE_WORDS registers each
 */
#ifndef ABI_HYP_HYPERCALLS_H
#define ABI_HYP_HYPERCALLS_H

#define HYP_ABI_VERSION_NUMBER 2
#define HYP_PAGES_MAX 512
#define HYP_VCPUS_MAX 8
#define HYP_LIST_REGISTERS 4

/* Pages that a VM and a vCPU take beside those for tables. */
#define HYP_VM_PAGES 4
#define HYP_VCPU_PAGES 4

#define HYP_HOST_CALLS(X)           \
	X(0xc6007000, ABI_VERSION)  \
	X(0xc6007001, MEM_DONATE)   \
	X(0xc6007002, MEM_RETURN)   \
	X(0xc6007003, FEATURES)     \
	X(0xc6007010, VM_CREATE)    \
	X(0xc6007011, VM_DONATE)    \
	X(0xc6007012, VM_CONFIG)    \
	X(0xc6007013, VM_MAP)       \
	X(0xc6007014, VM_UNMAP)     \
	X(0xc6007015, VM_KILL)      \
	X(0xc6007016, VM_RECLAIM)   \
	X(0xc6007017, VM_DESTROY)   \
	X(0xc6007018, VM_STATS)     \
	X(0xc6007020, VCPU_CREATE)  \
	X(0xc6007021, VCPU_GET_REG) \
	X(0xc6007022, VCPU_SET_REG) \
	X(0xc6007023, VCPU_RUN)     \
	X(0xc6007030, TRACE_SET)    \
	X(0xc6007031, TRACE_READ)

#define HYP_HOST_CALL_FIRST 0xc6007000

/* FEATURES, and flags of VCPU_CREATE: what the vCPU shall have beside the base. */
#define HYP_FEATURE_PAUTH 0x1
#define HYP_FEATURE_SVE 0x2
#define HYP_FEATURE_PMU 0x4
#define HYP_FEATURE_RSI 0x8 /* FEATURES only: VMs with HYP_VM_RSI can be made */
#define HYP_VCPU_PAUTH HYP_FEATURE_PAUTH
#define HYP_VCPU_SVE HYP_FEATURE_SVE
#define HYP_VCPU_PMU HYP_FEATURE_PMU
#define HYP_VCPU_OFF 0x100 /* waits for PSCI CPU_ON */

/* VM_CREATE. RSI: protected, and its guest speaks Arm CCA RSI instead of pKVM's calls. */
#define HYP_VM_PROTECTED 0x1
#define HYP_VM_RSI 0x2

/* VM_CONFIG. */
#define HYP_CONFIG_FORWARD_HVC 1 /* normal VM: 1: all SMCCC calls, PSCI too, go to the host */
#define HYP_CONFIG_RAM 2         /* VM with RSI: pages that are RAM (RIPAS) from the start */

/* VM_MAP. */
#define HYP_MAP_READ 0x1
#define HYP_MAP_WRITE 0x2
#define HYP_MAP_EXEC 0x4
#define HYP_MAP_ALL 0x7

#ifndef __ASSEMBLER__

#define HYP_HOST_CALL_ENUM(number, name) HYP_CALL_##name = (number),
enum hyp_host_call { HYP_HOST_CALLS(HYP_HOST_CALL_ENUM) };
#undef HYP_HOST_CALL_ENUM

#endif /* __ASSEMBLER__ */

#endif /* ABI_HYP_HYPERCALLS_H */
