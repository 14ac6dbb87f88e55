/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/cli/options.h"

#include <string.h>

#include "vmm/service/ipc_error.h"

#define CPU_COUNT "cpu_count="

static struct cli_options options;

/* clang-format off */
static const GOptionEntry common[] = {
	{ "name", 0, 0, G_OPTION_ARG_STRING, &options.name, "Name of the VM", "NAME" },
	{ "cpu-topology", 0, 0, G_OPTION_ARG_STRING, &options.cpu_topology, "one_cpu (default), match_host or cpu_count=N", "TOPOLOGY" },
	{ "mem", 'm', 0, G_OPTION_ARG_INT64, &options.memory_mib, "Memory in MiB", "MIB" },
	{ "protected", 'p', 0, G_OPTION_ARG_NONE, &options.protected_vm, "A protected VM", NULL },
	{ "hugepages", 'h', 0, G_OPTION_ARG_NONE, &options.huge_pages, "Ask for huge pages", NULL },
	{ "network-supported", 'n', 0, G_OPTION_ARG_NONE, &options.network, "A network (not supported)", NULL },
	{ "boost-uclamp", 'b', 0, G_OPTION_ARG_NONE, &options.boost_uclamp, "Boost the host's clock for the VM", NULL },
	{ "tee-services", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.tee_services, "A TEE service (not supported); repeatable", "NAME" },
	{ "host-services", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.host_services, "A host service (not supported); repeatable", "NAME" },
	{ "task-profiles", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.task_profiles, "A task profile (not supported); repeatable", "NAME" },
	{ 0 },
};

static const GOptionEntry debug[] = {
	{ "debug", 0, 0, G_OPTION_ARG_STRING, &options.debug, "full (default) or none: no console, no log", "LEVEL" },
	{ "console", 0, 0, G_OPTION_ARG_FILENAME, &options.console, "Append the console to this file, instead of the standard output", "FILE" },
	{ "console-in", 0, 0, G_OPTION_ARG_FILENAME, &options.console_in, "The console's input, instead of `vm console`", "FILE" },
	{ "log", 0, 0, G_OPTION_ARG_FILENAME, &options.log, "Append the guest's log to this file, instead of the standard error", "FILE" },
	{ "gdb", 0, 0, G_OPTION_ARG_INT64, &options.gdb_port, "The VM stands until GDB lets it run, on this port of 127.0.0.1; not with --protected or --debug none", "PORT" },
	{ "enable-earlycon", 0, 0, G_OPTION_ARG_NONE, &options.earlycon, "The kernel's console from its first lines", NULL },
	{ "dump-device-tree", 0, 0, G_OPTION_ARG_FILENAME, &options.dump_device_tree, "Write the VM's device tree there (not supported)", "FILE" },
	{ 0 },
};

static const GOptionEntry microdroid[] = {
	{ "storage", 0, 0, G_OPTION_ARG_FILENAME, &options.storage, "Image of the encrypted storage (not supported)", "FILE" },
	{ "vendor", 0, 0, G_OPTION_ARG_FILENAME, &options.vendor, "Image of a vendor partition (not supported)", "FILE" },
	{ "devices", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.devices, "Device for the VM, in sysfs (not supported); repeatable", "PATH" },
	{ "os", 0, 0, G_OPTION_ARG_STRING, &options.os, "Its OS (default " AVF_OS_DEFAULT "); `vm info` lists them", "NAME" },
	{ 0 },
};

static const GOptionEntry app[] = {
	{ "payload-binary-name", 0, 0, G_OPTION_ARG_STRING, &options.payload_binary_name, "The library in the APK that is run", "NAME.so" },
	{ "config-path", 0, 0, G_OPTION_ARG_STRING, &options.config_path, "The configuration in the APK that says what is run", "PATH" },
	{ "extra-apk", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.extra_apks, "A further APK; repeatable", "FILE" },
	{ "extra-idsig", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.extra_idsigs, "Its idsig, made if it is not there; as many as --extra-apk", "FILE" },
	{ "instance-id-file", 0, 0, G_OPTION_ARG_FILENAME, &options.instance_id_file, "The VM's identity; made if it is not there", "FILE" },
	{ 0 },
};

static const GOptionEntry work[] = {
	{ "work-dir", 0, 0, G_OPTION_ARG_FILENAME, &options.work_dir, "Where the VM's files are kept, instead of a folder that goes with it", "FOLDER" },
	{ "workdir", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &options.work_dir, NULL, NULL },
	{ 0 },
};

