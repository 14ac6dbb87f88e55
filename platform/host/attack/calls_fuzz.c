/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls by a plan. A page that a call may take is one of a block of the module's own,
 * so that the host does not take its own memory away from itself; afterwards all of it is
 * taken back.
 */
#include <linux/arm-smccc.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "platform/abi/hyp_hypercalls.h"
#include "platform/abi/hyp_status.h"
#include "platform/abi/hyp_vcpu.h"
#include "platform/host/attack/calls.h"

#define POOL_ORDER 9
#define POOL_PAGES (1UL << POOL_ORDER)
#define HANDLES 256
#define OWN_MAX 8 /* VMs at a time */
#define HYPERVISOR_PFN 0x40200
#define DEVICE_PFN 0x9000
#define ASK_ALL_EVERY 8 /* rounds */
#define NOBODY 0
#define HYPERVISOR 0xffff /* holds the page for itself */

struct fuzzer {
	struct fuzz_random random; /* of the call, or of the round */
	struct calls_fuzz *out;
	unsigned long pool; /* pfn of the first page */
	bool own[HANDLES];
	u64 handles[OWN_MAX]; /* of these, the first OWN_MAX; 0: none */
	bool others[HANDLES];
	u16 holders[POOL_PAGES]; /* by calls that went well: the VM, HYPERVISOR, NOBODY else */
};

static DEFINE_MUTEX(fuzz_lock);

/* What the guests of the VMs here find to execute. */
static const u32 guest_code[] = {
	0xd4000002, /* hvc #0 */
	0xd4000003, /* smc #0 */
	0xd503207f, /* wfi */
	0xf9400000, /* ldr x0, [x0] */
	0xf9000020, /* str x0, [x1] */
	0xd5384240, /* mrs x0, CurrentEL */
	0xd518d021, /* msr CONTEXTIDR_EL1, x1 */
	0x91400400, /* add x0, x0, #0x1000 */
	0xd69f03e0, /* eret */
};

static u64 any(struct fuzzer *fuzzer)
{
	return fuzz_any(&fuzzer->random);
}

static u64 any_pfn(struct fuzzer *fuzzer)
{
	switch (any(fuzzer) % 16) {
	case 0:
		return HYPERVISOR_PFN + any(fuzzer) % 1024;
	case 1:
		return DEVICE_PFN + any(fuzzer) % 16;
	case 2:
		return any(fuzzer) | 1ULL << (40 - PAGE_SHIFT); /* no RAM is so far up */
	default:
		return fuzzer->pool + any(fuzzer) % POOL_PAGES;
	}
}

/* Few pages, mostly; never such that a range that begins here ends elsewhere in the host. */
static u64 any_count(struct fuzzer *fuzzer, u64 pfn)
{
	u64 left = fuzzer->pool + POOL_PAGES - pfn;

	switch (any(fuzzer) % 8) {
	case 0:
		return 0;
	case 1:
		return HYP_PAGES_MAX + 1 + any(fuzzer) % 4;
	case 2:
		return ~0ULL - any(fuzzer) % 4096;
	case 3:
		return left <= POOL_PAGES ? left : 1;
	default:
		return left <= POOL_PAGES ? 1 + any(fuzzer) % min(left, 6ULL) : 1;
	}
}

static u64 any_gfn(struct fuzzer *fuzzer)
{
	switch (any(fuzzer) % 8) {
	case 0:
		return (1ULL << 28) - 1 - any(fuzzer) % 4;
	case 1:
		return any(fuzzer);
	case 2:
		return 512 * (any(fuzzer) % 4);
	default:
		return any(fuzzer) % 64;
	}
}

static u64 any_handle(struct fuzzer *fuzzer)
{
	switch (any(fuzzer) % 16) {
	case 0:
		return any(fuzzer);
	case 1:
	case 2:
		return any(fuzzer) % 16;
	default:
		return fuzzer->handles[any(fuzzer) % OWN_MAX];
	}
}

