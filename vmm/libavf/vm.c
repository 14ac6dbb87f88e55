/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AvfVm: a machine, its status, what it can be asked for. */
#include "vmm/libavf/vm.h"

#include <fcntl.h>
#include <unistd.h>

#include "vmm/libavf/error.h"
#include "vmm/libavf/vm_files.h"
#include "vmm/service/ipc_error.h"
#include "vmm/service/stream_bus.h"

static guint signals[VM_SIGNAL_COUNT];

G_DEFINE_FINAL_TYPE(AvfVm, avf_vm, G_TYPE_OBJECT)

static void vm_dispose(GObject *object)
{
	AvfVm *vm = AVF_VM(object);

	/* Not one that was made again under the same name. */
	if (vm->manager != NULL && !vm->deleted) {
		manager_forget(vm->manager, vm->name);
	}
	g_clear_pointer(&vm->run, run_free);
	g_clear_pointer(&vm->stopping, g_ptr_array_unref);
	for (int i = 0; i < VM_STREAM_COUNT; i++) {
		vm_stream_clear(&vm->streams[i]);
	}
	g_clear_object(&vm->config);
	g_clear_object(&vm->manager);
	G_OBJECT_CLASS(avf_vm_parent_class)->dispose(object);
}

static void vm_finalize(GObject *object)
{
	AvfVm *vm = AVF_VM(object);

	g_free(vm->name);
	g_free(vm->folder);
	G_OBJECT_CLASS(avf_vm_parent_class)->finalize(object);
}

static guint signal_new(const char *name, guint count, GType first, GType second)
{
	return g_signal_new(name, AVF_TYPE_VM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
			    count, first, second);
}

static void avf_vm_class_init(AvfVmClass *class)
{
	G_OBJECT_CLASS(class)->dispose = vm_dispose;
	G_OBJECT_CLASS(class)->finalize = vm_finalize;
	signals[VM_SIGNAL_PAYLOAD_STARTED] =
		signal_new("payload-started", 0, G_TYPE_NONE, G_TYPE_NONE);
	signals[VM_SIGNAL_PAYLOAD_READY] = signal_new("payload-ready", 0, G_TYPE_NONE, G_TYPE_NONE);
	signals[VM_SIGNAL_PAYLOAD_FINISHED] =
		signal_new("payload-finished", 1, G_TYPE_INT, G_TYPE_NONE);
	signals[VM_SIGNAL_ERROR] = signal_new("error", 2, G_TYPE_INT, G_TYPE_STRING);
	signals[VM_SIGNAL_STOPPED] = signal_new("stopped", 1, G_TYPE_INT, G_TYPE_NONE);
}

static void avf_vm_init(AvfVm *vm)
{
	vm->stopping = g_ptr_array_new_with_free_func((GDestroyNotify)run_free);
	for (int i = 0; i < VM_STREAM_COUNT; i++) {
		vm->streams[i].machine = -1;
	}
}

AvfVm *vm_new(AvfManager *manager, const char *data, const char *name, AvfConfig *config)
{
	AvfVm *vm = g_object_new(AVF_TYPE_VM, NULL);

	vm->manager = g_object_ref(manager);
	vm->name = g_strdup(name);
	vm->folder = vm_files_folder(data, name);
	vm->config = g_object_ref(config);
	return vm;
}

void vm_emit(AvfVm *vm, enum vm_signal which, ...)
{
	va_list args;

	va_start(args, which);
	g_signal_emit_valist(vm, signals[which], 0, args);
	va_end(args);
}

void vm_set_deleted(AvfVm *vm)
{
	vm->deleted = true;
}

const char *avf_vm_get_name(AvfVm *vm)
{
	return vm->name;
}

AvfConfig *avf_vm_get_config(AvfVm *vm)
{
	return g_object_ref(vm->config);
}

AvfVmStatus avf_vm_get_status(AvfVm *vm)
{
	if (vm->deleted) {
		return AVF_VM_STATUS_DELETED;
	}
	if (vm->run != NULL) {
		return AVF_VM_STATUS_RUNNING;
	}
	return vm_files_exist(vm->folder) ? AVF_VM_STATUS_STOPPED : AVF_VM_STATUS_DELETED;
}

guint avf_vm_get_cid(AvfVm *vm)
{
	return vm->run != NULL ? service_vm_cid(vm->run->handle) : 0;
}

static bool has_status(AvfVm *vm, AvfVmStatus wanted, GError **error)
{
	AvfVmStatus status = avf_vm_get_status(vm);

	if (status == wanted) {
		return true;
	}
	if (status == AVF_VM_STATUS_DELETED) {
		return app_error(error, AVF_ERROR_DELETED, "the machine has been deleted");
	}
	return wanted == AVF_VM_STATUS_STOPPED ? app_error(error, AVF_ERROR_NOT_STOPPED,
							   "the machine is not in stopped state") :
						 app_error(error, AVF_ERROR_NOT_RUNNING,
							   "the machine is not in running state");
}

