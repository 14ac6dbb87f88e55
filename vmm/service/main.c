/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon: its options, its socket, its corner of vsock. The only place that ends the process. */
#define _GNU_SOURCE /* unshare */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gstdio.h>

#include "vmm/service/avf.h"
#include "vmm/service/capabilities.h"
#include "vmm/service/host_network.h"
#include "vmm/service/log.h"
#include "vmm/service/service.h"

#define VMM_PROGRAM "/usr/bin/vmm"
#define RUN_DIRECTORY "/run/terrarium/virtualizationservice"
#define LISTEN_FD 3 /* the first that a socket activator hands over: sd_listen_fds(3) */
#define LISTEN_BACKLOG 64
#define VHOST_VSOCK "/dev/vhost-vsock"
#define VSOCK_CHILD_MODE "/proc/sys/net/vsock/child_ns_mode"
#define VSOCK_MODE "/proc/sys/net/vsock/ns_mode"
#define VSOCK_LOCAL "local"
#define EXIT_BAD_ARGUMENTS 2
/* Handshakes run on threads of GLib's pool, which keeps them for 15 s by itself; each has its stack, and memory is for VMs. */
#define IDLE_THREAD_MS 1000

struct daemon {
	char *socket;
	char *vmm;
	char *os_directory;
	char *run_directory;
	int hangup_seconds; /* -1: as AVF has it */
	int vms_max;
	gboolean log_to_kernel;
	gboolean shared_vsock;
	GArray *managers; /* of uid_t */
	GArray *customs;
	GMainLoop *loop;
	struct service *service;
};

static struct daemon daemon_state = { .hangup_seconds = -1, .vms_max = SERVICE_VMS_MAX_DEFAULT };

static gboolean add_uid(const gchar *name, const gchar *value, gpointer data, GError **error)
{
	guint64 number = 0;
	uid_t uid;

	(void)data;
	if (!g_ascii_string_to_unsigned(value, 10, 0, UINT32_MAX - 1, &number, NULL)) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			    "%s: '%s' is not the number of a user", name, value);
		return FALSE;
	}
	uid = (uid_t)number;
	g_array_append_val(
		strcmp(name, "--custom") == 0 ? daemon_state.customs : daemon_state.managers, uid);
	return TRUE;
}

/* clang-format off */
static const GOptionEntry entries[] = {
	{ "socket", 0, 0, G_OPTION_ARG_FILENAME, &daemon_state.socket,
	  "Listen on this UNIX socket (default " AVF_SERVICE_SOCKET "), unless LISTEN_FDS hands one over", "PATH" },
	{ "vmm", 0, 0, G_OPTION_ARG_FILENAME, &daemon_state.vmm, "Run this for each VM (default " VMM_PROGRAM ")", "PATH" },
	{ "os-directory", 0, 0, G_OPTION_ARG_FILENAME, &daemon_state.os_directory,
	  "OSs for app VMs (default " AVF_OS_DIRECTORY ")", "PATH" },
	{ "run-directory", 0, 0, G_OPTION_ARG_FILENAME, &daemon_state.run_directory,
	  "Folder for VMs and the last CID (default " RUN_DIRECTORY ")", "PATH" },
	{ "hangup-seconds", 0, 0, G_OPTION_ARG_INT, &daemon_state.hangup_seconds,
	  "Kill an app VM without a started payload after this time; 0: never (default 30; 300 if this host is a virtual machine)", "N" },
	{ "max-vms", 0, 0, G_OPTION_ARG_INT, &daemon_state.vms_max, "At most so many VMs (default 128)", "N" },
	{ "manager", 0, 0, G_OPTION_ARG_CALLBACK, add_uid, "This user may start app VMs, besides root; repeatable", "UID" },
	{ "custom", 0, 0, G_OPTION_ARG_CALLBACK, add_uid, "This user may start custom VMs too; repeatable", "UID" },
	{ "shared-vsock", 0, 0, G_OPTION_ARG_NONE, &daemon_state.shared_vsock,
	  "Let all processes of the host reach VMs by vsock, and VMs them", NULL },
	{ "log-to-kernel", 0, 0, G_OPTION_ARG_NONE, &daemon_state.log_to_kernel,
	  "Write messages as /dev/kmsg takes them", NULL },
	{ 0 },
};
/* clang-format on */

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0) {
		close(fd);
	}
	return done;
}

/*
 * A network name space of the service's own, in which vsock is local: its VMs, and nobody
 * else, are in it. (Linux: Documentation/admin-guide/sysctl/net.rst, vsock.)
 */
static bool enter_own_vsock(void)
{
	g_autofree char *mode = NULL;
	int probe = open(VHOST_VSOCK, O_RDWR | O_CLOEXEC); /* loads the modules */

	if (probe >= 0) {
		close(probe);
	}
	return write_text(VSOCK_CHILD_MODE, VSOCK_LOCAL) && unshare(CLONE_NEWNET) == 0 &&
	       g_file_get_contents(VSOCK_MODE, &mode, NULL, NULL) &&
	       strcmp(g_strchomp(mode), VSOCK_LOCAL) == 0;
}

