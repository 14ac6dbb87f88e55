/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm console: this terminal at that of a VM (relay.h). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "vmm/cli/commands.h"
#include "vmm/cli/files.h"
#include "vmm/service/ipc_error.h"

#define CHUNK_BYTES 4096
#define LEAVE 0x1d /* Ctrl-] */

/* The terminal of the VM with this CID, or of the only one if it is 0. */
static char *find_terminal(GVariant *list, guint64 wanted, GError **error)
{
	g_autofree char *found = NULL;
	unsigned count = 0;

	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) vm = g_variant_get_child_value(list, i);
		const char *console = "";
		guint32 cid = 0;

		g_variant_lookup(vm, "cid", "u", &cid);
		g_variant_lookup(vm, "host-console-name", "&s", &console);
		if (console[0] != '\0' && (wanted == 0 || wanted == cid)) {
			g_free(found);
			found = g_strdup(console);
			count++;
		}
	}
	if (count == 1) {
		return g_steal_pointer(&found);
	}
	if (wanted != 0) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			    "no VM with CID %u has a console here; `vm list` says which are there",
			    (unsigned)wanted);
	} else {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			    "%u VMs have a console here%s", count,
			    count > 1 ? ": name a CID; `vm list` says which are there" : "");
	}
	return NULL;
}

static bool write_all(int fd, const char *text, size_t bytes)
{
	while (bytes > 0) {
		ssize_t done = write(fd, text, bytes);

		if (done < 0 && errno != EINTR) {
			return false;
		}
		if (done > 0) {
			text += done;
			bytes -= (size_t)done;
		}
	}
	return true;
}

/* False: the end, of the VM or by the user. */
static bool pass_typed(int terminal, bool *more)
{
	char text[CHUNK_BYTES];
	ssize_t got = read(STDIN_FILENO, text, sizeof(text));
	const char *leave = got > 0 && isatty(STDIN_FILENO) ? memchr(text, LEAVE, (size_t)got) :
							      NULL;

	if (got <= 0) {
		*more = false; /* what the VM says is still shown */
		return true;
	}
	return write_all(terminal, text, leave != NULL ? (size_t)(leave - text) : (size_t)got) &&
	       leave == NULL;
}

static bool pass_shown(int terminal)
{
	char text[CHUNK_BYTES];
	ssize_t got = read(terminal, text, sizeof(text));

	/* EIO: the VM's `vm` has gone, and the terminal with it. */
	return got > 0 ? write_all(STDOUT_FILENO, text, (size_t)got) : got < 0 && errno == EINTR;
}

static void attach(int terminal)
{
	bool more = true;
	bool on = true;

	while (on) {
		struct pollfd ready[] = {
			{ .fd = terminal, .events = POLLIN },
			{ .fd = more ? STDIN_FILENO : -1, .events = POLLIN },
		};

		if (poll(ready, G_N_ELEMENTS(ready), -1) < 0) {
			continue; /* EINTR */
		}
		on = (ready[0].revents == 0 || pass_shown(terminal)) &&
		     (ready[1].revents == 0 || pass_typed(terminal, &more));
	}
}

static void attach_raw(int terminal)
{
	struct termios before;
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &before) != 0) {
		attach(terminal); /* no terminal here */
		return;
	}
	fputs("Ctrl-] leaves the console\r\n", stderr);
	raw = before;
	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	attach(terminal);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}

bool command_console(struct service_client *client, const struct cli_options *o, char **words,
		     GError **error)
{
	g_autoptr(GVariant) list = NULL;
	g_autofree char *path = NULL;
	guint64 cid = 0;
	int terminal;

	(void)o;
	if (words[0] != NULL &&
	    !g_ascii_string_to_unsigned(words[0], 10, AVF_CID_MIN, AVF_CID_MAX, &cid, NULL)) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			    "%s: not a CID from %u to %u", words[0], AVF_CID_MIN, AVF_CID_MAX);
		return false;
	}
	if (!ipc_virtualization_service_call_debug_list_vms_sync(service_client_proxy(client),
								 &list, NULL, error)) {
		ipc_error_strip(*error);
		return false;
	}
	path = find_terminal(list, cid, error);
	terminal = path != NULL ? files_open(path, O_RDWR | O_NOCTTY, error) : -1;
	if (terminal < 0) {
		return false;
	}
	attach_raw(terminal);
	close(terminal);
	return true;
}