bool vm_is_stopped(AvfVm *vm, GError **error)
{
	return has_status(vm, AVF_VM_STATUS_STOPPED, error);
}

gboolean avf_vm_run(AvfVm *vm, GError **error)
{
	if (!vm_is_stopped(vm, error)) {
		return FALSE;
	}
	vm->run = run_new(vm, error);
	return vm->run != NULL;
}

/* An error of a call to a VM that runs as far as we know. */
static bool call_failed(GError **error, GError *failed)
{
	if (g_error_matches(failed, IPC_ERROR, AVF_EXCEPTION_ILLEGAL_STATE)) {
		g_error_free(failed);
		return app_error(error, AVF_ERROR_NOT_RUNNING,
				 "the machine is not in running state: it has just ended");
	}
	return app_error_of(error, failed);
}

gboolean avf_vm_stop(AvfVm *vm, GError **error)
{
	GError *failed = NULL;
	struct run *run;

	if (!has_status(vm, AVF_VM_STATUS_RUNNING, error)) {
		return FALSE;
	}
	run = vm->run;
	if (!service_vm_stop(run->handle, &failed)) {
		return call_failed(error, failed);
	}
	vm->run = NULL;
	close(run->lock);
	run->lock = -1;
	g_ptr_array_add(vm->stopping, run);
	return TRUE;
}

static gboolean suspended(AvfVm *vm, bool (*call)(struct service_vm *, GError **), GError **error)
{
	GError *failed = NULL;

	if (!has_status(vm, AVF_VM_STATUS_RUNNING, error)) {
		return FALSE;
	}
	return call(vm->run->handle, &failed) || call_failed(error, failed);
}

gboolean avf_vm_suspend(AvfVm *vm, GError **error)
{
	return suspended(vm, service_vm_suspend, error);
}

gboolean avf_vm_resume(AvfVm *vm, GError **error)
{
	return suspended(vm, service_vm_resume, error);
}

gboolean avf_vm_get_memory_balloon(AvfVm *vm, guint64 *bytes, GError **error)
{
	GError *failed = NULL;

	return has_status(vm, AVF_VM_STATUS_RUNNING, error) &&
	       (ipc_virtual_machine_call_get_memory_balloon_sync(service_vm_proxy(vm->run->handle),
								 bytes, NULL, &failed) ||
		call_failed(error, failed));
}

gboolean avf_vm_set_memory_balloon(AvfVm *vm, guint64 bytes, GError **error)
{
	GError *failed = NULL;

	return has_status(vm, AVF_VM_STATUS_RUNNING, error) &&
	       (ipc_virtual_machine_call_set_memory_balloon_sync(service_vm_proxy(vm->run->handle),
								 bytes, NULL, &failed) ||
		call_failed(error, failed));
}

void avf_vm_close(AvfVm *vm)
{
	g_autoptr(GError) error = NULL;

	if (vm->run != NULL && !avf_vm_stop(vm, &error)) {
		g_debug("avf: %s: %s", vm->name, error->message);
	}
}

AvfConfig *avf_vm_set_config(AvfVm *vm, AvfConfig *config, GError **error)
{
	AvfConfig *before = vm->config;
	bool good;
	int lock;

	if (!vm_is_stopped(vm, error)) {
		return NULL;
	}
	if (!avf_config_is_compatible_with(before, config)) {
		app_error(error, AVF_ERROR_INCOMPATIBLE,
			  "the config is incompatible: it would make another machine of \"%s\"",
			  vm->name);
		return NULL;
	}
	lock = vm_files_lock(vm->folder, error);
	if (lock < 0) {
		return NULL;
	}
	good = vm_files_write_config(vm->folder, config, error);
	close(lock);
	if (!good) {
		return NULL;
	}
	vm->config = g_object_ref(config);
	return before;
}

int avf_vm_connect_vsock(AvfVm *vm, guint port, GError **error)
{
	GError *failed = NULL;
	int fd;

	if (!has_status(vm, AVF_VM_STATUS_RUNNING, error)) {
		return -1;
	}
	if (port < AVF_VM_MIN_VSOCK_PORT) {
		app_error(error, AVF_ERROR_ILLEGAL_ARGUMENT, "port: %u is below %u", port,
			  AVF_VM_MIN_VSOCK_PORT);
		return -1;
	}
	fd = service_vm_connect_vsock(vm->run->handle, port, &failed);
	if (fd < 0) {
		call_failed(error, failed);
	}
	return fd;
}

GDBusConnection *avf_vm_connect_to_vsock_server(AvfVm *vm, guint port, GCancellable *cancellable,
						GError **error)
{
	int fd = avf_vm_connect_vsock(vm, port, error);
	GDBusConnection *bus = NULL;
	GError *failed = NULL;

	if (fd >= 0) {
		bus = stream_bus_client_cancellable(fd, &stream_limits_payload, cancellable,
						    &failed);
		if (bus == NULL) {
			app_error_of(error, failed);
		}
	}
	return bus;
}
