/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vmm's command line for a VM: options, and the descriptors that they name as "fd:N".
 * Also where a configuration meets its files: their kinds, sizes and access modes are checked here.
 */
#ifndef VMM_SERVICE_VMM_COMMAND_H
#define VMM_SERVICE_VMM_COMMAND_H

#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

#include "vmm/service/vm_config.h"

struct vmm_command {
	GPtrArray *words; /* of char *, ends with NULL once built */
	GArray *fds;      /* of int: the child's descriptor VMM_COMMAND_FIRST_FD + index; owned */
};
#define VMM_COMMAND_FIRST_FD 3

/* What else the command line says. */
struct vmm_command_request {
	const char *program; /* path of the vmm */
	const struct vm_raw_config *config;
	struct vm_streams streams;
	const char *directory; /* the VM's own: the vmm's --info-file goes there; NULL: none */
	int failure_port;      /* writable end for ttyS1 */
	int control;           /* its end of the control socket; -1: none */
	int gdb;               /* socket that listens for a debugger; -1: none */
	uint32_t cid;
	pid_t parent; /* ends with it */
};

/*
 * Build it. Descriptors of @request are duplicated.
 *
 * Returns  a command, owned by the caller: vmm_command_free().
 * Errors   NULL; IPC_ERROR: IllegalArgument naming the field, ServiceSpecific.
 */
struct vmm_command *vmm_command_build(const struct vmm_command_request *request, GError **error);

/* vmm_command_build() without its result: can these files make a VM? Errors as there. */
bool vmm_command_check(const struct vm_raw_config *config, const struct vm_streams *streams,
		       GError **error);

/* Close its descriptors and free it. NULL is allowed. */
void vmm_command_free(struct vmm_command *command);

#endif /* VMM_SERVICE_VMM_COMMAND_H */
