/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* memfd_create */
#include "tests/service/support.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <glib/gstdio.h>

#include "tests/plugins/cmocka_all.h"
#include "tests/service/fake_daemon.h"
#include "vmm/service/ipc_error.h"

#define WAIT_SECONDS 60
#define VMS_MAX 8

/* Paths, put in by the build. */
static const char fake_vmm[] = FAKE_VMM;
static const char fake_daemon[] = FAKE_DAEMON;

void test_service_init(struct test_service *s)
{
	s->folder = g_dir_make_tmp("terrarium-service-XXXXXX", NULL);
	assert_non_null(s->folder);
	s->socket = g_build_filename(s->folder, "socket", NULL);
	s->guests = g_build_filename(s->folder, "guests", NULL);
	assert_int_equal(g_mkdir(s->guests, 0700), 0);
}

static int listen_on(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_unlink(path);
	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

void test_service_start(struct test_service *s)
{
	int listener = listen_on(s->socket);
	g_autofree char *vms_max = g_strdup_printf("%u", s->vms_max != 0 ? s->vms_max : VMS_MAX);
	g_autofree char *hangup = g_strdup_printf("%u", s->hangup_seconds);

	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (listener == FAKE_DAEMON_LISTENER) {
			fcntl(listener, F_SETFD, 0);
		}
		dup2(listener, FAKE_DAEMON_LISTENER);
		execl(fake_daemon, fake_daemon, s->folder, fake_vmm, vms_max, hangup, NULL);
		_exit(127);
	}
	close(listener);
}

void test_service_stop(struct test_service *s)
{
	int status = 0;

	kill(s->pid, SIGTERM);
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	assert_int_equal(status, 0);
}

void test_service_kill(struct test_service *s)
{
	kill(s->pid, SIGKILL);
	assert_int_equal(waitpid(s->pid, NULL, 0), s->pid);
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	const char *name;

	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
		g_autofree char *inner = g_build_filename(path, name, NULL);

		remove_tree(inner);
	}
	g_remove(path);
}

void test_service_clear(struct test_service *s)
{
	remove_tree(s->folder);
	g_free(s->folder);
	g_free(s->socket);
	g_free(s->guests);
}

unsigned test_service_descriptors(const struct test_service *s)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/fd", (int)s->pid);
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	unsigned count = 0;

	assert_non_null(folder);
	while (g_dir_read_name(folder) != NULL) {
		count++;
	}
	return count;
}

void test_client_init(struct test_client *c, const struct test_service *s)
{
	g_autofree char *address = g_strconcat("unix:path=", s->socket, NULL);
	g_autoptr(GError) error = NULL;

	(void)IPC_ERROR; /* registered with GDBus */
	c->bus = g_dbus_connection_new_for_address_sync(
		address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL, &error);
	assert_null(error);
	c->service = ipc_virtualization_service_proxy_new_sync(
		c->bus, G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES, NULL, AVF_SERVICE_PATH, NULL,
		&error);
	assert_null(error);
}

void test_client_clear(struct test_client *c)
{
	g_object_unref(c->service);
	g_dbus_connection_close_sync(c->bus, NULL, NULL);
	g_object_unref(c->bus);
}

int test_world_begin(void **state)
{
	struct test_world *w = g_new0(struct test_world, 1);

	test_service_init(&w->service);
	test_service_start(&w->service);
	test_client_init(&w->client, &w->service);
	*state = w;
	return 0;
}

int test_world_end(void **state)
{
	struct test_world *w = *state;

	test_client_clear(&w->client);
	test_service_stop(&w->service);
	test_service_clear(&w->service);
	g_free(w);
	return 0;
}

