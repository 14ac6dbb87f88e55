/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users of the image's programs, and how root becomes one of them for good. No GLib. */
#ifndef GUEST_MICRODROID_LIB_PRIVILEGES_H
#define GUEST_MICRODROID_LIB_PRIVILEGES_H

#include <sys/types.h>

/* Users, each with the group of the same number: nobody else's, with no other right. */
#define PRIVILEGES_PAYLOAD_UID 10000
#define PRIVILEGES_ZIPFUSE_UID 10001

/*
 * Give up all privileges for good: groups, capabilities (also the bounding set), and the way back by programs (no new
 * privileges); become @uid. Needs root.
 *
 * Returns  NULL, or what failed, with errno; the process must end then.
 */
const char *privileges_drop(uid_t uid);

#endif /* GUEST_MICRODROID_LIB_PRIVILEGES_H */
