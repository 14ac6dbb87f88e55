/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM_{GET,SET}_ONE_REG and KVM_GET_REG_LIST. The values are at the hypervisor. */
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "platform/kvm/module.h"
#include "platform/kvm/reg_id.h"

#define FIRMWARE_COUNT 4
#define BITMAP_COUNT 4
#define PSCI_VERSION_1_1 0x10001
#define SVE_BYTES_MAX 256
#define LIST_MAX 640 /* more than all that is tried */

#define PSTATE_MODE_MASK 0x1f
#define PSTATE_EL0T 0x0
#define PSTATE_EL1T 0x4
#define PSTATE_EL1H 0x5

/* What guests' firmware calls are; KVM_REG_ARM_* by number. None can be changed. */
static const u64 firmware[FIRMWARE_COUNT] = { PSCI_VERSION_1_1 };
static const u64 bitmaps[BITMAP_COUNT] = {
	BIT(KVM_REG_ARM_STD_BIT_TRNG_V1_0),
	0,
	BIT(KVM_REG_ARM_VENDOR_HYP_BIT_FUNC_FEAT) | BIT(KVM_REG_ARM_VENDOR_HYP_BIT_PTP),
	0,
};

static u32 vector_bytes(const struct kvm_vcpu *vcpu)
{
	return vcpu->features & (1U << KVM_ARM_VCPU_SVE) ? kvm_features.sve_bytes : 0;
}

static int from_user(void *value, const struct kvm_one_reg *reg, u32 bytes)
{
	return copy_from_user(value, u64_to_user_ptr(reg->addr), bytes) ? -EFAULT : 0;
}

static int to_user(const struct kvm_one_reg *reg, const void *value, u32 bytes)
{
	return copy_to_user(u64_to_user_ptr(reg->addr), value, bytes) ? -EFAULT : 0;
}

static int hyp_get(struct kvm_vcpu *vcpu, u64 reg, u64 value[2])
{
	return hyp_errno(hyp_vcpu_get_reg(vcpu->vm->handle, vcpu->id, reg, value));
}

static int hyp_set(struct kvm_vcpu *vcpu, u64 reg, const u64 value[2])
{
	return hyp_errno(hyp_vcpu_set_reg(vcpu->vm->handle, vcpu->id, reg, value));
}

/* ---- Vectors: the hypervisor has them in parts of 128 bits, or 16 of a predicate ----------- */

static int sve_get(struct kvm_vcpu *vcpu, const struct reg_id *id, const struct kvm_one_reg *reg)
{
	u32 part_bytes = id->index ? sizeof(u16) : 2 * sizeof(u64);
	u8 value[SVE_BYTES_MAX] = {};

	for (u32 part = 0; part < id->parts; part++) {
		u64 both[2];
		int error = hyp_get(vcpu, id->hyp + part, both);

		if (error) {
			return error;
		}
		memcpy(value + part * part_bytes, both, part_bytes);
	}
	return to_user(reg, value, id->bytes);
}

static int sve_set(struct kvm_vcpu *vcpu, const struct reg_id *id, const struct kvm_one_reg *reg)
{
	u32 part_bytes = id->index ? sizeof(u16) : 2 * sizeof(u64);
	u8 value[SVE_BYTES_MAX];
	int error = from_user(value, reg, id->bytes);

	for (u32 part = 0; !error && part < id->parts; part++) {
		u64 both[2] = {};

		memcpy(both, value + part * part_bytes, part_bytes);
		error = hyp_set(vcpu, id->hyp + part, both);
	}
	return error;
}

/* The lengths that guests have: each multiple of 128 bits up to the longest. */
static void sve_lengths(u64 lengths[KVM_ARM64_SVE_VLS_WORDS])
{
	u32 quarters = kvm_features.sve_bytes / 16;

	memset(lengths, 0, KVM_ARM64_SVE_VLS_WORDS * sizeof(u64));
	lengths[0] = (1ULL << quarters) - 1;
}

static int sve_lengths_get(const struct kvm_one_reg *reg)
{
	u64 lengths[KVM_ARM64_SVE_VLS_WORDS];

	sve_lengths(lengths);
	return to_user(reg, lengths, sizeof(lengths));
}

