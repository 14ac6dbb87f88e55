/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of `vm`: AVF's commands and flags (its android/vm/src/main.rs), as values. */
#ifndef VMM_CLI_OPTIONS_H
#define VMM_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "vmm/service/vm_config.h"

/* What AVF makes an encrypted storage and an instance image, unless told. */
#define CLI_INSTANCE_IMAGE_BYTES (10 * 1024 * 1024)

/* Groups of flags: which a command has. */
enum flag_group {
	FLAGS_COMMON = 1,
	FLAGS_DEBUG = 2,
	FLAGS_MICRODROID = 4,
	FLAGS_APP = 8,
	FLAGS_WORK_DIR = 16,
	FLAGS_PARTITION = 32,
};

/* Strings are NULL, and lists too, where the flag is not given. All of it is the program's until its end. */
struct cli_options {
	char *name;
	char *cpu_topology; /* "one_cpu", "match_host", "cpu_count=N" */
	gint64 memory_mib;  /* 0: not given */
	gboolean protected_vm;
	gboolean huge_pages;
	gboolean network;
	gboolean boost_uclamp;
	char **tee_services;
	char **host_services;
	char **task_profiles;

	char *debug; /* "full", "none" */
	char *console;
	char *console_in;
	char *log;
	gint64 gdb_port; /* 0: not given */
	gboolean earlycon;
	char *dump_device_tree;

	char *storage;
	char *vendor;
	char *os;
	char **devices;

	char *instance_id_file;
	char *config_path;
	char *payload_binary_name;
	char **extra_apks;
	char **extra_idsigs;

	char *work_dir;
	char *partition_type; /* "raw", "instance", "encryptedstore" */
};

/*
 * Parse a command's flags and words.
 *
 * @argv    begins with the command; flags are taken out of it, @argc is what is left.
 * @usage   its words: "APK IDSIG INSTANCE_IMG"; @summary one line of what it does.
 * Returns  the values, the program's until its end. With --help it prints the help and exits.
 * Errors   NULL; G_OPTION_ERROR.
 */
const struct cli_options *cli_options_parse(int *argc, char ***argv, unsigned groups,
					    const char *usage, const char *summary, GError **error);

/*
 * Set what the flags say of both kinds of VM.
 *
 * @preset  its name where --name is not given; NULL: what it has stays.
 * Errors   false; G_OPTION_ERROR: a value is wrong; IPC_ERROR: UnsupportedOperation, naming the flag.
 */
bool cli_options_common(const struct cli_options *o, struct vm_common *common, const char *preset,
			GError **error);

/* --debug: enum avf_debug_level, FULL unless given. Errors: -1; G_OPTION_ERROR. */
int cli_options_debug(const struct cli_options *o, GError **error);

#endif /* VMM_CLI_OPTIONS_H */
