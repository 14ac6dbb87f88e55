/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions: what the oracle lets pass where a hypervisor does it by design. Each has a name,
 * which the user gives in except=, and a reason; how often each was used stands in out=FILE.
 */
#ifndef QEMU_PLUGINS_ORACLE_EXCEPT_H
#define QEMU_PLUGINS_ORACLE_EXCEPT_H

#include <stdbool.h>

#include <glib.h>

/* X(id, word, reason) */
#define ORACLE_EXCEPTIONS(X)                                                                     \
	X(EL2_CODE, "el2-code",                                                                  \
	  "the host reads pages that EL2 executes and neither can write: upstream pKVM's "       \
	  "code is in the image of the host's kernel")                                           \
	X(FOUND, "found-shared",                                                                 \
	  "in a restored machine a page that EL2 and the host both map is taken for shared, "    \
	  "since the call that shared it was before: upstream pKVM's host shares such pages")    \
	X(VTIMER, "vtimer",                                                                      \
	  "a guest's virtual timer stays in the CPU for the host's KVM, which saves it: Linux, " \
	  "arch/arm64/kvm/arch_timer.c")                                                         \
	X(DMA, "dma",                                                                            \
	  "upstream pKVM leaves the SMMU to the host: Documentation/virt/kvm/arm/pkvm.rst "      \
	  "lists DMA isolation as not implemented")                                              \
	X(SIBLING, "sibling",                                                                    \
	  "upstream pKVM invalidates nothing when a CPU goes from one vCPU of a protected VM "   \
	  "to another: pkvm.rst there lists CPU state isolation as not implemented")

enum oracle_exception {
#define ROW(id, word, reason) EXCEPT_##id,
	ORACLE_EXCEPTIONS(ROW)
#undef ROW
		EXCEPT_COUNT,
};

/* Read "WORD+WORD..."; NULL: none. Returns what is wrong in one sentence, NULL if nothing. */
const char *oracle_except_parse(const char *text);

/* Something is to be judged a breach that @exception covers: whether it passes. Counts. */
bool oracle_excepts(enum oracle_exception exception);

/* Append "exceptions": [...] with name, used, reason, without a comma behind it. */
void oracle_except_json(GString *json);

#endif /* QEMU_PLUGINS_ORACLE_EXCEPT_H */
