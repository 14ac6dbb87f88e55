/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/service.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "vmm/service/cid.h"
#include "vmm/service/folder.h"
#include "vmm/service/ipc_error.h"
#include "vmm/service/log.h"
#include "vmm/service/service_parts.h"

#define LAST_CID_FILE "last_cid"
#define VMS_FOLDER "vms"
#define OBJECTS_OF_CLIENT_MAX 1024 /* dead ones that it did not release count too */

/* A VM and whose it is. */
struct entry {
	struct service *service;
	struct virtual_machine *vm;
	struct client *client; /* NULL: gone, or released; forgotten when dead */
	char *folder;
};

struct service {
	struct service_config config;
	struct cid_pool *cids;
	GPtrArray *entries; /* of struct entry */
	GPtrArray *clients; /* of struct client */
	GSocketService *listener;
	guint64 next_object;
	void (*stopped)(void *opaque); /* NULL: not stopping */
	void *stopped_opaque;
};

struct service *service_new(const struct service_config *config, GError **error)
{
	g_autofree char *vms = g_build_filename(config->run_directory, VMS_FOLDER, NULL);
	g_autofree char *last = g_build_filename(config->run_directory, LAST_CID_FILE, NULL);
	struct service *service;

	if (g_mkdir_with_parents(vms, 0700) != 0) {
		int saved = errno;

		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(saved),
			    "cannot make %s: %s", vms, g_strerror(saved));
		return NULL;
	}
	folder_remove_all(vms, ""); /* of an earlier service, whose vmms died with it */
	service = g_new0(struct service, 1);
	service->config = *config;
	service->cids = cid_pool_new(last);
	service->entries = g_ptr_array_new();
	service->clients = g_ptr_array_new();
	return service;
}

const struct service_config *service_config(const struct service *service)
{
	return &service->config;
}

static bool holds_uid(const GArray *uids, uid_t uid)
{
	for (guint i = 0; uids != NULL && i < uids->len; i++) {
		if (g_array_index(uids, uid_t, i) == uid) {
			return true;
		}
	}
	return false;
}

bool service_permits(const struct service *service, uid_t uid, enum permission permission)
{
	bool custom = holds_uid(service->config.custom_uids, uid);

	if (uid == 0 || uid == geteuid()) {
		return true;
	}
	switch (permission) {
	case PERMISSION_MANAGE:
		return custom || holds_uid(service->config.manager_uids, uid);
	case PERMISSION_CUSTOM:
		return custom;
	case PERMISSION_DEBUG:
		return false;
	}
	return false;
}

static void entry_free(struct entry *entry)
{
	g_ptr_array_remove_fast(entry->service->entries, entry);
	virtual_machine_free(entry->vm);
	folder_remove(entry->folder);
	g_free(entry->folder);
	g_free(entry);
}

static void check_stopped(struct service *service)
{
	void (*stopped)(void *opaque) = service->stopped;

	if (stopped != NULL && service->entries->len == 0 && service->clients->len == 0) {
		service->stopped = NULL;
		stopped(service->stopped_opaque);
	}
}

static bool is_gone(const struct entry *entry)
{
	int state = virtual_machine_state(entry->vm);

	return state == AVF_STATE_NOT_STARTED || state == AVF_STATE_DEAD;
}

/* A VM that was never started keeps its CID until it is forgotten. */
static void forget(struct entry *entry)
{
	if (virtual_machine_state(entry->vm) == AVF_STATE_NOT_STARTED) {
		cid_pool_give_back(entry->service->cids, virtual_machine_cid(entry->vm));
	}
	entry_free(entry);
}

static void vm_dead(void *opaque, struct virtual_machine *vm)
{
	struct entry *entry = opaque;
	struct service *service = entry->service;

	cid_pool_give_back(service->cids, virtual_machine_cid(vm));
	if (entry->client == NULL) {
		entry_free(entry);
	}
	check_stopped(service);
}

static void abandon(struct entry *entry)
{
	entry->client = NULL;
	virtual_machine_abandon(entry->vm);
	if (is_gone(entry)) {
		forget(entry);
	}
}

static void vm_released(void *opaque, struct virtual_machine *vm)
{
	(void)vm;
	abandon(opaque);
}

static const struct virtual_machine_ops vm_ops = {
	.dead = vm_dead,
	.released = vm_released,
};

static bool check_limits(const struct service *service, const struct client *client, GError **error)
{
	unsigned alive = 0;
	unsigned own = 0;

	for (guint i = 0; i < service->entries->len; i++) {
		const struct entry *entry = service->entries->pdata[i];

		alive += virtual_machine_state(entry->vm) != AVF_STATE_DEAD;
		own += entry->client == client;
	}
	if (alive >= service->config.vms_max) {
		return ipc_error_set(error, AVF_EXCEPTION_SERVICE_SPECIFIC,
				     "there are %u VMs, which is the limit", alive);
	}
	return own < OBJECTS_OF_CLIENT_MAX ||
	       ipc_error_set(error, AVF_EXCEPTION_SERVICE_SPECIFIC,
			     "this client has %u VMs that it did not release, which is the limit",
			     own);
}

static char *make_folder(struct service *service, uint32_t cid, GError **error)
{
	g_autofree char *name = g_strdup_printf("%u", cid);
	char *folder = g_build_filename(service->config.run_directory, VMS_FOLDER, name, NULL);

	if (g_mkdir(folder, 0700) != 0 && errno != EEXIST) {
		ipc_error_set(error, AVF_EXCEPTION_SERVICE_SPECIFIC, "cannot make %s: %s", folder,
			      g_strerror(errno));
		g_free(folder);
		return NULL;
	}
	return folder;
}

