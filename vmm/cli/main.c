/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm: VMs from a shell, by virtualizationservice. AVF's command of that name (its android/vm/src/main.rs).
 *
 * Exit status: 0 done, and of a VM: it ran and has ended, for whatever reason; 1 it could not be done; 2 wrong words; that of
 * a signal if one ended it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cli/commands.h"
#include "vmm/cli/session.h"

#define EXIT_USAGE 2
#define OF_A_VM (FLAGS_COMMON | FLAGS_DEBUG)

static const struct command {
	const char *name;
	const char *usage;
	const char *summary;
	unsigned flags;
	int least; /* words */
	int most;
	bool (*run)(struct service_client *client, const struct cli_options *o, char **words,
		    GError **error);
} commands[] = {
	{ "run-app", "APK IDSIG INSTANCE_IMG", "Run a payload of an APK in a VM with Microdroid",
	  OF_A_VM | FLAGS_MICRODROID | FLAGS_APP, 3, 3, command_run_app },
	{ "run-microdroid", "", "Run Microdroid with a payload that waits",
	  OF_A_VM | FLAGS_MICRODROID | FLAGS_WORK_DIR, 0, 0, command_run_microdroid },
	{ "run", "CONFIG.json", "Run the VM that a JSON file describes", OF_A_VM, 1, 1,
	  command_run },
	{ "list", "", "List the VMs that this user may see", 0, 0, 0, command_list },
	{ "info", "", "Say what this host can run", 0, 0, 0, command_info },
	{ "console", "[CID]", "Come to the console of a VM; Ctrl-] leaves it", 0, 0, 1,
	  command_console },
	{ "create-idsig", "APK IDSIG", "Make or update the idsig of an APK", 0, 2, 2,
	  command_create_idsig },
	{ "create-partition", "FILE BYTES", "Make a partition's image in a new file",
	  FLAGS_PARTITION, 2, 2, command_create_partition },
	{ "check-feature-enabled", "FEATURE", "Say whether a feature is enabled", 0, 1, 1,
	  command_feature },
};

static void print_commands(FILE *to)
{
	fputs("Usage: vm COMMAND [FLAG...] [WORD...]\n\n", to);
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
		g_autofree char *words = g_strjoin(" ", commands[i].name, commands[i].usage, NULL);

		fprintf(to, "  %-40s %s\n", words, commands[i].summary);
	}
	fputs("\n`vm COMMAND --help` lists its flags.\n", to);
}

static const struct command *find(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return &commands[i];
		}
	}
	return NULL;
}

static int failed(const GError *error)
{
	fprintf(stderr, "vm: %s\n", error->message);
	return error->domain == G_OPTION_ERROR ? EXIT_USAGE : EXIT_FAILURE;
}

static int run(const struct command *command, const struct cli_options *o, char **words)
{
	g_autoptr(GError) error = NULL;
	struct service_client *client = service_client_new(NULL, SERVICE_CLIENT_NONE, &error);
	int status;

	if (client == NULL) {
		return failed(error);
	}
	status = command->run(client, o, words, &error) ? EXIT_SUCCESS : failed(error);
	service_client_free(client);
	if (session_signal() != 0) { /* as if nothing had been done about it */
		signal(session_signal(), SIG_DFL);
		raise(session_signal());
	}
	return status;
}

int main(int argc, char **argv)
{
	const struct command *command = argc > 1 ? find(argv[1]) : NULL;
	const struct cli_options *o;
	g_autoptr(GError) error = NULL;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
		print_commands(stdout);
		return EXIT_SUCCESS;
	}
	if (command == NULL) {
		if (argc > 1) {
			fprintf(stderr, "vm: %s: no such command\n", argv[1]);
		}
		print_commands(stderr);
		return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	argc--;
	argv++;
	o = cli_options_parse(&argc, &argv, command->flags, command->usage, command->summary,
			      &error);
	if (o == NULL) {
		return failed(error);
	}
	if (argc - 1 < command->least || argc - 1 > command->most) {
		fprintf(stderr, "vm: usage: vm %s %s\n", command->name, command->usage);
		return EXIT_USAGE;
	}
	return run(command, o, argv + 1);
}