/* VMs and their channels take many descriptors. */
static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int handed_over(void)
{
	const char *count = getenv("LISTEN_FDS");
	const char *pid = getenv("LISTEN_PID");
	guint64 number = 0;

	if (count == NULL || strcmp(count, "1") != 0 ||
	    (pid != NULL && (!g_ascii_string_to_unsigned(pid, 10, 1, INT32_MAX, &number, NULL) ||
			     (pid_t)number != getpid()))) {
		return -1;
	}
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	fcntl(LISTEN_FD, F_SETFD, FD_CLOEXEC);
	return LISTEN_FD;
}

/* A socket that anybody may connect to: who it is, is asked of the kernel then. -1 and errno. */
static int bind_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	g_autofree char *folder = g_path_get_dirname(path);
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	g_mkdir_with_parents(folder, 0755);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		close(fd);
		errno = EADDRINUSE;
		return -1;
	}
	g_unlink(path); /* nobody listens on it any more */
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(path, 0666) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
		int saved = errno;

		if (fd >= 0) {
			close(fd);
		}
		errno = saved;
		return -1;
	}
	return fd;
}

static void stopped(void *opaque)
{
	struct daemon *d = opaque;

	g_main_loop_quit(d->loop);
}

static gboolean asked_to_stop(gpointer opaque)
{
	struct daemon *d = opaque;

	service_stop(d->service, stopped, d);
	return G_SOURCE_REMOVE;
}

static const char *or_default(const char *value, const char *preset)
{
	return value != NULL ? value : preset;
}

static unsigned hangup_seconds(const struct daemon *d)
{
	if (d->hangup_seconds >= 0) {
		return (unsigned)d->hangup_seconds;
	}
	return host_is_nested() ? AVF_HANGUP_SECONDS_NESTED : AVF_HANGUP_SECONDS;
}

/* True if it ran, and has ended as it should. */
static bool serve(struct daemon *d, GError **error)
{
	const struct service_config config = {
		.program = or_default(d->vmm, VMM_PROGRAM),
		.os_directory = or_default(d->os_directory, AVF_OS_DIRECTORY),
		.run_directory = or_default(d->run_directory, RUN_DIRECTORY),
		.vms_max = (unsigned)d->vms_max,
		.hangup_seconds = hangup_seconds(d),
		.capabilities = capabilities_of_host,
		.manager_uids = d->managers,
		.custom_uids = d->customs,
		.transport = &guest_transport_vsock,
	};
	const char *path = or_default(d->socket, AVF_SERVICE_SOCKET);
	int fd = handed_over();

	fd = fd >= 0 ? fd : bind_socket(path);
	if (fd < 0) {
		int saved = errno;

		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(saved),
			    "cannot listen on %s: %s", path, g_strerror(saved));
		return false;
	}
	d->service = service_new(&config, error);
	if (d->service == NULL || !service_listen(d->service, fd, error)) {
		return false;
	}
	d->loop = g_main_loop_new(NULL, FALSE);
	g_unix_signal_add(SIGTERM, asked_to_stop, d);
	g_unix_signal_add(SIGINT, asked_to_stop, d);
	service_log("serves; hang-up after %u s", config.hangup_seconds);
	g_main_loop_run(d->loop);
	g_main_loop_unref(d->loop);
	service_free(d->service);
	return true;
}

static bool parse(struct daemon *d, int argc, char **argv, GError **error)
{
	g_autoptr(GOptionContext) context =
		g_option_context_new("- start VMs, one vmm each, for the clients of a UNIX socket");

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, error)) {
		return false;
	}
	if (argc > 1 || d->vms_max < 1 || d->hangup_seconds < -1) {
		g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
				    argc > 1 ? "takes options only; --help lists them" :
					       "--max-vms and --hangup-seconds take whole numbers, "
					       "the former above 0");
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct daemon *d = &daemon_state;
	g_autoptr(GError) error = NULL;

	d->managers = g_array_new(FALSE, FALSE, sizeof(uid_t));
	d->customs = g_array_new(FALSE, FALSE, sizeof(uid_t));
	if (!parse(d, argc, argv, &error)) {
		service_log("%s", error->message);
		return EXIT_BAD_ARGUMENTS;
	}
	service_log_to_kernel(d->log_to_kernel);
	signal(SIGPIPE, SIG_IGN);
	raise_limits();
	g_thread_pool_set_max_idle_time(IDLE_THREAD_MS);
	host_network_keep();
	if (!d->shared_vsock && !enter_own_vsock()) {
		service_log("no vsock of its own: other processes of this host reach its VMs: %s",
			    g_strerror(errno));
	}
	if (!serve(d, &error)) {
		service_log("%s", error->message);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
