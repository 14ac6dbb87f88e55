/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/common/plugin.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SENTENCE_BYTES 4096

/* Each plugin is a library of its own with its own copy of this. */
static bool is_loaded;

static void say(const char *name, const char *format, va_list args)
{
	g_autofree char *sentence = g_strdup_vprintf(format, args);

	/* One write, so that sentences of two threads do not mix. */
	fprintf(stderr, "%s: %s\n", name, sentence);
}

void plugin_say(const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(name, format, args);
	va_end(args);
}

/*
 * Where all plugins meet, each a library of its own that knows no other: a data set of GLib,
 * of which the process has one, at the address that all get for the same text.
 */
static const char *meeting_place(void)
{
	return g_intern_static_string("terrarium plugins");
}

struct finish {
	void (*call)(void);
};

void plugin_at_end(const char *name, void (*finish)(void))
{
	static struct finish kept;

	kept.call = finish;
	g_dataset_set_data(meeting_place(), name, &kept);
}

static void finish_other(GQuark plugin, gpointer data, gpointer ending)
{
	const struct finish *finish = data;

	if (strcmp(g_quark_to_string(plugin), ending) != 0) {
		finish->call();
	}
}

void plugin_end(const char *name, int status, const char *format, ...)
{
	g_autofree char *ending = g_strdup(name);
	va_list args;

	va_start(args, format);
	say(name, format, args);
	va_end(args);
	g_dataset_foreach(meeting_place(), finish_other, ending);
	_exit(status);
}

/* Why no plugin can work here, NULL if it can. */
static const char *general_refusal(const qemu_info_t *info)
{
	if (info->version.min > QEMU_API_VERSION || info->version.cur < QEMU_API_VERSION) {
		return "this QEMU does not speak version 7 of the plugin interface (QEMU 11.1 "
		       "does)";
	}
	if (!info->system_emulation || strcmp(info->target_name, "aarch64") != 0) {
		return "only qemu-system-aarch64 can be watched";
	}
	if (info->system.max_vcpus > PLUGIN_VCPUS_MAX) {
		return "the machine has more than 256 vCPUs";
	}
	if (is_loaded) {
		return "it is loaded twice";
	}
	return NULL;
}

bool plugin_accepts(const struct plugin *plugin, const qemu_info_t *info, int argc, char **argv)
{
	char text[SENTENCE_BYTES];
	const char *reason = general_refusal(info);

	if (reason != NULL) {
		plugin_say(plugin->name, "%s", reason);
		return false;
	}
	switch (options_parse(plugin->options, plugin->options_count, argc, argv, text,
			      sizeof(text))) {
	case OPTIONS_OK:
		break;
	case OPTIONS_HELP:
		options_help(plugin->options, plugin->options_count, text, sizeof(text));
		fprintf(stderr, "%s: options of this plugin:\n%s", plugin->name, text);
		return false;
	case OPTIONS_BAD:
		plugin_say(plugin->name, "%s", text);
		return false;
	}
	if (plugin->refusal != NULL) {
		reason = plugin->refusal(info, plugin->options);
		if (reason != NULL) {
			plugin_say(plugin->name, "%s", reason);
			return false;
		}
	}
	is_loaded = true;
	return true;
}

void plugin_regs_init(const char *name, struct regs *regs)
{
	const char *missing = regs_init(regs);

	if (missing != NULL) {
		/* Install is over, and a run that nobody watches must not pass for one. */
		plugin_end(name, PLUGIN_EXIT_UNUSABLE,
			   "the CPU has no %s: this needs a 64-bit CPU with EL2 (-machine "
			   "virtualization=on)",
			   missing);
	}
}

void plugin_forget(void)
{
	is_loaded = false;
}
