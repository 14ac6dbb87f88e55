/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stands for vmm/irq.c, which needs a VM: counts what the devices ask for. */
#include "tests/virtio/driver.h"

unsigned fake_irq_pulses;
uint32_t fake_irq_spi;
unsigned fake_ioeventfds;

void irq_line_pulse(const struct irq_line *line)
{
	fake_irq_pulses++;
	fake_irq_spi = line->spi;
}

bool vm_ioeventfd(int vm_fd, uint64_t addr, uint32_t value, int fd, GError **error)
{
	(void)vm_fd;
	(void)addr;
	(void)value;
	(void)fd;
	(void)error;
	fake_ioeventfds++;
	return true;
}
