/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tier A: a VM's pages have one place in it, and its vCPUs nothing of each other's. */
#include "tests/plugins/oracle_play.h"

#include "qemu-plugins/common/calls.h"

/* VCPU_RUN of one of its vCPUs. */
static void runs_vcpu(uint64_t mpidr)
{
	host_calls(0xc6007023, 1, mpidr, 0, 0);
	fake_set("VMPIDR_EL2", mpidr);
	leave(VTTBR(VM_ROOT, 1));
}

static void siblings(bool is_invalidated)
{
	vm_with_a_page();
	guest_exits();
	runs_vcpu(0);
	guest_exits();
	runs_vcpu(0);
	enter(EC_ABORT);
	fake_set("VTTBR_EL2", is_invalidated ? VTTBR(VM_ROOT, 1) : VTTBR(VM_ROOT, 2));
	run(TLBI_STAGE1_HERE);
	answer(0, 0);
	runs_vcpu(1);
	guest_exits();
}

static void siblings_apart(void)
{
	siblings(true);
}

static void sibling_uses_translations(void)
{
	siblings(false);
}

static void siblings_of_a_normal_vm(void)
{
	host_lends_a_page();
	runs_vcpu(0);
	guest_exits();
	runs_vcpu(1);
	guest_exits();
}

/* On another CPU, which has the same registers. */
static void runs_elsewhere(uint64_t mpidr)
{
	fake_callbacks.init(1, NULL);
	fake_set("VMPIDR_EL2", mpidr);
	fake_set("VTTBR_EL2", VTTBR(VM_ROOT, 1));
	fake_execute(&block, 1, ERET, ERET + 1);
	fake_set("VTTBR_EL2", VTTBR(HOST_ROOT, 0));
}

static void vcpu_runs_twice(void)
{
	vm_with_a_page();
	guest_exits();
	runs_vcpu(0);
	runs_elsewhere(0);
}

static void two_vcpus_run(void)
{
	vm_with_a_page();
	guest_exits();
	runs_vcpu(0);
	runs_elsewhere(1);
	fake_set("VTTBR_EL2", VTTBR(VM_ROOT, 1));
	guest_exits();
}

/* VM_KILL. */
static void is_killed_while_it_runs(void)
{
	vm_with_a_page();
	guest_exits();
	runs_elsewhere(0);
	host_calls(0xc6007015, 1, 0, 0, 0);
	answer(0, 0);
}

static void is_not_killed(void)
{
	vm_with_a_page();
	guest_exits();
	runs_elsewhere(0);
	host_calls(0xc6007015, 1, 0, 0, 0);
	answer((uint64_t)-6, 0);
}

/* The second entry of its table leads to the page of the first. */
static void page_has_two_places(void)
{
	vm_with_a_page();
	enter(EC_ABORT);
	store(VM_LEVEL3, 1, S2_PAGE(host_page(20)));
	leave(VTTBR(VM_ROOT, 1));
}

static void page_changes_its_place(void)
{
	vm_with_a_page();
	enter(EC_ABORT);
	store(VM_LEVEL3, 0, 0);
	fake_set("VTTBR_EL2", VTTBR(VM_ROOT, 1));
	invalidate(GUEST_RAM);
	store(VM_LEVEL3, 1, S2_PAGE(host_page(20)));
	leave(VTTBR(VM_ROOT, 1));
	guest_exits();
}

static void lent_page_has_two_places(void)
{
	host_lends_a_page();
	host_calls(0xc6007013, 1, host_page(20) >> 12, (GUEST_RAM >> 12) + 1, 1);
	store(VM_LEVEL3, 1, S2_PAGE(host_page(20)));
	answer(0, 0);
}

/* The number of a call of the kernel's KVM, which its headers have. */
static uint32_t kernels(const char *name)
{
	size_t i;

	for (i = 0; i < calls_count; i++) {
		if (calls_table[i].who == CALL_HOST && strcmp(calls_table[i].name, name) == 0) {
			return calls_table[i].number;
		}
	}
	fail_msg("there is no %s", name);
	return 0;
}

static void kernel_runs_vm(uint64_t handle)
{
	host_calls(kernels("__pkvm_vcpu_load"), handle, 0, 0, 0);
	answer(0, 0);
	host_calls(kernels("__kvm_vcpu_run"), 0, 0, 0, 0);
	leave(VTTBR(VM_ROOT, 1));
	guest_exits();
}

static void kernels_vm_has_a_page(void)
{
	kernel_runs_vm(0x1000);
	host_calls(kernels("__pkvm_host_donate_guest"), host_page(20) >> 12, GUEST_RAM >> 12, 0, 0);
	host_loses(20);
	store(VM_LEVEL3, 0, S2_PAGE(host_page(20)));
	answer(0, 0);
}

static void kernels_handle_has_more_bits(void)
{
	kernels_vm_has_a_page();
	kernel_runs_vm(UINT64_C(0x400000001000));
}

static void kernels_handle_is_another(void)
{
	kernels_vm_has_a_page();
	kernel_runs_vm(0x1001);
}

static void handles(void **state)
{
	(void)state;
	is_silent(kernels_handle_has_more_bits);
	breaks(kernels_handle_is_another, "two-owners");
}

static void places(void **state)
{
	(void)state;
	is_silent(page_changes_its_place);
	is_silent(lent_page_has_two_places);
	breaks(page_has_two_places, "two-places");
}

static void vcpus(void **state)
{
	(void)state;
	is_silent(siblings_apart);
	is_silent(siblings_of_a_normal_vm);
	is_silent(two_vcpus_run);
	breaks(sibling_uses_translations, "stale-vcpu");
	except = "except=sibling";
	is_silent(sibling_uses_translations);
	except = NULL;
	is_silent(is_not_killed);
	breaks(is_killed_while_it_runs, "dead-vm");
	breaks(vcpu_runs_twice, "vcpu-twice");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(handles),
		cmocka_unit_test(vcpus),
	};

	return cmocka_run_group_tests(tests, play_begin, NULL);
}
