/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/virtual_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gunixfdlist.h>
#include <glib-unix.h>

#include "ipc/virtualization_service.h"
#include "vmm/service/death.h"
#include "vmm/service/guest_service.h"
#include "vmm/service/host_network.h"
#include "vmm/service/ipc_error.h"
#include "vmm/service/log.h"
#include "vmm/service/state.h"
#include "vmm/service/vmm_control.h"
#include "vmm/service/vmm_process.h"

#define CONSOLE_NAME_BYTES_MAX 255

struct virtual_machine {
	struct virtual_machine_recipe recipe; /* config NULL and streams closed once started */
	char *name;
	char *console_name;
	bool protected_vm;
	enum avf_state state;
	bool hung; /* killed by the hang-up monitor */
	guint hangup;
	IpcVirtualMachine *skeleton; /* NULL once the client is gone */
	struct guest_service *guest_service;
	struct vmm_process *process;
	struct vmm_control *control; /* NULL unless it runs */
	GPtrArray *stops;            /* invocations of Stop that wait for the end */
	GPtrArray *connects;         /* struct connect, under way */
	const struct virtual_machine_ops *ops;
	void *opaque;
};

/* A ConnectVsock that waits for the guest. */
struct connect {
	struct virtual_machine *vm;
	GDBusMethodInvocation *invocation;
	int fd;
	guint32 port;
	GSource *watch;
};

static void close_fd(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
		*fd = -1;
	}
}

void virtual_machine_recipe_clear(struct virtual_machine_recipe *recipe)
{
	vm_raw_config_free(recipe->config);
	recipe->config = NULL;
	close_fd(&recipe->streams.console_out);
	close_fd(&recipe->streams.console_in);
	close_fd(&recipe->streams.log);
}

static gboolean hung_up(gpointer data)
{
	struct virtual_machine *vm = data;

	vm->hangup = 0;
	vm->hung = true;
	service_log("VM %u: no payload started in %u s: killed", vm->recipe.cid,
		    vm->recipe.hangup_seconds);
	vmm_process_kill(vm->process);
	return G_SOURCE_REMOVE;
}

static void connect_free(struct connect *c)
{
	g_source_destroy(c->watch);
	g_source_unref(c->watch);
	close_fd(&c->fd);
	g_ptr_array_remove_fast(c->vm->connects, c);
	g_free(c);
}

static void fail(GDBusMethodInvocation *invocation, enum avf_exception code, const char *text)
{
	g_dbus_method_invocation_return_error_literal(invocation, IPC_ERROR, (int)code, text);
}

/* The only writer of the state. */
static bool become(struct virtual_machine *vm, enum avf_state state, GError **error)
{
	if (!state_may_become(vm->state, state)) {
		return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_STATE, "%s cannot become %s",
				     state_name(vm->state), state_name(state));
	}
	vm->state = state;
	if (state != AVF_STATE_STARTING) {
		g_clear_handle_id(&vm->hangup, g_source_remove);
	}
	return true;
}

/* Everything but the object goes; whoever waits gets an answer. */
static void die(struct virtual_machine *vm, enum avf_death_reason reason)
{
	if (!become(vm, AVF_STATE_DEAD, NULL)) {
		return;
	}
	service_log("VM %u: dead: %s", vm->recipe.cid, death_name(reason));
	g_clear_pointer(&vm->guest_service, guest_service_free);
	g_clear_pointer(&vm->control, vmm_control_free);
	virtual_machine_recipe_clear(&vm->recipe);
	if (vm->skeleton != NULL) {
		ipc_virtual_machine_emit_on_died(vm->skeleton, vm->recipe.cid, (int)reason);
	}
	while (vm->connects->len > 0) {
		struct connect *c = vm->connects->pdata[0];

		fail(c->invocation, AVF_EXCEPTION_ILLEGAL_STATE, "the VM has ended");
		connect_free(c);
	}
	for (guint i = 0; i < vm->stops->len; i++) {
		g_dbus_method_invocation_return_value(vm->stops->pdata[i], NULL);
	}
	g_ptr_array_set_size(vm->stops, 0);
	vm->ops->dead(vm->opaque, vm); /* may free it */
}