static u64 any_register(struct fuzzer *fuzzer)
{
	switch (any(fuzzer) % 4) {
	case 0:
		return HYP_REG_SYSTEM | any(fuzzer) % 0x10000;
	case 1:
		return any(fuzzer);
	default:
		return any(fuzzer) % 40;
	}
}

/* The arguments of @id; x1 on. */
static void fill(struct fuzzer *fuzzer, struct arm_smccc_1_2_regs *regs)
{
	u64 pfn = any_pfn(fuzzer);

	regs->a1 = any_handle(fuzzer);
	regs->a2 = pfn;
	regs->a3 = any_count(fuzzer, pfn);
	switch (regs->a0) {
	case HYP_CALL_MEM_DONATE:
	case HYP_CALL_MEM_RETURN:
		regs->a1 = pfn;
		regs->a2 = regs->a3;
		break;
	case HYP_CALL_VM_CREATE:
		regs->a1 = any(fuzzer) % 5;
		regs->a2 = 30 + any(fuzzer) % 12;
		regs->a3 = any(fuzzer) % 256;
		regs->a4 = any(fuzzer) % 8 ?
				   fuzzer->pool + any(fuzzer) % (POOL_PAGES - HYP_VM_PAGES) :
				   pfn;
		break;
	case HYP_CALL_VM_CONFIG:
		regs->a2 = any(fuzzer) % 4;
		regs->a3 = any_gfn(fuzzer);
		regs->a4 = any(fuzzer) % 64;
		break;
	case HYP_CALL_VM_MAP:
		regs->a4 = regs->a3;
		regs->a3 = any_gfn(fuzzer);
		regs->a5 = any(fuzzer) % 4 ? HYP_MAP_ALL : any(fuzzer) % 16;
		break;
	case HYP_CALL_VM_UNMAP:
		regs->a2 = any_gfn(fuzzer);
		break;
	case HYP_CALL_VCPU_CREATE:
		regs->a2 = any(fuzzer) % (HYP_VCPUS_MAX + 1);
		regs->a3 = any(fuzzer) % 8 ?
				   fuzzer->pool + any(fuzzer) % (POOL_PAGES - HYP_VCPU_PAGES) :
				   pfn;
		regs->a4 = any(fuzzer) % 0x200;
		break;
	case HYP_CALL_VCPU_GET_REG:
	case HYP_CALL_VCPU_SET_REG:
		regs->a2 = any(fuzzer) % 4 ? 0 : any(fuzzer) % (HYP_VCPUS_MAX + 1);
		regs->a3 = any_register(fuzzer);
		regs->a4 = any(fuzzer) % 2 ? any_gfn(fuzzer) << PAGE_SHIFT : any(fuzzer);
		regs->a5 = any(fuzzer);
		break;
	case HYP_CALL_VCPU_RUN:
		regs->a2 = any(fuzzer) % 8 ? 0 : any(fuzzer);
		regs->a3 = any(fuzzer) % 2 ? 0 : any(fuzzer) % 0x400;
		regs->a4 = any(fuzzer);
		regs->a8 = any(fuzzer);
		regs->a9 = any(fuzzer);
		regs->a12 = any(fuzzer);
		break;
	default:
		break;
	}
}

static bool is_for_others(u64 id)
{
	switch (id) {
	case HYP_CALL_VM_DONATE:
	case HYP_CALL_VM_MAP:
	case HYP_CALL_VM_KILL:
	case HYP_CALL_VM_RECLAIM:
	case HYP_CALL_VCPU_CREATE:
	case HYP_CALL_VCPU_RUN:
		return false;
	default:
		return true;
	}
}

static void held_by(struct fuzzer *fuzzer, u16 holder, u64 pfn, u64 count)
{
	for (u64 i = pfn - fuzzer->pool; count > 0 && i < POOL_PAGES; i++, count--) {
		fuzzer->holders[i] = holder;
	}
}

