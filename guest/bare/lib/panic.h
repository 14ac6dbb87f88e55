/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a guest that cannot go on ends. */
#ifndef GUEST_PANIC_H
#define GUEST_PANIC_H

/*
 * Say "@reason|@context" on serial 1, then tell the VMM by pvpanic; if it lets the
 * guest go on, switch the machine off. Any CPU.
 */
__attribute__((noreturn)) void panic(const char *reason, const char *context);

#endif /* GUEST_PANIC_H */
