/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the host's first process (init.c: what it does; system.c: the
 * system's preparation; service.c: virtualizationservice; ports.c: virtio-serial ports and kernel events; plan.c: the closed plan).
 * There is one thread; nothing here takes locks.
 */
#ifndef HOST_INIT_H
#define HOST_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

/* The kernel's announcements of devices (NETLINK_KOBJECT_UEVENT). */
struct uevents {
	int fd; /* non-blocking socket; closed by the process's end */
};

/* virtualizationservice's socket, and the service once a client came. */
struct service_socket {
	int fd;           /* listening; -1: clients are refused */
	pid_t pid;        /* 0: does not run */
	time_t started_s; /* monotonic clock */
	int short_lives;  /* in a row */
};

/* Print one line to the kernel's log. @format as printf's, without a newline. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Print one line at the kernel's highest level and end: the kernel panics. */
void give_up(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/*
 * Start a program in a session of its own. @on_console: with the console as its descriptors 0 to 2.
 *
 * Returns its pid. Gives up when there can be no process; a program that cannot be run ends with 127.
 */
pid_t start(char *const argv[], bool on_console);

/* Write back what is cached and switch the machine off. */
void power_off(void) __attribute__((noreturn));

/*
 * Run the closed plan in the machine's shared memory (plan.h), its results to the results port, and
 * switch off. The machine may be stopped and saved before the plan is looked at.
 *
 * Returns if the machine has no shared memory. Gives up when there is no plan in it.
 */
void plan_run(struct uevents *uevents);

/*
 * Mount the kernel's file systems, set host name, limits and loopback, load the
 * modules that /etc/modules-at-boot lists.
 *
 * Returns /dev/kmsg, open for writing. Gives up on any failure.
 */
int system_prepare(void);

/* Listen for the service's clients. Gives up when that cannot be. */
void service_listen(struct service_socket *service);

/* What to poll for a client to start the service for; -1 while it runs. */
int service_poll_fd(const struct service_socket *service);

/* A client waits: start the service. */
void service_wanted(struct service_socket *service);

/* The process service->pid has ended with this wait status. */
void service_ended(struct service_socket *service, int status);

/* Make /dev/console the calling process's controlling terminal and its descriptors 0 to 2. */
void system_take_console(void);

/* Whether @parameter stands, as a whole word, on the kernel's command line. */
bool system_has_parameter(const char *parameter);

/* Start listening. Call it before the first port_find(), so that no port is missed. */
void uevents_open(struct uevents *uevents);

/* Drop what has arrived; does not block. */
void uevents_drain(struct uevents *uevents);

/* Block until something arrives and drop it. Gives up, naming @what, after @limit_s seconds. */
void uevents_wait(struct uevents *uevents, int limit_s, const char *what);

/*
 * Find the virtio-serial port that QEMU calls @name.
 *
 * @path   set to its device, "/dev/vportNpM"; @size bytes.
 * Returns false, what is in @path of no meaning, if there is none (yet).
 */
bool port_find(const char *name, char *path, size_t size);

#endif /* HOST_INIT_H */