/* Only what is there: a guest cannot have fewer lengths. */
static int sve_lengths_set(struct kvm_vcpu *vcpu, const struct kvm_one_reg *reg)
{
	u64 wanted[KVM_ARM64_SVE_VLS_WORDS], there[KVM_ARM64_SVE_VLS_WORDS];
	int error;

	if (vcpu->is_finalized) {
		return -EPERM;
	}
	error = from_user(wanted, reg, sizeof(wanted));
	if (error) {
		return error;
	}
	sve_lengths(there);
	return memcmp(wanted, there, sizeof(there)) ? -EINVAL : 0;
}

/* ---- One register ---------------------------------------------------------------------------- */

static int simple_get(struct kvm_vcpu *vcpu, const struct reg_id *id, u64 reg, u64 value[2])
{
	value[1] = 0;
	switch (id->kind) {
	case REG_HYP:
		return hyp_get(vcpu, id->hyp, value);
	case REG_SPSR:
		value[0] = vcpu->spsr[id->index];
		return 0;
	case REG_TIMER:
		return irq_vcpu_get_reg(vcpu, reg, value);
	case REG_FIRMWARE:
	case REG_BITMAP:
		if (id->index >= FIRMWARE_COUNT) {
			return -ENOENT;
		}
		value[0] = (id->kind == REG_FIRMWARE ? firmware : bitmaps)[id->index];
		return 0;
	case REG_BAD:
		return -EINVAL;
	case REG_NONE:
	case REG_SVE:
	case REG_SVE_LENGTHS:
		break;
	}
	return -ENOENT;
}

int kvm_get_one_reg(struct kvm_vcpu *vcpu, const struct kvm_one_reg *reg)
{
	struct reg_id id = reg_id(reg->id, vector_bytes(vcpu));
	u64 value[2];
	int error;

	kvm_vcpu_settle(vcpu);
	if (id.kind == REG_SVE_LENGTHS) {
		return sve_lengths_get(reg);
	}
	if (id.kind == REG_SVE) {
		return vcpu->is_finalized ? sve_get(vcpu, &id, reg) : -EPERM;
	}
	error = simple_get(vcpu, &id, reg->id, value);
	return error ? error : to_user(reg, value, id.bytes);
}

static int hyp_set_checked(struct kvm_vcpu *vcpu, u64 reg, const u64 value[2])
{
	u64 mode = value[0] & PSTATE_MODE_MASK;

	if (reg == HYP_REG_PSTATE && mode != PSTATE_EL0T && mode != PSTATE_EL1T &&
	    mode != PSTATE_EL1H) {
		return -EINVAL;
	}
	return hyp_set(vcpu, reg, value);
}

static int simple_set(struct kvm_vcpu *vcpu, const struct reg_id *id, u64 reg, const u64 value[2])
{
	u64 there[2];
	int error;

	switch (id->kind) {
	case REG_HYP:
		return hyp_set_checked(vcpu, id->hyp, value);
	case REG_SPSR:
		vcpu->spsr[id->index] = value[0];
		return 0;
	case REG_TIMER:
		return irq_vcpu_set_reg(vcpu, reg, value[0]);
	case REG_FIRMWARE:
	case REG_BITMAP:
		error = simple_get(vcpu, id, reg, there);
		return !error && there[0] != value[0] ? -EINVAL : error;
	case REG_BAD:
		return -EINVAL;
	case REG_NONE:
	case REG_SVE:
	case REG_SVE_LENGTHS:
		break;
	}
	return -ENOENT;
}

int kvm_set_one_reg(struct kvm_vcpu *vcpu, const struct kvm_one_reg *reg)
{
	struct reg_id id = reg_id(reg->id, vector_bytes(vcpu));
	u64 value[2] = {};
	int error;

	kvm_vcpu_settle(vcpu);
	if (id.kind == REG_SVE_LENGTHS) {
		return sve_lengths_set(vcpu, reg);
	}
	if (id.kind == REG_SVE) {
		return vcpu->is_finalized ? sve_set(vcpu, &id, reg) : -EPERM;
	}
	if (id.kind == REG_NONE || id.kind == REG_BAD) {
		return simple_set(vcpu, &id, reg->id, value);
	}
	error = from_user(value, reg, id.bytes);
	return error ? error : simple_set(vcpu, &id, reg->id, value);
}

