/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's types, for the module's parts that are compiled natively. */
#ifndef SHIM_LINUX_TYPES_H
#define SHIM_LINUX_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#endif /* SHIM_LINUX_TYPES_H */
