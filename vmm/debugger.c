/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* accept4 */
#include "vmm/debugger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>

#include "vmm/debug_kvm.h"
#include "vmm/error.h"
#include "vmm/file.h"
#include "vmm/gdb_protocol.h"
#include "vmm/log.h"
#include "vmm/loopback.h"

#define RECEIVE_BYTES 4096

enum vcpus_state {
	VCPUS_RUN,
	VCPUS_COME_TO_STAND, /* held, but not all are out of the guest */
	VCPUS_STAND,
};

struct debugger {
	struct debugger_config config;
	struct debug_kvm kvm;
	struct vcpu *const *vcpus;
	enum vcpus_state state;
	int listen_fd;
	guint listen_source;
	int fd;         /* of the debugger that is there; -1: none */
	guint source;   /* of fd; 0: it is not read yet, since the vCPUs do not stand */
	bool is_deaf;   /* it does not take its answers */
	bool was_there; /* one was; until then the VM stands */
	struct gdb_target target;
	struct gdb_protocol protocol;
	int step; /* how the vCPUs were let run */
	bool others;
	struct vcpu_stop cause; /* of the stop that is under way */
	GMutex lock;            /* of what follows */
	bool is_scheduled;      /* serve() is */
	bool is_hit;
	struct vcpu_stop hit;
};

/* ---- What the protocol asks ---------------------------------------------------------------- */

static unsigned cpus(void *opaque)
{
	const struct debugger *d = opaque;

	return d->config.vm->cpus;
}

static bool get(void *opaque, unsigned cpu, unsigned number, uint64_t *value)
{
	struct debugger *d = opaque;

	return debug_kvm_get(&d->kvm, cpu, number, value);
}

static bool set(void *opaque, unsigned cpu, unsigned number, uint64_t value)
{
	struct debugger *d = opaque;

	return debug_kvm_set(&d->kvm, cpu, number, value);
}

static bool read_memory(void *opaque, unsigned cpu, uint64_t at, void *bytes, size_t count)
{
	struct debugger *d = opaque;

	return debug_kvm_read(&d->kvm, cpu, at, bytes, count);
}

static bool write_memory(void *opaque, unsigned cpu, uint64_t at, const void *bytes, size_t count)
{
	struct debugger *d = opaque;

	return debug_kvm_write(&d->kvm, cpu, at, bytes, count);
}

static bool insert(void *opaque, unsigned cpu, enum gdb_breakpoint kind, uint64_t at,
		   uint64_t bytes)
{
	struct debugger *d = opaque;

	return debug_kvm_insert(&d->kvm, cpu, kind, at, bytes);
}

static bool take_away(void *opaque, unsigned cpu, enum gdb_breakpoint kind, uint64_t at,
		      uint64_t bytes)
{
	struct debugger *d = opaque;

	(void)cpu;
	return debug_kvm_remove(&d->kvm, kind, at, bytes);
}

static gboolean serve(gpointer opaque);

/* Have serve() called in the main thread. Any thread, with the lock held. */
static void schedule(struct debugger *d)
{
	if (!d->is_scheduled) {
		d->is_scheduled = true;
		g_idle_add_full(G_PRIORITY_DEFAULT, serve, d, NULL);
	}
}

/* Make the vCPUs stand; serve() goes on when they do. */
static void halt(struct debugger *d)
{
	if (d->state == VCPUS_RUN) {
		d->state = VCPUS_COME_TO_STAND;
		for (unsigned i = 0; i < d->config.vm->cpus; i++) {
			vcpu_hold(d->vcpus[i]);
		}
	}
	g_mutex_lock(&d->lock);
	schedule(d); /* they may stand already */
	g_mutex_unlock(&d->lock);
}

/* They stand. A hit of this moment is found again by the vCPU, whose PC is before it. */
static void resume(void *opaque, int step, bool others)
{
	struct debugger *d = opaque;

	g_mutex_lock(&d->lock);
	d->is_hit = false;
	g_mutex_unlock(&d->lock);
	d->state = VCPUS_RUN;
	d->step = step;
	d->others = others;
	for (unsigned i = 0; i < d->config.vm->cpus; i++) {
		bool steps = step == (int)i;

		if (others || steps) {
			debug_kvm_apply(&d->kvm, i, d->fd >= 0, steps);
			vcpu_release(d->vcpus[i]);
		}
	}
}

