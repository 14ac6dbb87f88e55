/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the arguments of D-Bus methods, against the service itself, in this process: a client's IVirtualizationService and
 * IVirtualMachine, and a guest's IVirtualMachineService. The input is a program of calls: interface, method, and the bytes that
 * its arguments are made of, mostly of the right types. Each call has an answer, an error is one that the XML files
 * name or GDBus's own, and the connection stays. The vmm is /bin/true.
 */
#define _GNU_SOURCE /* memfd_create, nftw */
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "ipc/virtual_machine_service.h"
#include "ipc/virtualization_service.h"
#include "tests/service/fake_transport.h"
#include "vmm/service/guest_service.h"
#include "vmm/service/ipc_error.h"
#include "vmm/service/service.h"
#include "vmm/service/vm_config.h"

#define CALLS_MAX 8
#define VMS_MAX 8
#define NESTING_MAX 3
#define CONNECTIONS_MAX 60 /* below GUEST_CONNECTIONS_LIFE_MAX */
#define CID 4000
#define FD_BYTES 4096
#define FOLDERS_OPEN 16 /* at a time, while they are removed */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

struct bytes {
	const uint8_t *data;
	size_t size;
};

static struct {
	char *folder;
	char *guests;
	struct service *service;
	GDBusConnection *client;
	GPtrArray *vms; /* object paths, of char * */
	struct guest_service *guest_service;
	GDBusConnection *guest;
	unsigned connections; /* of the guest */
} world;

static uint8_t next(struct bytes *b)
{
	uint8_t byte = b->size > 0 ? b->data[0] : 0;

	b->data += b->size > 0;
	b->size -= b->size > 0;
	return byte;
}

static uint64_t next_number(struct bytes *b)
{
	static const uint64_t edges[] = { 0,         1,          1024,      UINT16_MAX,
					  INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX };
	uint8_t kind = next(b);
	uint64_t number = 0;

	if (kind < 128) {
		return kind % 16;
	}
	if (kind < 192) {
		return edges[kind % G_N_ELEMENTS(edges)];
	}
	for (int i = 0; i < 8; i++) {
		number = number << 8 | next(b);
	}
	return number;
}

/* Text as D-Bus wants it: UTF-8 without zeroes. */
static char *next_text(struct bytes *b)
{
	static const char *const words[] = { "raw",
					     "app",
					     "kernel",
					     "name",
					     "memory-mib",
					     "console-out",
					     "log",
					     "disks",
					     "image",
					     "params",
					     "instance-id",
					     "devices",
					     "protected",
					     "apk",
					     "payload-binary-name",
					     "device-tree-overlay" };
	uint8_t kind = next(b);
	g_autofree char *raw = NULL;
	size_t bytes;

	if (kind < 160) {
		return g_strdup(words[kind % G_N_ELEMENTS(words)]);
	}
	bytes = MIN(b->size, (size_t)(kind % 64) * (kind == UINT8_MAX ? 64 : 1));
	raw = g_strndup((const char *)b->data, bytes);
	b->data += bytes;
	b->size -= bytes;
	return g_utf8_make_valid(raw, -1);
}

static GVariant *value(const GVariantType *type, struct bytes *b, unsigned depth);

static GVariant *any_value(struct bytes *b, unsigned depth)
{
	static const char *const types[] = { "b", "u",  "i",  "s",      "h",  "q",
					     "t", "as", "ay", "aa{sv}", "ah", "v" };
	const char *type = types[next(b) % (depth > NESTING_MAX ? 7 : G_N_ELEMENTS(types))];

	return value(G_VARIANT_TYPE(type), b, depth + 1);
}

static GVariant *array(const GVariantType *type, struct bytes *b, unsigned depth)
{
	GVariantBuilder builder;
	unsigned count = next(b) % 6;

	g_variant_builder_init(&builder, type);
	for (unsigned i = 0; i < count; i++) {
		g_variant_builder_add_value(&builder,
					    value(g_variant_type_element(type), b, depth + 1));
	}
	return g_variant_builder_end(&builder);
}

