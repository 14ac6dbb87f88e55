/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of system registers and of system instructions (TLBI, DC, AT, IC). The
 * table is generated at build time (gen_sysregs.py) from the headers of the
 * kernel that the machine runs. Pure; any thread.
 */
#ifndef COMMON_SYSREGS_H
#define COMMON_SYSREGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for any name, generic ones included. */
#define SYSREGS_NAME_BYTES 48

/*
 * The name of the register or instruction with @key (A64_KEY of a64.h), NULL if
 * the table has none.
 */
const char *sysregs_name(uint16_t key);

/*
 * The name, or "S3_4_C2_C1_0" when it has none, written to @text of at least
 * SYSREGS_NAME_BYTES; returns @text.
 */
char *sysregs_describe(uint16_t key, char *text);

/*
 * The key of @name: one of the table's, in any case ("VTTBR_EL2",
 * "tlbi_vmalls12e1is"), or the generic form. False: there is none.
 */
bool sysregs_find(const char *name, uint16_t *key);

/*
 * Row @index of the table, for those who write it elsewhere: its key, and the
 * name in @name; NULL there behind the last.
 */
uint16_t sysregs_row(size_t index, const char **name);

#endif /* COMMON_SYSREGS_H */
