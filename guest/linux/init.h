/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the Linux guest's only program. One thread; no locks. */
#ifndef GUEST_LINUX_INIT_H
#define GUEST_LINUX_INIT_H

#include <stdbool.h>
#include <stddef.h>

/* Write one record, printf style, without prefix and newline. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "ok @name", or "fail @name errno=<errno as it is now>", which the guest's status counts. */
bool check(bool holds, const char *name);

/*
 * Open a node below /dev with @flags, waiting up to 10 s for it to appear.
 * Returns a descriptor, the caller's to close; -1 with errno (ETIMEDOUT: it did not appear).
 */
int await_node(const char *path, int flags);

/* The first line of a small file, without its newline; "" and false if it cannot be read. */
bool read_text(const char *path, char *text, size_t size);

/* Use one device and report on it. */
void use_block(void);
void use_console(void);
void use_rng(void);

/* Talk to @port of the host (CID 2), then serve one connection at @port + 1. */
void use_vsock(unsigned port);

#endif /* GUEST_LINUX_INIT_H */
