/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/common/regs.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	bool needed;
} reg_names[REG_X0] = {
#define REGS_ROW(id, text, must) [REG_##id] = { text, must },
	REGS_LIST(REGS_ROW)
#undef REGS_ROW
};

static void note(struct regs *regs, const qemu_plugin_reg_descriptor *found)
{
	char name[16];
	int i;

	for (i = 0; i < REG_X0; i++) {
		if (strcmp(found->name, reg_names[i].name) == 0) {
			regs->handle[i] = found->handle;
			return;
		}
	}
	for (i = 0; i < REG_COUNT - REG_X0; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		if (strcmp(found->name, name) == 0) {
			regs->handle[REG_X0 + i] = found->handle;
			return;
		}
	}
}

const char *regs_init(struct regs *regs)
{
	g_autoptr(GArray) all = qemu_plugin_get_registers();
	unsigned int i;

	memset(regs->handle, 0, sizeof(regs->handle));
	for (i = 0; i < all->len; i++) {
		note(regs, &g_array_index(all, qemu_plugin_reg_descriptor, i));
	}
	for (i = 0; i < REG_X0; i++) {
		if (regs->handle[i] == NULL && reg_names[i].needed) {
			return reg_names[i].name;
		}
	}
	for (i = REG_X0; i < REG_COUNT; i++) {
		if (regs->handle[i] == NULL) {
			return "x0 to x30";
		}
	}
	return NULL;
}

uint64_t regs_read(const struct regs *regs, enum reg reg)
{
	static _Thread_local GByteArray *buffer;
	uint64_t value = 0;

	if (regs->handle[reg] == NULL) {
		return 0;
	}
	if (buffer == NULL) {
		buffer = g_byte_array_sized_new(sizeof(value));
	}
	g_byte_array_set_size(buffer, 0);
	if (!qemu_plugin_read_register(regs->handle[reg], buffer)) {
		return 0;
	}
	memcpy(&value, buffer->data, MIN(buffer->len, sizeof(value)));
	return value;
}

uint64_t regs_read_x(const struct regs *regs, unsigned int n)
{
	return n < 31 ? regs_read(regs, (enum reg)(REG_X0 + n)) : 0;
}
