/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest with a secret page, a page that it shares, and a word by which the host
 * tells it to go on. The protocol is described in guest/bare/keep_secret.c.
 */
#ifndef GUEST_SECRET_H
#define GUEST_SECRET_H

#include <stdbool.h>

/* The bytes of the greeting page from its start; zeros follow. */
#define SECRET_GREETING "Hello, host. This page is shared."

/*
 * Run the protocol. @is_spoiled plants a failure: one byte of the secret page is
 * wrong from the start. Returns guest_main()'s status.
 */
int secret_run(bool is_spoiled);

#endif /* GUEST_SECRET_H */
