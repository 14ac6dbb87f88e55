/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the VMM gives up once everything is open and before the guest runs: a
 * guest that takes over the VMM shall find nothing there.
 *
 *   - own mount, network and IPC name spaces, the root an empty read-only
 *     directory: where the host allows it, else said in the log
 *   - no capability in any set, no new privileges
 *   - system calls: those of the list in sandbox.c; any other ends the process
 *     by SIGSYS
 */
#ifndef VMM_SANDBOX_H
#define VMM_SANDBOX_H

#include <stdbool.h>

#include <glib.h>

enum sandbox_error {
	SANDBOX_ERROR_PRIVILEGES, /* a capability stays, or no_new_privs is refused */
	SANDBOX_ERROR_FILTER,     /* no seccomp in this kernel, or it refuses the filter */
};

/* GError's domain of the errors above. */
#define SANDBOX_ERROR (sandbox_error_quark())
GQuark sandbox_error_quark(void);

/*
 * Enter the sandbox, for good. Threads made later are in it too.
 *
 * @with_debugger  registers and breakpoints of vCPUs may be asked for (debug_kvm.h).
 * Needs   the process to have one thread; the default main context to exist;
 *         every file that will ever be used to be open.
 * Errors  SANDBOX_ERROR_*; the process is then partly in the sandbox and has
 *         to end.
 */
bool sandbox_enter(bool with_debugger, GError **error);

#endif /* VMM_SANDBOX_H */
