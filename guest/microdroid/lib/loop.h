/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A part of a block device as a block device. No GLib. */
#ifndef GUEST_MICRODROID_LIB_LOOP_H
#define GUEST_MICRODROID_LIB_LOOP_H

#include <stddef.h>
#include <stdint.h>

/*
 * Make a read-only loop device of @bytes of the device behind @fd, from byte @offset, which need not be at a whole block. It goes
 * when its last user does: the descriptor is one.
 *
 * @node    its path, of @size bytes.
 * Returns  a descriptor of it, owned by the caller; -1 with errno.
 */
int loop_attach(int fd, uint64_t offset, uint64_t bytes, char *node, size_t size);

#endif /* GUEST_MICRODROID_LIB_LOOP_H */
