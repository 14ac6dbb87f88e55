/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of a machine: from its files to the service's VM, and what that says. */
#include <fcntl.h>
#include <unistd.h>

#include "vmm/libavf/error.h"
#include "vmm/libavf/idsig.h"
#include "vmm/libavf/options.h"
#include "vmm/libavf/vm.h"
#include "vmm/libavf/vm_files.h"

#define MIB (INT64_C(1) << 20)
#define MEMORY_STEP_MIB 2 /* the service takes pairs */

/* Around each signal: the machine stays, and the client with it. */
static AvfVm *begin_callback(struct run *run)
{
	run->connection->callbacks++;
	return g_object_ref(run->vm);
}

static void end_callback(AvfVm *vm, struct connection *connection)
{
	g_object_unref(vm);
	connection_unref(connection); /* it is closed later, if this was its last user */
	connection->callbacks--;
}

static void on_started(struct service_vm *handle, void *opaque)
{
	struct run *run = opaque;
	struct connection *connection = connection_ref(run->connection);
	AvfVm *vm = begin_callback(run);

	(void)handle;
	vm_emit(vm, VM_SIGNAL_PAYLOAD_STARTED);
	end_callback(vm, connection);
}

static void on_ready(struct service_vm *handle, void *opaque)
{
	struct run *run = opaque;
	struct connection *connection = connection_ref(run->connection);
	AvfVm *vm = begin_callback(run);

	(void)handle;
	vm_emit(vm, VM_SIGNAL_PAYLOAD_READY);
	end_callback(vm, connection);
}

static void on_finished(struct service_vm *handle, int exit_code, void *opaque)
{
	struct run *run = opaque;
	struct connection *connection = connection_ref(run->connection);
	AvfVm *vm = begin_callback(run);

	(void)handle;
	vm_emit(vm, VM_SIGNAL_PAYLOAD_FINISHED, exit_code);
	end_callback(vm, connection);
}

static void on_error(struct service_vm *handle, int code, const char *message, void *opaque)
{
	struct run *run = opaque;
	struct connection *connection = connection_ref(run->connection);
	AvfVm *vm = begin_callback(run);

	(void)handle;
	vm_emit(vm, VM_SIGNAL_ERROR, code, message);
	end_callback(vm, connection);
}

static void on_died(struct service_vm *handle, int reason, void *opaque)
{
	struct run *run = opaque;
	struct connection *connection = connection_ref(run->connection);
	AvfVm *vm = begin_callback(run);

	(void)handle;
	if (vm->run == run) {
		vm->run = NULL;
		run_free(run);
	} else {
		g_ptr_array_remove(vm->stopping, run);
	}
	vm_emit(vm, VM_SIGNAL_STOPPED, reason);
	end_callback(vm, connection);
}

static const struct service_vm_callbacks callbacks = {
	.payload_started = on_started,
	.payload_ready = on_ready,
	.payload_finished = on_finished,
	.error = on_error,
	.died = on_died,
};

void run_free(struct run *run)
{
	service_vm_free(run->handle);
	connection_unref(run->connection);
	if (run->lock >= 0) {
		close(run->lock);
	}
	g_free(run);
}

/* Packages and their hash trees. */
static bool open_packages(AvfVm *vm, struct run *run, struct vm_app_config *app, GError **error)
{
	IpcVirtualizationService *service = service_client_proxy(run->connection->client);
	const struct options *o = &vm->config->options;

	if (!idsig_open(vm->folder, "idsig", o->apk_path, service, &app->apk, &app->idsig, error)) {
		return false;
	}
	for (unsigned i = 0; o->extra_apks[i] != NULL; i++) {
		g_autofree char *file = g_strdup_printf("extra_idsig_%u", i);
		int apk = -1;
		int idsig = -1;

		if (!idsig_open(vm->folder, file, o->extra_apks[i], service, &apk, &idsig, error)) {
			return false;
		}
		g_array_append_val(app->extra_apks, apk);
		g_array_append_val(app->extra_idsigs, idsig);
	}
	return true;
}