/* A value of @type, of those that the interfaces have; floating. */
static GVariant *value(const GVariantType *type, struct bytes *b, unsigned depth)
{
	g_autofree char *text = NULL;

	switch (g_variant_type_peek_string(type)[0]) {
	case 'b':
		return g_variant_new_boolean(next(b) & 1);
	case 'y':
		return g_variant_new_byte(next(b));
	case 'q':
		return g_variant_new_uint16((guint16)next_number(b));
	case 'u':
		return g_variant_new_uint32((guint32)next_number(b));
	case 'i':
		return g_variant_new_int32((gint32)next_number(b));
	case 't':
		return g_variant_new_uint64(next_number(b));
	case 'h':
		return g_variant_new_handle((gint32)(next(b) < 224 ? next(b) % 2 : next_number(b)));
	case 's':
		text = next_text(b);
		return g_variant_new_string(text);
	case 'v':
		return g_variant_new_variant(any_value(b, depth));
	case '{':
		text = next_text(b);
		return g_variant_new_dict_entry(g_variant_new_string(text),
						g_variant_new_variant(any_value(b, depth)));
	case 'a':
		return array(type, b, depth);
	default:
		abort();
	}
}

static GVariant *arguments(const GDBusMethodInfo *method, struct bytes *b)
{
	GVariantBuilder builder;
	bool wrong = next(b) > 240;

	g_variant_builder_init(&builder, G_VARIANT_TYPE_TUPLE);
	for (GDBusArgInfo **arg = method->in_args; arg != NULL && *arg != NULL; arg++) {
		g_variant_builder_add_value(&builder,
					    value(G_VARIANT_TYPE((*arg)->signature), b, 0));
	}
	if (wrong) {
		g_variant_builder_add_value(&builder, any_value(b, 0));
	}
	return g_variant_builder_end(&builder);
}

static GUnixFDList *descriptors(struct bytes *b)
{
	GUnixFDList *fds = g_unix_fd_list_new();

	for (int i = 0; i < 2; i++) {
		int fd = memfd_create("fuzz", MFD_CLOEXEC);

		if (fd < 0 || ftruncate(fd, (off_t)(next(b) % 4) * FD_BYTES) != 0 ||
		    g_unix_fd_list_append(fds, fd, NULL) != i) {
			abort();
		}
		close(fd);
	}
	return fds;
}

static void keep_result(GObject *source, GAsyncResult *result, gpointer kept)
{
	(void)source;
	*(GAsyncResult **)kept = g_object_ref(result);
}

static void await(GAsyncResult **result)
{
	while (*result == NULL) {
		g_main_context_iteration(NULL, TRUE);
	}
}

static bool is_error_of_ours(const GError *error)
{
	g_autofree char *name = g_dbus_error_get_remote_error(error);

	return error->domain == IPC_ERROR ||
	       (name != NULL && g_str_has_prefix(name, "org.freedesktop.DBus.Error."));
}

/* The answer, or NULL for an error. */
static GVariant *call(GDBusConnection *bus, const char *path, const GDBusInterfaceInfo *interface,
		      const GDBusMethodInfo *method, struct bytes *b)
{
	GVariant *args = arguments(method, b);
	g_autoptr(GUnixFDList) fds = descriptors(b);
	g_autoptr(GUnixFDList) given = NULL;
	g_autoptr(GError) error = NULL;
	GAsyncResult *result = NULL;
	GVariant *answer;

	g_dbus_connection_call_with_unix_fd_list(bus, NULL, path, interface->name, method->name,
						 args, NULL, G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL,
						 keep_result, &result);
	await(&result);
	answer = g_dbus_connection_call_with_unix_fd_list_finish(bus, &given, result, &error);
	g_object_unref(result);
	if (answer == NULL && !is_error_of_ours(error) && !g_dbus_connection_is_closed(bus)) {
		fprintf(stderr, "%s: %s\n", method->name, error->message);
		abort();
	}
	return answer;
}