static void interrupt(void *opaque)
{
	struct debugger *d = opaque;

	if (d->state == VCPUS_RUN) {
		d->cause = (struct vcpu_stop){ .index = d->protocol.current };
	}
	halt(d);
}

static void send_bytes(void *opaque, const char *bytes, size_t count)
{
	struct debugger *d = opaque;

	/* One that does not read what it asked for gets no more. */
	if (d->fd >= 0 && !d->is_deaf &&
	    send(d->fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)count) {
		log_warn("gdb: the debugger does not take its answers");
		d->is_deaf = true;
	}
}

/* They stand and no debugger is there: as if there had never been one. */
static void run_alone(struct debugger *d)
{
	debug_kvm_clear(&d->kvm);
	resume(d, -1, true);
	log_info("gdb: the debugger has gone; the VM runs");
}

static void detach(void *opaque)
{
	struct debugger *d = opaque;

	if (d->fd < 0) {
		return;
	}
	if (d->source != 0) {
		g_source_remove(d->source);
		d->source = 0;
	}
	close(d->fd);
	d->fd = -1;
	if (d->state == VCPUS_STAND) {
		run_alone(d);
	} else {
		halt(d);
	}
}

static void kill_machine(void *opaque)
{
	const struct debugger *d = opaque;

	d->config.kill(d->config.opaque);
}

/* ---- Connections --------------------------------------------------------------------------- */

static gboolean client_ready(gint fd, GIOCondition condition, gpointer opaque)
{
	struct debugger *d = opaque;
	char bytes[RECEIVE_BYTES];
	ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	(void)condition;
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		return G_SOURCE_CONTINUE;
	}
	if (got > 0) {
		gdb_receive(&d->protocol, bytes, (size_t)got);
	}
	if (got <= 0 || d->is_deaf) {
		detach(d);
	}
	return G_SOURCE_CONTINUE; /* detach() has removed it */
}

/* All stand for a debugger that has come. What one before it has set is not its own. */
static void begin_reading(struct debugger *d)
{
	debug_kvm_clear(&d->kvm);
	d->source = g_unix_fd_add(d->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, client_ready, d);
	log_info("gdb: a debugger is there; the VM stands");
}

static gboolean connection_ready(gint fd, GIOCondition condition, gpointer opaque)
{
	struct debugger *d = opaque;
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	(void)condition;
	if (client < 0) {
		return G_SOURCE_CONTINUE;
	}
	if (d->fd >= 0) {
		log_warn("gdb: a debugger is connected, one more is refused");
		close(client);
		return G_SOURCE_CONTINUE;
	}
	d->fd = client;
	d->is_deaf = false;
	d->was_there = true;
	gdb_protocol_init(&d->protocol, &d->target);
	if (d->state == VCPUS_STAND) {
		begin_reading(d);
	} else {
		halt(d);
	}
	return G_SOURCE_CONTINUE;
}

/* All stand because of d->cause, for a debugger that waits for them. */
static void tell(struct debugger *d)
{
	const struct vcpu_stop *cause = &d->cause;

	if (debug_kvm_pass_brk(&d->kvm, cause->index, cause->syndrome) &&
	    d->step != (int)cause->index) {
		resume(d, d->step, d->others);
		return;
	}
	gdb_stopped(&d->protocol, cause->index,
		    debug_kvm_watched(&d->kvm, cause->syndrome, cause->address), cause->address);
	if (d->is_deaf) {
		detach(d);
	}
}

static bool all_stand(const struct debugger *d)
{
	for (unsigned i = 0; i < d->config.vm->cpus; i++) {
		if (!vcpu_stands(d->vcpus[i])) {
			return false;
		}
	}
	return true;
}

