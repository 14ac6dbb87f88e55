/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's states: forward only. */
#ifndef VMM_SERVICE_STATE_H
#define VMM_SERVICE_STATE_H

#include <stdbool.h>

#include "vmm/service/avf.h"

/*
 * May a VM in state @from get into @to? Never back, never into the state that it is in, and none
 * but STARTING and DEAD from NOT_STARTED. A number that is no state: false.
 */
bool state_may_become(int from, int to);

/* "STARTED" of AVF_STATE_STARTED; "?" of a number that is no state. */
const char *state_name(int state);

#endif /* VMM_SERVICE_STATE_H */