static const GDBusMethodInfo *pick(const GDBusInterfaceInfo *interface, uint8_t byte)
{
	unsigned count = 0;

	while (interface->methods[count] != NULL) {
		count++;
	}
	g_assert(count > 0); /* by the XML */
	return interface->methods[byte % count];
}

/* A client's end of D-Bus; NULL if the other end closed it. */
static GDBusConnection *connection_over(int fd)
{
	GSocket *socket = g_socket_new_from_fd(fd, NULL);
	GSocketConnection *stream = g_socket_connection_factory_create_connection(socket);
	GAsyncResult *result = NULL;
	GDBusConnection *bus;

	g_dbus_connection_new(G_IO_STREAM(stream), NULL,
			      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL,
			      keep_result, &result);
	await(&result);
	bus = g_dbus_connection_new_finish(result, NULL);
	g_object_unref(result);
	g_object_unref(stream);
	g_object_unref(socket);
	if (bus != NULL) {
		g_dbus_connection_set_exit_on_close(bus, FALSE);
	}
	return bus;
}

static bool moved(void *opaque, enum avf_state state, int exit_code, GError **error)
{
	(void)opaque;
	if (state < AVF_STATE_STARTED || state > AVF_STATE_FINISHED) {
		abort();
	}
	return exit_code % 2 == 0 || ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_STATE, "odd");
}

static bool failed(void *opaque, enum avf_error_code code, const char *message, GError **error)
{
	(void)opaque;
	(void)error;
	if (code < AVF_ERROR_CODE_UNKNOWN || code > AVF_ERROR_CODE_PAYLOAD_INVALID_CONFIG ||
	    !g_utf8_validate(message, -1, NULL)) {
		abort();
	}
	return true;
}

/* The guest's connection; a new one when the service has had enough of the last. */
static GDBusConnection *guest(void)
{
	static const struct guest_service_ops ops = { .moved = moved, .error = failed };

	if (world.guest != NULL && !g_dbus_connection_is_closed(world.guest)) {
		return world.guest;
	}
	g_clear_object(&world.guest);
	for (int tries = 0; world.guest == NULL;
	     tries++) { /* it may not have seen yet that earlier ones are closed */
		if (tries > CONNECTIONS_MAX) {
			abort();
		}
		if (world.guest_service == NULL || ++world.connections == CONNECTIONS_MAX) {
			guest_service_free(world.guest_service);
			world.connections = 0;
			world.guest_service = guest_service_new(CID, &fake_transport, world.guests,
								&ops, NULL, NULL);
		}
		world.guest = connection_over(fake_transport_dial(world.guests, CID, CID));
	}
	return world.guest;
}

static void call_service(struct bytes *b)
{
	const GDBusInterfaceInfo *interface = ipc_virtualization_service_interface_info();
	const GDBusMethodInfo *method = pick(interface, next(b));
	g_autoptr(GVariant) answer = call(world.client, AVF_SERVICE_PATH, interface, method, b);
	char *path = NULL;

	if (answer != NULL && strcmp(method->name, "CreateVm") == 0) {
		g_variant_get(answer, "(o)", &path);
		g_ptr_array_add(world.vms, path);
	}
}

static void make_vm(void)
{
	struct vm_raw_config *config = vm_raw_config_new();
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	GAsyncResult *result = NULL;
	GVariant *answer;
	char *path = NULL;

	config->kernel = memfd_create("kernel", MFD_CLOEXEC);
	if (write(config->kernel, "kernel", 6) != 6) {
		abort();
	}
	g_dbus_connection_call_with_unix_fd_list(
		world.client, NULL, AVF_SERVICE_PATH,
		ipc_virtualization_service_interface_info()->name, "CreateVm",
		g_variant_new("(s@a{sv}a{sv})", "raw", vm_raw_config_to_variant(config, fds, NULL),
			      NULL),
		G_VARIANT_TYPE("(o)"), G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL, keep_result, &result);
	await(&result);
	answer = g_dbus_connection_call_with_unix_fd_list_finish(world.client, NULL, result, NULL);
	g_object_unref(result);
	vm_raw_config_free(config);
	if (answer != NULL) { /* else there are too many */
		g_variant_get(answer, "(o)", &path);
		g_ptr_array_add(world.vms, path);
		g_variant_unref(answer);
	}
}