/* In the main thread, after a hit, and after a vCPU came to stand. */
static gboolean serve(gpointer opaque)
{
	struct debugger *d = opaque;
	bool is_hit;

	g_mutex_lock(&d->lock);
	d->is_scheduled = false;
	is_hit = d->is_hit && d->state == VCPUS_RUN;
	d->is_hit = false;
	if (is_hit) {
		d->cause = d->hit;
	}
	g_mutex_unlock(&d->lock);
	if (is_hit) {
		halt(d);
	}
	if (d->state == VCPUS_COME_TO_STAND && all_stand(d)) {
		d->state = VCPUS_STAND;
		if (d->fd >= 0 && d->source != 0) {
			tell(d);
		} else if (d->fd >= 0) {
			begin_reading(d);
		} else if (d->was_there) {
			run_alone(d);
		}
	}
	return G_SOURCE_REMOVE;
}

void debugger_hit(void *opaque, const struct vcpu_stop *stop)
{
	struct debugger *d = opaque;

	g_mutex_lock(&d->lock);
	if (!d->is_hit) { /* the first counts; others are found again when they run on */
		d->is_hit = true;
		d->hit = *stop;
		schedule(d);
	}
	g_mutex_unlock(&d->lock);
}

void debugger_stood(void *opaque)
{
	struct debugger *d = opaque;

	g_mutex_lock(&d->lock);
	schedule(d);
	g_mutex_unlock(&d->lock);
}

/* ---- Life ---------------------------------------------------------------------------------- */

/* A socket that is listening already, and was given to us. */
static int take_listener(const char *place, GError **error)
{
	int fd = file_open(place, O_RDWR);
	int listening = 0;
	socklen_t size = sizeof(listening);

	if (fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0) {
		if (listening != 0) {
			return fd;
		}
		errno = EINVAL;
	}
	error_set_errno(error, "--gdb: %s is no listening socket", place);
	if (fd >= 0) {
		close(fd);
	}
	return -1;
}

static int listen_on(const char *place, GError **error)
{
	int fd = loopback_listen((uint16_t)strtoul(place, NULL, 10));

	if (fd < 0) {
		error_set_errno(error, "--gdb: cannot listen on port %s of 127.0.0.1", place);
	}
	return fd;
}

struct debugger *debugger_new(const struct debugger_config *config, GError **error)
{
	struct debugger *d = g_new0(struct debugger, 1);

	d->config = *config;
	d->fd = -1;
	d->state = VCPUS_COME_TO_STAND;
	d->target = (struct gdb_target){
		.cpus = cpus,
		.get = get,
		.set = set,
		.read = read_memory,
		.write = write_memory,
		.insert = insert,
		.remove = take_away,
		.resume = resume,
		.interrupt = interrupt,
		.detach = detach,
		.kill = kill_machine,
		.send = send_bytes,
		.opaque = d,
	};
	g_mutex_init(&d->lock);
	d->listen_fd = file_is_fd(config->place, NULL) ? take_listener(config->place, error) :
							 listen_on(config->place, error);
	if (d->listen_fd < 0 || !debug_kvm_init(&d->kvm, config->vm, config->ram, error)) {
		debugger_free(d, 0);
		return NULL;
	}
	return d;
}

void debugger_begin(struct debugger *d, struct vcpu *const *vcpus)
{
	d->vcpus = vcpus;
	d->listen_source = g_unix_fd_add(d->listen_fd, G_IO_IN, connection_ready, d);
	halt(d);
	log_info("gdb: the VM stands and waits for a debugger");
}

void debugger_free(struct debugger *d, unsigned status)
{
	if (d == NULL) {
		return;
	}
	if (d->fd >= 0) {
		gdb_exited(&d->protocol, status);
		if (d->source != 0) {
			g_source_remove(d->source);
		}
		close(d->fd);
	}
	if (d->listen_source != 0) {
		g_source_remove(d->listen_source);
	}
	if (d->listen_fd >= 0) {
		close(d->listen_fd);
	}
	while (g_source_remove_by_user_data(d)) { /* what is scheduled */
	}
	g_mutex_clear(&d->lock);
	g_free(d);
}
