/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host's kernel can ask of the hypervisor: HVC #0 with the identifier in x0 and
 * arguments in x1 to x3, by the SMC calling convention (Arm DEN 0028; fast, 64 bits, owner:
 * vendor-specific hypervisor). x0 of the answer is a number of hyp_status.h; x1 to x3 are
 * unchanged unless said. An identifier that is not here: NOT_SUPPORTED.
 *
 * X(number, NAME):
 *   ABI_VERSION   -> x1: HYP_ABI_VERSION_NUMBER
 *   MEM_DONATE    x1 first page frame, x2 pages: the host gives them to the hypervisor and
 *                 loses access, on all CPUs, before the call returns
 *   MEM_RETURN    x1, x2: the hypervisor gives such pages back, zeroed
 *
 * Pages are 4 KiB. At most HYP_PAGES_MAX pages a call (EINVAL); all of them or none.
 */
#ifndef ABI_HYP_HYPERCALLS_H
#define ABI_HYP_HYPERCALLS_H

#define HYP_ABI_VERSION_NUMBER 1
#define HYP_PAGES_MAX 512

#define HYP_HOST_CALLS(X)          \
	X(0xc6007000, ABI_VERSION) \
	X(0xc6007001, MEM_DONATE)  \
	X(0xc6007002, MEM_RETURN)

#define HYP_HOST_CALL_FIRST 0xc6007000

#ifndef __ASSEMBLER__

#define HYP_HOST_CALL_ENUM(number, name) HYP_CALL_##name = (number),
enum hyp_host_call { HYP_HOST_CALLS(HYP_HOST_CALL_ENUM) };
#undef HYP_HOST_CALL_ENUM

#endif /* __ASSEMBLER__ */

#endif /* ABI_HYP_HYPERCALLS_H */