/* The call @asked went well, with @answer: who has which pages of the pool now. */
static void note_holders(struct fuzzer *fuzzer, const struct arm_smccc_1_2_regs *asked,
			 const struct arm_smccc_1_2_regs *answer)
{
	switch (asked->a0) {
	case HYP_CALL_MEM_DONATE:
		held_by(fuzzer, HYPERVISOR, asked->a1, asked->a2);
		break;
	case HYP_CALL_MEM_RETURN:
		held_by(fuzzer, NOBODY, asked->a1, asked->a2);
		break;
	case HYP_CALL_VM_CREATE:
		held_by(fuzzer, answer->a1, asked->a4, HYP_VM_PAGES);
		break;
	case HYP_CALL_VM_DONATE:
		held_by(fuzzer, asked->a1, asked->a2, asked->a3);
		break;
	case HYP_CALL_VM_MAP:
		held_by(fuzzer, asked->a1, asked->a2, asked->a4);
		break;
	case HYP_CALL_VM_RECLAIM:
		held_by(fuzzer, NOBODY, asked->a2, asked->a3);
		break;
	case HYP_CALL_VCPU_CREATE:
		held_by(fuzzer, asked->a1, asked->a3, HYP_VCPU_PAGES);
		break;
	default:
		break;
	}
}

static long make(struct fuzzer *fuzzer, struct arm_smccc_1_2_regs *regs)
{
	const struct arm_smccc_1_2_regs asked = *regs;
	unsigned long flags;

	/* A guest may run: as VCPU_RUN wants it. */
	local_irq_save(flags);
	arm_smccc_1_2_hvc(regs, regs);
	local_irq_restore(flags);
	if (regs->a0 == HYP_OK) {
		note_holders(fuzzer, &asked, regs);
	}
	return (long)regs->a0;
}

/* One that counts. */
static long call(struct fuzzer *fuzzer, struct arm_smccc_1_2_regs *regs)
{
	long status = make(fuzzer, regs);

	if (status > 0 || status < -9) {
		status = -(CALLS_STATUSES - 1);
	}
	fuzzer->out->answers[-status]++;
	return status;
}

static long simple(struct fuzzer *fuzzer, u64 id, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	struct arm_smccc_1_2_regs regs = { .a0 = id, .a1 = a, .a2 = b, .a3 = c, .a4 = d, .a5 = e };

	return make(fuzzer, &regs);
}

/* VM_CREATE by @regs; its number, 0: none. */
static u64 create(struct fuzzer *fuzzer, struct arm_smccc_1_2_regs *regs)
{
	unsigned int place = 0;

	while (place < OWN_MAX && fuzzer->handles[place]) {
		place++;
	}
	if (place == OWN_MAX || call(fuzzer, regs) != HYP_OK) {
		return 0;
	}
	fuzzer->handles[place] = regs->a1;
	fuzzer->own[regs->a1 % HANDLES] = true;
	fuzzer->out->vms++;
	return regs->a1;
}

static void one_call(struct fuzzer *fuzzer)
{
	struct arm_smccc_1_2_regs regs = {
		.a0 = HYP_HOST_CALL_FIRST +
		      any(fuzzer) % (HYP_CALL_TRACE_READ - HYP_HOST_CALL_FIRST + 2),
	};
	u64 id = regs.a0;

	fill(fuzzer, &regs);
	if (id == HYP_CALL_VM_CREATE) {
		create(fuzzer, &regs);
		return;
	}
	if (id > HYP_CALL_VM_CREATE && id <= HYP_CALL_VCPU_RUN && regs.a1 < HANDLES &&
	    fuzzer->others[regs.a1]) {
		if (!is_for_others(id)) {
			return;
		}
		fuzzer->out->others++;
	}
	fuzzer->out->runs += call(fuzzer, &regs) == HYP_OK && id == HYP_CALL_VCPU_RUN;
}

