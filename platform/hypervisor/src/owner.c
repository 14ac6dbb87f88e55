/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ownership table and its only writer. Check, then commit: every function finds out
 * first whether all can be done, and what follows cannot fail.
 */
#include <hyp/lock.h>
#include <hyp/owner.h>
#include <hyp/page_ops.h>
#include <hyp/trace.h>

/* A word of the table. */
struct entry {
	uint32_t state : 4; /* enum page_state */
	uint32_t vm : 8;
	uint32_t loans : 20;
} __attribute__((may_alias));

_Static_assert(sizeof(struct entry) == sizeof(uint32_t), "4 bytes a page");
_Static_assert(PAGE_STATE_COUNT <= 1 << 4 && OWNER_VM_MAX < 1 << 8, "states and VMs have room");

/* Which kinds of VM a request may be about: bits by enum owner_vm_kind. */
enum vm_want {
	WANT_NONE = 1 << VM_NONE,
	WANT_NORMAL = 1 << VM_NORMAL,
	WANT_PROTECTED = 1 << VM_PROTECTED,
	WANT_DYING = 1 << VM_DYING,
	WANT_LIVING = WANT_NORMAL | WANT_PROTECTED,
	WANT_ANY = WANT_LIVING | WANT_DYING,
};

struct state_rule {
	bool host, hyp, guest;
};

enum op_content { CONTENT_KEEP = 0, CONTENT_WIPE, CONTENT_SETTLE };

struct op_rule {
	enum vm_want want;
	enum op_content content;
};

