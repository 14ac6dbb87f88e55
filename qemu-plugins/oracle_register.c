/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tier B, registers. A protected guest that marks its registers (guest/bare/registers.c) arms
 * this. From then on a tagged value is a breach in any register that the host can read when it
 * goes on, or in what it loads from memory that no guest shares; unless the host had it by
 * right: the exit needed it.
 *
 * Registers that are trapped for the host (CPTR_EL2, MDCR_EL2, HCR_EL2.APK) are not read: what
 * is in them is for EL2 to see. ICC_*, ICV_* and DAIF are not shown by QEMU.
 *
 * except=vtimer (oracle_except.h): what is in CNTV_CVAL_EL0 when the host goes on, it has by
 * right. All else of a guest's is judged as without it.
 */
#include "qemu-plugins/oracle_register.h"

#include <inttypes.h>
#include <string.h>

#include "qemu-plugins/common/arm.h"
#include "qemu-plugins/oracle.h"
#include "qemu-plugins/oracle_except.h"

#define REGISTERS_MAX 384
#define GENERAL_COUNT 31
#define VECTOR_WORDS 2 /* of a vector register, 64 bits each: V0 to V31 */

/* Registers by what can trap them for EL1. */
enum group {
	GROUP_PLAIN,
	GROUP_VECTOR,
	GROUP_DEBUG,
	GROUP_PMU,
	GROUP_KEYS,
	GROUP_COUNT,
};

/* D24.2: fields of the registers that trap. */
#define CPTR_TFP (UINT64_C(1) << 10)      /* without E2H */
#define CPTR_FPEN_EL1 (UINT64_C(1) << 20) /* with E2H: EL1 is not trapped */
#define MDCR_TPM (UINT64_C(1) << 6)
#define MDCR_TDA (UINT64_C(1) << 9)
#define HCR_APK (UINT64_C(1) << 40)

struct row {
	struct qemu_plugin_register *handle;
	const char *name;
	enum group group;
};

static struct {
	struct oracle_tags tags;
	bool armed; /* a protected guest has tags; read without a lock */
	struct row rows[REGISTERS_MAX];
	size_t count;
	bool is_mixed;     /* lock: oracle.lock */
	GHashTable *known; /* tags that the host had by right; lock: oracle.lock */
} registers;

static bool is_known(uint64_t value)
{
	return g_hash_table_contains(registers.known, &value);
}

static void learn(uint64_t value)
{
	if (oracle_tags_match(&registers.tags, value) && !is_known(value)) {
		g_hash_table_add(registers.known, g_memdup2(&value, sizeof(value)));
	}
}

static enum group group_of(const qemu_plugin_reg_descriptor *found)
{
	if ((found->name[0] == 'z' || found->name[0] == 'v') && g_ascii_isdigit(found->name[1])) {
		return GROUP_VECTOR;
	}
	if (g_str_has_prefix(found->name, "DBG") || g_str_has_prefix(found->name, "OS")) {
		return GROUP_DEBUG;
	}
	if (g_str_has_prefix(found->name, "PM")) {
		return GROUP_PMU;
	}
	if (g_str_has_prefix(found->name, "AP")) {
		return GROUP_KEYS;
	}
	return GROUP_PLAIN;
}

/* General and vector registers, and what of the others EL1 or EL0 has. */
static bool is_of_host(const qemu_plugin_reg_descriptor *found)
{
	if (strstr(found->feature, "sys.regs") != NULL) {
		return g_str_has_suffix(found->name, "_EL1") ||
		       g_str_has_suffix(found->name, "_EL0");
	}
	return (strchr("xzv", found->name[0]) != NULL && g_ascii_isdigit(found->name[1])) ||
	       strcmp(found->name, "sp") == 0;
}

static void find_registers(void)
{
	g_autoptr(GArray) all = qemu_plugin_get_registers();
	unsigned int i;

	for (i = 0; i < all->len && registers.count < REGISTERS_MAX; i++) {
		const qemu_plugin_reg_descriptor *found =
			&g_array_index(all, qemu_plugin_reg_descriptor, i);

		if (is_of_host(found)) {
			registers.rows[registers.count++] =
				(struct row){ found->handle, found->name, group_of(found) };
		}
	}
}

/* Which groups the host would trap at. vCPU context, before its ERET. */
static void find_trapped(bool *trapped)
{
	uint64_t hcr = regs_read(&oracle.regs, REG_HCR_EL2);
	uint64_t cptr = regs_read(&oracle.regs, REG_CPTR_EL2);
	uint64_t mdcr = regs_read(&oracle.regs, REG_MDCR_EL2);

	trapped[GROUP_PLAIN] = false;
	trapped[GROUP_VECTOR] = (hcr & ARM_HCR_E2H) != 0 ? (cptr & CPTR_FPEN_EL1) == 0 :
							   (cptr & CPTR_TFP) != 0;
	trapped[GROUP_DEBUG] = (mdcr & MDCR_TDA) != 0;
	trapped[GROUP_PMU] = (mdcr & MDCR_TPM) != 0;
	trapped[GROUP_KEYS] = (hcr & HCR_APK) == 0;
}

