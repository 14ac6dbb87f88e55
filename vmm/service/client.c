/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One client's connection: IVirtualizationService. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <gio/gunixfdlist.h>

#include "ipc/virtualization_service.h"
#include "vmm/apk/idsig.h"
#include "vmm/service/app_vm.h"
#include "vmm/service/ipc_error.h"
#include "vmm/service/log.h"
#include "vmm/service/partition.h"
#include "vmm/service/service_parts.h"

struct client {
	struct service *service;
	struct peer peer;
	GIOStream *stream;
	GCancellable *cancellable; /* of the handshake */
	guint timeout;             /* source that ends it */
	GDBusConnection *bus;      /* NULL until it is over */
	IpcVirtualizationService *skeleton;
};

/* Answer with @error, which is consumed; one that is not ours becomes ServiceSpecific. */
static gboolean take_error(GDBusMethodInvocation *invocation, GError *error)
{
	if (error->domain != IPC_ERROR) {
		error->domain = IPC_ERROR;
		error->code = AVF_EXCEPTION_SERVICE_SPECIFIC;
	}
	g_dbus_method_invocation_take_error(invocation, error);
	return TRUE;
}

static bool permitted(const struct client *c, enum permission permission, const char *what,
		      GError **error)
{
	return service_permits(c->service, c->peer.uid, permission) ||
	       ipc_error_set(error, AVF_EXCEPTION_SECURITY, "%s: user %u may not", what,
			     (unsigned)c->peer.uid);
}

/* The descriptor that handle @value means, duplicated. */
static bool take_handle(GVariant *value, GUnixFDList *fds, int *fd, GError **error)
{
	gint32 index = g_variant_get_handle(value);

	if (fds == NULL || index < 0 || index >= g_unix_fd_list_get_length(fds)) {
		return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
				     "it is descriptor %d of a message without it", index);
	}
	*fd = g_unix_fd_list_get(fds, index, error);
	return *fd >= 0;
}

static bool read_streams(GVariant *variant, GUnixFDList *fds, struct vm_streams *streams,
			 GError **error)
{
	const struct {
		const char *key;
		int *fd;
	} keys[] = {
		{ "console-out", &streams->console_out },
		{ "console-in", &streams->console_in },
		{ "log", &streams->log },
	};
	gsize known = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
		g_autoptr(GVariant) value = g_variant_lookup_value(variant, keys[i].key, NULL);

		if (value == NULL) {
			continue;
		}
		known++;
		if (!g_variant_is_of_type(value, G_VARIANT_TYPE_HANDLE)) {
			return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
					     "streams: %s: its type is not 'h'", keys[i].key);
		}
		if (!take_handle(value, fds, keys[i].fd, error)) {
			g_prefix_error(error, "streams: %s: ", keys[i].key);
			return false;
		}
	}
	return known == g_variant_n_children(variant) ||
	       ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
			     "streams: only console-out, console-in and log are");
}

static void close_stream(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
		*fd = -1;
	}
}

static void close_streams(struct vm_streams *streams)
{
	close_stream(&streams->console_out);
	close_stream(&streams->console_in);
	close_stream(&streams->log);
}

static bool is_custom(const struct vm_app_config *app)
{
	return app->custom_kernel >= 0 || app->config_path != NULL || app->common.gdb_port != 0 ||
	       *app->extra_params != NULL || strcmp(app->os_name, AVF_OS_DEFAULT) != 0;
}

static struct vm_raw_config *read_app(struct client *c, GVariant *variant, GUnixFDList *fds,
				      struct virtual_machine_recipe *recipe, GError **error)
{
	const struct service_config *config = service_config(c->service);
	struct vm_app_config *app = vm_app_config_from_variant(variant, fds, error);
	struct vm_raw_config *raw = NULL;

	if (app == NULL) {
		return NULL;
	}
	if (!is_custom(app) || permitted(c, PERMISSION_CUSTOM, "custom VM", error)) {
		raw = app_vm_to_raw(app, config->os_directory, error);
	}
	recipe->hangup_seconds = app->common.gdb_port == 0 ? config->hangup_seconds : 0;
	if (app->debug_level == AVF_DEBUG_NONE) {
		close_streams(&recipe->streams);
	}
	vm_app_config_free(app);
	return raw;
}

static struct vm_raw_config *read_config(struct client *c, const char *kind, GVariant *variant,
					 GUnixFDList *fds, struct virtual_machine_recipe *recipe,
					 GError **error)
{
	if (strcmp(kind, "app") == 0) {
		return read_app(c, variant, fds, recipe, error);
	}
	if (strcmp(kind, "raw") != 0) {
		ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
			      "kind: neither \"raw\" nor \"app\"");
		return NULL;
	}
	return permitted(c, PERMISSION_CUSTOM, "raw VM", error) ?
		       vm_raw_config_from_variant(variant, fds, error) :
		       NULL;
}

