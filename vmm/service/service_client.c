/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/service_client.h"

#include <stdlib.h>

#include <gio/gunixfdlist.h>

#include "vmm/service/ipc_error.h"

struct service_client {
	GMainContext *context;
	GThread *thread; /* NULL: the caller's own runs the context */
	GMainLoop *loop; /* of thread */
	GDBusConnection *bus;
	IpcVirtualizationService *proxy;
	GMutex lock;    /* of vms, and of dead and reason of each */
	GCond changed;  /* one has died */
	GPtrArray *vms; /* of struct service_vm */
};

struct service_vm {
	gint references;
	struct service_client *client;
	IpcVirtualMachine *proxy;
	uint32_t cid;
	const struct service_vm_callbacks *callbacks;
	void *opaque;
	bool freed; /* by its owner: no more callbacks; read and written in the context */
	bool dying; /* died has been told, or is being told; likewise */
	bool dead;
	int reason;
};

/* Something to do in the client's context, for a caller that waits for it. */
struct task {
	void (*run)(void *data);
	void *data;
	GMutex lock;
	GCond changed;
	bool done;
};

static gboolean run_task(gpointer data)
{
	struct task *task = data;

	task->run(task->data);
	g_mutex_lock(&task->lock);
	task->done = true;
	g_cond_signal(&task->changed);
	g_mutex_unlock(&task->lock);
	return G_SOURCE_REMOVE;
}

/* What is made there has its signals there. Returns when it is done. */
static void in_context(struct service_client *client, void (*run)(void *data), void *data)
{
	struct task task = { .run = run, .data = data };

	if (client->thread == NULL || client->thread == g_thread_self()) {
		run(data);
		return;
	}
	g_mutex_init(&task.lock);
	g_cond_init(&task.changed);
	g_main_context_invoke(client->context, run_task, &task);
	g_mutex_lock(&task.lock);
	while (!task.done) {
		g_cond_wait(&task.changed, &task.lock);
	}
	g_mutex_unlock(&task.lock);
	g_cond_clear(&task.changed);
	g_mutex_clear(&task.lock);
}

static gpointer run_thread(gpointer data)
{
	struct service_client *client = data;

	g_main_context_push_thread_default(client->context);
	g_main_loop_run(client->loop);
	g_main_context_pop_thread_default(client->context);
	return NULL;
}

static struct service_vm *vm_ref(struct service_vm *vm)
{
	g_atomic_int_inc(&vm->references);
	return vm;
}

static void vm_unref(gpointer data)
{
	struct service_vm *vm = data;

	if (g_atomic_int_dec_and_test(&vm->references)) {
		g_clear_object(&vm->proxy);
		g_free(vm);
	}
}

static void die(struct service_vm *vm, int reason)
{
	if (vm->dying || vm->freed) {
		return;
	}
	vm->dying = true;
	vm_ref(vm); /* the callback may free it */
	if (vm->callbacks->died != NULL) {
		vm->callbacks->died(vm, reason, vm->opaque);
	}
	g_mutex_lock(&vm->client->lock);
	vm->dead = true;
	vm->reason = reason;
	g_cond_broadcast(&vm->client->changed);
	g_mutex_unlock(&vm->client->lock);
	vm_unref(vm);
}

static void on_started(IpcVirtualMachine *proxy, guint cid, gpointer data)
{
	struct service_vm *vm = data;

	(void)proxy;
	(void)cid;
	if (vm->callbacks->payload_started != NULL) {
		vm->callbacks->payload_started(vm, vm->opaque);
	}
}

static void on_ready(IpcVirtualMachine *proxy, guint cid, gpointer data)
{
	struct service_vm *vm = data;

	(void)proxy;
	(void)cid;
	if (vm->callbacks->payload_ready != NULL) {
		vm->callbacks->payload_ready(vm, vm->opaque);
	}
}

static void on_finished(IpcVirtualMachine *proxy, guint cid, gint code, gpointer data)
{
	struct service_vm *vm = data;

	(void)proxy;
	(void)cid;
	if (vm->callbacks->payload_finished != NULL) {
		vm->callbacks->payload_finished(vm, code, vm->opaque);
	}
}

static void on_error(IpcVirtualMachine *proxy, guint cid, gint code, const char *text,
		     gpointer data)
{
	struct service_vm *vm = data;

	(void)proxy;
	(void)cid;
	if (vm->callbacks->error != NULL) {
		vm->callbacks->error(vm, code, text, vm->opaque);
	}
}

