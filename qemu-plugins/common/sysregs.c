/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/common/sysregs.h"

#include <stdio.h>
#include <strings.h>

#include "qemu-plugins/common/a64.h"

static const struct sysreg {
	const char *name;
	uint16_t key;
} sysregs[] = {
#define SYSREG(name, op0, op1, crn, crm, op2) { name, A64_KEY(op0, op1, crn, crm, op2) },
#include "sysreg_table.h"
#undef SYSREG
};

const char *sysregs_name(uint16_t key)
{
	size_t i;

	for (i = 0; i < sizeof(sysregs) / sizeof(sysregs[0]); i++) {
		if (sysregs[i].key == key) {
			return sysregs[i].name;
		}
	}
	return NULL;
}

uint16_t sysregs_row(size_t index, const char **name)
{
	bool is_there = index < sizeof(sysregs) / sizeof(sysregs[0]);

	*name = is_there ? sysregs[index].name : NULL;
	return is_there ? sysregs[index].key : 0;
}

char *sysregs_describe(uint16_t key, char *text)
{
	const char *name = sysregs_name(key);

	if (name != NULL) {
		snprintf(text, SYSREGS_NAME_BYTES, "%s", name);
	} else {
		snprintf(text, SYSREGS_NAME_BYTES, "S%d_%d_C%d_C%d_%d", A64_KEY_OP0(key),
			 A64_KEY_OP1(key), A64_KEY_CRN(key), A64_KEY_CRM(key), A64_KEY_OP2(key));
	}
	return text;
}

static bool parse_generic(const char *name, uint16_t *key)
{
	unsigned int op0;
	unsigned int op1;
	unsigned int crn;
	unsigned int crm;
	unsigned int op2;
	char rest;

	if (sscanf(name, "%*1[sS]%1u_%1u_%*1[cC]%2u_%*1[cC]%2u_%1u%c", &op0, &op1, &crn, &crm, &op2,
		   &rest) != 5 ||
	    op0 > 3 || op1 > 7 || crn > 15 || crm > 15 || op2 > 7) {
		return false;
	}
	*key = A64_KEY(op0, op1, crn, crm, op2);
	return true;
}

bool sysregs_find(const char *name, uint16_t *key)
{
	size_t i;

	for (i = 0; i < sizeof(sysregs) / sizeof(sysregs[0]); i++) {
		if (strcasecmp(sysregs[i].name, name) == 0) {
			*key = sysregs[i].key;
			return true;
		}
	}
	return parse_generic(name, key);
}
