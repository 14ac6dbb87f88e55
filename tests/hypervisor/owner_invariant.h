/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must always hold of the ownership table, the host's tables and the contents of
 * pages. Written from what owner.h says, not from what owner.c does.
 */
#ifndef TESTS_HYPERVISOR_OWNER_INVARIANT_H
#define TESTS_HYPERVISOR_OWNER_INVARIANT_H

#include <stdint.h>

/*
 * What does not hold, or NULL. Contents: fake_pages.content other than 0 stands for
 * something that its owner has not shown to the host; see owner_invariant_touch().
 *
 * @vm_max  VMs above this number are known not to exist.
 */
const char *owner_invariant(uint32_t vm_max);

/* The owners write: pages that the host cannot reach get a content that it must not see. */
void owner_invariant_touch(void);

#endif /* TESTS_HYPERVISOR_OWNER_INVARIANT_H */
