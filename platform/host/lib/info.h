/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMM's info file: which process runs a VM and where the guest's RAM is in it. */
#ifndef HOST_LIB_INFO_H
#define HOST_LIB_INFO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct vm_info {
	pid_t pid;
	uint64_t ram_ipa;   /* guest's address of its RAM */
	uint64_t ram_hva;   /* where that is mapped in the process */
	uint64_t ram_bytes; /* its size */
};

/*
 * Read the info file at @path, a flat JSON object.
 *
 * Returns false, with one sentence on stderr, if it cannot be read or lacks a number.
 */
bool vm_info_read(const char *path, struct vm_info *info);

/*
 * Address in the VMM of the guest's [ipa, ipa + size).
 *
 * Returns false, with one sentence on stderr, if it is not all in the guest's RAM.
 */
bool vm_info_hva(const struct vm_info *info, uint64_t ipa, uint64_t size, uint64_t *hva);

#endif /* HOST_LIB_INFO_H */