/* The service's form of a machine; NULL and @error. */
static struct vm_app_config *app_config(AvfVm *vm, struct run *run, GError **error)
{
	const struct options *o = &vm->config->options;
	struct vm_app_config *app = vm_app_config_new();
	gint64 step = MEMORY_STEP_MIB * MIB;
	/* Without an overflow; what is too much stays too much. */
	gint64 steps = o->memory_bytes / step + (o->memory_bytes % step != 0);

	g_free(app->common.name);
	app->common.name = g_strdup(vm->name);
	app->common.protected_vm = o->protected_vm == 1;
	app->common.memory_mib =
		(uint32_t)MIN(steps, (gint64)(UINT32_MAX / MEMORY_STEP_MIB)) * MEMORY_STEP_MIB;
	app->common.cpu_topology = (int)o->cpu_topology;
	app->common.cpu_count = (uint32_t)o->cpu_count;
	app->common.huge_pages = o->should_use_hugepages != 0;
	app->common.boost_uclamp = o->should_boost_uclamp != 0;
	app->payload_binary_name = g_strdup(o->payload_binary_name);
	app->config_path = g_strdup(o->payload_config_path);
	app->debug_level = (int)o->debug_level;
	g_free(app->os_name);
	app->os_name = g_strdup(o->os);
	app->common.instance_id = vm_files_instance_id(vm->folder, error);
	if (app->common.instance_id == NULL) {
		goto failed;
	}
	app->instance_image =
		vm_files_open(vm->folder, "instance.img", "instance image", O_RDWR, error);
	if (app->instance_image < 0 || !open_packages(vm, run, app, error)) {
		goto failed;
	}
	return app;
failed:
	vm_app_config_free(app);
	return NULL;
}

static bool prepare_streams(AvfVm *vm, struct vm_streams *streams, GError **error)
{
	const struct options *o = &vm->config->options;
	const struct {
		bool wanted;
		int *fd;
	} ends[VM_STREAM_COUNT] = {
		[VM_STREAM_CONSOLE_OUTPUT] = { o->vm_output_captured, &streams->console_out },
		[VM_STREAM_LOG_OUTPUT] = { o->vm_output_captured, &streams->log },
		[VM_STREAM_CONSOLE_INPUT] = { o->vm_console_input_supported, &streams->console_in },
	};

	for (int i = 0; i < VM_STREAM_COUNT; i++) {
		if (ends[i].wanted) {
			if (!vm_stream_prepare(vm, (enum vm_stream_name)i, error)) {
				return false;
			}
			*ends[i].fd = vm->streams[i].machine;
		}
	}
	return true;
}

static bool start(AvfVm *vm, struct run *run, GError **error)
{
	struct vm_streams streams = VM_STREAMS_NONE;
	struct vm_app_config *app = app_config(vm, run, error);
	GError *failed = NULL;
	bool good = false;

	if (app == NULL) {
		return false;
	}
	if (prepare_streams(vm, &streams, error)) {
		run->handle = service_vm_new_app(run->connection->client, app, &streams, &callbacks,
						 run, &failed);
		good = (run->handle != NULL && service_vm_start(run->handle, &failed)) ||
		       app_error_of(error, failed);
	}
	vm_app_config_free(app);
	return good;
}

struct run *run_new(AvfVm *vm, GError **error)
{
	struct connection *connection = manager_connection(vm->manager, error);
	struct run *run;
	int lock;

	if (connection == NULL) {
		return NULL;
	}
	lock = vm_files_lock(vm->folder, error);
	if (lock < 0) {
		return NULL;
	}
	run = g_new0(struct run, 1);
	run->vm = vm;
	run->connection = connection_ref(connection);
	run->lock = lock;
	if (!start(vm, run, error)) {
		run_free(run);
		return NULL;
	}
	for (int i = 0; i < VM_STREAM_COUNT; i++) {
		vm_stream_given(vm, (enum vm_stream_name)i);
	}
	return run;
}
