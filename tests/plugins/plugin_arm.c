/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Architecture facts, worlds and call names. The instruction words were made
 * with an assembler, the syndromes taken from a boot of protected KVM.
 */
#include "qemu-plugins/common/arm.h"

#include "qemu-plugins/common/calls.h"
#include "qemu-plugins/common/world.h"
#include "tests/plugins/cmocka_all.h"

static void knows_instructions(void **state)
{
	static const struct {
		uint32_t word;
		enum arm_insn kind;
	} rows[] = {
		{ 0xd4000002, ARM_INSN_HVC },           /* hvc #0 */
		{ 0xd41fffe2, ARM_INSN_HVC },           /* hvc #0xffff */
		{ 0xd4000003, ARM_INSN_SMC },           /* smc #0 */
		{ 0xd4000001, ARM_INSN_OTHER },         /* svc #0 */
		{ 0xd69f03e0, ARM_INSN_ERET },          /* eret */
		{ 0xd69f0bff, ARM_INSN_ERET },          /* eretaa */
		{ 0xd69f0fff, ARM_INSN_ERET },          /* eretab */
		{ 0xd65f03c0, ARM_INSN_OTHER },         /* ret */
		{ 0xd53be040, ARM_INSN_READ_VIRTUAL },  /* mrs x0, cntvct_el0 */
		{ 0xd53be053, ARM_INSN_READ_VIRTUAL },  /* mrs x19, cntvct_el0 */
		{ 0xd53be0c7, ARM_INSN_READ_VIRTUAL },  /* mrs x7, cntvctss_el0 */
		{ 0xd53be021, ARM_INSN_READ_PHYSICAL }, /* mrs x1, cntpct_el0 */
		{ 0xd53be0a2, ARM_INSN_READ_PHYSICAL }, /* mrs x2, cntpctss_el0 */
		{ 0xd53be000, ARM_INSN_OTHER },         /* mrs x0, cntfrq_el0 */
	};
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(arm_insn_kind(rows[i].word), rows[i].kind);
	}
}

static void knows_what_completes(void **state)
{
	static const uint32_t completes[] = {
		0x91000421, /* add x1, x1, #1 */
		0xd2800540, /* mov x0, #42 */
		0xb0000000, /* adrp x0, . */
		0xaa0103e0, /* mov x0, x1 */
		0x9b027c20, /* mul x0, x1, x2 */
		0x9ac20c20, /* sdiv x0, x1, x2 */
		0xdac01020, /* clz x0, x1 */
		0x9a820020, /* csel x0, x1, x2, eq */
		0xd343fc20, /* lsr x0, x1, #3 */
	};
	static const uint32_t may_not[] = {
		0xf9400020, /* ldr x0, [x1] */
		0xa9bf7bfd, /* stp x29, x30, [sp, #-16]! */
		0x14000001, /* b .+4 */
		0xb4000040, /* cbz x0, .+8 */
		0xd5384240, /* mrs x0, currentel */
		0xd503207f, /* wfi */
		0xd4000001, /* svc #0 */
		0x1e622820, /* fadd d0, d1, d2 */
		0x4ea28420, /* add v0.4s, v1.4s, v2.4s */
		0x04a10000, /* add z0.s, z0.s, z1.s */
		0xdac11020, /* autia x0, x1 */
		0xf8200020, /* ldadd x0, x0, [x1] */
		0x00000000, /* udf #0 */
	};
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(completes) / sizeof(completes[0]); i++) {
		assert_true(arm_insn_completes(completes[i]));
	}
	for (i = 0; i < sizeof(may_not) / sizeof(may_not[0]); i++) {
		assert_false(arm_insn_completes(may_not[i]));
	}
}

static void decodes_aborts(void **state)
{
	const uint64_t read_byte = 0x93c08007; /* ISV, SAS 3 */
	const uint64_t no_syndrome = 0x92000007;
	const uint64_t walk = 0x92000087; /* S1PTW */
	(void)state;

	assert_int_equal(ARM_ESR_EC(read_byte), ARM_EC_DATA_ABORT_LOWER);
	assert_int_equal(arm_abort_size(read_byte), 8);
	assert_int_equal(arm_abort_size(0x93008007), 1);
	assert_int_equal(arm_abort_size(0x93408007), 2);
	assert_int_equal(arm_abort_size(0x93808007), 4);
	assert_int_equal(arm_abort_size(no_syndrome), 0);
	assert_int_equal(ARM_ESR_SRT(0x93c18007), 1);
	assert_false(ARM_ESR_WNR(read_byte));
	assert_true(ARM_ESR_WNR(0x93c08047));
	/* FIPA is bits 51:12 of the address at bits 43:4. */
	assert_int_equal(arm_abort_ipa(no_syndrome, 0x436160, 0xffff000003616300), 0x43616300);
	assert_int_equal(arm_abort_ipa(walk, 0x436160, 0xffff000003616300), 0x43616000);
	assert_true(ARM_ESR_S1PTW(walk));
	assert_false(ARM_ESR_S1PTW(no_syndrome));
}

static void knows_vectors(void **state)
{
	(void)state;
	assert_int_equal(arm_vector_kind(0xffff800080010400), ARM_VECTOR_SYNC);
	assert_int_equal(arm_vector_kind(0xffff800080010480), ARM_VECTOR_IRQ);
	assert_int_equal(arm_vector_kind(0xffff800080010700), ARM_VECTOR_FIQ);
	assert_int_equal(arm_vector_kind(0xffff800080010380), ARM_VECTOR_SERROR);
}

