/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identifiers of registers: each of KVM's own list is known, and those that cannot be are not. */
#include "platform/kvm/reg_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/kvm.h>

#include "platform/abi/hyp_vcpu.h"

#define SVE_BYTES 16u
#define U32(what) (KVM_REG_ARM64 | KVM_REG_SIZE_U32 | (what))
#define U64(what) (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | (what))
#define U128(what) (KVM_REG_ARM64 | KVM_REG_SIZE_U128 | (what))
#define CORE(name) (KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(name))

static void is_hyp(__u64 id, __u64 hyp, __u32 bytes)
{
	struct reg_id found = reg_id(id, 0);

	assert_int_equal(found.kind, REG_HYP);
	assert_int_equal(found.hyp, hyp);
	assert_int_equal(found.bytes, bytes);
}

static void core_registers(void **state)
{
	(void)state;
	is_hyp(U64(CORE(regs.regs[0])), HYP_REG_X(0), 8);
	is_hyp(U64(CORE(regs.regs[30])), HYP_REG_X(30), 8);
	is_hyp(U64(CORE(regs.sp)), HYP_REG_SP_EL0, 8);
	is_hyp(U64(CORE(regs.pc)), HYP_REG_PC, 8);
	is_hyp(U64(CORE(regs.pstate)), HYP_REG_PSTATE, 8);
	is_hyp(U64(CORE(sp_el1)), HYP_REG_SYSTEM + 0xe208, 8);
	is_hyp(U64(CORE(elr_el1)), HYP_REG_SYSTEM + 0xc201, 8);
	is_hyp(U64(CORE(spsr[0])), HYP_REG_SYSTEM + 0xc200, 8);
	is_hyp(U128(CORE(fp_regs.vregs[0])), HYP_REG_V(0), 16);
	is_hyp(U128(CORE(fp_regs.vregs[31])), HYP_REG_V(31), 16);
	is_hyp(U32(CORE(fp_regs.fpsr)), HYP_REG_SYSTEM + 0xda21, 4);
	is_hyp(U32(CORE(fp_regs.fpcr)), HYP_REG_SYSTEM + 0xda20, 4);
	for (__u32 i = 1; i < KVM_NR_SPSR; i++) {
		struct reg_id spsr = reg_id(U64(CORE(spsr[0])) + 2 * i, 0);

		assert_int_equal(spsr.kind, REG_SPSR);
		assert_int_equal(spsr.index, i - 1);
	}
}

static void core_of_wrong_shape(void **state)
{
	(void)state;
	assert_int_equal(reg_id(U32(CORE(regs.pc)), 0).kind, REG_BAD);
	assert_int_equal(reg_id(U128(CORE(regs.pc)), 0).kind, REG_BAD);
	assert_int_equal(reg_id(U64(CORE(regs.pc)) + 1, 0).kind, REG_BAD);
	assert_int_equal(reg_id(U64(CORE(fp_regs.vregs[3])), 0).kind, REG_BAD);
	assert_int_equal(reg_id(U128(CORE(fp_regs.vregs[3])) + 2, 0).kind, REG_BAD);
	assert_int_equal(reg_id(U64(CORE(fp_regs.fpsr)), 0).kind, REG_BAD);
	assert_int_equal(reg_id(U64(KVM_REG_ARM_CORE | sizeof(struct kvm_regs) / 4), 0).kind,
			 REG_NONE);
	assert_int_equal(reg_id(U64(KVM_REG_ARM_CORE | 0xffff), 0).kind, REG_NONE);
	assert_int_equal(reg_id(U128(CORE(fp_regs.vregs[0])), SVE_BYTES).kind, REG_BAD);
}

static void other_groups(void **state)
{
	struct reg_id found = reg_id(KVM_REG_ARM_PSCI_VERSION, 0);

	(void)state;
	assert_int_equal(found.kind, REG_FIRMWARE);
	assert_int_equal(found.index, 0);
	found = reg_id(KVM_REG_ARM_VENDOR_HYP_BMAP, 0);
	assert_int_equal(found.kind, REG_BITMAP);
	assert_int_equal(found.index, 2);
	assert_int_equal(reg_id(KVM_REG_ARM_TIMER_CNT, 0).kind, REG_TIMER);
	assert_int_equal(reg_id(KVM_REG_ARM_PTIMER_CVAL, 0).kind, REG_TIMER);
	is_hyp(reg_id_of_system(3, 0, 1, 0, 0), HYP_REG_SYSTEM + 0xc080, 8);
	assert_int_equal(reg_id_of_system(3, 0, 1, 0, 0), (__u64)ARM64_SYS_REG(3, 0, 1, 0, 0));
	assert_int_equal(
		reg_id(reg_id_of_system(3, 0, 1, 0, 0) ^ (KVM_REG_SIZE_U64 ^ KVM_REG_SIZE_U32), 0)
			.kind,
		REG_NONE);
	assert_int_equal(reg_id(U64(KVM_REG_ARM_DEMUX), 0).kind, REG_NONE);
	assert_int_equal(reg_id(U64(0x0fff0000), 0).kind, REG_NONE);
	assert_int_equal(reg_id(0, 0).kind, REG_BAD);
	assert_int_equal(reg_id(~0ULL, 0).kind, REG_BAD);
	assert_int_equal(reg_id(KVM_REG_X86 | KVM_REG_SIZE_U64, 0).kind, REG_BAD);
	assert_int_equal(reg_id(U64(CORE(regs.pc)) | 1ULL << 40, 0).kind, REG_BAD);
}

static void vectors(void **state)
{
	struct reg_id found = reg_id(KVM_REG_ARM64_SVE_ZREG(31, 0), 64);

	(void)state;
	assert_int_equal(found.kind, REG_SVE);
	assert_int_equal(found.hyp, HYP_REG_Z(31, 0));
	assert_int_equal(found.parts, 4);
	assert_int_equal(found.bytes, 256);
	found = reg_id(KVM_REG_ARM64_SVE_PREG(15, 0), SVE_BYTES);
	assert_int_equal(found.kind, REG_SVE);
	assert_int_equal(found.hyp, HYP_REG_P(15, 0));
	assert_int_equal(found.bytes, 32);
	found = reg_id(KVM_REG_ARM64_SVE_FFR(0), SVE_BYTES);
	assert_int_equal(found.hyp, HYP_REG_FFR(0));
	assert_int_equal(reg_id(KVM_REG_ARM64_SVE_VLS, SVE_BYTES).kind, REG_SVE_LENGTHS);
	assert_int_equal(reg_id(KVM_REG_ARM64_SVE_ZREG(0, 1), SVE_BYTES).kind, REG_NONE);
	assert_int_equal(reg_id(KVM_REG_ARM64_SVE_ZREG(0, 0), 0).kind, REG_NONE);
	assert_int_equal(reg_id(KVM_REG_ARM64_SVE_VLS, 0).kind, REG_NONE);
	assert_int_equal(reg_id(KVM_REG_ARM64_SVE_FFR(0) + 0x20, SVE_BYTES).kind, REG_NONE);
	assert_int_equal(
		reg_id(KVM_REG_ARM64 | KVM_REG_ARM64_SVE | KVM_REG_SIZE_U64, SVE_BYTES).kind,
		REG_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(core_registers),
		cmocka_unit_test(core_of_wrong_shape),
		cmocka_unit_test(other_groups),
		cmocka_unit_test(vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