static void process_ended(void *opaque, int status, const char *failure, size_t bytes)
{
	struct virtual_machine *vm = opaque;
	enum avf_death_reason reason = vm->hung ? AVF_DEATH_HANGUP :
						  death_reason(failure, bytes, status);

	if (bytes > 0) {
		service_log("VM %u: failure port: %s", vm->recipe.cid, failure);
	}
	die(vm, reason);
}

static bool guest_moved(void *opaque, enum avf_state state, int exit_code, GError **error)
{
	struct virtual_machine *vm = opaque;
	uint32_t cid = vm->recipe.cid;

	if (!become(vm, state, error)) {
		return false;
	}
	if (vm->skeleton == NULL) {
		return true;
	}
	if (state == AVF_STATE_STARTED) {
		ipc_virtual_machine_emit_on_payload_started(vm->skeleton, cid);
	} else if (state == AVF_STATE_READY) {
		ipc_virtual_machine_emit_on_payload_ready(vm->skeleton, cid);
	} else {
		ipc_virtual_machine_emit_on_payload_finished(vm->skeleton, cid, exit_code);
	}
	return true;
}

static bool guest_failed(void *opaque, enum avf_error_code code, const char *message,
			 GError **error)
{
	struct virtual_machine *vm = opaque;

	if (!become(vm, AVF_STATE_FINISHED, error)) {
		return false;
	}
	if (vm->skeleton != NULL) {
		ipc_virtual_machine_emit_on_error(vm->skeleton, vm->recipe.cid, (int)code, message);
	}
	return true;
}

static const struct guest_service_ops guest_ops = {
	.moved = guest_moved,
	.error = guest_failed,
};

/* The vmm's ends of failure port and control socket; the service keeps the others. */
struct ends {
	int failure[2]; /* read, write */
	int control[2]; /* ours, the vmm's */
};

static bool open_ends(struct ends *ends, GError **error)
{
	if (!g_unix_open_pipe(ends->failure, FD_CLOEXEC, error)) {
		return false;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends->control) != 0) {
		int saved = errno;

		close(ends->failure[0]);
		close(ends->failure[1]);
		return ipc_error_set(error, AVF_EXCEPTION_SERVICE_SPECIFIC, "no control socket: %s",
				     g_strerror(saved));
	}
	return true;
}

static bool start_process(struct virtual_machine *vm, GError **error)
{
	struct ends ends;
	struct vmm_command *command = NULL;
	struct vmm_command_request request = {
		.program = vm->recipe.program,
		.config = vm->recipe.config,
		.streams = vm->recipe.streams,
		.directory = vm->recipe.directory,
		.cid = vm->recipe.cid,
		.parent = getpid(),
		.gdb = -1,
	};

	if (vm->recipe.config->common.gdb_port != 0) {
		request.gdb = host_network_listen(vm->recipe.config->common.gdb_port, error);
		if (request.gdb < 0) {
			return false;
		}
	}
	if (!open_ends(&ends, error)) {
		close_fd(&request.gdb);
		return false;
	}
	vm->control = vmm_control_new(ends.control[0]);
	request.failure_port = ends.failure[1];
	request.control = ends.control[1];
	command = vmm_command_build(&request, error);
	close(ends.failure[1]);
	close(ends.control[1]);
	close_fd(&request.gdb);
	if (command == NULL) {
		close(ends.failure[0]);
		return false;
	}
	vm->process = vmm_process_start(command, vm->recipe.cid, ends.failure[0], process_ended, vm,
					error);
	vmm_command_free(command);
	return vm->process != NULL;
}

static bool start(struct virtual_machine *vm, GError **error)
{
	vm->guest_service = guest_service_new(vm->recipe.cid, vm->recipe.transport,
					      vm->recipe.transport_opaque, &guest_ops, vm, error);
	if (vm->guest_service == NULL || !start_process(vm, error)) {
		return false;
	}
	virtual_machine_recipe_clear(&vm->recipe);
	if (vm->recipe.hangup_seconds != 0) {
		vm->hangup = g_timeout_add_seconds(vm->recipe.hangup_seconds, hung_up, vm);
	}
	return true;
}