static const GOptionEntry partition[] = {
	{ "type", 't', 0, G_OPTION_ARG_STRING, &options.partition_type, "raw (default), instance or encryptedstore", "TYPE" },
	{ 0 },
};

static const struct {
	enum flag_group group;
	const GOptionEntry *entries;
} groups_of_flags[] = {
	{ FLAGS_COMMON, common }, { FLAGS_DEBUG, debug },    { FLAGS_MICRODROID, microdroid },
	{ FLAGS_APP, app },       { FLAGS_WORK_DIR, work }, { FLAGS_PARTITION, partition },
};
/* clang-format on */

const struct cli_options *cli_options_parse(int *argc, char ***argv, unsigned groups,
					    const char *usage, const char *summary, GError **error)
{
	g_autoptr(GOptionContext) context = g_option_context_new(usage);

	g_option_context_set_summary(context, summary);
	for (gsize i = 0; i < G_N_ELEMENTS(groups_of_flags); i++) {
		if ((groups & groups_of_flags[i].group) != 0) {
			g_option_context_add_main_entries(context, groups_of_flags[i].entries,
							  NULL);
		}
	}
	return g_option_context_parse(context, argc, argv, error) ? &options : NULL;
}

static bool bad_value(GError **error, const char *text)
{
	g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
	return false;
}

static bool set_topology(const char *topology, struct vm_common *vm, GError **error)
{
	guint64 count = 0;

	if (strcmp(topology, "one_cpu") == 0) {
		vm->cpu_topology = AVF_CPU_ONE;
		vm->cpu_count = 0;
		return true;
	}
	if (strcmp(topology, "match_host") == 0) {
		vm->cpu_topology = AVF_CPU_MATCH_HOST;
		vm->cpu_count = 0;
		return true;
	}
	if (g_str_has_prefix(topology, CPU_COUNT) &&
	    g_ascii_string_to_unsigned(topology + strlen(CPU_COUNT), 10, 1, VM_CONFIG_CPUS_MAX,
				       &count, NULL)) {
		vm->cpu_count = (uint32_t)count;
		return true;
	}
	return bad_value(error,
			 "--cpu-topology: it is one_cpu, match_host or cpu_count=N, N from 1 to 8");
}

static bool is_there(const struct cli_options *o, GError **error)
{
	const struct {
		const char *flag;
		bool given;
	} missing[] = {
		{ "--tee-services", o->tee_services != NULL },
		{ "--host-services", o->host_services != NULL },
		{ "--task-profiles", o->task_profiles != NULL },
		{ "--dump-device-tree", o->dump_device_tree != NULL },
		{ "--storage", o->storage != NULL },
		{ "--vendor", o->vendor != NULL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(missing); i++) {
		if (missing[i].given) {
			return ipc_error_set(error, AVF_EXCEPTION_UNSUPPORTED_OPERATION,
					     "%s: not supported", missing[i].flag);
		}
	}
	return true;
}

bool cli_options_common(const struct cli_options *o, struct vm_common *vm, const char *preset,
			GError **error)
{
	const char *name = o->name != NULL ? o->name : preset;

	if (!is_there(o, error)) {
		return false;
	}
	if (o->memory_mib < 0 || o->memory_mib > UINT32_MAX) {
		return bad_value(error, "--mem: not a number of MiB");
	}
	if (o->gdb_port < 0 || o->gdb_port > UINT16_MAX) {
		return bad_value(error, "--gdb: not a port from 1 to 65535");
	}
	if (name != NULL) {
		g_free(vm->name);
		vm->name = g_strdup(name);
	}
	if (o->memory_mib != 0) {
		vm->memory_mib = (uint32_t)o->memory_mib;
	}
	vm->gdb_port = (uint16_t)o->gdb_port;
	vm->protected_vm = vm->protected_vm || o->protected_vm;
	vm->huge_pages = o->huge_pages;
	vm->network = o->network;
	vm->boost_uclamp = o->boost_uclamp;
	return o->cpu_topology == NULL || set_topology(o->cpu_topology, vm, error);
}

int cli_options_debug(const struct cli_options *o, GError **error)
{
	if (o->debug == NULL || strcmp(o->debug, "full") == 0) {
		return AVF_DEBUG_FULL;
	}
	if (strcmp(o->debug, "none") == 0) {
		return AVF_DEBUG_NONE;
	}
	bad_value(error, "--debug: it is full or none");
	return -1;
}