int test_file(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void write_file(const char *folder, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	assert_true(g_file_set_contents(path, text, -1, NULL));
}

void test_os(const char *os, const char *name, const char *params)
{
	g_autofree char *folder = g_build_filename(os, name, NULL);
	g_autofree char *file = g_strconcat(name, ".json", NULL);
	g_autofree char *escaped = g_strescape(params, NULL);
	g_autofree char *text = g_strdup_printf(
		"{\"kernel\":\"kernel\",\"initrd\":\"normal\",\"initrd_debuggable\":\"debuggable\","
		"\"params\":\"%s\",\"memory_mib\":128,"
		"\"disks\":[{\"partitions\":[{\"label\":\"super\",\"path\":\"super\"}]}]}",
		escaped);

	assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
	write_file(folder, file, text);
	write_file(folder, "kernel", "k");
	write_file(folder, "normal", "n");
	write_file(folder, "debuggable", "dd");
	write_file(folder, "super", "system");
}

static void on_started(IpcVirtualMachine *proxy, guint cid, gpointer vm)
{
	(void)proxy;
	(void)cid;
	g_string_append(((struct test_vm *)vm)->events, "started ");
}

static void on_ready(IpcVirtualMachine *proxy, guint cid, gpointer vm)
{
	(void)proxy;
	(void)cid;
	g_string_append(((struct test_vm *)vm)->events, "ready ");
}

static void on_finished(IpcVirtualMachine *proxy, guint cid, gint code, gpointer vm)
{
	(void)proxy;
	(void)cid;
	g_string_append_printf(((struct test_vm *)vm)->events, "finished:%d ", code);
}

static void on_error(IpcVirtualMachine *proxy, guint cid, gint code, const char *text, gpointer vm)
{
	(void)proxy;
	(void)cid;
	g_string_append_printf(((struct test_vm *)vm)->events, "error:%d:%s ", code, text);
}

static void on_died(IpcVirtualMachine *proxy, guint cid, gint reason, gpointer vm)
{
	(void)proxy;
	(void)cid;
	g_string_append_printf(((struct test_vm *)vm)->events, "died:%d ", reason);
}

bool test_vm_create(struct test_vm *vm, const struct test_client *c, const char *kind,
		    GVariant *variant, GUnixFDList *fds, GError **error)
{
	g_autofree char *path = NULL;
	GVariantBuilder streams = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	int ends[2];

	assert_true(g_unix_open_pipe(ends, FD_CLOEXEC, NULL));
	g_variant_builder_add(&streams, "{sv}", "console-out",
			      g_variant_new_handle(g_unix_fd_list_append(fds, ends[1], NULL)));
	close(ends[1]);
	*vm = (struct test_vm){ .events = g_string_new(NULL), .console = ends[0] };
	if (!ipc_virtualization_service_call_create_vm_sync(c->service, kind, variant,
							    g_variant_builder_end(&streams), fds,
							    &path, NULL, NULL, error)) {
		test_vm_clear(vm, false);
		return false;
	}
	vm->proxy = ipc_virtual_machine_proxy_new_sync(
		c->bus, G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES, NULL, path, NULL, NULL);
	assert_non_null(vm->proxy);
	g_signal_connect(vm->proxy, "on-payload-started", G_CALLBACK(on_started), vm);
	g_signal_connect(vm->proxy, "on-payload-ready", G_CALLBACK(on_ready), vm);
	g_signal_connect(vm->proxy, "on-payload-finished", G_CALLBACK(on_finished), vm);
	g_signal_connect(vm->proxy, "on-error", G_CALLBACK(on_error), vm);
	g_signal_connect(vm->proxy, "on-died", G_CALLBACK(on_died), vm);
	return true;
}

void test_vm_init(struct test_vm *vm, const struct test_client *c, const char *params)
{
	struct vm_raw_config *config = vm_raw_config_new();
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	g_autoptr(GError) error = NULL;

	config->kernel = test_file("kernel");
	config->params = g_strdup(params);
	assert_true(test_vm_create(vm, c, "raw", vm_raw_config_to_variant(config, fds, NULL), fds,
				   &error));
	vm_raw_config_free(config);
}

void test_vm_start(struct test_vm *vm)
{
	g_autoptr(GError) error = NULL;

	ipc_virtual_machine_call_start_sync(vm->proxy, NULL, &error);
	assert_null(error);
}

void test_vm_clear(struct test_vm *vm, bool release)
{
	if (release) {
		assert_true(ipc_virtual_machine_call_release_sync(vm->proxy, NULL, NULL));
	}
	if (vm->proxy != NULL) {
		g_signal_handlers_disconnect_by_data(vm->proxy, vm);
		g_object_unref(vm->proxy);
	}
	if (vm->console >= 0) {
		close(vm->console);
	}
	g_string_free(vm->events, TRUE);
}

static gboolean too_long(gpointer late)
{
	*(bool *)late = true;
	return G_SOURCE_CONTINUE;
}

void test_vm_wait(struct test_vm *vm, const char *text)
{
	bool late = false;
	guint timer = g_timeout_add_seconds(WAIT_SECONDS, too_long, &late);

	while (strstr(vm->events->str, text) == NULL && !late) {
		g_main_context_iteration(NULL, TRUE);
	}
	g_source_remove(timer);
	if (late) {
		fail_msg("no '%s' in '%s'", text, vm->events->str);
	}
}

void test_vm_run(const struct test_client *c, const char *params, const char *events)
{
	struct test_vm vm;

	test_vm_init(&vm, c, params);
	test_vm_start(&vm);
	test_vm_wait(&vm, "died");
	assert_string_equal(vm.events->str, events);
	test_vm_clear(&vm, true);
}

void test_error_is(GError *error, int code, const char *text)
{
	assert_non_null(error);
	assert_true(error->domain == IPC_ERROR);
	assert_int_equal(error->code, code);
	ipc_error_strip(error);
	if (strstr(error->message, text) == NULL) {
		fail_msg("'%s' does not hold '%s'", error->message, text);
	}
	g_error_free(error);
}

char *test_read_all(int fd)
{
	GString *text = g_string_new(NULL);
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char buffer[256];
	ssize_t got = -1;

	while (poll(&ready, 1, WAIT_SECONDS * 1000) == 1 &&
	       (got = read(fd, buffer, sizeof(buffer))) > 0) {
		g_string_append_len(text, buffer, got);
	}
	assert_int_equal(got, 0);
	return g_string_free(text, FALSE);
}

char *test_read_line(int fd)
{
	GString *text = g_string_new(NULL);
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char byte = 0;

	while (byte != '\n' && poll(&ready, 1, WAIT_SECONDS * 1000) == 1 &&
	       read(fd, &byte, 1) == 1) {
		g_string_append_c(text, byte);
	}
	assert_int_equal(byte, '\n');
	return g_string_free(text, FALSE);
}
