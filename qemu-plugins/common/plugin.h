/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every plugin of this project does the same way: it refuses to load with
 * one sentence on stderr, and can end QEMU with one sentence and a status that
 * says why.
 *
 *   int qemu_plugin_version = QEMU_API_VERSION;
 *   int qemu_plugin_install(id, info, argc, argv)
 *   {
 *   	if (!plugin_accepts(&plugin, info, argc, argv)) {
 *   		return 1;
 *   	}
 *   	...
 */
#ifndef COMMON_PLUGIN_H
#define COMMON_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "qemu-plugins/common/options.h"
#include "qemu-plugins/common/qemu_api.h"
#include "qemu-plugins/common/regs.h"

#define PLUGIN_VCPUS_MAX 256

/* QEMU's exit status when a plugin ended it. */
enum plugin_exit {
	PLUGIN_EXIT_BREACH = 90,   /* oracle: isolation does not hold */
	PLUGIN_EXIT_BUDGET = 91,   /* the instruction budget is used up: a hang */
	PLUGIN_EXIT_SAME = 92,     /* the state equals one that is known: stopped early */
	PLUGIN_EXIT_UNUSABLE = 93, /* an option or this machine turned out to be unusable */
};

struct plugin {
	const char *name;       /* prefix of its sentences */
	struct option *options; /* changed by plugin_accepts() */
	size_t options_count;
	/*
	 * Why this machine or this combination of options cannot be used, NULL if
	 * it can. May be NULL itself. Called when all else is right.
	 */
	const char *(*refusal)(const qemu_info_t *info, const struct option *options);
};

/*
 * Whether the plugin can be installed: QEMU's interface is version 7, it is
 * qemu-system-aarch64 with at most PLUGIN_VCPUS_MAX vCPUs, the plugin is not
 * loaded a second time, the options are right, and refusal() has nothing
 * against it. Otherwise says why in one sentence (for `help`: lists the
 * options) and returns false; qemu_plugin_install() then returns 1, and QEMU
 * ends with an error. The options hold their values afterwards.
 */
bool plugin_accepts(const struct plugin *plugin, const qemu_info_t *info, int argc, char **argv);

/* "NAME: sentence" on stderr. Adds the line end. Any thread. */
__attribute__((format(printf, 2, 3))) void plugin_say(const char *name, const char *format, ...);

/*
 * @finish makes the plugin's files whole when another plugin ends QEMU (plugin_end()), which
 * calls no exit callback. It may be called by any thread, in any context, by several, and once
 * more behind QEMU's own end. Locks that it takes must be held by nobody who calls plugin_end().
 */
void plugin_at_end(const char *name, void (*finish)(void));

/*
 * As plugin_say(), then QEMU ends at once with @status: no exit callback of any plugin runs.
 * What other plugins gave to plugin_at_end() does; @name's own files must be whole before. Any
 * thread, any context.
 */
__attribute__((format(printf, 3, 4))) _Noreturn void plugin_end(const char *name, int status,
								const char *format, ...);

/*
 * regs_init(), and the end of QEMU (PLUGIN_EXIT_UNUSABLE) if the CPU lacks a
 * register that the plugins need. In the context of any vCPU.
 */
void plugin_regs_init(const char *name, struct regs *regs);

/* Forget that the plugin was loaded: for unit tests. */
void plugin_forget(void);

#endif /* COMMON_PLUGIN_H */