static void on_died(IpcVirtualMachine *proxy, guint cid, gint reason, gpointer data)
{
	(void)proxy;
	(void)cid;
	die(data, reason);
}

static gboolean lost(gpointer data)
{
	struct service_client *client = data;
	g_autoptr(GPtrArray) vms = g_ptr_array_new_with_free_func(vm_unref);

	g_mutex_lock(&client->lock);
	for (guint i = 0; i < client->vms->len; i++) {
		g_ptr_array_add(vms, vm_ref(client->vms->pdata[i]));
	}
	g_mutex_unlock(&client->lock);
	for (guint i = 0; i < vms->len; i++) {
		die(vms->pdata[i], AVF_DEATH_VIRTUALIZATION_SERVICE_DIED);
	}
	return G_SOURCE_REMOVE;
}

/* GDBus says it before signals that came first and still wait in the context: they are told first. */
static void on_closed(GDBusConnection *bus, gboolean vanished, GError *error, gpointer data)
{
	struct service_client *client = data;
	GSource *source = g_idle_source_new();

	(void)bus;
	(void)vanished;
	(void)error;
	g_source_set_priority(source, G_PRIORITY_DEFAULT);
	g_source_set_callback(source, lost, client, NULL);
	g_source_attach(source, client->context);
	g_source_unref(source);
}

struct connecting {
	struct service_client *client;
	const char *address;
	GError **error;
};

static void connect_service(void *data)
{
	struct connecting *c = data;
	struct service_client *client = c->client;

	client->bus = g_dbus_connection_new_for_address_sync(
		c->address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL, c->error);
	if (client->bus == NULL) {
		return;
	}
	client->proxy = ipc_virtualization_service_proxy_new_sync(
		client->bus, G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES, NULL, AVF_SERVICE_PATH,
		NULL, c->error);
	if (client->proxy != NULL) {
		/* A busy host takes its time; a dead service closes the connection. */
		g_dbus_proxy_set_default_timeout(G_DBUS_PROXY(client->proxy), G_MAXINT);
		g_signal_connect(client->bus, "closed", G_CALLBACK(on_closed), client);
	}
}

struct service_client *service_client_new(const char *socket, enum service_client_flags flags,
					  GError **error)
{
	const char *named = getenv(AVF_SERVICE_SOCKET_ENV);
	const char *path = socket != NULL ? socket : named != NULL ? named : AVF_SERVICE_SOCKET;
	g_autofree char *escaped = g_dbus_address_escape_value(path);
	g_autofree char *address = g_strconcat("unix:path=", escaped, NULL);
	struct service_client *client = g_new0(struct service_client, 1);
	struct connecting connecting = { client, address, error };

	(void)IPC_ERROR; /* registered with GDBus */
	g_mutex_init(&client->lock);
	g_cond_init(&client->changed);
	client->vms = g_ptr_array_new();
	if ((flags & SERVICE_CLIENT_OWN_THREAD) != 0) {
		client->context = g_main_context_new();
		client->loop = g_main_loop_new(client->context, FALSE);
		client->thread = g_thread_new("service-client", run_thread, client);
	} else {
		client->context = g_main_context_ref_thread_default();
	}
	in_context(client, connect_service, &connecting);
	if (client->proxy == NULL) {
		g_prefix_error(error, "virtualizationservice at %s: ", path);
		service_client_free(client);
		return NULL;
	}
	return client;
}

static void disconnect_service(void *data)
{
	struct service_client *client = data;
	GSource *waiting = g_main_context_find_source_by_user_data(client->context, client);

	g_signal_handlers_disconnect_by_data(client->bus, client);
	if (waiting != NULL) { /* lost() */
		g_source_destroy(waiting);
	}
}

static gboolean quit(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_REMOVE;
}

void service_client_free(struct service_client *client)
{
	if (client == NULL) {
		return;
	}
	g_assert(client->vms->len == 0);
	if (client->bus != NULL) {
		in_context(client, disconnect_service, client);
		g_clear_object(&client->proxy);
		g_dbus_connection_close_sync(client->bus, NULL, NULL);
		g_object_unref(client->bus);
	}
	if (client->thread != NULL) {
		g_main_context_invoke(client->context, quit, client->loop);
		g_thread_join(client->thread);
		g_main_loop_unref(client->loop);
	}
	g_main_context_unref(client->context);
	g_ptr_array_unref(client->vms);
	g_cond_clear(&client->changed);
	g_mutex_clear(&client->lock);
	g_free(client);
}

IpcVirtualizationService *service_client_proxy(const struct service_client *client)
{
	return client->proxy;
}

