/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiled once per program, with its name. */
#include "guest/bare/lib/guest.h"

const char guest_program_name[] = GUEST_PROGRAM;
