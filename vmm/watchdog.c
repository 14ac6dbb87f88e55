/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/watchdog.h"

#include <stdbool.h>

#include "platform/abi/guest_memory_map.h"
#include "vmm/irq.h"
#include "vmm/log.h"

enum frame_register {
	REG_STATUS = 0x0,
	REG_LOAD_CNT = 0x4,
	REG_CUR_CNT = 0x8,
	REG_CLOCK_FREQ = 0xc,
};

#define STATUS_ENABLE 0x1

struct frame {
	uint32_t status;
	uint32_t load;      /* ticks; 0: the counter does not run */
	uint32_t clock_hz;  /* never 0 */
	gint64 deadline_us; /* when the counter ends; -1 if it does not run */
	bool warned;        /* it ended once: the interrupt is raised */
};

struct watchdog {
	struct watchdog_config config;
	GSource *timer;      /* ready time is the first deadline; NULL before attach */
	GMutex lock;         /* of all below */
	gint64 suspended_us; /* since when; -1: it is not */
	struct frame frames[GUEST_VCPUS_MAX];
};

static gint64 now(void)
{
	return g_get_monotonic_time();
}

/* Start the counter from its reload value. */
static void reload(struct frame *f, gint64 now_us)
{
	f->deadline_us = -1;
	if ((f->status & STATUS_ENABLE) && f->load != 0) {
		/* Below 2^32 ticks * 10^6: fits. */
		f->deadline_us = now_us + (gint64)f->load * G_USEC_PER_SEC / f->clock_hz;
	}
}

static gint64 first_deadline(const struct watchdog *w)
{
	gint64 first = -1;

	if (w->suspended_us >= 0) {
		return -1;
	}
	for (unsigned i = 0; i < w->config.cpus; i++) {
		gint64 deadline = w->frames[i].deadline_us;

		if (deadline >= 0 && (first < 0 || deadline < first)) {
			first = deadline;
		}
	}
	return first;
}

/* Under the lock. */
static void set_timer(struct watchdog *w)
{
	if (w->timer != NULL) {
		g_source_set_ready_time(w->timer, first_deadline(w));
	}
}

/* The guest touched vCPU @i's frame: its interrupt ends, its counter starts anew. */
static void pet(struct watchdog *w, unsigned i)
{
	struct frame *f = &w->frames[i];

	if (f->warned) {
		f->warned = false;
		irq_ppi_set(w->config.vm_fd, i, GUEST_PPI_VMWDT, false);
	}
	reload(f, now());
	set_timer(w);
}

static uint32_t ticks_left(const struct frame *f)
{
	gint64 left_us = f->deadline_us - now();

	if (f->deadline_us < 0 || left_us <= 0) {
		return 0;
	}
	return (uint32_t)(left_us * f->clock_hz / G_USEC_PER_SEC);
}

static uint64_t watchdog_read(void *opaque, uint64_t offset, unsigned width)
{
	struct watchdog *w = opaque;
	uint64_t vcpu = offset / WATCHDOG_FRAME_BYTES;
	uint32_t value = 0;

	if (width != sizeof(uint32_t) || vcpu >= w->config.cpus) {
		return 0;
	}
	g_mutex_lock(&w->lock);
	switch (offset % WATCHDOG_FRAME_BYTES) {
	case REG_STATUS:
		value = w->frames[vcpu].status;
		break;
	case REG_LOAD_CNT:
		value = w->frames[vcpu].load;
		break;
	case REG_CUR_CNT:
		value = ticks_left(&w->frames[vcpu]);
		break;
	case REG_CLOCK_FREQ:
		value = w->frames[vcpu].clock_hz;
		break;
	default: /* not aligned */
		break;
	}
	g_mutex_unlock(&w->lock);
	return value;
}

