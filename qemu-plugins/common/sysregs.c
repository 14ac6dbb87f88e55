/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/common/sysregs.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* S<op0>_<op1>_C<n>_C<m>_<op2>: the architecture's own name for one without (C5.1.4). */
static bool parse_generic(const char *name, uint16_t *key)
{
	static const struct {
		const char *before;
		unsigned long max;
	} parts[] = { { "S", 3 }, { "_", 7 }, { "_C", 15 }, { "_C", 15 }, { "_", 7 } };
	unsigned long values[sizeof(parts) / sizeof(parts[0])];
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t bytes = strlen(parts[i].before);
		char *end;

		if (strncasecmp(name, parts[i].before, bytes) != 0 ||
		    !isdigit((unsigned char)name[bytes])) {
			return false;
		}
		values[i] = strtoul(name + bytes, &end, 10);
		if (values[i] > parts[i].max) {
			return false;
		}
		name = end;
	}
	*key = A64_KEY(values[0], values[1], values[2], values[3], values[4]);
	return *name == '\0';
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
