/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/cli/session.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <glib-unix.h>

#include "vmm/cli/files.h"
#include "vmm/cli/relay.h"
#include "vmm/service/death.h"
#include "vmm/service/ipc_error.h"
#include "vmm/service/state.h"

struct session {
	struct vm_streams streams;
	struct relay *relay; /* NULL: the VM has no console */
	int console;         /* files that were opened for it; -1: none */
	int console_in;
	int log;
	struct service_vm *vm;
	int signal; /* that asked for the end; 0: none */
};

static int asked_by; /* the signal that ended a VM */

int session_signal(void)
{
	return asked_by;
}

char *session_plain_text(const char *text)
{
	char *plain = g_utf8_make_valid(text, -1);

	for (char *c = plain; *c != '\0'; c++) {
		if (g_ascii_iscntrl(*c)) {
			*c = '?';
		}
	}
	return plain;
}

static void payload_started(struct service_vm *vm, void *opaque)
{
	(void)vm;
	(void)opaque;
	fputs("payload started\n", stderr);
}

static void payload_ready(struct service_vm *vm, void *opaque)
{
	(void)vm;
	(void)opaque;
	fputs("payload is ready\n", stderr);
}

static void payload_finished(struct service_vm *vm, int code, void *opaque)
{
	(void)vm;
	(void)opaque;
	fprintf(stderr, "payload finished with exit code %d\n", code);
}

static const char *code_name(int code)
{
	static const char *const names[] = {
		[AVF_ERROR_CODE_UNKNOWN] = "UNKNOWN",
		[AVF_ERROR_CODE_PAYLOAD_VERIFICATION_FAILED] = "PAYLOAD_VERIFICATION_FAILED",
		[AVF_ERROR_CODE_PAYLOAD_CHANGED] = "PAYLOAD_CHANGED",
		[AVF_ERROR_CODE_PAYLOAD_INVALID_CONFIG] = "PAYLOAD_INVALID_CONFIG",
	};

	return code >= 0 && code < (int)G_N_ELEMENTS(names) ? names[code] : "?";
}

static void told_error(struct service_vm *vm, int code, const char *message, void *opaque)
{
	g_autofree char *plain = session_plain_text(message);

	(void)vm;
	(void)opaque;
	fprintf(stderr, "VM encountered an error: code=%s, message=%s\n", code_name(code), plain);
}

static const struct service_vm_callbacks callbacks = {
	.payload_started = payload_started,
	.payload_ready = payload_ready,
	.payload_finished = payload_finished,
	.error = told_error,
};

static void stop_for(struct session *s, int number)
{
	s->signal = number;
	service_vm_stop(s->vm, NULL); /* one that has ended by now cannot be stopped */
}

static gboolean on_terminate(gpointer session)
{
	stop_for(session, SIGTERM);
	return G_SOURCE_CONTINUE;
}

static gboolean on_interrupt(gpointer session)
{
	stop_for(session, SIGINT);
	return G_SOURCE_CONTINUE;
}

static gboolean on_hangup(gpointer session)
{
	stop_for(session, SIGHUP);
	return G_SOURCE_CONTINUE;
}

/* @path for appending, or @standard where none is given. */
static bool open_output(const char *path, int standard, int *opened, int *fd, GError **error)
{
	if (path == NULL) {
		*fd = standard;
		return true;
	}
	*opened = files_open(path, O_WRONLY | O_APPEND | O_CREAT, error);
	*fd = *opened;
	return *opened >= 0;
}

static bool open_streams(struct session *s, const struct cli_options *o, GError **error)
{
	int console = -1;

	if (!open_output(o->console, STDOUT_FILENO, &s->console, &console, error) ||
	    !open_output(o->log, STDERR_FILENO, &s->log, &s->streams.log, error)) {
		return false;
	}
	s->relay = relay_new(console, error);
	if (s->relay == NULL) {
		return false;
	}
	s->streams.console_out = relay_console_out(s->relay);
	s->streams.console_in = relay_console_in(s->relay);
	if (o->console_in != NULL) {
		s->console_in = files_open(o->console_in, O_RDONLY, error);
		s->streams.console_in = s->console_in;
		return s->console_in >= 0;
	}
	return true;
}

static void close_streams(struct session *s)
{
	const int opened[] = { s->console, s->console_in, s->log };

	relay_finish(s->relay);
	for (gsize i = 0; i < G_N_ELEMENTS(opened); i++) {
		if (opened[i] >= 0) {
			close(opened[i]);
		}
	}
}

static bool start(struct session *s, const struct session_vm *what, GError **error)
{
	const struct vm_common *common = what->app != NULL ? &what->app->common :
							     &what->raw->common;
	int state;

	g_unix_signal_add(SIGTERM, on_terminate, s);
	g_unix_signal_add(SIGINT, on_interrupt, s);
	g_unix_signal_add(SIGHUP, on_hangup, s);
	if (s->relay != NULL) {
		relay_start(s->relay);
	}
	if (!service_vm_start(s->vm, error)) {
		g_prefix_error(error, "cannot start the VM: ");
		return false;
	}
	state = service_vm_state(s->vm);
	printf("Created %s from %s with CID %u, state is %s.\n",
	       what->debuggable ? "debuggable VM" : "VM", what->from, service_vm_cid(s->vm),
	       state_name(state));
	if (common->gdb_port != 0) {
		printf("VM waits for GDB: target remote localhost:%u\n", common->gdb_port);
	}
	fflush(stdout);
	return true;
}

/* The console's last words come before the line that says that the VM has ended. */
static bool run(struct session *s, const struct session_vm *what, GError **error)
{
	int reason = AVF_DEATH_UNKNOWN;
	bool started = start(s, what, error);

	if (started) {
		service_vm_wait(s->vm, -1, &reason);
	}
	service_vm_free(s->vm);
	g_clear_pointer(&s->relay, relay_finish);
	if (started) {
		printf("VM ended: %s\n", death_name(reason));
		fflush(stdout);
	}
	return started;
}

static struct service_vm *make(struct service_client *client, const struct session_vm *what,
			       const struct vm_streams *streams, GError **error)
{
	struct service_vm *vm =
		what->app != NULL ?
			service_vm_new_app(client, what->app, streams, &callbacks, NULL, error) :
			service_vm_new_raw(client, what->raw, streams, &callbacks, NULL, error);

	if (vm == NULL) {
		g_prefix_error(error, "cannot create the VM: ");
	}
	return vm;
}

static void name_console(const struct session *s)
{
	ipc_virtual_machine_call_set_host_console_name_sync(service_vm_proxy(s->vm),
							    relay_terminal(s->relay), NULL, NULL);
}

bool session_run(struct service_client *client, const struct session_vm *what,
		 const struct cli_options *o, GError **error)
{
	struct session s = { VM_STREAMS_NONE, NULL, -1, -1, -1, NULL, 0 };
	bool done = false;

	if (!what->debuggable || open_streams(&s, o, error)) {
		s.vm = make(client, what, &s.streams, error);
	}
	if (s.vm != NULL) {
		if (s.relay != NULL) {
			name_console(&s);
		}
		done = run(&s, what, error);
	}
	close_streams(&s);
	asked_by = s.signal;
	return done;
}
