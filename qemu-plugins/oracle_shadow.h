/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies of live translation tables, 4 KiB granule (Arm ARM DDI 0487, D8.3): what each maps,
 * and what changes when one of their entries is stored to. Knows no owners and no QEMU:
 * memory is read through a function, changes are told to another. The caller's lock orders
 * everything but shadow_is_table().
 */
#ifndef QEMU_PLUGINS_ORACLE_SHADOW_H
#define QEMU_PLUGINS_ORACLE_SHADOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHADOW_ENTRIES 512u

#define LEAF_READ 1
#define LEAF_WRITE 2
#define LEAF_EXEC 4

/* What an address translates to: nothing if @rights is 0. */
struct shadow_leaf {
	uint64_t pa; /* of the first byte of the range that is told about */
	unsigned int rights;
};

/* Whose entries these are: the rights' bits differ. */
enum shadow_format {
	SHADOW_STAGE2,
	SHADOW_EL2,     /* stage 1 of EL2, HCR_EL2.E2H clear */
	SHADOW_EL2_E2H, /* and set */
};

struct shadow_shape {
	enum shadow_format format;
	uint64_t base;      /* of the first table, or of the first of several in a row */
	unsigned int bits;  /* of input addresses; 0: nothing is mapped */
	unsigned int level; /* of the first table, 0 to 3 */
};

struct shadow_root {
	struct shadow_shape shape;
	void *user; /* the caller's */
	/* For each page of RAM: an input page + 1 that leads to it, or 0. */
	uint64_t *input_of;
	uint8_t *maps;   /* how many input pages lead to it (255: that many or more) */
	uint8_t *writes; /* of these, writable */
	uint8_t *execs;  /* executable */
	bool alive;
};

struct shadow;

struct shadow_memory {
	uint64_t ram_base;
	uint64_t ram_pages;
	/* Copies physical memory; false: there is none. */
	bool (*read)(uint64_t pa, void *to, size_t bytes);
	/*
	 * [input, input + bytes) of @root translated as @before, and does as @after; both in
	 * one piece. The root's counts are as after the change already.
	 */
	void (*changed)(struct shadow_root *root, uint64_t input, uint64_t bytes,
			struct shadow_leaf before, struct shadow_leaf after);
};

struct shadow *shadow_new(const struct shadow_memory *memory);
/* With all its trees; for unit tests. */
void shadow_free(struct shadow *shadow);

/* What of VTCR_EL2 and TCR_EL2 decides about a shape: T0SZ, SL0, TG0. */
#define SHADOW_VTCR_SHAPE UINT64_C(0xc0ff)
#define SHADOW_TCR_GRANULE(tcr) ((unsigned int)((tcr) >> 14) & 3) /* 0: 4 KiB */

/*
 * The shape of a stage 2 from VTTBR_EL2 and VTCR_EL2, or of an SMMU's STE: @base, T0SZ, SL0,
 * TG0 as VTCR_EL2 has them. False: not the 4 KiB granule. T0SZ and SL0 that do not go together
 * make a shape in which nothing is mapped, for each access is a translation fault (D8.2.2).
 */
bool shadow_shape_stage2(struct shadow_shape *shape, uint64_t base, uint64_t vtcr);
/* EL2's stage 1 from TTBR0_EL2 and TCR_EL2, in the same way. */
bool shadow_shape_el2(struct shadow_shape *shape, uint64_t ttbr, uint64_t tcr, bool e2h);

/* Follow a tree from now on: all that it maps is told as a change from nothing. */
struct shadow_root *shadow_follow(struct shadow *shadow, const struct shadow_shape *shape,
				  void *user);
/* Do not follow it any more: nothing is told. @root stays readable, with no maps. */
void shadow_forget(struct shadow *shadow, struct shadow_root *root);

/* Whether the page of @pa is a table of a tree that is followed. No lock. */
bool shadow_is_table(const struct shadow *shadow, uint64_t pa);

/* Memory in [pa, pa + bytes) was stored to; looks at what of it are entries. */
void shadow_stored(struct shadow *shadow, uint64_t pa, uint64_t bytes);

/* As if all pages of all tables had been stored to. */
void shadow_reread(struct shadow *shadow);

/* What @input translates to now; nothing if it is beyond the tree. */
struct shadow_leaf shadow_look(struct shadow *shadow, const struct shadow_root *root,
			       uint64_t input);

/*
 * Each entry of the tree's tables that maps nothing and is not zero: [input, input + bytes).
 * What such an entry holds is software's (D8.3.1), as a mark of who has the page instead.
 */
void shadow_each_marked(const struct shadow *shadow, const struct shadow_root *root,
			void (*each)(uint64_t input, uint64_t bytes));

/* Whether the root's own tables map nothing and lead nowhere. */
bool shadow_is_empty(struct shadow *shadow, const struct shadow_root *root);

#endif /* QEMU_PLUGINS_ORACLE_SHADOW_H */
