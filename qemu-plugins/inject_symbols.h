/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Symbols from a file of lines as nm writes them: ADDRESS TYPE NAME, physical addresses. */
#ifndef QEMU_PLUGINS_INJECT_SYMBOLS_H
#define QEMU_PLUGINS_INJECT_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

/* Read the file; what was read before is forgotten. NULL, or why it cannot be. */
const char *inject_symbols_open(const char *path);

/* An inject_lookup: the first symbol of that name in the file. */
bool inject_symbols_find(void *unused, const char *name, uint64_t *address);

#endif /* QEMU_PLUGINS_INJECT_SYMBOLS_H */