static void watchdog_write(void *opaque, uint64_t offset, unsigned width, uint64_t value)
{
	struct watchdog *w = opaque;
	uint64_t vcpu = offset / WATCHDOG_FRAME_BYTES;
	struct frame *f;

	if (width != sizeof(uint32_t) || vcpu >= w->config.cpus) {
		return;
	}
	f = &w->frames[vcpu];
	g_mutex_lock(&w->lock);
	switch (offset % WATCHDOG_FRAME_BYTES) {
	case REG_STATUS:
		f->status = value & STATUS_ENABLE;
		pet(w, (unsigned)vcpu);
		break;
	case REG_LOAD_CNT:
		f->load = (uint32_t)value;
		pet(w, (unsigned)vcpu);
		break;
	case REG_CLOCK_FREQ:
		f->clock_hz = value != 0 ? (uint32_t)value : WATCHDOG_CLOCK_HZ;
		pet(w, (unsigned)vcpu);
		break;
	default: /* read-only, or not aligned */
		break;
	}
	g_mutex_unlock(&w->lock);
}

const struct bus_ops watchdog_ops = {
	.read = watchdog_read,
	.write = watchdog_write,
};

struct watchdog *watchdog_new(const struct watchdog_config *config)
{
	struct watchdog *w = g_new0(struct watchdog, 1);

	g_assert(config->cpus <= GUEST_VCPUS_MAX);
	w->config = *config;
	w->suspended_us = -1;
	g_mutex_init(&w->lock);
	for (unsigned i = 0; i < config->cpus; i++) {
		w->frames[i].clock_hz = WATCHDOG_CLOCK_HZ;
		w->frames[i].deadline_us = -1;
	}
	return w;
}

gint64 watchdog_check(struct watchdog *w, gint64 now_us)
{
	unsigned stalled[GUEST_VCPUS_MAX];
	unsigned stalled_count = 0;
	gint64 next;

	g_mutex_lock(&w->lock);
	for (unsigned i = 0; i < w->config.cpus; i++) {
		struct frame *f = &w->frames[i];

		if (w->suspended_us >= 0 || f->deadline_us < 0 || f->deadline_us > now_us) {
			continue;
		}
		if (f->warned) {
			f->deadline_us = -1;
			stalled[stalled_count++] = i;
			continue;
		}
		f->warned = true;
		reload(f, now_us);
		irq_ppi_set(w->config.vm_fd, i, GUEST_PPI_VMWDT, true);
		log_warn("vCPU %u did not pet its stall detector for %.1f s: interrupted", i,
			 (double)f->load / f->clock_hz);
	}
	next = first_deadline(w);
	g_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < stalled_count; i++) {
		w->config.stalled(w->config.opaque, stalled[i]);
	}
	return next;
}

void watchdog_suspend(struct watchdog *w, gint64 now_us)
{
	if (w == NULL) {
		return;
	}
	g_mutex_lock(&w->lock);
	if (w->suspended_us < 0) {
		w->suspended_us = now_us;
	}
	set_timer(w);
	g_mutex_unlock(&w->lock);
}

void watchdog_resume(struct watchdog *w, gint64 now_us)
{
	if (w == NULL) {
		return;
	}
	g_mutex_lock(&w->lock);
	for (unsigned i = 0; i < w->config.cpus && w->suspended_us >= 0; i++) {
		struct frame *f = &w->frames[i];

		if (f->deadline_us >= 0) {
			f->deadline_us += now_us - w->suspended_us;
		}
	}
	w->suspended_us = -1;
	set_timer(w);
	g_mutex_unlock(&w->lock);
}

static gboolean timer_dispatch(GSource *source, GSourceFunc callback, gpointer watchdog)
{
	struct watchdog *w = watchdog;

	(void)callback;
	watchdog_check(w, g_source_get_time(source));
	g_mutex_lock(&w->lock);
	g_source_set_ready_time(source, first_deadline(w));
	g_mutex_unlock(&w->lock);
	return G_SOURCE_CONTINUE;
}

/* The source calls no user function: its data is the watchdog. */
static gboolean timer_callback(gpointer watchdog)
{
	(void)watchdog;
	return G_SOURCE_CONTINUE;
}

void watchdog_attach(struct watchdog *w)
{
	static GSourceFuncs functions = { .dispatch = timer_dispatch };

	w->timer = g_source_new(&functions, sizeof(GSource));
	g_source_set_callback(w->timer, timer_callback, w, NULL);
	g_source_attach(w->timer, NULL);
}

void watchdog_free(struct watchdog *w)
{
	if (w == NULL) {
		return;
	}
	if (w->timer != NULL) {
		g_source_destroy(w->timer);
		g_source_unref(w->timer);
	}
	g_mutex_clear(&w->lock);
	g_free(w);
}
