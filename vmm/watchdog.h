/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stall detector "qemu,vcpu-stall-detector": one frame of four 32-bit
 * registers per vCPU, a counter that the guest must reload before it ends.
 *
 *   0x0 STATUS     bit 0 enable
 *   0x4 LOAD_CNT   reload value in ticks; a write pets
 *   0x8 CUR_CNT    ticks left, read-only
 *   0xc CLOCK_FREQ ticks per second
 *
 * When a counter ends for the first time, the vCPU gets a private interrupt
 * (GUEST_PPI_VMWDT, level, until it pets), which a guest may turn into a report
 * of where it stalls. When it ends again, the VM is stalled. Time is the host's
 * monotonic clock: a host that starves a VM for twice the guest's limit looks
 * like a stall too.
 */
#ifndef VMM_WATCHDOG_H
#define VMM_WATCHDOG_H

#include <stdint.h>

#include <glib.h>

#include "vmm/bus.h"

/* Bytes of one vCPU's frame, as the Linux driver has it. */
#define WATCHDOG_FRAME_BYTES 0x10
/* What the device tree says, and the counter's rate until the guest sets one. */
#define WATCHDOG_CLOCK_HZ 10
#define WATCHDOG_TIMEOUT_S 8

struct watchdog;

struct watchdog_config {
	unsigned cpus;
	int vm_fd; /* for the interrupt; borrowed */
	/* A counter ended twice. Called in the thread of watchdog_check(), once per end. */
	void (*stalled)(void *opaque, unsigned vcpu);
	void *opaque;
};

/* What the bus calls; opaque is the struct watchdog. 32-bit aligned accesses only. */
extern const struct bus_ops watchdog_ops;

/* A stall detector, all counters disabled; the caller owns it. Never NULL. */
struct watchdog *watchdog_new(const struct watchdog_config *config);

/*
 * Let the default main context call watchdog_check() whenever a counter ends.
 * Without it, time stands still for the counters (tests call watchdog_check()).
 */
void watchdog_attach(struct watchdog *watchdog);

/*
 * Act on the counters that ended until @now_us.
 *
 * @now_us  g_get_monotonic_time(), or a test's idea of it.
 * Returns  when the next counter ends, in the same clock; -1 if none runs.
 */
gint64 watchdog_check(struct watchdog *watchdog, gint64 now_us);

/*
 * Time stands still for the counters from @now_us on, until it is resumed. The vCPUs do not run meanwhile. A
 * second time, and NULL, is allowed.
 */
void watchdog_suspend(struct watchdog *watchdog, gint64 now_us);

/* It goes on at @now_us. NULL, and one that was not suspended, is allowed. */
void watchdog_resume(struct watchdog *watchdog, gint64 now_us);

/* Free it, after the vCPUs stopped, in the main thread. NULL is allowed. */
void watchdog_free(struct watchdog *watchdog);

#endif /* VMM_WATCHDOG_H */
