/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tier C: pages of protected guests at rest. From EL2's return to the host, with no guest and
 * no EL2 on any vCPU, until the next entry to EL2, nobody writes to a guest's private page: a
 * change in between was made by a device, on whatever way, or by QEMU's CPU where no CPU may
 * write. A few pages are looked at in each window, in turn; many while devices are active.
 */
#include "qemu-plugins/oracle_dma.h"

#include "qemu-plugins/oracle.h"

#define PAGES_QUIET 2
#define PAGES_ACTIVE 8
/* Pages of RAM that are gone through for them in one window. */
#define SCAN_QUIET 256
#define SCAN_ACTIVE 2048

static struct {
	uint64_t pa[PAGES_ACTIVE];
	uint64_t digest[PAGES_ACTIVE];
	unsigned int count;
	uint64_t next; /* index of the page at which the search goes on */
} window;              /* lock: oracle.lock */

/* Good enough to see a change: nobody here chooses contents to collide. */
static uint64_t digest_of(uint64_t pa)
{
	uint64_t words[ORACLE_PAGE_BYTES / sizeof(uint64_t)];
	uint64_t digest = 0;
	size_t i;

	if (!oracle_read(pa, words, sizeof(words))) {
		return 0;
	}
	for (i = 0; i < G_N_ELEMENTS(words); i++) {
		digest = (digest ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
		digest ^= digest >> 29;
	}
	return digest;
}

static bool is_at_rest(struct oracle_page page)
{
	const struct oracle_vm *vm = oracle_vm(page.owner);

	return vm != NULL && vm->is_protected && (page.flags & PAGE_SHARED_HOST) == 0;
}

void oracle_dma_digest_begin(bool active)
{
	unsigned int wanted = active ? PAGES_ACTIVE : PAGES_QUIET;
	uint64_t most = active ? SCAN_ACTIVE : SCAN_QUIET;
	uint64_t scanned;

	window.count = 0;
	if (oracle_vm(PARTY_VM_FIRST) == NULL) {
		return;
	}
	for (scanned = 0; scanned < most && window.count < wanted; scanned++) {
		uint64_t pa = oracle.ram_base + (window.next << ORACLE_PAGE_SHIFT);

		if (is_at_rest(oracle.pages[window.next])) {
			window.pa[window.count] = pa;
			window.digest[window.count] = digest_of(pa);
			window.count++;
		}
		window.next = (window.next + 1) % oracle.ram_pages;
	}
}

void oracle_dma_digest_end(unsigned int vcpu)
{
	unsigned int i;

	for (i = 0; i < window.count; i++) {
		if (digest_of(window.pa[i]) != window.digest[i]) {
			oracle_dma_breach(vcpu, "changed",
					  "or one of its devices changed a protected guest's page "
					  "at rest",
					  ORACLE_NONE, window.pa[i]);
		}
	}
	window.count = 0;
}
