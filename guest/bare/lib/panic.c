/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/panic.h"

#include "guest/bare/lib/arch.h"
#include "guest/bare/lib/console.h"
#include "guest/bare/lib/psci.h"
#include "platform/abi/guest_memory_map.h"

#define PVPANIC_PANICKED 1

void panic(const char *reason, const char *context)
{
	console_failure(reason, context);
	barrier_full();
	mmio_write8(GUEST_PVPANIC_BASE, PVPANIC_PANICKED);
	psci_system_off();
}
