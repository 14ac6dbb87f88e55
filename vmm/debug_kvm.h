/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a debugger wants of KVM: registers, memory by virtual addresses, breakpoints and steps (KVM_SET_GUEST_DEBUG). Of
 * vCPUs that stand, by the main thread.
 */
#ifndef VMM_DEBUG_KVM_H
#define VMM_DEBUG_KVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "vmm/gdb_protocol.h"
#include "vmm/memory.h"
#include "vmm/vm.h"

#define DEBUG_KVM_POINTS_MAX 16 /* Arm ARM, ID_AA64DFR0_EL1: no CPU has more of either kind */

#define DEBUG_KVM_PATCHES_MAX 64

/* A hardware breakpoint or a watchpoint; kind GDB_BREAKPOINT_SOFTWARE: this place is free. */
struct debug_point {
	enum gdb_breakpoint kind;
	uint64_t at;
	uint64_t bytes; /* watched: 1, 2, 4 or 8, at a multiple of them */
};

/* A software breakpoint: a BRK in the guest's memory. */
struct debug_patch {
	uint8_t *bytes; /* where, in this process; NULL: this place is free */
	uint64_t at;    /* as the debugger named it */
	uint32_t was;   /* the instruction there */
};

struct debug_kvm {
	const struct vm *vm;
	const struct guest_memory *ram;
	unsigned breakpoints_max, watchpoints_max; /* what this host's CPUs have */
	struct debug_point points[2 * DEBUG_KVM_POINTS_MAX];
	struct debug_patch patches[DEBUG_KVM_PATCHES_MAX];
};

/*
 * Ready @d for @vm, which with @ram outlives it.
 *
 * Errors  false, VM_ERROR_CALL: KVM has no guest debugging.
 */
bool debug_kvm_init(struct debug_kvm *d, const struct vm *vm, const struct guest_memory *ram,
		    GError **error);

/* Registers by GDB's numbers (gdb_protocol.h). False: KVM does not give it, or no such register. */
bool debug_kvm_get(const struct debug_kvm *d, unsigned cpu, unsigned number, uint64_t *value);
bool debug_kvm_set(const struct debug_kvm *d, unsigned cpu, unsigned number, uint64_t value);

/*
 * Memory by @cpu's own tables, as if there were no software breakpoints. False: not all of it is mapped RAM; nothing is
 * written then. KVM's dirty log does not see what is written.
 */
bool debug_kvm_read(struct debug_kvm *d, unsigned cpu, uint64_t at, void *bytes, size_t count);
bool debug_kvm_write(struct debug_kvm *d, unsigned cpu, uint64_t at, const void *bytes,
		     size_t count);

/*
 * Set a point: a software breakpoint at once, the others with debug_kvm_apply(). False: the CPU has no room for one more, or
 * cannot watch that, or @cpu has no memory there.
 */
bool debug_kvm_insert(struct debug_kvm *d, unsigned cpu, enum gdb_breakpoint kind, uint64_t at,
		      uint64_t bytes);

/* Take it away; false: there is none. */
bool debug_kvm_remove(struct debug_kvm *d, enum gdb_breakpoint kind, uint64_t at, uint64_t bytes);

/* Take all away. */
void debug_kvm_clear(struct debug_kvm *d);

/* The next run of @cpu: with all points, and BRK for the debugger, if it @is_debugged; of one instruction if it @steps. */
void debug_kvm_apply(const struct debug_kvm *d, unsigned cpu, bool is_debugged, bool steps);

/* The kind of the watchpoint that an exit with this syndrome is of; GDB_BREAKPOINT_SOFTWARE if it is of none. */
enum gdb_breakpoint debug_kvm_watched(const struct debug_kvm *d, uint32_t syndrome, uint64_t at);

/*
 * If the exit with this syndrome is of a BRK of the guest's own, as of Linux's WARN(): give the exception to the guest, for which
 * @cpu goes on at its vector. KVM gives the debugger all of them.
 *
 * Returns  whether it was one.
 */
bool debug_kvm_pass_brk(const struct debug_kvm *d, unsigned cpu, uint32_t syndrome);

#endif /* VMM_DEBUG_KVM_H */
