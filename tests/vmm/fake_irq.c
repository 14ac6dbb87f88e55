/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stands for vmm/irq.c, which needs a VM: keeps what the devices ask for. */
#include <string.h>

#include "tests/vmm/support.h"
#include "vmm/irq.h"

struct fake_irq fake_irq;

void fake_irq_reset(void)
{
	memset(&fake_irq, 0, sizeof(fake_irq));
}

void irq_line_set(const struct irq_line *line, bool level)
{
	fake_irq.spi_level[line->spi] = level;
	fake_irq.spi_changes++;
}

void irq_ppi_set(int vm_fd, unsigned vcpu, uint32_t ppi, bool level)
{
	(void)vm_fd;
	fake_irq.ppi = ppi;
	fake_irq.ppi_level[vcpu] = level;
	fake_irq.ppi_changes++;
}
