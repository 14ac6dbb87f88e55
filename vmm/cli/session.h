/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One VM from createVm to its end, told to a user as it goes. */
#ifndef VMM_CLI_SESSION_H
#define VMM_CLI_SESSION_H

#include <stdbool.h>

#include "vmm/cli/options.h"
#include "vmm/service/service_client.h"

/* What is run: one of raw and app. Borrowed. */
struct session_vm {
	const struct vm_raw_config *raw;
	const struct vm_app_config *app;
	const char *from; /* what the user knows it by */
	bool debuggable;  /* it has a console and a log */
};

/*
 * Make the VM, start it, and say what it says until it has ended. A line each, AVF's words: on the standard output
 *
 *   Created VM from FROM with CID N, state is STARTING.      "debuggable VM" if it is
 *   VM ended: REASON                                         a name of AVF_DEATH_REASONS
 *
 * and on the standard error "payload started", "payload is ready", "payload finished with exit code N", "VM encountered
 * an error: code=NAME, message=TEXT". Its console goes to --console or the standard output, and to a terminal for
 * `vm console`; its log to --log or the standard error. SIGINT, SIGTERM and SIGHUP stop the VM: session_signal().
 *
 * Returns  true if the VM ran and has ended, whatever the reason.
 * Errors   false; G_FILE_ERROR, IPC_ERROR, G_IO_ERROR.
 */
bool session_run(struct service_client *client, const struct session_vm *what,
		 const struct cli_options *o, GError **error);

/* The signal that stopped the VM of session_run(); 0: none did. The program's end is to be by it. */
int session_signal(void);

/* A text from others, with '?' for what a terminal might obey; owned by the caller. */
char *session_plain_text(const char *text);

#endif /* VMM_CLI_SESSION_H */
