/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service's end of a vmm's control socket (vmm/control.h has the protocol): commands, each with its answer. The
 * vmm is not trusted: one that says rubbish, too much, or nothing more, is not asked again.
 */
#ifndef VMM_SERVICE_VMM_CONTROL_H
#define VMM_SERVICE_VMM_CONTROL_H

#include <stdbool.h>

struct vmm_control;

/* Was the command done? Called once for each, in their order. */
typedef void (*vmm_control_answered)(void *opaque, bool done);

/*
 * Use a connected stream socket. Answers are told in the default main context.
 *
 * @fd      owned by the control from here on.
 * Returns  it, owned by the caller: vmm_control_free().
 */
struct vmm_control *vmm_control_new(int fd);

/* Send @command, a word. @answered may be called from within, with false: the vmm cannot be asked. */
void vmm_control_ask(struct vmm_control *control, const char *command,
		     vmm_control_answered answered, void *opaque);

/* Close it; who waits for an answer hears false. NULL is allowed. */
void vmm_control_free(struct vmm_control *control);

#endif /* VMM_SERVICE_VMM_CONTROL_H */
