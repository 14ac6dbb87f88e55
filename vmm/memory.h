/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory as the VMM sees it: a range of guest physical addresses (IPA)
 * and where the same bytes lie in this process.
 *
 * Every address that comes from a guest goes through guest_memory_at(); no
 * other code adds a guest's number to a host pointer.
 */
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/*
 * The range [ipa, ipa + bytes), mapped at hva.
 *
 * A non-protected VM has one, all of its RAM. A protected VM has one for its
 * RAM, used only to load it before it runs, and a second one that covers just
 * the restricted-dma pool: that is the one its devices get, since a touch of
 * any page that the guest has not shared would be a SIGSEGV. A guest with RSI
 * shares any page, and may name a shared byte with the top bit of its addresses set:
 * its devices get all of its RAM, with that bit as the alias.
 *
 * Immutable while the VM runs, so it needs no lock. What the bytes hold is the
 * guest's and may change at any moment: read a value once, then check it.
 */
struct guest_memory {
	uint64_t ipa;   /* first byte, guest physical; page aligned */
	uint64_t bytes; /* size; multiple of the page size; ipa + bytes does not wrap */
	uint8_t *hva;   /* host address of ipa; valid until guest_memory_free() */
	uint64_t alias; /* a bit above them all that may be set in an address; 0: none */
};

/*
 * The host address of guest bytes [ipa, ipa + bytes).
 *
 * @m      the range the bytes must lie in.
 * @ipa    any number, as the guest gave it; the alias bit is taken off.
 * @bytes  any number; 0 is allowed for an ipa inside @m or at its end.
 * Owns    nothing: the pointer lives as long as @m.
 * Errors  NULL if any byte lies outside @m; sums that overflow count as outside.
 */
void *guest_memory_at(const struct guest_memory *m, uint64_t ipa, uint64_t bytes);

/*
 * Map anonymous, private, zeroed memory for a guest.
 *
 * It is not dumped in a core file and is not inherited by a forked child.
 *
 * @m      filled on success.
 * @ipa    page aligned.
 * @bytes  multiple of the page size, not 0.
 * Owns    on success @m owns the mapping: guest_memory_free(); on failure
 *         @m is all zero.
 * Errors  G_FILE_ERROR from mmap(), with the size in MiB.
 */
bool guest_memory_map(struct guest_memory *m, uint64_t ipa, uint64_t bytes, GError **error);

/*
 * Never back the range by huge pages. For a protected VM's RAM: KVM locks and
 * donates it by single pages, so that a huge one would cost the host 2 MiB where
 * the guest gets 4 KiB. Where the kernel has no huge pages, nothing is to do.
 */
void guest_memory_keep_pages_small(const struct guest_memory *m);

/*
 * Back the range by huge pages, as far as the host has any.
 *
 * Errors  false: G_FILE_ERROR from madvise(), where the host's kernel knows none.
 */
bool guest_memory_ask_for_huge_pages(const struct guest_memory *m, GError **error);

/* Unmap what guest_memory_map() mapped. An all-zero @m is allowed; @m is zeroed. */
void guest_memory_free(struct guest_memory *m);

/*
 * A part of @whole as a range of its own, such as the restricted-dma pool.
 *
 * @part   filled on success; borrows @whole's mapping and must not be freed.
 * Errors  false, @part all zero, if [ipa, ipa + bytes) is not inside @whole.
 */
bool guest_memory_part(const struct guest_memory *whole, uint64_t ipa, uint64_t bytes,
		       struct guest_memory *part);

#endif /* VMM_MEMORY_H */
