/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the VMM's tests share: cmocka with its includes, a folder, the fake interrupts. */
#ifndef TESTS_VMM_SUPPORT_H
#define TESTS_VMM_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "platform/abi/guest_memory_map.h"

/* What the fake of vmm/irq.c was told last; reset by fake_irq_reset(). */
struct fake_irq {
	bool spi_level[GUEST_GIC_SPIS];
	unsigned spi_changes;
	bool ppi_level[GUEST_VCPUS_MAX];
	unsigned ppi_changes;
	uint32_t ppi; /* the last one */
};
extern struct fake_irq fake_irq;
void fake_irq_reset(void);

/* cmocka set-up and tear-down: *state is the path of a fresh folder, removed with its files. */
int folder_setup(void **state);
int folder_teardown(void **state);

/* A path in that folder, owned by the caller. */
char *folder_path(void **state, const char *name);

/* Fails unless @error is set in @domain with @code and its message has all of @part; frees it. */
void assert_error(GError *error, GQuark domain, int code, const char *part);

#endif /* TESTS_VMM_SUPPORT_H */
