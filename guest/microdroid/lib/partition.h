/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block devices by the name of their GPT partition. No GLib. One thread. */
#ifndef GUEST_MICRODROID_LIB_PARTITION_H
#define GUEST_MICRODROID_LIB_PARTITION_H

#include <stdbool.h>
#include <stddef.h>

#define PARTITION_NODE_MAX 64

/* Labels of the partitions that Microdroid looks for. */
#define PARTITION_SYSTEM "super"

/*
 * The node (/dev/vda1) of the partition named @label. Of several the first by the device's name.
 *
 * Returns  false with errno ENOENT: there is none; or what the search failed with.
 */
bool partition_find(const char *label, char *node, size_t size);

#endif /* GUEST_MICRODROID_LIB_PARTITION_H */