bool service_add_vm(struct service *service, struct client *client, GDBusConnection *bus,
		    struct virtual_machine_recipe *recipe, char **path, GError **error)
{
	struct entry *entry = g_new0(struct entry, 1);
	g_autofree char *object =
		g_strdup_printf("/org/terrarium/avf/vm/%" G_GUINT64_FORMAT, service->next_object++);

	entry->service = service;
	entry->client = client;
	recipe->cid = check_limits(service, client, error) ? cid_pool_take(service->cids, error) :
							     0;
	entry->folder = recipe->cid != 0 ? make_folder(service, recipe->cid, error) : NULL;
	if (entry->folder == NULL) {
		virtual_machine_recipe_clear(recipe);
	} else {
		recipe->object_path = object;
		recipe->directory = entry->folder;
		recipe->program = service->config.program;
		recipe->transport = service->config.transport;
		recipe->transport_opaque = service->config.transport_opaque;
		entry->vm = virtual_machine_new(recipe, bus, &vm_ops, entry, error);
	}
	if (entry->vm == NULL) {
		if (recipe->cid != 0) {
			cid_pool_give_back(service->cids, recipe->cid);
		}
		if (entry->folder != NULL) {
			folder_remove(entry->folder);
		}
		g_free(entry->folder);
		g_free(entry);
		return false;
	}
	g_ptr_array_add(service->entries, entry);
	*path = g_steal_pointer(&object);
	return true;
}

static gint by_cid(gconstpointer a, gconstpointer b)
{
	const struct entry *x = *(struct entry *const *)a;
	const struct entry *y = *(struct entry *const *)b;

	return (gint)virtual_machine_cid(x->vm) - (gint)virtual_machine_cid(y->vm);
}

GVariant *service_list_vms(const struct service *service, uid_t uid)
{
	bool all = service_permits(service, uid, PERMISSION_DEBUG);
	g_autoptr(GPtrArray) sorted = g_ptr_array_copy(service->entries, NULL, NULL);
	GVariantBuilder list = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

	g_ptr_array_sort(sorted, by_cid);
	for (guint i = 0; i < sorted->len; i++) {
		const struct virtual_machine *vm = ((struct entry *)sorted->pdata[i])->vm;

		if (virtual_machine_state(vm) != AVF_STATE_DEAD &&
		    (all || virtual_machine_client_uid(vm) == uid)) {
			g_variant_builder_add_value(&list, virtual_machine_describe(vm));
		}
	}
	return g_variant_builder_end(&list);
}

void service_client_gone(struct service *service, struct client *client)
{
	g_autoptr(GPtrArray) all = g_ptr_array_copy(service->entries, NULL, NULL);

	g_ptr_array_remove_fast(service->clients, client);
	for (guint i = 0; i < all->len; i++) {
		struct entry *entry = all->pdata[i];

		if (entry->client == client) {
			abandon(entry);
		}
	}
	check_stopped(service);
}

static gboolean client_arrives(GSocketService *listener, GSocketConnection *connection,
			       GObject *source, gpointer data)
{
	struct service *service = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GCredentials) credentials =
		g_socket_get_credentials(g_socket_connection_get_socket(connection), &error);
	struct peer peer;

	(void)listener;
	(void)source;
	if (credentials == NULL) {
		service_log("a client is refused: %s", error->message);
		return TRUE;
	}
	peer.uid = g_credentials_get_unix_user(credentials, NULL);
	peer.pid = g_credentials_get_unix_pid(credentials, NULL);
	if (!service_permits(service, peer.uid, PERMISSION_MANAGE) ||
	    service->clients->len >= SERVICE_CLIENTS_MAX) {
		service_log("process %d of user %u is refused", (int)peer.pid, (unsigned)peer.uid);
		return TRUE;
	}
	g_ptr_array_add(service->clients, client_new(service, G_IO_STREAM(connection), &peer));
	return TRUE;
}

bool service_listen(struct service *service, int fd, GError **error)
{
	g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, error);

	if (socket == NULL) {
		close(fd);
		return false;
	}
	service->listener = g_socket_service_new();
	g_signal_connect(service->listener, "incoming", G_CALLBACK(client_arrives), service);
	if (!g_socket_listener_add_socket(G_SOCKET_LISTENER(service->listener), socket, NULL,
					  error)) {
		return false;
	}
	g_socket_service_start(service->listener);
	return true;
}

static void stop_listening(struct service *service)
{
	if (service->listener != NULL) {
		g_socket_service_stop(service->listener);
		g_socket_listener_close(G_SOCKET_LISTENER(service->listener));
		g_signal_handlers_disconnect_by_data(service->listener, service);
		g_clear_object(&service->listener);
	}
}

void service_stop(struct service *service, void (*done)(void *opaque), void *opaque)
{
	g_autoptr(GPtrArray) clients = g_ptr_array_copy(service->clients, NULL, NULL);

	stop_listening(service);
	service->stopped = done;
	service->stopped_opaque = opaque;
	for (guint i = 0; i < clients->len; i++) {
		client_drop(clients->pdata[i]);
	}
	check_stopped(service);
}

void service_free(struct service *service)
{
	if (service == NULL) {
		return;
	}
	stop_listening(service);
	g_assert(service->entries->len == 0 && service->clients->len == 0);
	g_ptr_array_unref(service->entries);
	g_ptr_array_unref(service->clients);
	cid_pool_free(service->cids);
	g_free(service);
}
