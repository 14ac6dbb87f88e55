/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/state.h"

#include <stddef.h>

#define STATES (AVF_STATE_DEAD + 1)
#define TO(name) (1U << AVF_STATE_##name)

struct state {
	const char *name; /* NULL: no state has this number */
	unsigned next;    /* a bit for each state that may follow; 0 refuses all */
};

/* A payload may get ahead of its messages, so a state may be left out. */
static const struct state states[STATES] = {
	[AVF_STATE_NOT_STARTED] = { "NOT_STARTED", TO(STARTING) | TO(DEAD) },
	[AVF_STATE_STARTING] = { "STARTING", TO(STARTED) | TO(READY) | TO(FINISHED) | TO(DEAD) },
	[AVF_STATE_STARTED] = { "STARTED", TO(READY) | TO(FINISHED) | TO(DEAD) },
	[AVF_STATE_READY] = { "READY", TO(FINISHED) | TO(DEAD) },
	[AVF_STATE_FINISHED] = { "FINISHED", TO(DEAD) },
	[AVF_STATE_DEAD] = { "DEAD", 0 },
};

static bool is_state(int number)
{
	return number >= 0 && number < STATES && states[number].name != NULL;
}

bool state_may_become(int from, int to)
{
	return is_state(from) && is_state(to) && (states[from].next & 1U << to) != 0;
}

const char *state_name(int state)
{
	return is_state(state) ? states[state].name : "?";
}
