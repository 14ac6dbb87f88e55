/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/common/calls.h"

#define SMCCC_64BIT (UINT32_C(1) << 30)

const struct call calls_table[] = {
#define CALL(who, number, name, arguments) { CALL_##who, number, name, arguments },
#include "call_table.h"
#undef CALL
};

const size_t calls_count = sizeof(calls_table) / sizeof(calls_table[0]);

const char *calls_who_name(enum call_who who)
{
	switch (who) {
	case CALL_ANY:
		return "any";
	case CALL_HOST:
		return "host";
	case CALL_STUB:
		return "stub";
	case CALL_XEN:
		return "xen";
	}
	return "?";
}

static const char *find(enum call_who who, uint32_t number)
{
	size_t i;

	for (i = 0; i < calls_count; i++) {
		if (calls_table[i].who == who && calls_table[i].number == number) {
			return calls_table[i].name;
		}
	}
	return NULL;
}

const char *calls_name(enum call_who who, uint32_t number)
{
	const char *name = find(who, number);

	if (name == NULL && who == CALL_ANY) {
		name = find(who, number ^ SMCCC_64BIT);
	}
	return name;
}