static gboolean handle_get_cid(IpcVirtualMachine *skeleton, GDBusMethodInvocation *invocation,
			       gpointer data)
{
	struct virtual_machine *vm = data;

	ipc_virtual_machine_complete_get_cid(skeleton, invocation, vm->recipe.cid);
	return TRUE;
}

static gboolean handle_get_state(IpcVirtualMachine *skeleton, GDBusMethodInvocation *invocation,
				 gpointer data)
{
	struct virtual_machine *vm = data;

	ipc_virtual_machine_complete_get_state(skeleton, invocation, (int)vm->state);
	return TRUE;
}

static gboolean handle_start(IpcVirtualMachine *skeleton, GDBusMethodInvocation *invocation,
			     gpointer data)
{
	struct virtual_machine *vm = data;
	g_autoptr(GError) error = NULL;

	if (vm->state != AVF_STATE_NOT_STARTED) {
		fail(invocation, AVF_EXCEPTION_ILLEGAL_STATE, "the VM has been started before");
		return TRUE;
	}
	become(vm, AVF_STATE_STARTING, NULL);
	if (start(vm, &error)) {
		ipc_virtual_machine_complete_start(skeleton, invocation);
		return TRUE;
	}
	if (error->domain == IPC_ERROR) {
		g_dbus_method_invocation_return_gerror(invocation, error);
	} else {
		fail(invocation, AVF_EXCEPTION_SERVICE_SPECIFIC, error->message);
	}
	die(vm, AVF_DEATH_START_FAILED);
	return TRUE;
}

static bool is_running(const struct virtual_machine *vm)
{
	return vm->state != AVF_STATE_NOT_STARTED && vm->state != AVF_STATE_DEAD;
}

static gboolean handle_stop(IpcVirtualMachine *skeleton, GDBusMethodInvocation *invocation,
			    gpointer data)
{
	struct virtual_machine *vm = data;

	(void)skeleton;
	if (!is_running(vm)) {
		fail(invocation, AVF_EXCEPTION_ILLEGAL_STATE, "the VM is not running");
		return TRUE;
	}
	g_ptr_array_add(vm->stops, invocation);
	vmm_process_kill(vm->process);
	return TRUE;
}

static gboolean handle_release(IpcVirtualMachine *skeleton, GDBusMethodInvocation *invocation,
			       gpointer data)
{
	struct virtual_machine *vm = data;

	ipc_virtual_machine_complete_release(skeleton, invocation);
	vm->ops->released(vm->opaque, vm); /* may free it */
	return TRUE;
}

static gboolean connected(gint fd, GIOCondition condition, gpointer data)
{
	struct connect *c = data;
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	g_autofree char *text = NULL;
	int failure = 0;
	socklen_t bytes = sizeof(failure);

	(void)condition;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &bytes) != 0) {
		failure = errno;
	}
	if (failure == 0 && g_unix_set_fd_nonblocking(fd, FALSE, NULL) &&
	    g_unix_fd_list_append(fds, fd, NULL) == 0) {
		ipc_virtual_machine_complete_connect_vsock(c->vm->skeleton, c->invocation, fds,
							   g_variant_new_handle(0));
	} else {
		text = g_strdup_printf("cannot connect to port %u: %s", c->port,
				       g_strerror(failure != 0 ? failure : EMFILE));
		fail(c->invocation, AVF_EXCEPTION_SERVICE_SPECIFIC, text);
	}
	connect_free(c);
	return G_SOURCE_REMOVE;
}

