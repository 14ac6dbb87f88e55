/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/guest.h"

#include "guest/bare/lib/devtree.h"

void guest_start(const void *fdt)
{
	struct devtree tree;
	int status;

	console_init();
	if (!devtree_open(&tree, fdt, GUEST_FDT_MAX_SIZE) || !machine_read(&machine, &tree)) {
		panic("BAD_DEVICE_TREE", "the device tree at x0 names no memory and CPU");
	}
	pkvm_init();
	pages_init(fdt);
	timer_init();
	status = guest_main();
	report_end(status);
	psci_system_off();
}
