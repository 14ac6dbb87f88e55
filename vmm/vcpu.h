/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The thread that runs one vCPU and gives its exits to the bus. */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "vmm/bus.h"
#include "vmm/exit_code.h"
#include "vmm/vm.h"

struct vcpu;

/* KVM_RUN ended for the debugger. */
struct vcpu_stop {
	unsigned index;    /* of the vCPU */
	uint32_t syndrome; /* ESR_EL2, low half */
	uint64_t address;  /* FAR_EL2, of a watchpoint */
};

/* Where vCPU threads wait while the VM is suspended or debugged. All zero but the lock: open. */
struct vcpu_gate {
	GMutex lock;
	GCond changed;
	gint closed; /* atomic; changed with the lock held */
};

/* What all vCPUs of a VM have in common; outlives them. */
struct vcpu_shared {
	const struct bus *bus;
	const gint *stopping; /* read atomically: not 0 ends the threads at their next exit */
	struct vcpu_gate *gate;
	/*
	 * The VM ends. Called in the vCPU's thread, by any of them, maybe by
	 * several at once; @why is constant text for the log, or NULL for an
	 * end that the guest asked for. The thread ends after it.
	 */
	void (*ended)(void *opaque, enum exit_code code, const char *why);
	/*
	 * With a debugger, else NULL: a vCPU has come to what it wants to see, and is held; a vCPU that is held
	 * stands now. In the vCPU's thread; the latter with the gate's lock held.
	 */
	void (*debugged)(void *opaque, const struct vcpu_stop *stop);
	void (*stood)(void *opaque);
	void *opaque;
	bool begin_held; /* the vCPUs wait for vcpu_release() before their first instruction */
};

/*
 * Ready the process for vCPU threads: the signal that makes KVM_RUN return gets
 * a handler that does nothing. Main thread, once, before vcpu_start().
 */
void vcpu_signals_init(void);

/*
 * Start the thread of vCPU @index.
 *
 * @vm      open until vcpu_join().
 * Returns  the vCPU, owned by the caller: vcpu_join().
 * Errors   NULL; G_FILE_ERROR if no thread can be made.
 */
struct vcpu *vcpu_start(const struct vm *vm, unsigned index, const struct vcpu_shared *shared,
			GError **error);

/*
 * Keep the vCPU out of the guest from now on, which is out when this returns. An exit that is being served is served
 * to its end. shared->gate is closed before.
 */
void vcpu_suspend(struct vcpu *vcpu);

/* Let it in again, before the gate is opened. */
void vcpu_resume(struct vcpu *vcpu);

/*
 * For the debugger, whatever suspends beside: keep the vCPU out of the guest. It returns at once; vcpu_stands() when it is out, and
 * every access to a device is done, so that KVM may be asked for its registers. A vCPU that waits for room in
 * a pipe does not stand until there is some. Main thread, as the next two.
 */
void vcpu_hold(struct vcpu *vcpu);
bool vcpu_stands(struct vcpu *vcpu);

/* The end of it. The vCPU stands. */
void vcpu_release(struct vcpu *vcpu);

/* Close or open the gate. Threads that wait go on, also those that end since shared->stopping was set before. */
void vcpu_gate_set(struct vcpu_gate *gate, bool closed);

/*
 * Make the thread end and wait for it, then free the vCPU. shared->stopping is
 * set and shared->gate is open before. A thread that waits for room in a full pipe is interrupted too.
 */
void vcpu_join(struct vcpu *vcpu);

/* How often KVM_RUN returned so far. Any thread. */
guint vcpu_exits(const struct vcpu *vcpu);

#endif /* VMM_VCPU_H */
