/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/rsi.h"

#include "guest/bare/lib/arch.h"
#include "guest/bare/lib/machine.h"
#include "guest/bare/lib/mmu.h"
#include "guest/bare/lib/smccc.h"
#include "platform/abi/smccc.h"

#define IPA_BITS_MAX 48

/* struct RsiRealmConfig: a page, of which the first word is the width of IPAs. */
static uint64_t config[PAGE_SIZE / sizeof(uint64_t)] __attribute__((aligned(PAGE_SIZE)));
static uint64_t shared_bit;

void cache_drop(uintptr_t from, uintptr_t to); /* entry.S */

static bool is_smc(const void *fdt)
{
	struct devtree tree;
	struct devtree_node node = { 0 };

	if (!devtree_open(&tree, fdt, GUEST_FDT_MAX_SIZE)) {
		return false;
	}
	while (devtree_node_next(&tree, &node)) {
		if (devtree_has_string(&tree, &node, "method", "smc")) {
			return true;
		}
	}
	return false;
}

void rsi_probe(const void *fdt)
{
	if (!is_smc(fdt) ||
	    smccc_status(smccc_smc_early(RSI_ABI_VERSION, RSI_1_0)) != RSI_SUCCESS ||
	    smccc_status(smccc_smc_early(RSI_REALM_CONFIG, (uintptr_t)config)) != RSI_SUCCESS) {
		return;
	}
	/* It was written by way of caches, and is read without. */
	cache_drop((uintptr_t)config, (uintptr_t)config + PAGE_SIZE);
	if (config[0] && config[0] <= IPA_BITS_MAX) {
		shared_bit = UINT64_C(1) << (config[0] - 1);
	}
}

uint64_t rsi_shared_bit(void)
{
	return shared_bit;
}

/* No call may come between these variables and the instruction: it would use their registers. */
static void make_call(struct rsi_registers *registers)
{
	register uint64_t x0 __asm__("x0") = registers->x[0];
	register uint64_t x1 __asm__("x1") = registers->x[1];
	register uint64_t x2 __asm__("x2") = registers->x[2];
	register uint64_t x3 __asm__("x3") = registers->x[3];
	register uint64_t x4 __asm__("x4") = registers->x[4];
	register uint64_t x5 __asm__("x5") = registers->x[5];
	register uint64_t x6 __asm__("x6") = registers->x[6];
	register uint64_t x7 __asm__("x7") = registers->x[7];
	register uint64_t x8 __asm__("x8") = registers->x[8];
	register uint64_t x9 __asm__("x9") = registers->x[9];
	register uint64_t x10 __asm__("x10") = registers->x[10];

	__asm__ volatile("smc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
			   "+r"(x7), "+r"(x8), "+r"(x9), "+r"(x10)
			 :
			 : "memory", "x11", "x12", "x13", "x14", "x15", "x16", "x17");
	*registers = (struct rsi_registers){ { x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10 } };
}

void rsi_call(struct rsi_registers *registers)
{
	smccc_smc_counted();
	make_call(registers);
}

bool rsi_set_state(uint64_t base, uint64_t top, uint64_t state)
{
	while (base < top) {
		struct rsi_registers call = { { RSI_IPA_STATE_SET, base, top, state } };

		rsi_call(&call);
		if (call.x[0] != RSI_SUCCESS || call.x[2] != RSI_ACCEPT || call.x[1] <= base ||
		    call.x[1] > top) {
			return false;
		}
		base = call.x[1];
	}
	return true;
}

static int64_t change(void *pages, size_t count, bool is_shared)
{
	uint64_t base = (uintptr_t)pages;
	uint64_t top = base + count * PAGE_SIZE;

	if (!rsi_set_state(base, top, is_shared ? RSI_EMPTY : RSI_RAM)) {
		return RSI_ERROR_INPUT;
	}
	for (uint64_t page = base; page < top; page += PAGE_SIZE) {
		if (!mmu_point(page, is_shared ? page | shared_bit : page)) {
			return RSI_ERROR_UNKNOWN;
		}
	}
	return RSI_SUCCESS;
}

int64_t rsi_share(void *pages, size_t count)
{
	return change(pages, count, true);
}

int64_t rsi_unshare(void *pages, size_t count)
{
	return change(pages, count, false);
}
