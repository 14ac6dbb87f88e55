/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/pvpanic.h"

#include "vmm/log.h"

static uint64_t pvpanic_read(void *opaque, uint64_t offset, unsigned width)
{
	(void)opaque;
	return offset == 0 && width == 1 ? PVPANIC_PANICKED | PVPANIC_CRASH_LOADED : 0;
}

static void pvpanic_write(void *opaque, uint64_t offset, unsigned width, uint64_t value)
{
	const struct pvpanic *p = opaque;

	if (offset != 0 || width != 1) {
		return;
	}
	if (value & PVPANIC_PANICKED) {
		p->panicked(p->opaque);
	} else if (value & PVPANIC_CRASH_LOADED) {
		log_info("the guest panicked and goes on with its crash kernel");
	}
}

const struct bus_ops pvpanic_ops = {
	.read = pvpanic_read,
	.write = pvpanic_write,
};
