/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A debugger's way into a VM that is not protected: --gdb. One connection at a time, from this host (127.0.0.1). The VM stands from
 * its first instruction until a debugger lets it run, stands again when one connects or stops it, and runs
 * when it has gone. Addresses are the guest's virtual ones. All vCPUs stand or none, but for a step.
 *
 * Main thread, but for debugger_hit() and debugger_stood().
 */
#ifndef VMM_DEBUGGER_H
#define VMM_DEBUGGER_H

#include <stdbool.h>

#include <glib.h>

#include "vmm/memory.h"
#include "vmm/vcpu.h"
#include "vmm/vm.h"

struct debugger;

struct debugger_config {
	const char *place; /* options.gdb: a port, or "fd:N" of a socket that listens */
	const struct vm *vm;
	const struct guest_memory *ram;
	void (*kill)(void *opaque); /* the debugger ends the VM */
	void *opaque;
};

/*
 * Listen. Before the sandbox.
 *
 * Owns    borrows what @config points to, for its life.
 * Errors  NULL: the port is taken or the descriptor is no such socket; KVM has no guest debugging.
 */
struct debugger *debugger_new(const struct debugger_config *config, GError **error);

/* The vCPUs have threads, and are held (vcpu_shared.begin_held). Debuggers are served from now on. */
void debugger_begin(struct debugger *d, struct vcpu *const *vcpus);

/* vcpu_shared.debugged and .stood, of @opaque a struct debugger. Any thread. */
void debugger_hit(void *opaque, const struct vcpu_stop *stop);
void debugger_stood(void *opaque);

/* The VM has ended with @status, which a debugger is told that let it run; no vCPU has a thread any more. NULL is allowed. */
void debugger_free(struct debugger *d, unsigned status);

#endif /* VMM_DEBUGGER_H */