bool service_client_is_closed(const struct service_client *client)
{
	return g_dbus_connection_is_closed(client->bus);
}

struct attaching {
	struct service_vm *vm;
	const char *object;
	GError **error;
};

static void attach_vm(void *data)
{
	static const struct {
		const char *signal;
		GCallback handler;
	} handlers[] = {
		{ "on-payload-started", G_CALLBACK(on_started) },
		{ "on-payload-ready", G_CALLBACK(on_ready) },
		{ "on-payload-finished", G_CALLBACK(on_finished) },
		{ "on-error", G_CALLBACK(on_error) },
		{ "on-died", G_CALLBACK(on_died) },
	};
	struct attaching *a = data;
	struct service_vm *vm = a->vm;

	vm->proxy = ipc_virtual_machine_proxy_new_sync(vm->client->bus,
						       G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES,
						       NULL, a->object, NULL, a->error);
	if (vm->proxy == NULL) {
		return;
	}
	g_dbus_proxy_set_default_timeout(G_DBUS_PROXY(vm->proxy), G_MAXINT);
	for (gsize i = 0; i < G_N_ELEMENTS(handlers); i++) {
		g_signal_connect(vm->proxy, handlers[i].signal, handlers[i].handler, vm);
	}
}

static bool add_stream(GVariantBuilder *streams, const char *key, int fd, GUnixFDList *fds,
		       GError **error)
{
	int index = fd >= 0 ? g_unix_fd_list_append(fds, fd, error) : 0;

	if (fd >= 0 && index >= 0) {
		g_variant_builder_add(streams, "{sv}", key, g_variant_new_handle(index));
	}
	return index >= 0;
}

/* createVm of a configuration in its D-Bus form, which is consumed; NULL: it could not be made, @error is set. */
static struct service_vm *vm_new(struct service_client *client, const char *kind, GVariant *variant,
				 GUnixFDList *fds, const struct vm_streams *streams,
				 const struct service_vm_callbacks *callbacks, void *opaque,
				 GError **error)
{
	static const struct service_vm_callbacks none = { 0 };
	const struct vm_streams nowhere = VM_STREAMS_NONE;
	const struct vm_streams *s = streams != NULL ? streams : &nowhere;
	g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	g_autoptr(GVariant) config = variant != NULL ? g_variant_ref_sink(variant) : NULL;
	g_autofree char *object = NULL;
	struct service_vm *vm = g_new0(struct service_vm, 1);
	struct attaching attaching = { .vm = vm, .error = error };

	*vm = (struct service_vm){ .references = 1,
				   .client = client,
				   .callbacks = callbacks != NULL ? callbacks : &none,
				   .opaque = opaque };
	if (config == NULL || !add_stream(&builder, "console-out", s->console_out, fds, error) ||
	    !add_stream(&builder, "console-in", s->console_in, fds, error) ||
	    !add_stream(&builder, "log", s->log, fds, error) ||
	    !ipc_virtualization_service_call_create_vm_sync(client->proxy, kind, config,
							    g_variant_builder_end(&builder), fds,
							    &object, NULL, NULL, error)) {
		vm_unref(vm);
		return NULL;
	}
	g_mutex_lock(&client->lock);
	g_ptr_array_add(client->vms, vm);
	g_mutex_unlock(&client->lock);
	attaching.object = object;
	in_context(client, attach_vm, &attaching);
	if (vm->proxy == NULL ||
	    !ipc_virtual_machine_call_get_cid_sync(vm->proxy, &vm->cid, NULL, error)) {
		service_vm_free(vm);
		return NULL;
	}
	return vm;
}

/* The sentence alone. Returns @done. */
static bool stripped(bool done, GError **error)
{
	if (!done && error != NULL && *error != NULL) {
		ipc_error_strip(*error);
	}
	return done;
}

struct service_vm *service_vm_new_raw(struct service_client *client,
				      const struct vm_raw_config *config,
				      const struct vm_streams *streams,
				      const struct service_vm_callbacks *callbacks, void *opaque,
				      GError **error)
{
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	struct service_vm *vm = NULL;

	if (vm_raw_config_check(config, error)) {
		vm = vm_new(client, "raw", vm_raw_config_to_variant(config, fds, error), fds,
			    streams, callbacks, opaque, error);
	}
	stripped(vm != NULL, error);
	return vm;
}