/* One VM of each kind, which can run at once. */
static void begin_vms(struct fuzzer *fuzzer)
{
	for (u64 flags = 0; flags <= HYP_VM_RSI; flags++) {
		u64 pfn = fuzzer->pool + flags * 64;
		struct arm_smccc_1_2_regs regs = {
			.a0 = HYP_CALL_VM_CREATE, .a1 = flags, .a2 = 36, .a3 = 400, .a4 = pfn
		};
		u64 vm = create(fuzzer, &regs);

		simple(fuzzer, HYP_CALL_VM_DONATE, vm, pfn + 4, 12, 0, 0);
		simple(fuzzer, HYP_CALL_VM_CONFIG, vm, HYP_CONFIG_RAM, 0, 64, 0);
		simple(fuzzer, HYP_CALL_VCPU_CREATE, vm, 0, pfn + 16, 0, 0);
		simple(fuzzer, HYP_CALL_VM_MAP, vm, pfn + 24, 0, 8, HYP_MAP_ALL);
	}
}

/* Which VMs there are. */
static void find_others(struct fuzzer *fuzzer)
{
	for (u64 handle = 1; handle < HANDLES; handle++) {
		struct arm_smccc_1_2_regs regs = { .a0 = HYP_CALL_VM_STATS, .a1 = handle };

		arm_smccc_1_2_hvc(&regs, &regs);
		fuzzer->others[handle] = regs.a0 == HYP_OK;
	}
}

static u64 count_lost(struct page *pages)
{
	u64 lost = 0;

	for (unsigned long i = 0; i < POOL_PAGES; i++) {
		u64 word;

		lost += copy_from_kernel_nofault(&word, page_address(pages + i), sizeof(word)) != 0;
	}
	return lost;
}

/* Pages from whoever has them by our notes; @all: whatever these say. False: a VM holds more. */
static bool take_pages(struct fuzzer *fuzzer, bool all)
{
	bool whole = true;

	for (u64 handle = 1; handle < HANDLES; handle++) {
		if (!fuzzer->own[handle]) {
			continue;
		}
		simple(fuzzer, HYP_CALL_VM_KILL, handle, 0, 0, 0, 0);
		for (unsigned long i = 0; i < POOL_PAGES; i++) {
			if (all || fuzzer->holders[i] == handle) {
				simple(fuzzer, HYP_CALL_VM_RECLAIM, handle, fuzzer->pool + i, 1, 0,
				       0);
			}
		}
		if (simple(fuzzer, HYP_CALL_VM_DESTROY, handle, 0, 0, 0, 0) == HYP_EBUSY) {
			whole = false;
		}
	}
	for (unsigned long i = 0; i < POOL_PAGES; i++) {
		if (all || fuzzer->holders[i] == HYPERVISOR) {
			simple(fuzzer, HYP_CALL_MEM_RETURN, fuzzer->pool + i, 1, 0, 0, 0);
		}
	}
	return whole;
}

/*
 * Everything back; how many pages did not come. Our notes spare thousands of calls a round.
 * Where they do not do, because a call had another effect than it said, and with @all, each
 * VM is asked for every page: most are another's.
 */
static u64 take_back(struct fuzzer *fuzzer, struct page *pages, bool all)
{
	u64 lost = 0;

	simple(fuzzer, HYP_CALL_TRACE_SET, 0, 0, 0, 0, 0);
	if (all || !take_pages(fuzzer, false) || count_lost(pages) > 0) {
		take_pages(fuzzer, true);
		lost = count_lost(pages);
	}
	memset(fuzzer->own, 0, sizeof(fuzzer->own));
	memset(fuzzer->handles, 0, sizeof(fuzzer->handles));
	memset(fuzzer->holders, 0, sizeof(fuzzer->holders));
	return lost;
}