static char *create_vm(struct client *c, const char *kind, GVariant *variant, GVariant *streams,
		       GUnixFDList *fds, GError **error)
{
	struct virtual_machine_recipe recipe = {
		.streams = VM_STREAMS_NONE,
		.client_uid = c->peer.uid,
		.client_pid = c->peer.pid,
	};
	char *path = NULL;

	if (read_streams(streams, fds, &recipe.streams, error)) {
		recipe.config = read_config(c, kind, variant, fds, &recipe, error);
	}
	if (recipe.config == NULL || !vmm_command_check(recipe.config, &recipe.streams, error)) {
		virtual_machine_recipe_clear(&recipe);
		return NULL;
	}
	service_add_vm(c->service, c, c->bus, &recipe, &path, error);
	return path;
}

static gboolean handle_create_vm(IpcVirtualizationService *skeleton,
				 GDBusMethodInvocation *invocation, GUnixFDList *fds,
				 const char *kind, GVariant *config, GVariant *streams,
				 gpointer data)
{
	GError *error = NULL;
	g_autofree char *path = create_vm(data, kind, config, streams, fds, &error);

	if (path == NULL) {
		return take_error(invocation, error);
	}
	ipc_virtualization_service_complete_create_vm(skeleton, invocation, NULL, path);
	return TRUE;
}

static gboolean handle_allocate(IpcVirtualizationService *skeleton,
				GDBusMethodInvocation *invocation, gpointer data)
{
	uint8_t id[AVF_INSTANCE_ID_BYTES];
	GError *error = NULL;

	(void)data;
	if (getrandom(id, sizeof(id), 0) != (ssize_t)sizeof(id)) {
		ipc_error_set(&error, AVF_EXCEPTION_SERVICE_SPECIFIC, "no random bytes");
		return take_error(invocation, error);
	}
	ipc_virtualization_service_complete_allocate_instance_id(
		skeleton, invocation,
		g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, id, sizeof(id), 1));
	return TRUE;
}

static gboolean handle_initialize(IpcVirtualizationService *skeleton,
				  GDBusMethodInvocation *invocation, GUnixFDList *fds,
				  GVariant *image, guint64 size, gint type, gpointer data)
{
	GError *error = NULL;
	int fd = -1;
	bool done = false;

	(void)data;
	if (take_handle(image, fds, &fd, &error)) {
		done = partition_initialize(fd, size, type, &error);
		close(fd);
	} else {
		g_prefix_error(&error, "image: ");
	}
	if (!done) {
		return take_error(invocation, error);
	}
	ipc_virtualization_service_complete_initialize_writable_partition(skeleton, invocation,
									  NULL);
	return TRUE;
}

static gboolean unsupported(GDBusMethodInvocation *invocation)
{
	g_dbus_method_invocation_return_error(invocation, IPC_ERROR,
					      AVF_EXCEPTION_UNSUPPORTED_OPERATION,
					      "%s: not supported",
					      g_dbus_method_invocation_get_method_name(invocation));
	return TRUE;
}

/* A package of any size is hashed: in a thread, and the service goes on. */
struct idsig_job {
	GDBusMethodInvocation *invocation;
	int apk;
	int idsig;
};

static void idsig_job_free(gpointer data)
{
	struct idsig_job *job = data;

	if (job->apk >= 0) {
		close(job->apk);
	}
	if (job->idsig >= 0) {
		close(job->idsig);
	}
	g_free(job);
}

static void idsig_job_run(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
	struct idsig_job *job = data;
	GError *error = NULL;

	(void)source;
	(void)cancellable;
	if (!idsig_create_or_update(job->apk, job->idsig, &error)) {
		bool files_fault = error->domain != APK_ERROR || error->code == APK_ERROR_READ;
		int code = files_fault ? AVF_EXCEPTION_SERVICE_SPECIFIC :
					 AVF_EXCEPTION_ILLEGAL_ARGUMENT;

		g_dbus_method_invocation_return_error(job->invocation, IPC_ERROR, code, "apk: %s",
						      error->message);
		g_error_free(error);
	} else {
		ipc_virtualization_service_complete_create_or_update_idsig_file(
			NULL, job->invocation, NULL);
	}
	g_task_return_boolean(task, TRUE);
}

