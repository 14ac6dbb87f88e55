/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stage 2 tables, of the host and of guests: 40 bits, from level 1 (two pages in a row),
 * 4 KiB granule (Arm ARM D8). Pages and blocks; a block is split when a part of it changes,
 * by break-before-make. Check, then commit: s2_prepare() makes the tables and can fail,
 * what follows cannot.
 *
 * Lock: the user's, one for each struct s2: owner_lock for the host's, vm->lock for a VM's.
 */
#ifndef HYP_S2_H
#define HYP_S2_H

#include <hyp/pool.h>

#include "platform/abi/hyp_status.h"

#include <stdbool.h>
#include <stdint.h>

/* What an entry of the table holds (Arm ARM D8.3). */
#define S2_VALID UINT64_C(1)
#define S2_TABLE UINT64_C(2) /* at level 3: a page */
#define S2_ADDRESS UINT64_C(0x0000fffffffff000)
#define S2_AF (UINT64_C(1) << 10)
#define S2_READ (UINT64_C(1) << 6)
#define S2_WRITE (UINT64_C(2) << 6)
#define S2_INNER_SHAREABLE (UINT64_C(3) << 8)
#define S2_XN (UINT64_C(2) << 53)
#define S2_NORMAL (UINT64_C(0xf) << 2)
#define S2_DEVICE_NGNRE (UINT64_C(1) << 2)

#define S2_MEMORY (S2_AF | S2_INNER_SHAREABLE | S2_NORMAL)
#define S2_RAM (S2_MEMORY | S2_READ | S2_WRITE)
#define S2_DEVICE (S2_AF | S2_READ | S2_WRITE | S2_XN | S2_DEVICE_NGNRE)

#define S2_IPA_LIMIT (UINT64_C(1) << 40)
#define S2_VMID_SHIFT 48

/* What an entry says that maps nothing; guest_memory.h. Of all notes S2_AF is clear. */
enum s2_note {
	S2_NOTE_NONE = 0,
	S2_NOTE_DEVICE = 1 << 2, /* a device's page: never memory */
	S2_NOTE_RAM = 2 << 2,    /* VM with RSI: private memory, no page yet */
	S2_NOTE_SHARED = 3 << 2, /* the same, upper alias: shared memory, no page yet */
};

/* A table. The host's pages are the pool's, a guest's come from its host. */
struct s2 {
	uint64_t *root;         /* two pages */
	uint32_t vmid;          /* constant; 0: the host */
	bool is_devices;        /* constant; only devices use it, by the SMMU */
	struct page_list pages; /* guests: of zeroes, for tables; never less than block_count */
	uint64_t block_count;   /* guests: mapped blocks; a page is kept to split each */
};

/* What a table says of an address. */
struct s2_view {
	uint64_t entry; /* S2_VALID: mapped; S2_AF alone: s2_break() was there; else a note */
	uint64_t pa;    /* with S2_AF: where the address is */
	uint64_t bytes; /* so far from the address on, the entry says the same */
};

/* For VTTBR_EL2. */
static inline uint64_t s2_vttbr(const struct s2 *s2)
{
	return (uint64_t)(uintptr_t)s2->root | (uint64_t)s2->vmid << S2_VMID_SHIFT;
}

/* What @s2 says of @ipa, below S2_IPA_LIMIT. */
struct s2_view s2_look(const struct s2 *s2, uint64_t ipa);

/*
 * Make tables so that s2_map() of the same arguments, or s2_note() and s2_break() of the
 * range, can be done: nobody can see a difference.
 *
 * Errors HYP_ENOMEM the pool (host), HYP_ENOTABLE the VM has no page left (guest); some
 *        tables may be there then, of which nothing can be seen either.
 */
MUST_CHECK enum hyp_status s2_prepare(struct s2 *s2, uint64_t ipa, uint64_t size, uint64_t pa);

/*
 * Map [ipa, ipa + size) to @pa on. Needs s2_prepare() before, and nothing mapped there, or
 * what s2_break() took away.
 */
void s2_map(struct s2 *s2, uint64_t ipa, uint64_t size, uint64_t pa, uint64_t attributes);

/*
 * What is mapped in the range is not any more, on all CPUs, when this returns; s2_look()
 * still tells where it was, until s2_map() or s2_note(), one of which must follow. Does
 * not fail: guests keep pages to split blocks; the host's table needs s2_prepare() before.
 */
void s2_break(struct s2 *s2, uint64_t ipa, uint64_t size);

/* The range, in which nothing is mapped, says @note. Needs s2_prepare() or s2_break(). */
void s2_note(struct s2 *s2, uint64_t ipa, uint64_t size, enum s2_note note);

/*
 * Of the host's table: tables at either end of the range that say the same throughout are
 * entries again, and their pages free. Another CPU may fault meanwhile, as when a block is
 * split.
 */
void s2_fold(struct s2 *s2, uint64_t ipa, uint64_t size);

/*
 * What the tables need of the CPU; chosen by the linker.
 *
 * s2_entry_write  one 64-bit store to an entry, seen by the table walkers of all CPUs
 *                 before this returns.
 * s2_may_replace  whether a block may become the table that says the same, and back, in one
 *                 store: then nobody ever faults on it, nor a device's DMA.
 * s2_flush        no CPU holds a translation of [ipa, ipa + size) of @s2 any more, nor
 *                 what it knew of the tables that led there.
 */
void s2_entry_write(uint64_t *entry, uint64_t value);
bool s2_may_replace(void);
void s2_flush(const struct s2 *s2, uint64_t ipa, uint64_t size);

#endif /* HYP_S2_H */
