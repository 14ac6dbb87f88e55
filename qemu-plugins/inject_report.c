/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of the faults, as JSON: written whole or not at all. */
#include "qemu-plugins/inject.h"

#include <errno.h>
#include <string.h>

static const char *const world_names[] = {
	[WORLD_BOOT] = "boot",
	[WORLD_HOST] = "host",
	[WORLD_VM] = "vm",
	[WORLD_EL2] = "el2",
};

static void add_shot(GString *text, const struct inject_shot *shot)
{
	g_string_append_printf(
		text,
		"{\"fault\": %u, \"nth\": %" G_GUINT64_FORMAT ", \"pc\": \"0x%" G_GINT64_MODIFIER
		"x\", \"opcode\": \"0x%08x\", \"el\": %u, \"cpu\": %u, \"world\": \"%s\", "
		"\"vmid\": %u, ",
		shot->fault + 1, shot->nth, shot->pc, shot->opcode, shot->el, shot->vcpu,
		world_names[shot->world.kind], shot->world.vmid);
	g_string_append_printf(text,
			       "\"where\": \"%s\", \"before\": \"0x%" G_GINT64_MODIFIER
			       "x\", \"after\": \"0x%" G_GINT64_MODIFIER
			       "x\", \"insns\": %" G_GUINT64_FORMAT
			       ", \"el2_insns\": %" G_GUINT64_FORMAT,
			       shot->where, shot->before, shot->after, shot->insns,
			       shot->el2_insns);
	if (shot->time_ns != INJECT_EVER) {
		g_string_append_printf(text, ", \"time_ns\": %" G_GUINT64_FORMAT, shot->time_ns);
	}
	g_string_append_c(text, '}');
}

/* FNV-1a (Fowler, Noll, Vo; 64 bits) over the ranges' bytes. */
static uint64_t digest_of_ranges(void)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	g_autoptr(GByteArray) data = g_byte_array_new();
	size_t i;
	guint at;

	for (i = 0; i < inject.ranges_count; i++) {
		if (qemu_plugin_read_memory_hwaddr(inject.ranges[i].address, data,
						   inject.ranges[i].bytes) !=
		    QEMU_PLUGIN_HWADDR_OPERATION_OK) {
			return 0;
		}
		for (at = 0; at < data->len; at++) {
			hash = (hash ^ data->data[at]) * UINT64_C(0x100000001b3);
		}
	}
	return hash;
}

static bool write_whole(const char *path, const char *text)
{
	g_autofree char *new = g_strconcat(path, ".new", NULL);
	FILE *file = fopen(new, "w");
	bool written = file != NULL && fputs(text, file) >= 0;

	written = (file == NULL || fclose(file) == 0) && written;
	return written && rename(new, path) == 0;
}

void inject_report_write(const char *end)
{
	g_autoptr(GString) text = g_string_new("{\"shots\": [");
	/* At QEMU's exit there is no vCPU to ask. */
	bool in_vcpu = strcmp(end, "exit") != 0 && strcmp(end, "running") != 0;
	uint64_t kept = MIN(inject.shots_count, INJECT_SHOTS_KEPT);
	uint64_t i;

	if (inject.report_path == NULL) {
		return;
	}
	for (i = 0; i < kept; i++) {
		g_string_append(text, i > 0 ? ",\n " : "");
		add_shot(text, &inject.shots[i]);
	}
	g_string_append_printf(text,
			       "],\n\"fired\": %" G_GUINT64_FORMAT ", \"insns\": %" G_GUINT64_FORMAT
			       ", \"el2_insns\": %" G_GUINT64_FORMAT
			       ", \"erets\": %" G_GUINT64_FORMAT ", \"end\": \"%s\"",
			       inject.shots_count, inject_insns(), inject_el2_insns(), inject.erets,
			       end);
	if (in_vcpu) {
		g_string_append_printf(text, ", \"registers\": \"0x%" G_GINT64_MODIFIER "x\"",
				       inject_digest_registers());
	}
	if (in_vcpu && inject.ranges_count > 0) {
		g_string_append_printf(text, ", \"ranges\": \"0x%" G_GINT64_MODIFIER "x\"",
				       digest_of_ranges());
	}
	g_string_append(text, "}\n");
	if (!write_whole(inject.report_path, text->str)) {
		plugin_say("inject", "the report cannot be written: %s", strerror(errno));
	}
}
