/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is a tagged value, and which registers an exit needs. Pure. */
#include "qemu-plugins/oracle_register.h"

#include <glib.h>

#include "platform/abi/register_tags.h"
#include "platform/abi/smccc.h"
#include "qemu-plugins/common/arm.h"

/* register_tags.h: the kind, 1 to 4, in bits 15:8; its number below. */
#define TAG_MASK UINT64_C(0xffffffffffff0000)
#define TAG_VALUE ((uint64_t)REGISTER_TAG_HIGH << 32 | REGISTER_TAG_LOW)
#define TAG_LOW_MASK UINT64_C(0xffff0000)
#define TAG_KIND(value) ((unsigned int)((value) >> 8) & 0xff)

/* SMCCC identifiers without the bit that says 32 or 64 bits (DEN 0028): PSCI is 0 to 0x1f. */
#define PSCI_MASK 0xffffffe0u
#define X0_TO_X3 0xfu
#define X1_TO_X3 0xeu

const char *oracle_tags_parse(const char *text, struct oracle_tags *tags)
{
	char *end;

	if (text == NULL) {
		*tags = (struct oracle_tags){ TAG_VALUE, TAG_MASK, false };
		return NULL;
	}
	if (!g_str_has_prefix(text, "0x")) {
		return "tags= must be VALUE/MASK, both with 0x";
	}
	tags->is_own = true;
	tags->value = g_ascii_strtoull(text, &end, 16);
	if (!g_str_has_prefix(end, "/0x")) {
		return "tags= must be VALUE/MASK, both with 0x";
	}
	tags->mask = g_ascii_strtoull(end + 1, &end, 16);
	if (*end != '\0') {
		return "tags= must be VALUE/MASK, both with 0x";
	}
	if (tags->mask == 0 || (tags->value & ~tags->mask) != 0) {
		return "tags= has bits in VALUE that are not in MASK, or no MASK";
	}
	return NULL;
}

bool oracle_tags_match(const struct oracle_tags *tags, uint64_t value)
{
	uint64_t low = (uint32_t)value;

	if (tags->is_own) {
		return (value & tags->mask) == tags->value;
	}
	if (TAG_KIND(value) < REGISTER_TAG_X || TAG_KIND(value) > REGISTER_TAG_SYSTEM) {
		return false;
	}
	return (value & tags->mask) == tags->value ||
	       (value == low && (low & TAG_LOW_MASK) == REGISTER_TAG_LOW);
}

static uint32_t needed_by_call(uint32_t function)
{
	uint32_t smc32 = SMC32(function);

	if ((smc32 & PSCI_MASK) == SMC32(PSCI_VERSION)) {
		return X1_TO_X3;
	}
	return smc32 == SMC32(KVM_PTP) ? X0_TO_X3 : 0;
}

uint32_t oracle_register_needed(uint64_t esr, uint64_t function)
{
	uint64_t needed = 0;

	switch (ARM_ESR_EC(esr)) {
	case ARM_EC_HVC64:
	case ARM_EC_SMC64:
		needed = needed_by_call((uint32_t)function);
		break;
	case ARM_EC_DATA_ABORT_LOWER:
		if (ARM_ESR_ISV(esr) && ARM_ESR_WNR(esr)) {
			needed = UINT64_C(1) << ARM_ESR_SRT(esr);
		}
		break;
	case ARM_EC_SYSREG:
		if (!ARM_ESR_SYS_IS_READ(esr)) {
			needed = UINT64_C(1) << ARM_ESR_SYS_RT(esr);
		}
		break;
	default:
		break;
	}
	return (uint32_t)needed & INT32_MAX; /* not XZR */
}
