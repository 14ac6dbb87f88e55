/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/hypervisor/vm_invariant.h"

#include "tests/hypervisor/fake_machine.h"
#include "tests/hypervisor/s2_walker.h"

#include <hyp/host_s2.h>
#include <hyp/owner.h>
#include <hyp/vm.h>

#include <stddef.h>
#include <string.h>

#define PAGE UINT64_C(4096)
#define WORDS (PAGE / sizeof(uint64_t))
#define HOST_WORD UINT64_C(0x05705740570705)     /* a block of RAM, if it were in a table */
#define SECRET_WORD UINT64_C(0x5ec7e75ec7e70000) /* + VM */
#define USES_MAX 6u /* translations that TLBs get to see after each call */

/* What is known of a page beside the ownership table. */
struct page {
	enum page_state state; /* at the last look */
	uint32_t guest;
	bool host;         /* the host's tables map it */
	uint32_t mappings; /* in tables of guests, all together */
	uint32_t mapper;   /* the VM that does, the last one found */
	bool is_table;     /* of a guest */
};

static struct page pages[MACHINE_PAGES];
static uint32_t vms;
static enum owner_vm_kind kinds[OWNER_VM_MAX + 1]; /* at this look */
static const char *broken;
static uint64_t state;
static uint64_t shared[OWNER_VM_MAX + 1]; /* pages that each guest shares, at this look */

/* What the host asked for a VM's page when it mapped it last: open addressing, never full. */
#define ASKED_SLOTS 65536u
static struct asked {
	uint64_t gfn;
	uint32_t vm; /* 0: free */
	uint32_t rights;
} asked[ASKED_SLOTS];
static uint32_t asked_used[ASKED_SLOTS / 2], asked_count; /* to free them quickly */

/* Who is walked. */
static struct vm *walked; /* NULL: the host */
static uint32_t uses, step_of_use;

static void need(bool holds, const char *what)
{
	broken = broken || holds ? broken : what;
}

