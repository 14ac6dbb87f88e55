/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The smallest guest: it runs, says what it runs on, and ends. */
#include "guest/bare/lib/guest.h"

int guest_main(void)
{
	report_begin();
	report_value("machine",
		     "ram_base=0x%llx ram_bytes=0x%llx cpus=%u virtio=%u dma_bytes=0x%llx",
		     (unsigned long long)machine.ram.base, (unsigned long long)machine.ram.bytes,
		     machine.cpu_count, machine.virtio_count,
		     (unsigned long long)machine.dma.bytes);
	report_value("hypervisor", "kvm=%d can_share=%d granule=%llu psci=0x%llx", pkvm_is_kvm(),
		     pkvm_can_share(), (unsigned long long)pkvm_granule_bytes(),
		     (unsigned long long)psci_version());
	report_ok("hello", "");
	return 0;
}
