/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vmm without a VM, for tests of the service: takes the service's command line and does what --params says,
 * step by step, separated by ";":
 *
 *   started | ready | finished CODE | error CODE TEXT   to its IVirtualMachineService
 *   port TEXT        a line to the failure port; console TEXT, log TEXT likewise
 *   exit CODE | kill SIGNAL | wait                       the end; wait: until it is killed
 *   control TEXT     wait for a command on the control socket, write it to the console, if there is one, and answer TEXT
 *   type             wait for a line of the console's input and write it to the console
 *   listen PORT      take one connection and send back what comes
 *   connect CID      connect as this VM to another VM's port: the service must refuse
 *   pid              the process's number, a line to the console
 *   rubbish | large | many | stall                       to the service: no D-Bus, an announced
 *                                                         64 MiB, messages without end, an unfinished message
 *   cut              a message whose half is missing, and the connection's end
 *   expect-error CODE                                    the last notification failed with this exception
 *
 * Guests' sockets are UNIX sockets in the folder FAKE_GUESTS (tests/service/fake_transport.h).
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gio.h>

#include "ipc/virtual_machine_service.h"
#include "tests/service/fake_transport.h"
#include "vmm/service/ipc_error.h"
#include "vmm/service/stream_bus.h"

#define STEP_FAILED 99 /* exit status of a step that could not be done: a test sees UNKNOWN */

struct fake {
	const char *params;
	unsigned cid;
	int failure_port;
	int console;
	int console_input;
	int control;
	int log;
	IpcVirtualMachineService *service; /* NULL until the first notification */
	int last; /* exception of the last notification, 0 if it was taken */
};

static void give_up(const char *step)
{
	fprintf(stderr, "fake_vmm: cannot do '%s'\n", step);
	exit(STEP_FAILED);
}

static int descriptor(const char *value)
{
	return g_str_has_prefix(value, "fd:") ? (int)strtol(value + 3, NULL, 10) : -1;
}

static void read_options(struct fake *f, int argc, char **argv)
{
	*f = (struct fake){ .params = "wait",
			    .failure_port = -1,
			    .console = -1,
			    .log = -1,
			    .console_input = -1,
			    .control = -1 };
	for (int i = 2; i + 1 < argc; i++) {
		const char *value = argv[i + 1];

		if (strcmp(argv[i], "--params") == 0) {
			f->params = value;
		} else if (strcmp(argv[i], "--cid") == 0) {
			f->cid = (unsigned)strtol(value, NULL, 10);
		} else if (strcmp(argv[i], "--serial1") == 0) {
			f->failure_port = descriptor(value);
		} else if (strcmp(argv[i], "--console") == 0) {
			f->console = descriptor(value);
		} else if (strcmp(argv[i], "--console-input") == 0) {
			f->console_input = descriptor(value);
		} else if (strcmp(argv[i], "--control") == 0) {
			f->control = descriptor(value);
		} else if (strcmp(argv[i], "--log") == 0) {
			f->log = descriptor(value);
		}
	}
}

static int connect_service(struct fake *f, unsigned cid)
{
	int fd = fake_transport_dial(getenv(FAKE_TRANSPORT_ENV), cid, f->cid);

	if (fd < 0) {
		give_up("connect");
	}
	return fd;
}

static IpcVirtualMachineService *service(struct fake *f)
{
	GDBusConnection *bus;

	if (f->service == NULL) {
		bus = stream_bus_client(connect_service(f, f->cid), NULL, NULL);
		f->service = bus == NULL ? NULL :
					   ipc_virtual_machine_service_proxy_new_sync(
						   bus, G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES,
						   NULL, AVF_MACHINE_SERVICE_PATH, NULL, NULL);
		if (f->service == NULL) {
			give_up("service");
		}
	}
	return f->service;
}

static void answered(struct fake *f, gboolean done, GError *error)
{
	f->last = done ? 0 : error->code;
	if (!done) {
		fprintf(stderr, "fake_vmm: refused: %s\n", error->message);
		g_error_free(error);
	}
}

/* At once: whoever has read half of it may close the other end. */
static void write_line(int fd, const char *text)
{
	g_autofree char *line = g_strconcat(text, "\n", NULL);

	if (fd >= 0 && write(fd, line, strlen(line)) < 0) {
		give_up(text);
	}
}

/* A line from the console's input comes back on the console. */
static void type_line(struct fake *f)
{
	char byte = 0;

	while (byte != '\n') {
		if (read(f->console_input, &byte, 1) != 1 || write(f->console, &byte, 1) != 1) {
			give_up("type");
		}
	}
}

/* A command comes to the console; @answer goes back. */
static void obey(struct fake *f, const char *answer)
{
	char byte = 0;

	while (byte != '\n') {
		if (read(f->control, &byte, 1) != 1 ||
		    (f->console >= 0 && write(f->console, &byte, 1) != 1)) {
			give_up("control");
		}
	}
	write_line(f->control, answer);
}

static void echo_one(struct fake *f, unsigned port)
{
	char buffer[256];
	ssize_t got;
	int listener = fake_transport_listen_port(getenv(FAKE_TRANSPORT_ENV), f->cid, port);
	int fd;

	ipc_virtual_machine_service_call_notify_payload_ready_sync(service(f), NULL, NULL);
	fd = listener < 0 ? -1 : accept(listener, NULL, NULL);
	if (fd < 0) {
		give_up("listen");
	}
	while ((got = read(fd, buffer, sizeof(buffer))) > 0) {
		if (write(fd, buffer, (size_t)got) != got) {
			break;
		}
	}
	close(fd);
}

/* The other end closes without a word. */
static void expect_closed(int fd)
{
	char byte;

	if (read(fd, &byte, 1) > 0) {
		give_up("connect");
	}
	close(fd);
}

