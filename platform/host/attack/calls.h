/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of calls.ko. */
#ifndef ATTACK_CALLS_H
#define ATTACK_CALLS_H

#include "platform/abi/calls.h"

/* CALLS_FUZZ. One at a time (EBUSY). */
long calls_fuzz(struct calls_fuzz *fuzz);

/* CALLS_WATCH_START, CALLS_WATCH_STOP, and the module's end. */
long calls_watch_start(void);
long calls_watch_stop(struct calls_watch *watch);
void calls_watch_end(void);

#endif /* ATTACK_CALLS_H */