/* ---- The list -------------------------------------------------------------------------------- */

struct reg_list {
	struct kvm_vcpu *vcpu;
	u64 count;
	u64 ids[LIST_MAX];
};

static void list_put(struct reg_list *list, u64 id)
{
	if (!WARN_ON_ONCE(list->count == LIST_MAX)) {
		list->ids[list->count++] = id;
	}
}

/* A system register is in the list if the hypervisor has it, or will not say. */
static void list_system(struct reg_list *list, u32 op0, u32 op1, u32 crn, u32 crm, u32 op2)
{
	u64 id = reg_id_of_system(op0, op1, crn, crm, op2);
	u64 value[2];

	if (hyp_get(list->vcpu, HYP_REG_SYSTEM + (id & 0xffff), value) != -ENOENT) {
		list_put(list, id);
	}
}

/* Ranges of system registers that KVM's list has: CRn, CRm and op2 from first to last. */
struct system_range {
	u8 op0, op1, crn, crm_first, crm_last, op2_first, op2_last;
};

/* clang-format off */
static const struct system_range system_ranges[] = {
	{ 2, 0, 0, 0, 15, 4, 7 },   /* DBGBVR, DBGBCR, DBGWVR, DBGWCR */
	{ 2, 0, 0, 2, 2, 0, 2 },    /* MDCCINT_EL1, MDSCR_EL1 */
	{ 2, 0, 1, 1, 1, 4, 4 },    /* OSLSR_EL1 */
	{ 2, 4, 0, 7, 7, 0, 0 },    /* DBGVCR32_EL2 */
	{ 3, 0, 0, 0, 0, 0, 6 },    /* MIDR_EL1, MPIDR_EL1, REVIDR_EL1 */
	{ 3, 0, 0, 1, 7, 0, 7 },    /* the ID registers */
	{ 3, 0, 1, 0, 0, 0, 3 },    /* SCTLR_EL1, ACTLR_EL1, CPACR_EL1, SCTLR2_EL1 */
	{ 3, 0, 1, 2, 2, 0, 0 },    /* ZCR_EL1 */
	{ 3, 0, 2, 0, 0, 0, 3 },    /* TTBR0_EL1, TTBR1_EL1, TCR_EL1, TCR2_EL1 */
	{ 3, 0, 2, 1, 2, 0, 3 },    /* keys of pointer authentication */
	{ 3, 0, 2, 3, 3, 0, 1 },
	{ 3, 0, 5, 1, 1, 0, 1 },    /* AFSR0_EL1, AFSR1_EL1 */
	{ 3, 0, 5, 2, 2, 0, 0 },    /* ESR_EL1 */
	{ 3, 0, 6, 0, 0, 0, 0 },    /* FAR_EL1 */
	{ 3, 0, 7, 4, 4, 0, 0 },    /* PAR_EL1 */
	{ 3, 0, 9, 14, 14, 1, 2 },  /* PMINTENSET_EL1, PMINTENCLR_EL1 */
	{ 3, 0, 10, 2, 3, 0, 0 },   /* MAIR_EL1, AMAIR_EL1 */
	{ 3, 0, 12, 0, 0, 0, 0 },   /* VBAR_EL1 */
	{ 3, 0, 12, 1, 1, 1, 1 },   /* DISR_EL1 */
	{ 3, 0, 13, 0, 0, 1, 4 },   /* CONTEXTIDR_EL1, TPIDR_EL1 */
	{ 3, 0, 14, 1, 1, 0, 0 },   /* CNTKCTL_EL1 */
	{ 3, 1, 0, 0, 0, 1, 7 },    /* CLIDR_EL1, AIDR_EL1 */
	{ 3, 2, 0, 0, 0, 0, 0 },    /* CSSELR_EL1 */
	{ 3, 3, 0, 0, 0, 1, 1 },    /* CTR_EL0 */
	{ 3, 3, 9, 12, 14, 0, 5 },  /* PMU */
	{ 3, 3, 13, 0, 0, 2, 3 },   /* TPIDR_EL0, TPIDRRO_EL0 */
	{ 3, 3, 14, 8, 15, 0, 7 },  /* PMEVCNTR_EL0, PMEVTYPER_EL0, PMCCFILTR_EL0 */
	{ 3, 4, 3, 0, 0, 0, 0 },    /* DACR32_EL2 */
	{ 3, 4, 5, 0, 0, 1, 1 },    /* IFSR32_EL2 */
	{ 3, 4, 5, 3, 3, 0, 0 },    /* FPEXC32_EL2 */
};
/* clang-format on */