/* Bytes straight to the service; then wait for it to close the connection. */
static void send_raw(struct fake *f, const void *bytes, size_t count, unsigned times)
{
	char sink[4096];
	int fd = connect_service(f, f->cid);

	signal(SIGPIPE, SIG_IGN);
	for (unsigned i = 0; i < times; i++) {
		if (send(fd, bytes, count, MSG_NOSIGNAL) < 0) {
			return;
		}
	}
	while (read(fd, sink, sizeof(sink)) > 0) {
	}
	close(fd);
}

static void misbehave(struct fake *f, const char *how)
{
	static const char hello[] = "\0AUTH ANONYMOUS\r\nBEGIN\r\n";
	static const guint8 large[] = { 'l', 1, 0, 1, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0 };
	char text[512];

	if (strcmp(how, "rubbish") == 0) {
		memset(text, 'x', sizeof(text));
		send_raw(f, text, sizeof(text), 100);
	} else if (strcmp(how, "large") == 0) {
		memcpy(text, hello, sizeof(hello) - 1);
		memcpy(text + sizeof(hello) - 1, large, sizeof(large));
		send_raw(f, text, sizeof(hello) - 1 + sizeof(large), 1);
	} else {
		/* stall: half a handshake, left open */
		if (send(connect_service(f, f->cid), hello, 10, MSG_NOSIGNAL) != 10) {
			give_up(how);
		}
	}
}

/* After a whole handshake: half a message. */
static void cut(struct fake *f)
{
	static const guint8 half[] = { 'l', 1, 0, 1, 0, 16, 0, 0, 9, 0, 0, 0, 32, 0, 0, 0, 1 };
	int fd = connect_service(f, f->cid);
	GDBusConnection *bus = stream_bus_client(fd, NULL, NULL);

	if (bus == NULL) {
		give_up("cut");
	}
	if (send(fd, half, sizeof(half), MSG_NOSIGNAL) != (ssize_t)sizeof(half) ||
	    shutdown(fd, SHUT_RDWR) != 0) {
		give_up("cut");
	}
	g_object_unref(bus);
}

static void many(struct fake *f)
{
	for (int i = 0; i < 100000; i++) {
		g_autoptr(GError) error = NULL;

		if (!ipc_virtual_machine_service_call_notify_payload_ready_sync(service(f), NULL,
										&error) &&
		    error->domain != IPC_ERROR) {
			return; /* the connection is gone, as it should be */
		}
	}
	give_up("many");
}

static void end(const char *word, int number)
{
	if (strcmp(word, "exit") == 0) {
		exit(number);
	}
	if (strcmp(word, "kill") == 0) {
		kill(getpid(), number);
	}
	for (;;) {
		pause();
	}
}

static void notify(struct fake *f, const char *word, int number, const char *text)
{
	GError *error = NULL;
	gboolean done;

	if (strcmp(word, "started") == 0) {
		done = ipc_virtual_machine_service_call_notify_payload_started_sync(service(f),
										    NULL, &error);
	} else if (strcmp(word, "ready") == 0) {
		done = ipc_virtual_machine_service_call_notify_payload_ready_sync(service(f), NULL,
										  &error);
	} else if (strcmp(word, "finished") == 0) {
		done = ipc_virtual_machine_service_call_notify_payload_finished_sync(
			service(f), number, NULL, &error);
	} else {
		done = ipc_virtual_machine_service_call_notify_error_sync(service(f), number, text,
									  NULL, &error);
	}
	answered(f, done, error);
}

static void step(struct fake *f, char *text)
{
	g_auto(GStrv) words = g_strsplit(g_strstrip(text), " ", 3);
	const char *word = words[0] != NULL ? words[0] : "wait";
	const char *rest = strchr(text, ' ') != NULL ? strchr(text, ' ') + 1 : "";
	int number = words[0] != NULL && words[1] != NULL ? (int)strtol(words[1], NULL, 10) : 0;
	char pid[16];
	static const char *const notes[] = { "started", "ready", "finished", "error", NULL };
	static const char *const ends[] = { "exit", "kill", "wait", NULL };

	if (g_strv_contains(notes, word)) {
		notify(f, word, number, words[1] != NULL && words[2] != NULL ? words[2] : "");
	} else if (g_strv_contains(ends, word)) {
		end(word, number);
	} else if (strcmp(word, "port") == 0) {
		write_line(f->failure_port, rest);
	} else if (strcmp(word, "console") == 0) {
		write_line(f->console, rest);
	} else if (strcmp(word, "log") == 0) {
		write_line(f->log, rest);
	} else if (strcmp(word, "listen") == 0) {
		echo_one(f, (unsigned)number);
	} else if (strcmp(word, "connect") == 0) {
		expect_closed(connect_service(f, (unsigned)number));
	} else if (strcmp(word, "pid") == 0) {
		g_snprintf(pid, sizeof(pid), "%d", (int)getpid());
		write_line(f->console, pid);
	} else if (strcmp(word, "expect-error") == 0) {
		if (f->last != number) {
			give_up(text);
		}
	} else if (strcmp(word, "type") == 0) {
		type_line(f);
	} else if (strcmp(word, "control") == 0) {
		obey(f, rest);
	} else if (strcmp(word, "cut") == 0) {
		cut(f);
	} else if (strcmp(word, "many") == 0) {
		many(f);
	} else {
		misbehave(f, word);
	}
}

int main(int argc, char **argv)
{
	g_auto(GStrv) steps = NULL;
	struct fake fake;

	(void)IPC_ERROR; /* registered */
	read_options(&fake, argc, argv);
	steps = g_strsplit(fake.params, ";", -1);
	for (unsigned i = 0; steps[i] != NULL; i++) {
		step(&fake, steps[i]);
	}
	return 0;
}