static gboolean handle_connect(IpcVirtualMachine *skeleton, GDBusMethodInvocation *invocation,
			       GUnixFDList *fds, guint port, gpointer data)
{
	struct virtual_machine *vm = data;
	g_autoptr(GError) error = NULL;
	struct connect *c;
	int fd;

	(void)skeleton;
	(void)fds;
	if (port < AVF_VSOCK_PORT_MIN || port > AVF_VSOCK_PORT_MAX - 1) {
		fail(invocation, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
		     "port: not from 1024 to 4294967294");
		return TRUE;
	}
	if (!is_running(vm)) {
		fail(invocation, AVF_EXCEPTION_ILLEGAL_STATE, "the VM is not running");
		return TRUE;
	}
	fd = vm->recipe.transport->connect(vm->recipe.transport_opaque, vm->recipe.cid, port,
					   &error);
	if (fd < 0) {
		fail(invocation, AVF_EXCEPTION_SERVICE_SPECIFIC, error->message);
		return TRUE;
	}
	c = g_new0(struct connect, 1);
	*c = (struct connect){ .vm = vm, .invocation = invocation, .fd = fd, .port = port };
	c->watch = g_unix_fd_source_new(fd, G_IO_OUT);
	g_source_set_callback(c->watch, G_SOURCE_FUNC(connected), c, NULL);
	g_source_attach(c->watch, NULL);
	g_ptr_array_add(vm->connects, c);
	return TRUE;
}

static gboolean handle_console_name(IpcVirtualMachine *skeleton, GDBusMethodInvocation *invocation,
				    const char *name, gpointer data)
{
	struct virtual_machine *vm = data;

	if (strlen(name) > CONSOLE_NAME_BYTES_MAX) {
		fail(invocation, AVF_EXCEPTION_ILLEGAL_ARGUMENT, "name: longer than 255 bytes");
		return TRUE;
	}
	g_free(vm->console_name);
	vm->console_name = g_strdup(name);
	ipc_virtual_machine_complete_set_host_console_name(skeleton, invocation);
	return TRUE;
}

static void suspend_answered(void *invocation, bool done)
{
	if (done) {
		g_dbus_method_invocation_return_value(invocation, NULL);
	} else {
		fail(invocation, AVF_EXCEPTION_SERVICE_SPECIFIC, "the vmm did not do it");
	}
}

/* Suspend and Resume: the vmm does it. */
static gboolean handle_suspend(IpcVirtualMachine *skeleton, GDBusMethodInvocation *invocation,
			       gpointer data)
{
	struct virtual_machine *vm = data;
	const char *method = g_dbus_method_invocation_get_method_name(invocation);

	(void)skeleton;
	if (!is_running(vm)) {
		fail(invocation, AVF_EXCEPTION_ILLEGAL_STATE, "the VM is not running");
		return TRUE;
	}
	vmm_control_ask(vm->control, strcmp(method, "Suspend") == 0 ? "suspend" : "resume",
			suspend_answered, invocation);
	return TRUE;
}

static gboolean handle_unsupported(IpcVirtualMachine *skeleton, GDBusMethodInvocation *invocation,
				   gpointer data)
{
	(void)skeleton;
	(void)data;
	fail(invocation, AVF_EXCEPTION_UNSUPPORTED_OPERATION,
	     g_dbus_method_invocation_get_method_name(invocation));
	return TRUE;
}

static gboolean handle_set_balloon(IpcVirtualMachine *skeleton, GDBusMethodInvocation *invocation,
				   guint64 bytes, gpointer data)
{
	(void)bytes;
	return handle_unsupported(skeleton, invocation, data);
}

static IpcVirtualMachine *skeleton_new(struct virtual_machine *vm)
{
	static const struct {
		const char *signal;
		GCallback handler;
	} handlers[] = {
		{ "handle-get-cid", G_CALLBACK(handle_get_cid) },
		{ "handle-get-state", G_CALLBACK(handle_get_state) },
		{ "handle-start", G_CALLBACK(handle_start) },
		{ "handle-stop", G_CALLBACK(handle_stop) },
		{ "handle-release", G_CALLBACK(handle_release) },
		{ "handle-connect-vsock", G_CALLBACK(handle_connect) },
		{ "handle-set-host-console-name", G_CALLBACK(handle_console_name) },
		{ "handle-get-memory-balloon", G_CALLBACK(handle_unsupported) },
		{ "handle-set-memory-balloon", G_CALLBACK(handle_set_balloon) },
		{ "handle-suspend", G_CALLBACK(handle_suspend) },
		{ "handle-resume", G_CALLBACK(handle_suspend) },
	};
	IpcVirtualMachine *skeleton = ipc_virtual_machine_skeleton_new();

	for (gsize i = 0; i < G_N_ELEMENTS(handlers); i++) {
		g_signal_connect(skeleton, handlers[i].signal, handlers[i].handler, vm);
	}
	return skeleton;
}