static void mix(uint64_t value)
{
	state = (state ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	state ^= state >> 29;
}

/* The slot of the page, or the free one for it. */
static struct asked *asked_at(uint32_t vm, uint64_t gfn)
{
	uint64_t hash = (gfn * 8 + vm) * UINT64_C(0x9e3779b97f4a7c15) >> 48;

	while (asked[hash % ASKED_SLOTS].vm != 0 &&
	       (asked[hash % ASKED_SLOTS].vm != vm || asked[hash % ASKED_SLOTS].gfn != gfn)) {
		hash++;
	}
	return &asked[hash % ASKED_SLOTS];
}

void vm_invariant_mapped(uint64_t vm, uint64_t gfn, uint64_t count, uint64_t rights)
{
	for (uint64_t at = gfn; at < gfn + count; at++) {
		struct asked *slot = asked_at((uint32_t)vm, at);

		if (slot->vm == 0 && asked_count < ASKED_SLOTS / 2) {
			asked_used[asked_count++] = (uint32_t)(slot - asked);
			*slot = (struct asked){ .gfn = at, .vm = (uint32_t)vm };
		}
		slot->rights = (uint32_t)rights;
	}
}

static bool is_as_asked(const struct s2_leaf *leaf)
{
	uint32_t rights = (leaf->read ? HYP_MAP_READ : 0u) | (leaf->write ? HYP_MAP_WRITE : 0u) |
			  (leaf->execute ? HYP_MAP_EXEC : 0u);

	for (uint64_t at = leaf->ipa; at < leaf->ipa + leaf->bytes; at += PAGE) {
		const struct asked *slot = asked_at(walked->id, at / PAGE);

		if (slot->vm != 0 && slot->rights != rights) {
			return false;
		}
	}
	return true;
}

static bool in_ram(uint64_t pa, uint64_t bytes)
{
	return pa >= MACHINE_RAM && bytes <= MACHINE_PAGES * PAGE &&
	       pa - MACHINE_RAM <= MACHINE_PAGES * PAGE - bytes;
}

static void host_leaf(void *context, const struct s2_leaf *leaf)
{
	(void)context;
	need(leaf->ipa == leaf->pa, "the host's table is no identity");
	need(leaf->is_good && leaf->read && leaf->write, "an entry of the host's is malformed");
	if (!in_ram(leaf->pa, leaf->bytes)) {
		need(!leaf->is_normal && !leaf->execute, "the host executes what is no memory");
		return;
	}
	need(leaf->is_normal, "RAM of the host's is a device");
	for (uint64_t at = leaf->pa; at < leaf->pa + leaf->bytes; at += PAGE) {
		pages[(at - MACHINE_RAM) / PAGE].host = true;
	}
}

static bool host_table(void *context, uint64_t pa)
{
	bool good = in_ram(pa, PAGE) && owner_view(pa / PAGE).state == PAGE_HYP;

	(void)context;
	need(good, "a table of the host's is not the hypervisor's");
	return good;
}

static void guest_leaf(void *context, const struct s2_leaf *leaf)
{
	bool has_rsi = walked->flags & HYP_VM_RSI;
	bool is_upper = has_rsi && leaf->ipa >> (walked->ipa_bits - 1);

	(void)context;
	need(leaf->ipa >> walked->ipa_bits == 0,
	     "a guest has more addresses than it was made with");
	need(leaf->is_good && leaf->is_normal && leaf->read, "an entry of a guest's is malformed");
	need(!vm_is_protected(walked) || leaf->write, "memory of a protected guest is read-only");
	need(!is_upper || !leaf->execute, "shared memory can be executed");
	need(vm_is_protected(walked) || is_as_asked(leaf),
	     "a guest's rights are not what the host asked");
	if (!in_ram(leaf->pa, leaf->bytes)) {
		need(false, "a guest reaches what is no RAM");
		return;
	}
	mix(leaf->ipa);
	mix(leaf->pa ^ leaf->bytes);
	mix(leaf->write << 1 | leaf->execute);
	for (uint64_t at = leaf->pa; at < leaf->pa + leaf->bytes; at += PAGE) {
		struct page *page = &pages[(at - MACHINE_RAM) / PAGE];
		struct owner_view view = owner_view(at / PAGE);

		page->mappings++;
		page->mapper = walked->id;
		need(view.guest == walked->id, "a guest reaches a page that is not its own");
		need(!is_upper || view.state == PAGE_GUEST_HOST,
		     "the upper alias shows private memory");
		need(!has_rsi || is_upper || view.state == PAGE_GUEST,
		     "the lower alias shows shared memory");
	}
}

static bool guest_table(void *context, uint64_t pa)
{
	bool good = in_ram(pa, PAGE);

	(void)context;
	if (good) {
		struct owner_view view = owner_view(pa / PAGE);
		struct page *page = &pages[(pa - MACHINE_RAM) / PAGE];

		good = view.state == PAGE_VM_META && view.vm == walked->id && !page->is_table;
		page->is_table = true;
	}
	need(good, "a guest's table is not a page of its VM, or is used twice");
	return good;
}

static void walk_all(void)
{
	const struct s2_visitor of_host = { .leaf = host_leaf, .table = host_table };
	const struct s2_visitor of_guest = { .leaf = guest_leaf, .table = guest_table };

	for (uint32_t i = 0; i < MACHINE_PAGES; i++) {
		pages[i].host = false;
		pages[i].mappings = 0;
		pages[i].mapper = OWNER_VM_NONE;
		pages[i].is_table = false;
	}
	s2_walk_all(host_s2_root(), &of_host);
	for (uint32_t id = 1; id <= vms; id++) {
		walked = vm_hold(id);
		if (walked) {
			mix(id);
			mix(walked->shared_pages);
			mix(walked->guards_mmio);
			s2_walk_all(s2_vttbr(&walked->s2), &of_guest);
			vm_release(walked);
		}
	}
}

static bool is_all(const uint64_t *words, uint64_t value)
{
	for (uint64_t i = 0; i < WORDS; i++) {
		if (words[i] != value) {
			return false;
		}
	}
	return true;
}

static bool has_rsi(uint32_t id)
{
	struct vm *vm = vm_hold(id);
	bool has = vm && vm->flags & HYP_VM_RSI;

	if (vm) {
		vm_release(vm);
	}
	return has;
}

/* The page has another owner, or another way to it: what does he find? */
static void check_content(uint32_t index, const struct owner_view *view)
{
	const uint64_t *words = fake_machine_page(MACHINE_PFN + index);
	bool was_private = pages[index].state == PAGE_GUEST || pages[index].state == PAGE_VM_META ||
			   pages[index].state == PAGE_DONATED ||
			   pages[index].state == PAGE_GUEST_HOST;

	if (view->state == PAGE_HOST && was_private) {
		need(is_all(words, 0), "the host finds what was not wiped");
		need(fake_machine.settled[index], "the host finds stale caches");
	}
	if (has_rsi(view->vm) && pages[index].state != PAGE_HOST) {
		need(is_all(words, 0), "a page went to the other alias with its content");
		need(fake_machine.settled[index], "the other alias finds stale caches");
	}
	if (pages[index].state == PAGE_HOST && view->state == PAGE_GUEST) {
		need(is_all(words, HOST_WORD) || is_all(words, 0), "a gift was changed");
		need(fake_machine.settled[index], "the guest finds stale caches");
	}
}

static void check_page(uint32_t index)
{
	struct owner_view view = owner_view(MACHINE_PFN + index);
	struct page *page = &pages[index];
	const uint64_t *words = fake_machine_page(MACHINE_PFN + index);
	bool is_shared = view.state == PAGE_HOST_GUEST || view.state == PAGE_GUEST_HOST ||
			 view.state == PAGE_HOST_HYP;
	uint32_t shown = view.state == PAGE_HOST_GUEST ? view.loans : view.guest != OWNER_VM_NONE;

	need(view.host + view.hyp + (view.guest != OWNER_VM_NONE) == 1 + is_shared,
	     "a page has another number of parties than its state says");
	need(page->host == view.host, "the host's table is not what ownership says");
	/* The tables of a dying VM are pages like others, and nobody runs on them. */
	need(page->mappings == (kinds[view.vm] == VM_DYING ? 0 : shown),
	     "guests' tables are not what ownership says");
	need(!page->mappings || page->mapper == view.guest, "two guests reach one page");
	need(fake_machine.el2[index] == (view.state == PAGE_VM_META),
	     "EL2 maps what is not a VM's own, or does not map what is");
	need(!view.host || view.state == PAGE_GUEST_HOST ||
		     (words[0] & ~UINT64_C(0xffff)) != SECRET_WORD,
	     "the host can read a secret");
	need(view.state != PAGE_GUEST || (words[0] & ~UINT64_C(0xffff)) != SECRET_WORD ||
		     words[0] == SECRET_WORD + view.guest,
	     "a guest can read another's secret");
	if (view.state != page->state || view.guest != page->guest) {
		check_content(index, &view);
		page->state = view.state;
		page->guest = view.guest;
	}
	shared[view.vm] += view.state == PAGE_GUEST_HOST;
	mix((uint64_t)view.state << 32 | view.vm << 20 | view.loans);
}

void vm_invariant_begin(uint32_t vm_max)
{
	vms = vm_max;
	while (asked_count > 0) {
		asked[asked_used[--asked_count]] = (struct asked){ 0 };
	}
	for (uint32_t i = 0; i < MACHINE_PAGES; i++) {
		pages[i] = (struct page){ .state = owner_view(MACHINE_PFN + i).state };
		if (i >= MACHINE_HYP_PAGES) {
			memset(fake_machine_page(MACHINE_PFN + i), 0, PAGE);
		}
	}
}

const char *vm_invariant(void)
{
	broken = fake_machine_broken();
	state = 0;
	for (uint32_t id = 1; id <= vms; id++) {
		kinds[id] = owner_vm_view(id).kind;
		shared[id] = 0;
	}
	walk_all();
	for (uint32_t i = 0; i < MACHINE_HYP_PAGES; i++) {
		need(!pages[i].host && !pages[i].mappings, "somebody reaches the hypervisor");
	}
	for (uint32_t i = MACHINE_HYP_PAGES; i < MACHINE_PAGES; i++) {
		check_page(i);
	}
	for (uint32_t id = 1; id <= vms; id++) {
		struct owner_vm_view view = owner_vm_view(id);

		need(view.held_pages <= view.quota_pages || view.kind == VM_NONE,
		     "a VM holds more than its quota");
		mix((uint64_t)view.kind << 32 | view.held_pages);
		walked = vm_hold(id);
		if (walked) {
			need(walked->shared_pages == shared[id],
			     "a VM's count of shared pages is wrong");
			vm_release(walked);
		}
	}
	return broken;
}

uint64_t vm_invariant_state(void)
{
	return state;
}

void vm_invariant_host_writes(uint64_t pfn)
{
	uint64_t *words = fake_machine_page(pfn);

	if (owner_view(pfn).state != PAGE_HOST) {
		return;
	}
	for (uint64_t word = 0; word < WORDS; word++) {
		words[word] = HOST_WORD;
	}
	fake_machine.settled[pfn - MACHINE_PFN] = false;
}

static void use_leaf(void *context, const struct s2_leaf *leaf)
{
	uint64_t page = leaf->pa / PAGE - MACHINE_PFN;

	(void)context;
	/* A block's pages in turn. */
	if (leaf->bytes > PAGE) {
		page += step_of_use % (leaf->bytes / PAGE);
	}
	if (++uses % (1 + step_of_use % 3) == 0 && uses < USES_MAX) {
		fake_machine_use(s2_vttbr(&walked->s2),
				 leaf->ipa + (page * PAGE + MACHINE_RAM - leaf->pa));
	}
	if (owner_view(MACHINE_PFN + page).state == PAGE_GUEST) {
		uint64_t *words = fake_machine_page(MACHINE_PFN + page);

		words[0] = SECRET_WORD + walked->id;
		words[WORDS - 1] = SECRET_WORD + walked->id;
	}
}

static bool use_table(void *context, uint64_t pa)
{
	(void)context;
	return in_ram(pa, PAGE);
}

void vm_invariant_use(uint32_t step)
{
	const struct s2_visitor user = { .leaf = use_leaf, .table = use_table };
	uint32_t index = MACHINE_HYP_PAGES + step * 37 % (MACHINE_PAGES - MACHINE_HYP_PAGES);

	uses = 0;
	step_of_use = step;
	for (uint32_t id = 1; id <= vms; id++) {
		walked = vm_hold(id);
		if (walked) {
			s2_walk_all(s2_vttbr(&walked->s2), &user);
			vm_release(walked);
		}
	}
	for (uint32_t i = 0; i < 4; i++, index++) {
		uint32_t at = index < MACHINE_PAGES ? index : MACHINE_HYP_PAGES + i;

		fake_machine_use(host_s2_root(), (MACHINE_PFN + at) * PAGE);
		vm_invariant_host_writes(MACHINE_PFN + at);
	}
}
