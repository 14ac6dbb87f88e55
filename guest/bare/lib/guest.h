/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest program is: one file guest/bare/<name>.c with guest_main(). This
 * header brings all of the runtime that programs use.
 */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include "guest/bare/lib/arch.h"
#include "guest/bare/lib/console.h"
#include "guest/bare/lib/machine.h"
#include "guest/bare/lib/pages.h"
#include "guest/bare/lib/panic.h"
#include "guest/bare/lib/pattern.h"
#include "guest/bare/lib/pkvm.h"
#include "guest/bare/lib/psci.h"
#include "guest/bare/lib/report.h"
#include "guest/bare/lib/rsi.h"
#include "guest/bare/lib/share.h"
#include "guest/bare/lib/smccc.h"
#include "guest/bare/lib/string.h"
#include "guest/bare/lib/timer.h"

/*
 * The program, on the first CPU. It calls report_begin() first; what it returns is
 * the status of its "end" record (0 success), after which the machine is
 * switched off.
 */
int guest_main(void);

/* The program's name: that of its file. */
extern const char guest_program_name[];

/*
 * Called by entry.S with the MMU on; @fdt is the device tree. Sets up the runtime
 * and runs guest_main(). Does not return.
 */
__attribute__((noreturn)) void guest_start(const void *fdt);

#endif /* GUEST_GUEST_H */