static void adds_the_offset_that_applies(void **state)
{
	const uint64_t hosted = ARM_HCR_E2H | ARM_HCR_TGE;
	const enum arm_insn v = ARM_INSN_READ_VIRTUAL;
	const enum arm_insn p = ARM_INSN_READ_PHYSICAL;
	(void)state;

	assert_int_equal(arm_counter_offset(v, 1, 0, 100, 0, 0), 100);
	assert_int_equal(arm_counter_offset(v, 0, 0, 100, 0, 0), 100);
	assert_int_equal(arm_counter_offset(v, 0, hosted, 100, 0, 0), 0);
	assert_int_equal(arm_counter_offset(v, 2, 0, 100, 0, 0), 100);
	assert_int_equal(arm_counter_offset(v, 2, ARM_HCR_E2H, 100, 0, 0), 0);
	assert_int_equal(arm_counter_offset(p, 1, 0, 100, 7, 0), 0);
	assert_int_equal(arm_counter_offset(p, 1, 0, 100, 7, ARM_CNTHCTL_ECV), 7);
	assert_int_equal(arm_counter_offset(p, 2, 0, 100, 7, ARM_CNTHCTL_ECV), 0);
	assert_int_equal(arm_counter_offset(p, 0, hosted, 100, 7, ARM_CNTHCTL_ECV), 0);
}

static void tells_worlds(void **state)
{
	const uint64_t vm = ARM_HCR_VM;
	struct world_host kvm = { 0 };
	struct world_host xen = { 0 };
	struct world_host own = { 0 };
	(void)state;

	/* A host that starts without stage 2, as KVM's. */
	assert_int_equal(world_below(&kvm, 0, UINT64_C(5) << 48).kind, WORLD_HOST);
	assert_int_equal(world_below(&kvm, vm, 0x7f610001).kind, WORLD_HOST);
	assert_int_equal(world_below(&kvm, vm, UINT64_C(5) << 48).kind, WORLD_VM);
	assert_int_equal(world_below(&kvm, vm, UINT64_C(5) << 48).vmid, 5);
	assert_int_equal(world_below(&kvm, 0, UINT64_C(5) << 48).kind, WORLD_HOST);
	/* A host that starts under stage 2. */
	assert_int_equal(world_below(&xen, vm, UINT64_C(1) << 48).kind, WORLD_HOST);
	assert_int_equal(world_below(&xen, vm, UINT64_C(1) << 48 | 0x1000).vmid, 1);
	assert_int_equal(world_below(&xen, vm, UINT64_C(2) << 48).kind, WORLD_VM);
	assert_int_equal(world_below(&xen, vm, 0).kind, WORLD_VM);
	/* The host of HYP=terrarium: VMID 0 from the start, its VMs from 1. */
	assert_int_equal(world_below(&own, vm, 0x40300001).kind, WORLD_HOST);
	assert_int_equal(world_below(&own, vm, UINT64_C(1) << 48 | 0x40300001).kind, WORLD_VM);
	assert_int_equal(world_below(&own, vm, UINT64_C(255) << 48).vmid, 255);
	assert_int_equal(world_below(&own, vm, 0x40300000).kind, WORLD_HOST);
	assert_true(world_is_hosted(ARM_HCR_E2H | ARM_HCR_TGE));
	assert_false(world_is_hosted(ARM_HCR_E2H | ARM_HCR_VM));
}

static void names_calls(void **state)
{
	(void)state;
	assert_string_equal(calls_name(CALL_ANY, 0x84000000), "PSCI_VERSION");
	assert_string_equal(calls_name(CALL_ANY, 0xc4000003), "PSCI_CPU_ON");
	assert_string_equal(calls_name(CALL_ANY, 0x84000003), "PSCI_CPU_ON");
	assert_string_equal(calls_name(CALL_ANY, 0xc6000003), "PKVM_MEM_SHARE");
	assert_string_equal(calls_name(CALL_ANY, 0x8600ff01), "KVM_CALL_UID");
	assert_null(calls_name(CALL_ANY, 0x8400ffff));
	/* Half of KVM's UID looks like a call and is none. */
	assert_null(calls_name(CALL_ANY, 0xb66fb428));
	/* These two numbers cannot change: boot code of all kernels uses them. */
	assert_string_equal(calls_name(CALL_STUB, 0), "HVC_SET_VECTORS");
	assert_string_equal(calls_name(CALL_HOST, 0xc6000000), "__kvm_hyp_init");
	assert_null(calls_name(CALL_STUB, 0x84000000));
	/* The calls of HYP=terrarium, beside those of the kernel's KVM. */
	assert_string_equal(calls_name(CALL_HOST, 0xc6007000), "ABI_VERSION");
	assert_string_equal(calls_name(CALL_HOST, 0xc6007023), "VCPU_RUN");
	assert_string_equal(calls_name(CALL_HOST, 0xc6007031), "TRACE_READ");
	assert_null(calls_name(CALL_ANY, 0xc6007000));
	assert_null(calls_name(CALL_HOST, 0xc6007fff));
	assert_string_equal(calls_who_name(CALL_HOST), "host");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_instructions),
		cmocka_unit_test(knows_what_completes),
		cmocka_unit_test(decodes_aborts),
		cmocka_unit_test(knows_vectors),
		cmocka_unit_test(adds_the_offset_that_applies),
		cmocka_unit_test(tells_worlds),
		cmocka_unit_test(names_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