struct virtual_machine *virtual_machine_new(const struct virtual_machine_recipe *recipe,
					    GDBusConnection *bus,
					    const struct virtual_machine_ops *ops, void *opaque,
					    GError **error)
{
	struct virtual_machine *vm = g_new0(struct virtual_machine, 1);

	vm->recipe = *recipe;
	vm->recipe.directory = g_strdup(recipe->directory);
	vm->recipe.program = g_strdup(recipe->program);
	vm->recipe.object_path = NULL;
	vm->name = g_strdup(recipe->config->common.name);
	vm->console_name = g_strdup("");
	vm->protected_vm = recipe->config->common.protected_vm;
	vm->stops = g_ptr_array_new();
	vm->connects = g_ptr_array_new();
	vm->ops = ops;
	vm->opaque = opaque;
	vm->skeleton = skeleton_new(vm);
	if (!g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(vm->skeleton), bus,
					      recipe->object_path, error)) {
		virtual_machine_free(vm);
		return NULL;
	}
	return vm;
}

static void drop_skeleton(struct virtual_machine *vm)
{
	GDBusInterfaceSkeleton *skeleton = G_DBUS_INTERFACE_SKELETON(vm->skeleton);

	if (vm->skeleton == NULL) {
		return;
	}
	if (g_dbus_interface_skeleton_get_connection(skeleton) != NULL) {
		g_dbus_interface_skeleton_unexport(skeleton);
	}
	g_signal_handlers_disconnect_by_data(skeleton, vm);
	g_clear_object(&vm->skeleton);
}

void virtual_machine_abandon(struct virtual_machine *vm)
{
	/* Its answers have nobody to go to. */
	while (vm->connects->len > 0) {
		struct connect *c = vm->connects->pdata[0];

		fail(c->invocation, AVF_EXCEPTION_ILLEGAL_STATE, "released");
		connect_free(c);
	}
	drop_skeleton(vm);
	if (is_running(vm)) {
		vmm_process_kill(vm->process);
	}
}

int virtual_machine_state(const struct virtual_machine *vm)
{
	return (int)vm->state;
}

uint32_t virtual_machine_cid(const struct virtual_machine *vm)
{
	return vm->recipe.cid;
}

uid_t virtual_machine_client_uid(const struct virtual_machine *vm)
{
	return vm->recipe.client_uid;
}

GVariant *virtual_machine_describe(const struct virtual_machine *vm)
{
	GVariantBuilder b = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);

	g_variant_builder_add(&b, "{sv}", "cid", g_variant_new_uint32(vm->recipe.cid));
	g_variant_builder_add(&b, "{sv}", "name", g_variant_new_string(vm->name));
	g_variant_builder_add(&b, "{sv}", "temporary-directory",
			      g_variant_new_string(vm->recipe.directory));
	g_variant_builder_add(&b, "{sv}", "requester-uid",
			      g_variant_new_uint32(vm->recipe.client_uid));
	g_variant_builder_add(&b, "{sv}", "requester-pid",
			      g_variant_new_int32(vm->recipe.client_pid));
	g_variant_builder_add(&b, "{sv}", "host-console-name",
			      g_variant_new_string(vm->console_name));
	g_variant_builder_add(&b, "{sv}", "state", g_variant_new_int32((int)vm->state));
	g_variant_builder_add(&b, "{sv}", "protected", g_variant_new_boolean(vm->protected_vm));
	return g_variant_builder_end(&b);
}

void virtual_machine_free(struct virtual_machine *vm)
{
	if (vm == NULL) {
		return;
	}
	drop_skeleton(vm);
	g_clear_handle_id(&vm->hangup, g_source_remove);
	guest_service_free(vm->guest_service);
	vmm_control_free(vm->control);
	vmm_process_free(vm->process);
	virtual_machine_recipe_clear(&vm->recipe);
	g_ptr_array_unref(vm->stops);
	g_ptr_array_unref(vm->connects);
	g_free((char *)vm->recipe.directory);
	g_free((char *)vm->recipe.program);
	g_free(vm->name);
	g_free(vm->console_name);
	g_free(vm);
}