static void call_vm(struct bytes *b)
{
	const GDBusInterfaceInfo *interface = ipc_virtual_machine_interface_info();
	GVariant *answer;

	if (world.vms->len == 0) {
		make_vm();
	}
	if (world.vms->len > 0) {
		answer = call(world.client, world.vms->pdata[next(b) % world.vms->len], interface,
			      pick(interface, next(b)), b);
		g_clear_pointer(&answer, g_variant_unref);
	}
}

static void release_vms(void)
{
	for (guint i = 0; i < world.vms->len; i++) {
		GAsyncResult *result = NULL;
		GVariant *answer;

		g_dbus_connection_call(world.client, NULL, world.vms->pdata[i],
				       ipc_virtual_machine_interface_info()->name, "Release", NULL,
				       NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, keep_result,
				       &result);
		await(&result);
		answer = g_dbus_connection_call_finish(world.client, result, NULL);
		g_clear_pointer(&answer, g_variant_unref);
		g_object_unref(result);
	}
	g_ptr_array_set_size(world.vms, 0);
}

static unsigned all_capabilities(void)
{
	return AVF_CAPABILITY_PROTECTED_VM | AVF_CAPABILITY_NON_PROTECTED_VM;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
	(void)about;
	(void)kind;
	(void)where;
	return remove(path);
}

static void remove_folders(void)
{
	if (nftw(world.folder, remove_one, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS) != 0) {
		fprintf(stderr, "%s is left\n", world.folder);
	}
}

static int listen_at(struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address->sun_family = AF_UNIX;
	g_snprintf(address->sun_path, sizeof(address->sun_path), "%s/socket", world.folder);
	if (bind(fd, (struct sockaddr *)address, sizeof(*address)) != 0 || listen(fd, 8) != 0) {
		abort();
	}
	return fd;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct service_config config = {
		.program = "/bin/true",
		.vms_max = VMS_MAX,
		.capabilities = all_capabilities,
		.transport = &fake_transport,
	};
	struct sockaddr_un address = { 0 };
	int fd;

	(void)argc;
	(void)argv;
	(void)IPC_ERROR; /* registered */
	signal(SIGPIPE, SIG_IGN);
	world.folder = g_dir_make_tmp("fuzz-XXXXXX", NULL);
	atexit(remove_folders);
	world.guests = g_build_filename(world.folder, "guests", NULL);
	if (g_mkdir_with_parents(world.guests, 0700) != 0) {
		abort();
	}
	config.os_directory = world.folder;
	config.run_directory = g_build_filename(world.folder, "run", NULL);
	config.transport_opaque = world.guests;
	world.vms = g_ptr_array_new_with_free_func(g_free);
	world.service = service_new(&config, NULL);
	if (world.service == NULL || !service_listen(world.service, listen_at(&address), NULL)) {
		abort();
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		abort();
	}
	world.client = connection_over(fd);
	if (world.client == NULL) {
		abort();
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const GDBusInterfaceInfo *of_guests = ipc_virtual_machine_service_interface_info();
	struct bytes b = { data, size };

	for (int i = 0; i < CALLS_MAX && b.size > 0; i++) {
		uint8_t who = next(&b);

		if (who % 4 == 0) {
			GVariant *answer = call(guest(), AVF_MACHINE_SERVICE_PATH, of_guests,
						pick(of_guests, next(&b)), &b);

			g_clear_pointer(&answer, g_variant_unref);
		} else if (who % 4 == 1) {
			call_vm(&b);
		} else {
			call_service(&b);
		}
	}
	release_vms();
	if (g_dbus_connection_is_closed(world.client)) {
		abort();
	}
	return 0;
}
