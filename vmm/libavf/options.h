/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of an AvfConfig as a structure, and a table of them: by it they are copied, compared, written to a
 * machine's file and read back.
 */
#ifndef LIBAVF_OPTIONS_H
#define LIBAVF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <avf/config.h>

#define OPTION_UNSET (-1) /* of protected_vm */

/* Strings belong to it, NULL is "not set"; numbers that are 0 are not set. */
struct options {
	char *apk_path;
	char **extra_apks; /* never NULL */
	char *payload_binary_name;
	char *payload_config_path;
	char *os; /* never NULL */
	char *vendor_disk_image;
	gint64 protected_vm; /* 0, 1 or OPTION_UNSET */
	gint64 debug_level;  /* AvfDebugLevel */
	gint64 memory_bytes;
	gint64 cpu_topology; /* AvfCpuTopology */
	gint64 cpu_count;
	gint64 encrypted_storage_bytes;
	gint64 vm_output_captured; /* from here on 0 or 1 */
	gint64 vm_console_input_supported;
	gint64 should_use_hugepages;
	gint64 should_boost_uclamp;
};

struct _AvfConfig {
	GObject parent;
	struct options options;
};

/* All defaults; free what it holds by options_clear(). */
void options_init(struct options *options);
void options_clear(struct options *options);

/* A copy, into @to, which is not initialised. */
void options_copy(struct options *to, const struct options *from);

/* Do they agree in all that makes a machine another one? */
bool options_same_machine(const struct options *a, const struct options *b);

/*
 * Do the options make a config?
 *
 * Errors  false; AVF_ERROR: ILLEGAL_ARGUMENT, naming the first that has no such value; ILLEGAL_STATE, naming what is
 *         missing or does not go together.
 */
bool options_check(const struct options *options, GError **error);

/* What is not the default, as the text of a key file; owned by the caller. */
char *options_to_text(const struct options *options);

/*
 * The other way round, into @options, which is not initialised; checked.
 *
 * Errors  false; AVF_ERROR_FAILED: no such text, of a later version, or an option that is none.
 */
bool options_from_text(struct options *options, const char *text, size_t bytes, GError **error);

/* A config of the options, which it takes over. */
AvfConfig *config_new(struct options *options);

#endif /* LIBAVF_OPTIONS_H */
