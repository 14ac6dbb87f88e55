/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What microdroid_manager and microdroid_launcher agree on, and the launcher's parts. */
#ifndef GUEST_MICRODROID_LAUNCHER_H
#define GUEST_MICRODROID_LAUNCHER_H

#include <stdbool.h>

#define LAUNCHER "/usr/bin/microdroid_launcher"

/* Its function in the payload, as AVF's vm_main.h has it: int AVmPayload_main(void). */
#define LAUNCHER_ENTRY "AVmPayload_main"

/* Exit status: the payload could not be started. A payload may return the same; the log tells. */
#define LAUNCHER_FAILED 101

/*
 * From here on only the system calls of launcher_filter.c: others return ENOSYS. Needs no new privileges.
 *
 * Returns  false with errno.
 */
bool launcher_filter(void);

#endif /* GUEST_MICRODROID_LAUNCHER_H */
