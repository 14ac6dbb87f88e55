/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AvfManager: machines by name. */
#include "vmm/libavf/manager.h"

#include <errno.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "vmm/libavf/error.h"
#include "vmm/libavf/vm.h"
#include "vmm/libavf/vm_files.h"

#define DIRECTORY_MODE 0700

struct _AvfManager {
	GObject parent;
	char *data;
	GMainContext *context;
	struct connection *connection; /* NULL after the service was found gone */
	GHashTable *machines;          /* name -> AvfVm, not a reference */
};

G_DEFINE_FINAL_TYPE(AvfManager, avf_manager, G_TYPE_OBJECT)

static void manager_finalize(GObject *object)
{
	AvfManager *manager = AVF_MANAGER(object);

	connection_unref(manager->connection);
	g_hash_table_unref(manager->machines);
	g_main_context_unref(manager->context);
	g_free(manager->data);
	G_OBJECT_CLASS(avf_manager_parent_class)->finalize(object);
}

static void avf_manager_class_init(AvfManagerClass *class)
{
	G_OBJECT_CLASS(class)->finalize = manager_finalize;
}

static void avf_manager_init(AvfManager *manager)
{
	manager->context = g_main_context_ref_thread_default();
	manager->machines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

struct connection *manager_connection(AvfManager *manager, GError **error)
{
	struct connection *made;
	GError *failed = NULL;

	if (manager->connection != NULL && !service_client_is_closed(manager->connection->client)) {
		return manager->connection;
	}
	g_clear_pointer(&manager->connection, connection_unref);
	made = g_new0(struct connection, 1);
	g_main_context_push_thread_default(manager->context);
	made->client = service_client_new(NULL, SERVICE_CLIENT_NONE, &failed);
	g_main_context_pop_thread_default(manager->context);
	if (made->client == NULL) {
		g_free(made);
		app_error_of(error, failed);
		return NULL;
	}
	made->uses = 1;
	made->context = g_main_context_ref(manager->context);
	manager->connection = made;
	return made;
}

void manager_forget(AvfManager *manager, const char *name)
{
	g_hash_table_remove(manager->machines, name);
}

AvfManager *avf_manager_new(const char *data_directory, GError **error)
{
	g_autoptr(AvfManager) manager = g_object_new(AVF_TYPE_MANAGER, NULL);

	manager->data = data_directory != NULL ?
				g_canonicalize_filename(data_directory, NULL) :
				g_build_filename(g_get_user_data_dir(), "avf", NULL);
	if (g_mkdir_with_parents(manager->data, DIRECTORY_MODE) != 0) {
		app_error_errno(error, "%s", manager->data);
		return NULL;
	}
	vm_files_clean(manager->data);
	if (manager_connection(manager, error) == NULL) {
		if (error != NULL) {
			(*error)->code = AVF_ERROR_UNSUPPORTED_OPERATION;
		}
		return NULL;
	}
	return g_steal_pointer(&manager);
}

static IpcVirtualizationService *service_of(AvfManager *manager, GError **error)
{
	struct connection *connection = manager_connection(manager, error);

	return connection != NULL ? service_client_proxy(connection->client) : NULL;
}

AvfCapabilities avf_manager_get_capabilities(AvfManager *manager, GError **error)
{
	IpcVirtualizationService *service = service_of(manager, error);
	GError *failed = NULL;
	guint bits = 0;

	if (service != NULL &&
	    !ipc_virtualization_service_call_get_capabilities_sync(service, &bits, NULL, &failed)) {
		app_error_of(error, failed);
		return 0;
	}
	return (AvfCapabilities)bits;
}

char **avf_manager_get_supported_os_list(AvfManager *manager, GError **error)
{
	IpcVirtualizationService *service = service_of(manager, error);
	GError *failed = NULL;
	char **names = NULL;

	if (service != NULL && !ipc_virtualization_service_call_get_supported_oslist_sync(
				       service, &names, NULL, &failed)) {
		app_error_of(error, failed);
		return NULL;
	}
	return names;
}

gboolean avf_manager_is_feature_enabled(AvfManager *manager, const char *feature, gboolean *enabled,
					GError **error)
{
	IpcVirtualizationService *service = service_of(manager, error);
	GError *failed = NULL;

	if (service == NULL) {
		return FALSE;
	}
	return ipc_virtualization_service_call_is_feature_enabled_sync(service, feature, enabled,
								       NULL, &failed) ||
	       app_error_of(error, failed);
}

/* What this host cannot give. Asked when a machine is made, as the builder knows no host. */
static bool check_host(AvfManager *manager, AvfConfig *config, GError **error)
{
	bool protected_vm = avf_config_is_protected_vm(config);
	unsigned needed = protected_vm ? AVF_MANAGER_CAPABILITY_PROTECTED_VM :
					 AVF_MANAGER_CAPABILITY_NON_PROTECTED_VM;
	GError *failed = NULL;
	AvfCapabilities can = avf_manager_get_capabilities(manager, &failed);

	if (failed != NULL) {
		g_propagate_error(error, failed);
		return false;
	}
	if ((can & needed) == 0) {
		return app_error(error, AVF_ERROR_UNSUPPORTED_OPERATION,
				 "protected-vm: %s VMs are not supported on this host",
				 protected_vm ? "protected" : "non-protected");
	}
	if (avf_config_is_encrypted_storage_enabled(config)) {
		return app_error(error, AVF_ERROR_UNSUPPORTED_OPERATION,
				 "encrypted-storage-bytes: not supported");
	}
	if (avf_config_should_boost_uclamp(config)) {
		return app_error(error, AVF_ERROR_UNSUPPORTED_OPERATION,
				 "should-boost-uclamp: not supported");
	}
	if (avf_config_should_use_hugepages(config) && protected_vm) {
		return app_error(error, AVF_ERROR_UNSUPPORTED_OPERATION,
				 "should-use-hugepages: not supported for a protected VM");
	}
	return avf_config_get_vendor_disk_image(config) == NULL ||
	       app_error(error, AVF_ERROR_UNSUPPORTED_OPERATION,
			 "vendor-disk-image: not supported");
}

static AvfVm *remember(AvfManager *manager, const char *name, AvfConfig *config)
{
	AvfVm *vm = vm_new(manager, manager->data, name, config);

	g_hash_table_insert(manager->machines, g_strdup(name), vm);
	return vm;
}

/* A machine of this name that is in memory, unless it has been deleted. Borrowed. */
static AvfVm *known(AvfManager *manager, const char *name)
{
	AvfVm *vm = g_hash_table_lookup(manager->machines, name);

	if (vm != NULL && avf_vm_get_status(vm) == AVF_VM_STATUS_DELETED) {
		vm_set_deleted(vm);
		manager_forget(manager, name);
		vm = NULL;
	}
	return vm;
}

AvfVm *avf_manager_create(AvfManager *manager, const char *name, AvfConfig *config, GError **error)
{
	IpcVirtualizationService *service;

	if (!vm_files_check_name(name, error)) {
		return NULL;
	}
	service = service_of(manager, error);
	if (service == NULL || !check_host(manager, config, error)) {
		return NULL;
	}
	if (known(manager, name) != NULL) {
		app_error(error, AVF_ERROR_EXISTS, "there is a machine \"%s\"", name);
		return NULL;
	}
	if (!vm_files_create(manager->data, name, config, service, error)) {
		return NULL;
	}
	return remember(manager, name, config);
}

AvfVm *avf_manager_get(AvfManager *manager, const char *name, GError **error)
{
	g_autofree char *folder = NULL;
	g_autoptr(AvfConfig) config = NULL;
	AvfVm *vm;

	if (!vm_files_check_name(name, error)) {
		return NULL;
	}
	vm = known(manager, name);
	if (vm != NULL) {
		return g_object_ref(vm);
	}
	folder = vm_files_folder(manager->data, name);
	if (!vm_files_exist(folder)) {
		return NULL;
	}
	config = vm_files_read_config(folder, error);
	return config != NULL ? remember(manager, name, config) : NULL;
}

AvfVm *avf_manager_get_or_create(AvfManager *manager, const char *name, AvfConfig *config,
				 GError **error)
{
	GError *failed = NULL;
	AvfVm *vm = avf_manager_get(manager, name, &failed);

	if (failed != NULL) {
		g_propagate_error(error, failed);
		return NULL;
	}
	return vm != NULL ? vm : avf_manager_create(manager, name, config, error);
}

gboolean avf_manager_delete(AvfManager *manager, const char *name, GError **error)
{
	g_autofree char *folder = NULL;
	AvfVm *vm;
	bool good;
	int lock;

	if (!vm_files_check_name(name, error)) {
		return FALSE;
	}
	vm = known(manager, name);
	if (vm != NULL && !vm_is_stopped(vm, error)) {
		return FALSE;
	}
	folder = vm_files_folder(manager->data, name);
	if (!vm_files_exist(folder)) {
		return app_error(error, AVF_ERROR_NOT_FOUND, "there is no machine \"%s\"", name);
	}
	lock = vm_files_lock(folder, error);
	if (lock < 0) {
		return FALSE;
	}
	good = vm_files_remove(manager->data, name, error);
	close(lock);
	if (good && vm != NULL) {
		vm_set_deleted(vm);
		manager_forget(manager, name);
	}
	return good;
}
