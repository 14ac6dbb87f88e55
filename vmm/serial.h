/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A 16550A serial whose output goes to a file descriptor. It has no input line;
 * its receiver serves only the loop-back mode by which drivers probe it.
 *
 * Output is collected by line: it is written at a newline, when SERIAL_LINE_BYTES
 * are together, and by serial_flush(). What stands in an unfinished line when
 * the VMM is killed is lost.
 */
#ifndef VMM_SERIAL_H
#define VMM_SERIAL_H

#include <glib.h>

#include "vmm/bus.h"
#include "vmm/irq.h"

#define SERIAL_LINE_BYTES 512

struct serial;

struct serial_config {
	const char *name;     /* for messages; borrowed */
	int fd;               /* of output_open(); owned by the serial from serial_new() on */
	struct irq_line irq;  /* level triggered */
	const gint *stopping; /* as output_write(); borrowed */
};

/* What the bus calls; opaque is the struct serial. Byte accesses only. */
extern const struct bus_ops serial_ops;

/* A serial in its reset state; the caller owns it: serial_free(). Never NULL. */
struct serial *serial_new(const struct serial_config *config);

/* Write out an unfinished line. Any thread; takes the serial's lock. */
void serial_flush(struct serial *serial);

/* Flush, close and free. The vCPUs have stopped. NULL is allowed. */
void serial_free(struct serial *serial);

#endif /* VMM_SERIAL_H */