static bool is_leak(uint64_t value)
{
	return oracle_tags_match(&registers.tags, value) && !is_known(value);
}

static _Noreturn void breach_in_register(unsigned int vcpu, const char *name, uint64_t value)
{
	g_autofree char *what = g_strdup_printf(
		"gets 0x%016" PRIx64 ", a protected guest's value, in %s", value, name);
	const struct oracle_breach breach = {
		.tier = 'b',
		.rule = "register",
		.what = what,
		.vcpu = vcpu,
		.party = PARTY_HOST,
		.el = ARM_PSTATE_EL(regs_read(&oracle.regs, REG_SPSR_EL2)),
		.pc = regs_read(&oracle.regs, REG_ELR_EL2),
		.va = ORACLE_NONE,
		.ipa = ORACLE_NONE,
		.pa = ORACLE_NONE,
	};

	oracle_breach(&breach);
}

/* The host goes on: none of what it can read is a guest's. */
static void judge_host(unsigned int vcpu)
{
	g_autoptr(GByteArray) value = g_byte_array_sized_new(sizeof(uint64_t) * VECTOR_WORDS);
	bool trapped[GROUP_COUNT];
	size_t i;
	size_t j;

	find_trapped(trapped);
	for (i = 0; i < registers.count; i++) {
		const struct row *row = &registers.rows[i];
		uint64_t words[VECTOR_WORDS] = { 0 };

		g_byte_array_set_size(value, 0);
		if (trapped[row->group] || !qemu_plugin_read_register(row->handle, value)) {
			continue;
		}
		memcpy(words, value->data, MIN(value->len, sizeof(words)));
		for (j = 0; j < VECTOR_WORDS; j++) {
			if (is_leak(words[j])) {
				breach_in_register(vcpu, row->name, words[j]);
			}
		}
	}
}

void oracle_register_loaded(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t va, uint64_t pa,
			    uint64_t pc)
{
	struct oracle_breach breach = {
		.tier = 'b',
		.rule = "register",
		.vcpu = vcpu,
		.party = PARTY_HOST,
		.pc = pc,
		.va = va,
		.ipa = ORACLE_NONE,
		.pa = pa,
	};
	qemu_plugin_mem_value value;
	bool leaks;

	if (!__atomic_load_n(&registers.armed, __ATOMIC_RELAXED) ||
	    oracle_party_of(vcpu) != PARTY_HOST ||
	    (oracle_page(pa).flags & PAGE_SHARED_HOST) != 0) {
		return;
	}
	value = qemu_plugin_mem_get_value(info);
	if (value.type != QEMU_PLUGIN_MEM_VALUE_U64 ||
	    !oracle_tags_match(&registers.tags, value.data.u64)) {
		return;
	}
	g_mutex_lock(&oracle.lock);
	leaks = registers.armed && is_leak(value.data.u64);
	g_mutex_unlock(&oracle.lock);
	if (leaks) {
		breach.el = ARM_PSTATE_EL(regs_read(&oracle.regs, REG_CPSR));
		breach.what = "loads a protected guest's value from memory that no guest shares";
		oracle_breach(&breach);
	}
}

/*
 * A guest left. If a VM that is not protected has tags too, they are the same numbers, and
 * what the host has can be its: nothing can be said then, for the rest of the run.
 */
static void entered(unsigned int vcpu, unsigned int party, unsigned int vector)
{
	const struct oracle_vm *vm = oracle_vm(party);
	uint32_t needed = 0;
	unsigned int i;
	(void)vcpu;

	if (vm == NULL || registers.is_mixed) {
		return;
	}
	if (vector == ARM_VECTOR_SYNC) {
		needed = oracle_register_needed(regs_read(&oracle.regs, REG_ESR_EL2),
						regs_read_x(&oracle.regs, 0));
	}
	for (i = 0; i < GENERAL_COUNT; i++) {
		uint64_t value = regs_read_x(&oracle.regs, i);

		if (!oracle_tags_match(&registers.tags, value)) {
			continue;
		}
		registers.is_mixed |= !vm->is_protected;
		if ((needed >> i & 1) != 0) {
			learn(value);
			learn((uint32_t)value);
		}
		__atomic_store_n(&registers.armed, !registers.is_mixed, __ATOMIC_RELAXED);
	}
}

static void returns(unsigned int vcpu, unsigned int party)
{
	if (!registers.armed || party != PARTY_HOST) {
		return;
	}
	if (registers.count == 0) {
		find_registers();
	}
	if (is_leak(regs_read(&oracle.regs, REG_CNTV_CVAL)) && oracle_excepts(EXCEPT_VTIMER)) {
		learn(regs_read(&oracle.regs, REG_CNTV_CVAL));
	}
	judge_host(vcpu);
}

static const char *start(qemu_plugin_id_t id)
{
	(void)id;
	registers.known = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	return oracle_tags_parse(oracle_option_tags, &registers.tags);
}

const struct oracle_tier oracle_tier_register = {
	.letter = 'b',
	.start = start,
	.entered = entered,
	.returns = returns,
};