#define STATE_RULE(state, can_host, can_hyp, can_guest) \
	[PAGE_##state] = { .host = (can_host), .hyp = (can_hyp), .guest = (can_guest) },
static const struct state_rule state_rules[PAGE_STATE_COUNT] = { PAGE_STATES(STATE_RULE) };

#define OP_RULE(op, vm, what) [OWNER_##op] = { .want = WANT_##vm, .content = CONTENT_##what },
static const struct op_rule op_rules[OWNER_OP_COUNT] = { OWNER_OPS(OP_RULE) };

/* Where an operation leads. What is not here is PAGE_DENY: refused. */
/* clang-format off */
static const uint8_t next_state[OWNER_OP_COUNT][PAGE_STATE_COUNT] = {
	[OWNER_BOOT_HOST]          = { [PAGE_DENY]       = PAGE_HOST },
	[OWNER_BOOT_HYP]           = { [PAGE_DENY]       = PAGE_HYP },
	[OWNER_HOST_DONATE_HYP]    = { [PAGE_HOST]       = PAGE_DONATED },
	[OWNER_HYP_DONATE_HOST]    = { [PAGE_DONATED]    = PAGE_HOST },
	[OWNER_HOST_SHARE_HYP]     = { [PAGE_HOST]       = PAGE_HOST_HYP },
	[OWNER_HOST_UNSHARE_HYP]   = { [PAGE_HOST_HYP]   = PAGE_HOST },
	[OWNER_HOST_DONATE_META]   = { [PAGE_HOST]       = PAGE_VM_META },
	[OWNER_HOST_DONATE_GUEST]  = { [PAGE_HOST]       = PAGE_GUEST },
	[OWNER_HOST_DONATE_SHARED] = { [PAGE_HOST]       = PAGE_GUEST_HOST },
	[OWNER_HOST_SHARE_GUEST]   = { [PAGE_HOST]       = PAGE_HOST_GUEST,
				       [PAGE_HOST_GUEST] = PAGE_HOST_GUEST },
	[OWNER_HOST_UNSHARE_GUEST] = { [PAGE_HOST_GUEST] = PAGE_HOST },
	[OWNER_GUEST_SHARE_HOST]   = { [PAGE_GUEST]      = PAGE_GUEST_HOST },
	[OWNER_GUEST_UNSHARE_HOST] = { [PAGE_GUEST_HOST] = PAGE_GUEST },
	[OWNER_GUEST_SHARE_WIPED]  = { [PAGE_GUEST]      = PAGE_GUEST_HOST },
	[OWNER_GUEST_UNSHARE_WIPED] = { [PAGE_GUEST_HOST] = PAGE_GUEST },
	[OWNER_GUEST_RELINQUISH]   = { [PAGE_GUEST]      = PAGE_HOST },
	[OWNER_RECLAIM]            = { [PAGE_HOST_GUEST] = PAGE_HOST,
				       [PAGE_VM_META]    = PAGE_HOST,
				       [PAGE_GUEST]      = PAGE_HOST,
				       [PAGE_GUEST_HOST] = PAGE_HOST },
};
/* clang-format on */

static struct lock owner_lock;
static struct entry *entries;                      /* lock: owner_lock */
static uint64_t first_pfn;                         /* constant after owner_init() */
static uint64_t entry_count;                       /* constant after owner_init() */
static bool sealed;                                /* constant after owner_seal() */
static struct owner_vm_view vms[OWNER_VM_MAX + 1]; /* lock: owner_lock; [0] stays VM_NONE */

/* What @entry becomes by @request: state PAGE_DENY if that is refused. */
static struct entry entry_after(struct entry entry, const struct owner_request *request)
{
	struct entry next = { .state = next_state[request->op][entry.state], .vm = request->vm };

	if (entry.vm != OWNER_VM_NONE && entry.vm != request->vm) {
		next.state = PAGE_DENY;
	} else if (request->op == OWNER_HOST_SHARE_GUEST) {
		next.loans = entry.loans + 1;
	} else if (request->op == OWNER_HOST_UNSHARE_GUEST && entry.loans > 1) {
		next.state = entry.state;
		next.loans = entry.loans - 1;
	}
	if (next.state == PAGE_HOST) {
		next.vm = OWNER_VM_NONE;
	}
	return next;
}

/* How many pages of a quota @entry takes. */
static uint64_t entry_charge(struct entry entry)
{
	return entry.state == PAGE_HOST_GUEST ? entry.loans : entry.vm != OWNER_VM_NONE;
}

/* The arguments by themselves. */
static enum hyp_status request_check(const struct owner_request *request)
{
	if ((unsigned int)request->op >= OWNER_OP_COUNT || request->vm > OWNER_VM_MAX ||
	    request->count == 0 || request->pfn < first_pfn ||
	    request->pfn - first_pfn >= entry_count ||
	    request->count > entry_count - (request->pfn - first_pfn)) {
		return HYP_EINVAL;
	}
	if (sealed && (request->op == OWNER_BOOT_HOST || request->op == OWNER_BOOT_HYP)) {
		return HYP_EPERM;
	}
	if (request->vm != OWNER_VM_NONE && vms[request->vm].kind == VM_NONE) {
		return HYP_ENOENT;
	}
	if (!(op_rules[request->op].want & 1 << vms[request->vm].kind)) {
		return HYP_EPERM;
	}
	return HYP_OK;
}

/* The first page from @index on, below @end, whose entry is not as that of @index. */
static uint64_t run_end(uint64_t index, uint64_t end)
{
	const uint32_t *words = (const uint32_t *)entries;
	uint32_t first = words[index];

	while (index < end && words[index] == first) {
		index++;
	}
	return index;
}

/*
 * The pages and the quota. @held: pages that the VM holds afterwards; @moves: the host gains
 * or loses its way to a page.
 */
static enum hyp_status pages_check(const struct owner_request *request, uint64_t *held, bool *moves)
{
	uint64_t index = request->pfn - first_pfn;
	uint64_t end = index + request->count;
	uint64_t gained = 0, lost = 0;

	*moves = false;
	while (index < end) {
		uint64_t count = run_end(index, end) - index;
		struct entry entry = entries[index];
		struct entry next = entry_after(entry, request);

		if (next.state == PAGE_DENY) {
			return HYP_EPERM;
		}
		if (request->op == OWNER_HOST_SHARE_GUEST && entry.loans == OWNER_LOANS_MAX) {
			return HYP_EBUSY;
		}
		*moves |= state_rules[entry.state].host != state_rules[next.state].host;
		lost += entry_charge(entry) * count;
		gained += entry_charge(next) * count;
		index += count;
	}
	*held = vms[request->vm].held_pages + gained - lost;
	if (gained > lost && *held > vms[request->vm].quota_pages) {
		return HYP_EQUOTA;
	}
	return HYP_OK;
}

/*
 * Cannot fail. The host loses its way to a page first of all, and gains it last. Whether
 * it has one at the end is the same for all pages of a request.
 */
static void pages_commit(const struct owner_request *request)
{
	enum op_content content = op_rules[request->op].content;
	uint64_t index = request->pfn - first_pfn;
	uint64_t end = index + request->count;

	while (index < end) {
		uint64_t stop = run_end(index, end);
		struct entry entry = entries[index], next = entry_after(entry, request);
		bool before = state_rules[entry.state].host;
		bool after = state_rules[next.state].host;
		uint64_t pfn = first_pfn + index, count = stop - index;

		if (before && !after) {
			page_host_set(pfn, count, false);
		}
		if (content == CONTENT_SETTLE ||
		    (content == CONTENT_WIPE && entry.state != PAGE_HOST_GUEST)) {
			page_settle(pfn, count, content == CONTENT_WIPE);
		}
		trace_emit(page_transition, request->vm, 0, pfn,
			   (uint64_t)entry.state | (uint64_t)next.state << 8 |
				   (uint64_t)request->op << 16 | count << 32);
		for (; index < stop; index++) {
			entries[index] = next;
		}
		if (!before && after) {
			page_host_set(pfn, count, true);
		}
	}
}

enum hyp_status owner_apply(const struct owner_request *request)
{
	enum hyp_status status;
	uint64_t held;
	bool moves;

	lock_hold(&owner_lock);
	status = request_check(request);
	if (status == HYP_OK) {
		status = pages_check(request, &held, &moves);
	}
	if (status == HYP_OK && moves) {
		status = page_host_prepare(request->pfn, request->count);
	}
	if (status == HYP_OK) {
		pages_commit(request);
		vms[request->vm].held_pages = held;
	}
	return status;
}

void owner_init(uint32_t *table, uint64_t pfn, uint64_t count)
{
	entries = (struct entry *)table;
	first_pfn = pfn;
	entry_count = count;
	sealed = false;
	for (uint64_t index = 0; index < count; index++) {
		entries[index] = (struct entry){ .state = PAGE_DENY };
	}
	for (uint32_t vm = 0; vm <= OWNER_VM_MAX; vm++) {
		vms[vm] = (struct owner_vm_view){ .kind = VM_NONE };
	}
}

void owner_seal(void)
{
	sealed = true;
}

/* What is known of @vm; of no such number what is known of no VM. */
static struct owner_vm_view *vm_of(uint32_t vm)
{
	return &vms[vm <= OWNER_VM_MAX ? vm : OWNER_VM_NONE];
}

enum hyp_status owner_vm_create(uint32_t vm, enum owner_vm_kind kind, uint64_t quota_pages)
{
	lock_hold(&owner_lock);
	if (vm == OWNER_VM_NONE || vm > OWNER_VM_MAX ||
	    (kind != VM_NORMAL && kind != VM_PROTECTED)) {
		return HYP_EINVAL;
	}
	if (vms[vm].kind != VM_NONE) {
		return HYP_EBUSY;
	}
	vms[vm] = (struct owner_vm_view){ .kind = kind, .quota_pages = quota_pages };
	return HYP_OK;
}

enum hyp_status owner_vm_kill(uint32_t vm)
{
	lock_hold(&owner_lock);
	if (!(WANT_LIVING & 1 << vm_of(vm)->kind)) {
		return HYP_ENOENT;
	}
	vms[vm].kind = VM_DYING;
	return HYP_OK;
}

enum hyp_status owner_vm_destroy(uint32_t vm)
{
	lock_hold(&owner_lock);
	if (vm_of(vm)->kind != VM_DYING) {
		return vm_of(vm)->kind == VM_NONE ? HYP_ENOENT : HYP_EPERM;
	}
	if (vms[vm].held_pages != 0) {
		return HYP_EBUSY;
	}
	vms[vm] = (struct owner_vm_view){ .kind = VM_NONE };
	return HYP_OK;
}

struct owner_view owner_view(uint64_t pfn)
{
	struct entry entry = { .state = PAGE_DENY };
	const struct state_rule *rule;

	lock_hold(&owner_lock);
	if (pfn >= first_pfn && pfn - first_pfn < entry_count) {
		entry = entries[pfn - first_pfn];
	}
	rule = &state_rules[entry.state];
	return (struct owner_view){ .state = entry.state,
				    .host = rule->host,
				    .hyp = rule->hyp,
				    .guest = rule->guest ? entry.vm : OWNER_VM_NONE,
				    .vm = entry.vm,
				    .loans = entry.loans };
}

bool owner_host_reaches(uint64_t pfn)
{
	lock_hold(&owner_lock);
	return page_host_reaches(pfn);
}

struct owner_vm_view owner_vm_view(uint32_t vm)
{
	lock_hold(&owner_lock);
	return *vm_of(vm);
}