static void list_systems(struct reg_list *list)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(system_ranges); i++) {
		const struct system_range *range = &system_ranges[i];

		for (u32 crm = range->crm_first; crm <= range->crm_last; crm++) {
			for (u32 op2 = range->op2_first; op2 <= range->op2_last; op2++) {
				list_system(list, range->op0, range->op1, range->crn, crm, op2);
			}
		}
	}
}

/* Words of struct kvm_regs, by size; the vectors are SVE's if it is there. */
static void list_core(struct reg_list *list, bool has_sve)
{
	static const u64 sizes[] = { KVM_REG_SIZE_U64, KVM_REG_SIZE_U128, KVM_REG_SIZE_U32 };
	u32 words = sizeof(struct kvm_regs) / sizeof(u32);

	for (u32 word = 0; word < words; word++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
			u64 id = KVM_REG_ARM64 | KVM_REG_ARM_CORE | sizes[i] | word;
			enum reg_kind kind = reg_id(id, has_sve).kind;

			if (kind == REG_HYP || kind == REG_SPSR) {
				list_put(list, id);
			}
		}
	}
}

static void list_sve(struct reg_list *list)
{
	list_put(list, KVM_REG_ARM64_SVE_VLS);
	for (u32 i = 0; i < KVM_ARM64_SVE_NUM_ZREGS; i++) {
		list_put(list, KVM_REG_ARM64_SVE_ZREG(i, 0));
	}
	for (u32 i = 0; i < KVM_ARM64_SVE_NUM_PREGS; i++) {
		list_put(list, KVM_REG_ARM64_SVE_PREG(i, 0));
	}
	list_put(list, KVM_REG_ARM64_SVE_FFR(0));
}

static void list_all(struct reg_list *list)
{
	static const u64 timers[] = {
#define TIMER_ID(id) id,
		IRQ_TIMER_REGS(TIMER_ID)
#undef TIMER_ID
	};

	list_core(list, vector_bytes(list->vcpu));
	if (vector_bytes(list->vcpu)) {
		list_sve(list);
	}
	for (u32 i = 0; i < FIRMWARE_COUNT; i++) {
		list_put(list, KVM_REG_ARM_FW_REG(i));
	}
	for (u32 i = 0; i < BITMAP_COUNT; i++) {
		list_put(list, KVM_REG_ARM_FW_FEAT_BMAP_REG(i));
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(timers); i++) {
		list_put(list, timers[i]);
	}
	list_systems(list);
}

static long list_copy(const struct reg_list *list, struct kvm_reg_list __user *user)
{
	u64 room;

	if (copy_from_user(&room, &user->n, sizeof(room)) || put_user(list->count, &user->n)) {
		return -EFAULT;
	}
	if (room < list->count) {
		return -E2BIG;
	}
	return copy_to_user(user->reg, list->ids, list->count * sizeof(u64)) ? -EFAULT : 0;
}

long kvm_get_reg_list(struct kvm_vcpu *vcpu, struct kvm_reg_list __user *user)
{
	struct reg_list *list;
	long error;

	if (!vcpu->is_initialized) {
		return -ENOEXEC;
	}
	if (!vcpu->is_finalized) {
		return -EPERM;
	}
	list = kvzalloc(sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list) {
		return -ENOMEM;
	}
	list->vcpu = vcpu;
	list_all(list);
	error = list_copy(list, user);
	kvfree(list);
	return error;
}
