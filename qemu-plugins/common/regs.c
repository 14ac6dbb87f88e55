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

/* A thread's buffer for values: the interface wants GLib's arrays. */
static GByteArray *value_buffer(void)
{
	static _Thread_local GByteArray *buffer;

	if (buffer == NULL) {
		buffer = g_byte_array_sized_new(sizeof(uint64_t));
	}
	g_byte_array_set_size(buffer, 0);
	return buffer;
}

uint64_t regs_read_handle(struct qemu_plugin_register *handle)
{
	GByteArray *buffer = value_buffer();
	uint64_t value = 0;

	if (handle == NULL || !qemu_plugin_read_register(handle, buffer)) {
		return 0;
	}
	memcpy(&value, buffer->data, MIN(buffer->len, sizeof(value)));
	return value;
}

uint64_t regs_read(const struct regs *regs, enum reg reg)
{
	return regs_read_handle(regs->handle[reg]);
}

uint64_t regs_read_x(const struct regs *regs, unsigned int n)
{
	return n < 31 ? regs_read(regs, (enum reg)(REG_X0 + n)) : 0;
}

bool regs_write(const struct regs *regs, enum reg reg, uint64_t value)
{
	GByteArray *buffer = value_buffer();
	/* In the debugger's description cpsr has 4 bytes, all others 8. */
	guint bytes = reg == REG_CPSR ? 4 : 8;

	if (regs->handle[reg] == NULL) {
		return false;
	}
	g_byte_array_append(buffer, (const guint8 *)&value, bytes);
	return qemu_plugin_write_register(regs->handle[reg], buffer);
}

struct qemu_plugin_register *regs_find(const char *name)
{
	g_autoptr(GArray) all = qemu_plugin_get_registers();
	unsigned int i;

	for (i = 0; i < all->len; i++) {
		const qemu_plugin_reg_descriptor *found =
			&g_array_index(all, qemu_plugin_reg_descriptor, i);

		if (strcmp(found->name, name) == 0) {
			return found->handle;
		}
	}
	return NULL;
}