static gboolean handle_idsig(IpcVirtualizationService *skeleton, GDBusMethodInvocation *invocation,
			     GUnixFDList *fds, GVariant *apk, GVariant *idsig, gpointer data)
{
	struct idsig_job *job = g_new(struct idsig_job, 1);
	g_autoptr(GTask) task = g_task_new(NULL, NULL, NULL, NULL);
	GError *error = NULL;

	(void)skeleton;
	(void)data;
	*job = (struct idsig_job){ .invocation = invocation, .apk = -1, .idsig = -1 };
	g_task_set_task_data(task, job, idsig_job_free);
	if (!take_handle(apk, fds, &job->apk, &error)) {
		g_prefix_error(&error, "apk: ");
		return take_error(invocation, error);
	}
	if (!take_handle(idsig, fds, &job->idsig, &error)) {
		g_prefix_error(&error, "idsig: ");
		return take_error(invocation, error);
	}
	g_task_run_in_thread(task, idsig_job_run);
	return TRUE;
}

static gboolean handle_list(IpcVirtualizationService *skeleton, GDBusMethodInvocation *invocation,
			    gpointer data)
{
	struct client *c = data;

	ipc_virtualization_service_complete_debug_list_vms(
		skeleton, invocation, service_list_vms(c->service, c->peer.uid));
	return TRUE;
}

static gboolean handle_capabilities(IpcVirtualizationService *skeleton,
				    GDBusMethodInvocation *invocation, gpointer data)
{
	struct client *c = data;

	ipc_virtualization_service_complete_get_capabilities(
		skeleton, invocation, service_config(c->service)->capabilities());
	return TRUE;
}

static gboolean handle_os_list(IpcVirtualizationService *skeleton,
			       GDBusMethodInvocation *invocation, gpointer data)
{
	struct client *c = data;
	g_auto(GStrv) names = app_vm_os_list(service_config(c->service)->os_directory);

	ipc_virtualization_service_complete_get_supported_oslist(skeleton, invocation,
								 (const char *const *)names);
	return TRUE;
}

/* No feature that AVF switches is there yet; a name that nobody knows is false too. */
static gboolean handle_feature(IpcVirtualizationService *skeleton,
			       GDBusMethodInvocation *invocation, const char *feature,
			       gpointer data)
{
	(void)feature;
	(void)data;
	ipc_virtualization_service_complete_is_feature_enabled(skeleton, invocation, FALSE);
	return TRUE;
}

static gboolean handle_devices(IpcVirtualizationService *skeleton,
			       GDBusMethodInvocation *invocation, gpointer data)
{
	(void)data;
	ipc_virtualization_service_complete_get_assignable_devices(skeleton, invocation,
								   g_variant_new("aa{sv}", NULL));
	return TRUE;
}

static gboolean handle_attestation(IpcVirtualizationService *skeleton,
				   GDBusMethodInvocation *invocation, gpointer data)
{
	(void)data;
	ipc_virtualization_service_complete_is_remote_attestation_supported(skeleton, invocation,
									    FALSE);
	return TRUE;
}

static gboolean handle_updatable(IpcVirtualizationService *skeleton,
				 GDBusMethodInvocation *invocation, gpointer data)
{
	(void)data;
	ipc_virtualization_service_complete_is_updatable_vm_supported(skeleton, invocation, FALSE);
	return TRUE;
}

static gboolean handle_test_attestation(IpcVirtualizationService *skeleton,
					GDBusMethodInvocation *invocation, gpointer data)
{
	(void)skeleton;
	(void)data;
	return unsupported(invocation);
}

static gboolean handle_instance(IpcVirtualizationService *skeleton,
				GDBusMethodInvocation *invocation, GVariant *id, gpointer data)
{
	(void)skeleton;
	(void)id;
	(void)data;
	return unsupported(invocation);
}

static IpcVirtualizationService *skeleton_new(struct client *c)
{
	static const struct {
		const char *signal;
		GCallback handler;
	} handlers[] = {
		{ "handle-create-vm", G_CALLBACK(handle_create_vm) },
		{ "handle-allocate-instance-id", G_CALLBACK(handle_allocate) },
		{ "handle-initialize-writable-partition", G_CALLBACK(handle_initialize) },
		{ "handle-create-or-update-idsig-file", G_CALLBACK(handle_idsig) },
		{ "handle-debug-list-vms", G_CALLBACK(handle_list) },
		{ "handle-get-capabilities", G_CALLBACK(handle_capabilities) },
		{ "handle-get-supported-oslist", G_CALLBACK(handle_os_list) },
		{ "handle-is-feature-enabled", G_CALLBACK(handle_feature) },
		{ "handle-get-assignable-devices", G_CALLBACK(handle_devices) },
		{ "handle-is-remote-attestation-supported", G_CALLBACK(handle_attestation) },
		{ "handle-is-updatable-vm-supported", G_CALLBACK(handle_updatable) },
		{ "handle-enable-test-attestation", G_CALLBACK(handle_test_attestation) },
		{ "handle-remove-vm-instance", G_CALLBACK(handle_instance) },
		{ "handle-claim-vm-instance", G_CALLBACK(handle_instance) },
	};
	IpcVirtualizationService *skeleton = ipc_virtualization_service_skeleton_new();

	for (gsize i = 0; i < G_N_ELEMENTS(handlers); i++) {
		g_signal_connect(skeleton, handlers[i].signal, handlers[i].handler, c);
	}
	return skeleton;
}

