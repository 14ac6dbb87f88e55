/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of `vm`. Each takes its flags and its words, whose number has been checked, prints what it found on the
 * standard output, and returns true; or false and @error, whose message is one sentence for the user.
 */
#ifndef VMM_CLI_COMMANDS_H
#define VMM_CLI_COMMANDS_H

#include <stdbool.h>

#include "vmm/cli/options.h"
#include "vmm/service/service_client.h"

/* Where run-microdroid finds its package: a payload that waits until the VM is stopped. Its idsig may lie beside it. */
#define CLI_EMPTY_PACKAGE "/usr/share/terrarium/payload/empty.apk"
#define CLI_EMPTY_BINARY "empty.so"

/* run.c: run CONFIG.json; run-app APK IDSIG INSTANCE_IMG; run-microdroid. They return when the VM has ended. */
bool command_run(struct service_client *client, const struct cli_options *o, char **words,
		 GError **error);
bool command_run_app(struct service_client *client, const struct cli_options *o, char **words,
		     GError **error);
bool command_run_microdroid(struct service_client *client, const struct cli_options *o,
			    char **words, GError **error);

/* query.c: list; info; check-feature-enabled FEATURE. */
bool command_list(struct service_client *client, const struct cli_options *o, char **words,
		  GError **error);
bool command_info(struct service_client *client, const struct cli_options *o, char **words,
		  GError **error);
bool command_feature(struct service_client *client, const struct cli_options *o, char **words,
		     GError **error);

/* console.c: console [CID]: the terminal of a VM that a `vm` of this user runs, until the VM ends or Ctrl-]. */
bool command_console(struct service_client *client, const struct cli_options *o, char **words,
		     GError **error);

/* files.c: create-idsig APK IDSIG; create-partition FILE BYTES. */
bool command_create_idsig(struct service_client *client, const struct cli_options *o, char **words,
			  GError **error);
bool command_create_partition(struct service_client *client, const struct cli_options *o,
			      char **words, GError **error);

#endif /* VMM_CLI_COMMANDS_H */