/* Rd = @value, in two instructions (MOVZ, MOVK). */
static u32 *load(u32 *code, u32 rd, u32 value)
{
	*code++ = 0xd2a00000 | (value >> 16) << 5 | rd;
	*code++ = 0xf2800000 | (value & 0xffff) << 5 | rd;
	return code;
}

#define CODE_CALL_WORDS 9

/* A call of the guest's that can be right: about a page that may be its own. */
static u32 *write_call(struct fuzzer *fuzzer, u32 *code)
{
	const struct calls_guest_call *call = &calls_guest_calls[any(fuzzer) % calls_guest_count];
	u32 ipa = any(fuzzer) % 64 << PAGE_SHIFT;

	code = load(code, 0, call->id);
	code = load(code, 1, ipa);
	code = load(code, 2, call->takes_end ? ipa + PAGE_SIZE : any(fuzzer) % 2);
	code = load(code, 3, any(fuzzer) % 3);
	*code++ = guest_code[call->by_smc];
	return code;
}

/* Code for guests, where the host has the pages again. */
static void write_code(struct fuzzer *fuzzer, struct page *pages)
{
	u32 *code = page_address(pages);
	u32 *end = code + POOL_PAGES * PAGE_SIZE / sizeof(*code);

	while (code < end) {
		if (any(fuzzer) % 4 == 0 && end - code >= CODE_CALL_WORDS) {
			code = write_call(fuzzer, code);
		} else {
			*code++ = guest_code[any(fuzzer) % ARRAY_SIZE(guest_code)];
		}
	}
}

static void begin_round(struct fuzzer *fuzzer, struct page *pages, u32 round)
{
	fuzzer->out->lost = take_back(fuzzer, pages, round % ASK_ALL_EVERY == 0);
	if (fuzzer->out->lost) {
		return;
	}
	fuzzer->random = fuzz_random_of(~fuzzer->out->plan.seed, round);
	write_code(fuzzer, pages);
	begin_vms(fuzzer);
}

/* The plan's calls, until it is over, the user loses patience, or pages are lost. */
static void all_calls(struct fuzzer *fuzzer, struct page *pages)
{
	const struct fuzz_plan *plan = &fuzzer->out->plan;
	u64 round, current_round = ~0ULL;

	for (u32 i = 0; i < plan->ranges_count; i++) {
		for (u32 n = 0; n < plan->ranges[i].count; n++) {
			u32 number = plan->ranges[i].first + n;

			round = number / CALLS_ROUND;
			if (round != current_round) {
				begin_round(fuzzer, pages, round);
				current_round = round;
			}
			if (fuzzer->out->lost || fatal_signal_pending(current)) {
				return;
			}
			fuzzer->random = fuzz_random_of(plan->seed, number);
			one_call(fuzzer);
			cond_resched();
		}
	}
}

long calls_fuzz(struct calls_fuzz *fuzz)
{
	struct fuzzer fuzzer = { .out = fuzz };
	struct page *pages;

	if (fuzz->plan.ranges_count > FUZZ_RANGES_MAX) {
		return -EINVAL;
	}
	if (!mutex_trylock(&fuzz_lock)) {
		return -EBUSY;
	}
	pages = alloc_pages(GFP_KERNEL, POOL_ORDER);
	if (!pages) {
		mutex_unlock(&fuzz_lock);
		return -ENOMEM;
	}
	memset(fuzz->answers, 0, sizeof(fuzz->answers));
	fuzz->vms = fuzz->runs = fuzz->others = fuzz->lost = 0;
	fuzz->pages = POOL_PAGES;
	fuzzer.pool = page_to_pfn(pages);
	find_others(&fuzzer);
	all_calls(&fuzzer, pages);
	if (!fuzz->lost) {
		fuzz->lost = take_back(&fuzzer, pages, true);
	}
	if (!fuzz->lost) {
		__free_pages(pages, POOL_ORDER);
	}
	mutex_unlock(&fuzz_lock);
	return fatal_signal_pending(current) ? -EINTR : 0;
}
