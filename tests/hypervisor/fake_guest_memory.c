/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/hypervisor/fake_guest_memory.h"

#include <hyp/regs.h>
#include <hyp/trng.h>

#include <string.h>

struct fake_guest fake;

struct vcpu *fake_begin(uint32_t flags, uint32_t vcpus)
{
	memset(&fake, 0, sizeof(fake));
	fake.vm.flags = flags;
	fake.vm.ipa_bits = 33;
	for (uint32_t i = 0; i < vcpus; i++) {
		fake.vm.vcpus[i] = &fake.vcpus[i];
		fake.vcpus[i] = (struct vcpu){ .vm = &fake.vm, .index = i, .power = VCPU_ON };
		fake.affinity[i] = i;
	}
	for (uint32_t i = 0; i < FAKE_PAGES; i++) {
		fake.page[i] = GUEST_PAGE_OWN;
		fake.ram[i] = true;
	}
	return &fake.vcpus[0];
}

enum guest_call fake_call(uint64_t id, uint64_t x1, uint64_t x2, uint64_t x3)
{
	struct vcpu *vcpu = &fake.vcpus[0];

	vcpu->x[0] = id;
	vcpu->x[1] = x1;
	vcpu->x[2] = x2;
	vcpu->x[3] = x3;
	memset(&vcpu->exit, 0xff, sizeof(vcpu->exit));
	return guest_call(vcpu, fake.vm.flags & HYP_VM_RSI, 0);
}

uint64_t vcpu_affinity(uint32_t index)
{
	return fake.affinity[index];
}

uint64_t smc_simple(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
	(void)b;
	(void)c;
	fake.firmware_calls++;
	fake.firmware[0] = function;
	fake.firmware[1] = a;
	return fake.firmware_answer;
}

bool rndr_read(uint64_t *number)
{
	*number = 0x5eed;
	return true;
}

uint64_t guest_ipa_limit(const struct vm *vm)
{
	return UINT64_C(1) << (vm->ipa_bits - (vm->flags & HYP_VM_RSI ? 1 : 0));
}

/* HYP_OK: a page of the VM, aligned. */
static enum hyp_status check(uint64_t ipa)
{
	if (fake.always != HYP_OK) {
		return fake.always;
	}
	return ipa % FAKE_PAGE || ipa / FAKE_PAGE >= FAKE_PAGES ? HYP_EINVAL : HYP_OK;
}

static enum hyp_status move(uint64_t ipa, enum guest_page from, enum guest_page to)
{
	enum hyp_status status = check(ipa);

	if (status != HYP_OK) {
		return status;
	}
	if (fake.page[ipa / FAKE_PAGE] == GUEST_PAGE_NONE) {
		return HYP_ENOPAGE;
	}
	if (fake.page[ipa / FAKE_PAGE] != from) {
		return HYP_EPERM;
	}
	fake.page[ipa / FAKE_PAGE] = to;
	return HYP_OK;
}

static enum hyp_status move_all(uint64_t ipa, uint64_t count, uint64_t *done, enum guest_page from,
				enum guest_page to)
{
	enum hyp_status status = HYP_OK;

	for (*done = 0; *done < count && status == HYP_OK; *done += status == HYP_OK) {
		status = move(ipa + *done * FAKE_PAGE, from, to);
	}
	return status;
}

enum hyp_status guest_share(struct vm *vm, uint64_t ipa, uint64_t count, bool share, uint64_t *done)
{
	(void)vm;
	return share ? move_all(ipa, count, done, GUEST_PAGE_OWN, GUEST_PAGE_SHARED) :
		       move_all(ipa, count, done, GUEST_PAGE_SHARED, GUEST_PAGE_OWN);
}

enum hyp_status guest_relinquish(struct vm *vm, uint64_t ipa)
{
	(void)vm;
	return move(ipa, GUEST_PAGE_OWN, GUEST_PAGE_NONE);
}

enum hyp_status guest_set_device(struct vm *vm, uint64_t ipa, bool by_guest, bool device)
{
	enum hyp_status status = check(ipa);

	(void)vm;
	fake.by_guest = by_guest;
	if (status == HYP_OK &&
	    fake.page[ipa / FAKE_PAGE] != (device ? GUEST_PAGE_NONE : GUEST_PAGE_DEVICE)) {
		return HYP_EPERM;
	}
	if (status == HYP_OK) {
		fake.page[ipa / FAKE_PAGE] = device ? GUEST_PAGE_DEVICE : GUEST_PAGE_NONE;
	}
	return status;
}

static bool is_range(const struct vm *vm, uint64_t base, uint64_t top)
{
	return base % FAKE_PAGE == 0 && top % FAKE_PAGE == 0 && base < top &&
	       top <= guest_ipa_limit(vm);
}

enum hyp_status guest_ripas_set(struct vm *vm, uint64_t base, uint64_t top, bool ram,
				uint64_t *next)
{
	(void)vm;
	*next = base;
	if (!is_range(vm, base, top)) {
		return HYP_EINVAL;
	}
	for (uint64_t n = 0; *next < top && (fake.ripas_pages == 0 || n < fake.ripas_pages); n++) {
		enum hyp_status status = check(*next);

		if (status != HYP_OK) {
			return fake.always != HYP_OK ? status : HYP_EPERM;
		}
		fake.ram[*next / FAKE_PAGE] = ram;
		*next += FAKE_PAGE;
	}
	return HYP_OK;
}

enum hyp_status guest_ripas_get(struct vm *vm, uint64_t base, uint64_t top, bool *ram,
				uint64_t *end)
{
	enum hyp_status status = check(base);

	if (status != HYP_OK || !is_range(vm, base, top)) {
		return HYP_EINVAL;
	}
	*ram = fake.ram[base / FAKE_PAGE];
	for (*end = base; *end < top && *end / FAKE_PAGE < FAKE_PAGES; *end += FAKE_PAGE) {
		if (fake.ram[*end / FAKE_PAGE] != *ram) {
			break;
		}
	}
	return HYP_OK;
}

static enum hyp_status reach(uint64_t ipa, uint64_t bytes)
{
	enum hyp_status status = check(ipa & ~(uint64_t)(FAKE_PAGE - 1));

	if (status != HYP_OK) {
		return status;
	}
	if (ipa % FAKE_PAGE + bytes > FAKE_PAGE) {
		return HYP_EINVAL;
	}
	if (fake.page[ipa / FAKE_PAGE] == GUEST_PAGE_NONE) {
		return HYP_ENOPAGE;
	}
	return fake.page[ipa / FAKE_PAGE] == GUEST_PAGE_OWN ? HYP_OK : HYP_EPERM;
}

enum hyp_status guest_copy(struct vm *vm, uint64_t ipa, void *data, uint64_t bytes, bool write)
{
	enum hyp_status status = reach(ipa, bytes);

	(void)vm;
	if (status == HYP_OK) {
		void *at = &fake.memory[ipa / FAKE_PAGE][ipa % FAKE_PAGE];

		memcpy(write ? at : data, write ? data : at, bytes);
	}
	return status;
}
