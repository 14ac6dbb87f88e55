/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the hypervisor offers beyond PSCI: KVM's vendor calls, and the memory
 * calls of a protected guest. They are found by discovery only, so the same program
 * runs where there are none. pkvm_init() comes first; the rest on any CPU.
 */
#ifndef GUEST_PKVM_H
#define GUEST_PKVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ask the hypervisor, once, at start. Makes 2 to 4 calls. */
void pkvm_init(void);

/* The hypervisor answers KVM's UID. */
bool pkvm_is_kvm(void);

/* Whether it offers the vendor call @function (its number: bits 7:0 of the id). */
bool pkvm_has_call(uint32_t function);

/*
 * Whether this guest's memory is its own and can be shared: the hypervisor offers
 * MEMINFO, MEM_SHARE and MEM_UNSHARE with a granule that divides a page.
 */
bool pkvm_can_share(void);

/* Bytes that one share call concerns; 0 if pkvm_can_share() is false. */
uint64_t pkvm_granule_bytes(void);

/*
 * Let the host read and write the @count pages at @ipa (page-aligned), or take that
 * back. One call per granule, or fewer if the hypervisor says that it takes
 * ranges. Returns 0 or the call's status (SMCCC_NOT_SUPPORTED,
 * SMCCC_INVALID_PARAMETER); pages before the refused one are then done.
 *
 * A page that the guest has not touched needs no care: the hypervisor has the
 * host provide it and repeats the call by itself.
 */
int64_t pkvm_share(uint64_t ipa, size_t count);
int64_t pkvm_unshare(uint64_t ipa, size_t count);

#endif /* GUEST_PKVM_H */
