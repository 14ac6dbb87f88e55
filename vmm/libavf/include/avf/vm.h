/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AvfVm: one machine of a manager. It can be run any number of times, one after the other.
 *
 * Signals, AVF's VirtualMachineCallback, emitted in the manager's main context:
 *
 *   payload-started   void (AvfVm *vm)                 the payload is about to run
 *   payload-ready     void (AvfVm *vm)                 it says that it takes connections
 *   payload-finished  void (AvfVm *vm, int exit_code)  it ended; what its main returned
 *   error             void (AvfVm *vm, int code, const char *message)   AvfVmError; the text is the guest's, for people
 *   stopped           void (AvfVm *vm, int reason)     AvfStopReason; comes once for each run, and is its last
 *
 * A machine whose last reference is dropped while it runs is stopped, and emits no more. It holds a reference to its manager.
 *
 * Calls that the status does not allow fail with NOT_STOPPED, NOT_RUNNING or DELETED, and change nothing.
 */
#ifndef AVF_VM_H
#define AVF_VM_H

#include <avf/config.h>
#include <avf/types.h>
#include <gio/gio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Its name; of the machine. */
const char *avf_vm_get_name(AvfVm *vm);

/* Its config; a new reference, owned by the caller. */
AvfConfig *avf_vm_get_config(AvfVm *vm);

/* STOPPED once it has stopped (avf_vm_stop() has returned, or "stopped" is emitted); DELETED also if its files are gone. */
AvfVmStatus avf_vm_get_status(AvfVm *vm);

/* Its CID while it runs; 0: it does not. */
guint avf_vm_get_cid(AvfVm *vm);

/*
 * Run it: returns when it is starting. Status STOPPED before, RUNNING after.
 *
 * Errors  FALSE; NOT_STOPPED: it runs, here or in another process; DELETED; ILLEGAL_ARGUMENT, UNSUPPORTED_OPERATION: an
 *         option, as the message says; SECURITY; FAILED: a file, the service or the VMM.
 */
gboolean avf_vm_run(AvfVm *vm, GError **error);

/*
 * Pull the plug: returns when it is gone. "stopped" comes later, with KILLED.
 *
 * Errors  FALSE; NOT_RUNNING; DELETED; FAILED.
 */
gboolean avf_vm_stop(AvfVm *vm, GError **error);

/*
 * Suspend it: when it returns none of its CPUs runs any more, until it is resumed; its memory, console and connections
 * stay. Time goes on for it meanwhile: its clocks are right afterwards, and its timeouts are over. Each may be
 * called twice. The status stays RUNNING, and 30 s without a started payload are 30 s all the same.
 *
 * Errors  FALSE; NOT_RUNNING; DELETED; FAILED: the VMM did not do it.
 */
gboolean avf_vm_suspend(AvfVm *vm, GError **error);
gboolean avf_vm_resume(AvfVm *vm, GError **error);

/*
 * How much of its memory the machine gives back to the host, in bytes. The service has no balloon yet.
 *
 * Errors  FALSE; NOT_RUNNING; DELETED; UNSUPPORTED_OPERATION, so far always.
 */
gboolean avf_vm_get_memory_balloon(AvfVm *vm, guint64 *bytes, GError **error);
gboolean avf_vm_set_memory_balloon(AvfVm *vm, guint64 bytes, GError **error);

/* avf_vm_stop() if it runs; else nothing. In Java: close(). */
void avf_vm_close(AvfVm *vm);

/*
 * Change its config.
 *
 * Returns  the config that it had, owned by the caller.
 * Errors   NULL; NOT_STOPPED; DELETED; INCOMPATIBLE: avf_config_is_compatible_with(); FAILED: it cannot be written.
 */
AvfConfig *avf_vm_set_config(AvfVm *vm, AvfConfig *config, GError **error);

/*
 * Connect to a vsock port on which the payload listens; waits for its answer.
 *
 * @port    AVF_VM_MIN_VSOCK_PORT and up.
 * Returns  a connected stream socket, close-on-exec, owned by the caller.
 * Errors   -1; ILLEGAL_ARGUMENT: port; NOT_RUNNING; DELETED; FAILED: nobody listens there.
 */
int avf_vm_connect_vsock(AvfVm *vm, guint port, GError **error);

/*
 * Connect to the payload's RPC server (AVmPayload_runVsockRpcServer()): D-Bus, peer to peer, over vsock. Make a proxy of
 * the connection with the code that gdbus-codegen made of the payload's interface. What the payload may send is limited.
 *
 * @port         as avf_vm_connect_vsock().
 * @cancellable  ends the wait for a payload that does not answer; NULL: none. A machine's end ends it too.
 * Returns       a connection, owned by the caller.
 * Errors        NULL; as avf_vm_connect_vsock(); FAILED also: what listens there does not speak D-Bus.
 */
GDBusConnection *avf_vm_connect_to_vsock_server(AvfVm *vm, guint port, GCancellable *cancellable,
						GError **error);

/*
 * What the machine writes to its console, and to its log: in its latest run; before its first run in that. A stream ends with
 * its run: ask for another one after each avf_vm_run(). Read it: while it is full the machine waits.
 *
 * Returns  the same stream until the next run, a new reference, owned by the caller.
 * Errors   NULL; ILLEGAL_STATE: the config has no vm-output-captured; DELETED; FAILED: no descriptor left.
 */
GInputStream *avf_vm_get_console_output(AvfVm *vm, GError **error);
GInputStream *avf_vm_get_log_output(AvfVm *vm, GError **error);

/* The console's input, likewise. ILLEGAL_STATE: the config has no vm-console-input-supported. */
GOutputStream *avf_vm_get_console_input(AvfVm *vm, GError **error);

#ifdef __cplusplus
}
#endif

#endif /* AVF_VM_H */
