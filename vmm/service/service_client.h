/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of virtualizationservice: a connection, and VMs on it from createVm to the reason of their end. `vm` and
 * libavf are built on it.
 *
 * The connection is the client: when it goes, by service_client_free() or with the process, all its VMs are killed.
 *
 * Threads. A client belongs to the main context that was the thread's default when it was made, and what VMs say is
 * told there. Functions are called in the thread that runs this context. With SERVICE_CLIENT_OWN_THREAD the client runs a
 * context in a thread of its own: what VMs say is told in that thread, and functions may be called in any
 * thread, several at once (but service_client_free() last). No function waits for the context to run, but service_vm_wait(), so all of
 * them may be called by a program without a main loop.
 */
#ifndef VMM_SERVICE_SERVICE_CLIENT_H
#define VMM_SERVICE_SERVICE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <gio/gio.h>

#include "ipc/virtualization_service.h"
#include "vmm/service/vm_config.h"

struct service_client;
struct service_vm;

enum service_client_flags {
	SERVICE_CLIENT_NONE = 0,
	SERVICE_CLIENT_OWN_THREAD = 1,
};

/*
 * What a VM says: IVirtualMachineCallback. Any may be NULL. Each of the first three comes at most once, in this order;
 * died comes once for a VM that was started, and is the last. A callback may call any function but
 * service_client_free(), and service_vm_wait() of its own client.
 *
 * @exit_code  what the payload's main returned
 * @code       enum avf_error_code; @message is the guest's, for people, not to be trusted
 * @reason     enum avf_death_reason; VIRTUALIZATION_SERVICE_DIED: the connection was lost
 */
struct service_vm_callbacks {
	void (*payload_started)(struct service_vm *vm, void *opaque);
	void (*payload_ready)(struct service_vm *vm, void *opaque);
	void (*payload_finished)(struct service_vm *vm, int exit_code, void *opaque);
	void (*error)(struct service_vm *vm, int code, const char *message, void *opaque);
	void (*died)(struct service_vm *vm, int reason, void *opaque);
};

/*
 * Connect to the service.
 *
 * @socket  its UNIX socket; NULL: what the environment's AVF_SERVICE_SOCKET_ENV says, else AVF_SERVICE_SOCKET.
 * Returns  a client, owned by the caller: service_client_free().
 * Errors   NULL; G_IO_ERROR: nobody listens there, or the service refuses this user (it closes the connection).
 */
struct service_client *service_client_new(const char *socket, enum service_client_flags flags,
					  GError **error);

/* Close the connection: VMs that are left are killed. Free all VMs before. NULL is allowed. */
void service_client_free(struct service_client *client);

/* For the service's other methods. Borrowed; errors that are IPC_ERROR need ipc_error_strip(). */
IpcVirtualizationService *service_client_proxy(const struct service_client *client);

/* Has the connection been lost? */
bool service_client_is_closed(const struct service_client *client);

/*
 * createVm: make a VM in state NOT_STARTED.
 *
 * @config     borrowed; checked here first, so that what is wrong needs no service to be found.
 * @streams    borrowed: the service gets duplicates. NULL: none.
 * @callbacks  borrowed, and must outlive the VM; NULL: none.
 * Returns     a VM, owned by the caller: service_vm_free().
 * Errors      NULL; IPC_ERROR (virtualization_service.xml: CreateVm), its message the sentence alone; G_IO_ERROR: the
 *             connection is lost.
 */
struct service_vm *service_vm_new_raw(struct service_client *client,
				      const struct vm_raw_config *config,
				      const struct vm_streams *streams,
				      const struct service_vm_callbacks *callbacks, void *opaque,
				      GError **error);
struct service_vm *service_vm_new_app(struct service_client *client,
				      const struct vm_app_config *config,
				      const struct vm_streams *streams,
				      const struct service_vm_callbacks *callbacks, void *opaque,
				      GError **error);

/*
 * Stop the VM if it runs, and forget it. When it returns no callback runs or will run any more, unless it was called
 * by one. NULL is allowed.
 */
void service_vm_free(struct service_vm *vm);

/* For IVirtualMachine's other methods. Borrowed; errors that are IPC_ERROR need ipc_error_strip(). */
IpcVirtualMachine *service_vm_proxy(const struct service_vm *vm);

/* Its CID, for its whole life. */
uint32_t service_vm_cid(const struct service_vm *vm);

/* Its state now, enum avf_state; DEAD when the connection is lost. */
int service_vm_state(struct service_vm *vm);

/*
 * start: run it; returns when its vmm runs.
 *
 * Errors  false; IPC_ERROR: IllegalState, ServiceSpecific; G_IO_ERROR: the connection is lost.
 */
bool service_vm_start(struct service_vm *vm, GError **error);

/* stop: pull the plug; returns when the VM is gone. Errors as service_vm_start(). */
bool service_vm_stop(struct service_vm *vm, GError **error);

/*
 * suspend: no vCPU runs any more when it returns; resume: they run again.
 *
 * Errors  false; IPC_ERROR: IllegalState, ServiceSpecific; G_IO_ERROR: the connection is lost.
 */
bool service_vm_suspend(struct service_vm *vm, GError **error);
bool service_vm_resume(struct service_vm *vm, GError **error);

/*
 * connectVsock.
 *
 * Returns  a connected stream socket, the caller's.
 * Errors   -1; IPC_ERROR: IllegalArgument, IllegalState, ServiceSpecific; G_IO_ERROR: the connection is lost.
 */
int service_vm_connect_vsock(struct service_vm *vm, uint32_t port, GError **error);

/*
 * Wait until the VM has died and its callback was told. Without SERVICE_CLIENT_OWN_THREAD the context runs meanwhile, so
 * other VMs' callbacks come too. A VM that was never started does not die, unless the connection is lost.
 *
 * @milliseconds  at most so long; below 0: for ever.
 * @reason        set to enum avf_death_reason; may be NULL.
 * Returns        false if the time was over first.
 */
bool service_vm_wait(struct service_vm *vm, int64_t milliseconds, int *reason);

#endif /* VMM_SERVICE_SERVICE_CLIENT_H */
