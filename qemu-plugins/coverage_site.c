/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sites of the coverage plugin, its file, and what a conditional branch does. */
#include "qemu-plugins/coverage.h"

#include <inttypes.h>

/* Encodings: Arm ARM (DDI 0487), C4.1, "Branches, Exception Generating and System instructions". */
#define IS_B_COND(word) (((word) >> 24) == 0x54)
#define IS_CB(word) (((word) >> 25 & 0x3f) == 0x1a)
#define IS_TB(word) (((word) >> 25 & 0x3f) == 0x1b)

bool coverage_is_branch(uint32_t word)
{
	/* AL and NV are always taken: no choice. */
	return IS_B_COND(word) ? (word & 0xe) != 0xe : IS_CB(word) || IS_TB(word);
}

unsigned int coverage_branch_rt(uint32_t word)
{
	return IS_B_COND(word) ? 31 : word & 0x1f;
}

static bool condition_holds(unsigned int condition, uint64_t pstate)
{
	bool n = pstate >> 31 & 1, z = pstate >> 30 & 1, c = pstate >> 29 & 1, v = pstate >> 28 & 1;
	bool holds = true;

	switch (condition >> 1) {
	case 0:
		holds = z;
		break;
	case 1:
		holds = c;
		break;
	case 2:
		holds = n;
		break;
	case 3:
		holds = v;
		break;
	case 4:
		holds = c && !z;
		break;
	case 5:
		holds = n == v;
		break;
	case 6:
		holds = n == v && !z;
		break;
	default:
		return true;
	}
	return holds != (condition & 1);
}

bool coverage_branch_taken(uint32_t word, uint64_t pstate, uint64_t xt)
{
	bool wants_set = word >> 24 & 1;

	if (IS_B_COND(word)) {
		return condition_holds(word & 0xf, pstate);
	}
	if (IS_TB(word)) {
		return (xt >> ((word >> 31) << 5 | (word >> 19 & 0x1f)) & 1) == wants_set;
	}
	return ((word >> 31 ? xt : (uint32_t)xt) != 0) == wants_set;
}

struct coverage_site *coverage_site_at(struct coverage *coverage, uint64_t pa, uint64_t va,
				       uint32_t word)
{
	struct coverage_site *site;

	g_mutex_lock(&coverage->lock);
	site = g_hash_table_lookup(coverage->sites, &pa);
	if (site == NULL && coverage->by_slot->len < COVERAGE_SITES_MAX) {
		site = g_new0(struct coverage_site, 1);
		site->pa = pa;
		site->va = va;
		site->word = word;
		site->slot = coverage->by_slot->len;
		g_ptr_array_add(coverage->by_slot, site);
		g_hash_table_insert(coverage->sites, &site->pa, site);
	}
	coverage->full |= site == NULL;
	g_mutex_unlock(&coverage->lock);
	return site;
}

static gint by_address(gconstpointer left, gconstpointer right)
{
	const struct coverage_site *a = *(struct coverage_site *const *)left;
	const struct coverage_site *b = *(struct coverage_site *const *)right;

	return (a->pa > b->pa) - (a->pa < b->pa);
}

bool coverage_write(const struct coverage *coverage, FILE *file,
		    uint64_t (*count)(const struct coverage *, const struct coverage_site *))
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	guint i;

	for (i = 0; i < coverage->by_slot->len; i++) {
		g_ptr_array_add(sorted, coverage->by_slot->pdata[i]);
	}
	g_ptr_array_sort(sorted, by_address);
	fprintf(file, "terrarium coverage 1\n");
	for (i = 0; i < sorted->len; i++) {
		const struct coverage_site *site = sorted->pdata[i];
		uint64_t times = count(coverage, site);

		if (times == 0) {
			continue;
		}
		fprintf(file, "%" PRIx64 " %" PRIx64 " %08" PRIx32 " %" PRIu64, site->pa, site->va,
			site->word, times);
		if (coverage_is_branch(site->word)) {
			fprintf(file, " %" PRIu64 " %" PRIu64, site->taken, site->not_taken);
		}
		fputc('\n', file);
	}
	fprintf(file, "end %s\n", coverage->full ? "full" : "whole");
	return fflush(file) == 0 && !ferror(file);
}