static void client_free(struct client *c)
{
	GDBusInterfaceSkeleton *skeleton = G_DBUS_INTERFACE_SKELETON(c->skeleton);

	service_client_gone(c->service, c);
	g_clear_handle_id(&c->timeout, g_source_remove);
	if (g_dbus_interface_skeleton_get_connection(skeleton) != NULL) {
		g_dbus_interface_skeleton_unexport(skeleton);
	}
	g_signal_handlers_disconnect_by_data(skeleton, c);
	g_object_unref(c->skeleton);
	if (c->bus != NULL) {
		g_signal_handlers_disconnect_by_data(c->bus, c);
		g_object_unref(c->bus);
	}
	g_object_unref(c->cancellable);
	g_object_unref(c->stream);
	g_free(c);
}

static void bus_closed(GDBusConnection *bus, gboolean vanished, GError *error, gpointer data)
{
	(void)bus;
	(void)vanished;
	(void)error;
	client_free(data);
}

static void handshake_over(GObject *source, GAsyncResult *result, gpointer data)
{
	struct client *c = data;
	g_autoptr(GError) error = NULL;
	GDBusConnection *bus = g_dbus_connection_new_finish(result, &error);

	(void)source;
	g_clear_handle_id(&c->timeout, g_source_remove);
	/* One that has closed by now may have said so already. */
	if (bus == NULL || g_dbus_connection_is_closed(bus) ||
	    g_cancellable_is_cancelled(c->cancellable) ||
	    !g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(c->skeleton), bus,
					      AVF_SERVICE_PATH, &error)) {
		service_log("process %d speaks no D-Bus: %s", (int)c->peer.pid,
			    error != NULL ? error->message : "it has closed, or it is too late");
		g_clear_object(&bus);
		client_free(c);
		return;
	}
	c->bus = bus;
	g_signal_connect(bus, "closed", G_CALLBACK(bus_closed), c);
	g_dbus_connection_start_message_processing(bus);
}

static gboolean handshake_too_long(gpointer data)
{
	struct client *c = data;

	c->timeout = 0;
	g_cancellable_cancel(c->cancellable);
	return G_SOURCE_REMOVE;
}

static gboolean only_external(GDBusAuthObserver *observer, const char *mechanism, gpointer data)
{
	(void)observer;
	(void)data;
	return strcmp(mechanism, "EXTERNAL") == 0;
}

/* Who the kernel says it is was checked when it connected: the same user must speak. */
static gboolean authorize(GDBusAuthObserver *observer, GIOStream *stream, GCredentials *credentials,
			  gpointer data)
{
	const struct client *c = data;

	(void)observer;
	(void)stream;
	return credentials != NULL && g_credentials_get_unix_user(credentials, NULL) == c->peer.uid;
}

struct client *client_new(struct service *service, GIOStream *stream, const struct peer *peer)
{
	struct client *c = g_new0(struct client, 1);
	g_autoptr(GDBusAuthObserver) observer = g_dbus_auth_observer_new();
	g_autofree char *guid = g_dbus_generate_guid();

	c->service = service;
	c->peer = *peer;
	c->stream = g_object_ref(stream);
	c->cancellable = g_cancellable_new();
	c->skeleton = skeleton_new(c);
	c->timeout = g_timeout_add_seconds(SERVICE_HANDSHAKE_SECONDS, handshake_too_long, c);
	g_signal_connect(observer, "allow-mechanism", G_CALLBACK(only_external), NULL);
	g_signal_connect(observer, "authorize-authenticated-peer", G_CALLBACK(authorize), c);
	g_dbus_connection_new(stream, guid,
			      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
				      G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
			      observer, c->cancellable, handshake_over, c);
	return c;
}

void client_drop(struct client *c)
{
	if (c->bus != NULL) {
		g_dbus_connection_close(c->bus, NULL, NULL, NULL);
	} else {
		g_cancellable_cancel(c->cancellable);
	}
}
