/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/memory.h"

#include <sys/mman.h>

#include "vmm/error.h"
#include "vmm/log.h"

void *guest_memory_at(const struct guest_memory *m, uint64_t ipa, uint64_t bytes)
{
	uint64_t offset;

	ipa &= ~m->alias;
	if (m->hva == NULL || ipa < m->ipa) {
		return NULL;
	}
	offset = ipa - m->ipa;
	if (offset > m->bytes || bytes > m->bytes - offset) {
		return NULL;
	}
	return m->hva + offset;
}

bool guest_memory_map(struct guest_memory *m, uint64_t ipa, uint64_t bytes, GError **error)
{
	void *hva;

	*m = (struct guest_memory){ 0 };
	hva = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		   -1, 0);
	if (hva == MAP_FAILED) {
		error_set_errno(error, "cannot map %" G_GUINT64_FORMAT " MiB of guest memory",
				(guint64)(bytes >> 20));
		return false;
	}
	if (madvise(hva, bytes, MADV_DONTDUMP) != 0 || madvise(hva, bytes, MADV_DONTFORK) != 0) {
		log_debug("guest memory stays visible to core dumps and children: %m");
	}
	*m = (struct guest_memory){ .ipa = ipa, .bytes = bytes, .hva = hva };
	return true;
}

void guest_memory_keep_pages_small(const struct guest_memory *m)
{
	if (madvise(m->hva, m->bytes, MADV_NOHUGEPAGE) != 0) {
		log_debug("no say about huge pages: %m");
	}
}

bool guest_memory_ask_for_huge_pages(const struct guest_memory *m, GError **error)
{
	if (madvise(m->hva, m->bytes, MADV_HUGEPAGE) != 0) {
		error_set_errno(error, "--hugepages: this host has no huge pages");
		return false;
	}
	return true;
}

void guest_memory_free(struct guest_memory *m)
{
	if (m->hva != NULL) {
		munmap(m->hva, m->bytes);
	}
	*m = (struct guest_memory){ 0 };
}

bool guest_memory_part(const struct guest_memory *whole, uint64_t ipa, uint64_t bytes,
		       struct guest_memory *part)
{
	void *hva = guest_memory_at(whole, ipa, bytes);

	*part = (struct guest_memory){ 0 };
	if (hva == NULL || bytes == 0) {
		return false;
	}
	*part = (struct guest_memory){
		.ipa = ipa, .bytes = bytes, .hva = hva, .alias = whole->alias
	};
	return true;
}
