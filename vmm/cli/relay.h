/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM's console between it, a file, and a terminal: what the VM writes goes to the file, and to a pseudoterminal at
 * which `vm console` finds it; what is typed there goes to the VM. A thread of its own does it.
 */
#ifndef VMM_CLI_RELAY_H
#define VMM_CLI_RELAY_H

#include <glib.h>

struct relay;

/*
 * Make one.
 *
 * @output  where the console goes; borrowed, until relay_finish().
 * Returns  it, owned by the caller: relay_finish().
 * Errors   NULL; G_FILE_ERROR: no descriptor or terminal is left.
 */
struct relay *relay_new(int output, GError **error);

/* The VM's ends: writable console output, readable console input. The relay's until relay_start(). */
int relay_console_out(const struct relay *relay);
int relay_console_in(const struct relay *relay);

/* The terminal's path; borrowed. */
const char *relay_terminal(const struct relay *relay);

/* Close the VM's ends, which the VM has by now, and begin. */
void relay_start(struct relay *relay);

/* Wait until the VM has closed its console and all of it is written, if it was started; free it. NULL is allowed. */
void relay_finish(struct relay *relay);

#endif /* VMM_CLI_RELAY_H */
