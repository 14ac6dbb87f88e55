/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cmocka.h wants included before it. */
#ifndef PLUGINS_CMOCKA_ALL_H
#define PLUGINS_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif /* PLUGINS_CMOCKA_ALL_H */
