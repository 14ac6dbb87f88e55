/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/guest.h"

#include "guest/bare/lib/fdt.h"

void guest_start(const void *tree)
{
	struct fdt fdt;
	int status;

	console_init();
	if (!fdt_open(&fdt, tree, GUEST_FDT_MAX_SIZE) || !machine_read(&machine, &fdt)) {
		panic("BAD_DEVICE_TREE", "the device tree at x0 names no memory and CPU");
	}
	pkvm_init();
	pages_init(tree);
	timer_init();
	status = guest_main();
	report_end(status);
	psci_system_off();
}
