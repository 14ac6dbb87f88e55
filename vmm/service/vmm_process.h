/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A running vmm: its death, what its guest writes to the failure port, and its messages, which go
 * to the service's log. It dies with the service: by PDEATHSIG, and by its own --parent.
 */
#ifndef VMM_SERVICE_VMM_PROCESS_H
#define VMM_SERVICE_VMM_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "vmm/service/vmm_command.h"

struct vmm_process;

/* The vmm is gone: its wait status, and what came over the failure port, borrowed. Called once. */
typedef void (*vmm_process_ended)(void *opaque, int status, const char *failure, size_t bytes);

/*
 * Start it. Main thread; @ended is called in the default main context, never from within this call.
 *
 * @failure_fd  readable end of the failure port's pipe; owned by the process from here on, also on failure.
 * Returns      it, owned by the caller: vmm_process_free(), when it has ended.
 * Errors       NULL; G_SPAWN_ERROR.
 */
struct vmm_process *vmm_process_start(const struct vmm_command *command, uint32_t cid,
				      int failure_fd, vmm_process_ended ended, void *opaque,
				      GError **error);

/* SIGKILL: the end is told as any other. No effect when it is gone. */
void vmm_process_kill(struct vmm_process *process);

/* Forget it; it must be gone. NULL is allowed. */
void vmm_process_free(struct vmm_process *process);

#endif /* VMM_SERVICE_VMM_PROCESS_H */
