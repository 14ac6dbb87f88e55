/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the first stage hands to the system's init, and init to the manager. */
#ifndef GUEST_MICRODROID_INIT_H
#define GUEST_MICRODROID_INIT_H

#define INIT "/usr/bin/microdroid_init"

/* The only argument, of init and manager: debug level FULL. Without: NONE. */
#define INIT_DEBUGGABLE "--debuggable"

/* Exit status of the manager when it failed and has reported why. */
#define INIT_MANAGER_REPORTED 2

#endif /* GUEST_MICRODROID_INIT_H */
