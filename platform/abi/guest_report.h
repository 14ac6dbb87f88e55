/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a guest tells the world outside what it found: lines of text on its
 * console, each a record.
 *
 *   terrarium: begin <program>
 *   terrarium: ok <name> [key=value]...
 *   terrarium: fail <name> [key=value]...
 *   terrarium: value <name> [key=value]...
 *   terrarium: fault <name> esr=0x.. elr=0x.. far=0x.. [key=value]...
 *   terrarium: end status=<decimal>
 *
 * - A record starts at the start of a line with GUEST_REPORT_PREFIX and ends
 *   with "\n" (a "\r" before it is dropped). It has at most
 *   GUEST_REPORT_LINE_MAX bytes.
 * - <name> and key are [a-z0-9_]+; a value has no white space. Numbers are
 *   decimal, or hexadecimal with 0x.
 * - "begin" is a guest's first record and "end" its last; what comes between
 *   may be of any number. A guest without "end" did not finish.
 * - status 0 is success; a guest with a "fail" ends with a status other than 0.
 * - Lines without the prefix are for humans and never parsed.
 *
 * Two calls are counted by the guest itself, so that the trace can be held
 * against it: before "end" it reports
 *   terrarium: value hypercalls hvc=<n> smc=<n>
 * where n counts every such instruction executed before that line was begun.
 */
#ifndef ABI_GUEST_REPORT_H
#define ABI_GUEST_REPORT_H

#define GUEST_REPORT_PREFIX "terrarium: "
#define GUEST_REPORT_LINE_MAX 256

#endif /* ABI_GUEST_REPORT_H */