struct service_vm *service_vm_new_app(struct service_client *client,
				      const struct vm_app_config *config,
				      const struct vm_streams *streams,
				      const struct service_vm_callbacks *callbacks, void *opaque,
				      GError **error)
{
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	struct service_vm *vm = NULL;

	if (vm_app_config_check(config, error)) {
		vm = vm_new(client, "app", vm_app_config_to_variant(config, fds, error), fds,
			    streams, callbacks, opaque, error);
	}
	stripped(vm != NULL, error);
	return vm;
}

static void detach_vm(void *data)
{
	struct service_vm *vm = data;

	vm->freed = true;
	if (vm->proxy != NULL) {
		g_signal_handlers_disconnect_by_data(vm->proxy, vm);
	}
}

void service_vm_free(struct service_vm *vm)
{
	if (vm == NULL) {
		return;
	}
	in_context(vm->client, detach_vm, vm);
	if (vm->proxy != NULL) {
		ipc_virtual_machine_call_release_sync(vm->proxy, NULL, NULL);
	}
	g_mutex_lock(&vm->client->lock);
	g_ptr_array_remove_fast(vm->client->vms, vm);
	g_mutex_unlock(&vm->client->lock);
	vm_unref(vm);
}

IpcVirtualMachine *service_vm_proxy(const struct service_vm *vm)
{
	return vm->proxy;
}

uint32_t service_vm_cid(const struct service_vm *vm)
{
	return vm->cid;
}

int service_vm_state(struct service_vm *vm)
{
	int state = AVF_STATE_DEAD;

	return ipc_virtual_machine_call_get_state_sync(vm->proxy, &state, NULL, NULL) ?
		       state :
		       AVF_STATE_DEAD;
}

bool service_vm_start(struct service_vm *vm, GError **error)
{
	return stripped(ipc_virtual_machine_call_start_sync(vm->proxy, NULL, error), error);
}

bool service_vm_stop(struct service_vm *vm, GError **error)
{
	return stripped(ipc_virtual_machine_call_stop_sync(vm->proxy, NULL, error), error);
}

bool service_vm_suspend(struct service_vm *vm, GError **error)
{
	return stripped(ipc_virtual_machine_call_suspend_sync(vm->proxy, NULL, error), error);
}

bool service_vm_resume(struct service_vm *vm, GError **error)
{
	return stripped(ipc_virtual_machine_call_resume_sync(vm->proxy, NULL, error), error);
}

int service_vm_connect_vsock(struct service_vm *vm, uint32_t port, GError **error)
{
	g_autoptr(GUnixFDList) fds = NULL;
	g_autoptr(GVariant) handle = NULL;

	if (!stripped(ipc_virtual_machine_call_connect_vsock_sync(vm->proxy, port, NULL, &handle,
								  &fds, NULL, error),
		      error)) {
		return -1;
	}
	if (fds == NULL || g_variant_get_handle(handle) >= g_unix_fd_list_get_length(fds)) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
				    "the service sent no socket");
		return -1;
	}
	return g_unix_fd_list_get(fds, g_variant_get_handle(handle), error);
}

static gboolean time_over(gpointer over)
{
	*(bool *)over = true;
	return G_SOURCE_CONTINUE;
}

static void wait_in_context(struct service_vm *vm, int64_t milliseconds)
{
	GSource *timer = NULL;
	bool over = false;

	if (milliseconds >= 0) {
		timer = g_timeout_source_new((guint)MIN(milliseconds, (int64_t)G_MAXINT));
		g_source_set_callback(timer, time_over, &over, NULL);
		g_source_attach(timer, vm->client->context);
	}
	while (!vm->dead && !over) {
		g_main_context_iteration(vm->client->context, TRUE);
	}
	if (timer != NULL) {
		g_source_destroy(timer);
		g_source_unref(timer);
	}
}

bool service_vm_wait(struct service_vm *vm, int64_t milliseconds, int *reason)
{
	gint64 end = g_get_monotonic_time() +
		     MIN(milliseconds, (int64_t)G_MAXINT) * G_TIME_SPAN_MILLISECOND;
	bool dead;

	if (vm->client->thread == NULL) {
		wait_in_context(vm, milliseconds);
	}
	g_mutex_lock(&vm->client->lock);
	while (!vm->dead && vm->client->thread != NULL) {
		if (milliseconds < 0) {
			g_cond_wait(&vm->client->changed, &vm->client->lock);
		} else if (!g_cond_wait_until(&vm->client->changed, &vm->client->lock, end)) {
			break;
		}
	}
	dead = vm->dead;
	if (dead && reason != NULL) {
		*reason = vm->reason;
	}
	g_mutex_unlock(&vm->client->lock);
	return dead;
}
