// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine's virtual timer (PPI 27) and the GIC's maintenance interrupt (PPI 25), which the
 * hypervisor leaves to us in its node of the device tree. Both fire only while a guest runs:
 * they end its run, and are low again when the host takes interrupts. So there is nothing to
 * handle; but without a handler they would be masked.
 *
 * The guest ends its virtual timer's interrupt by itself (a list register with HW), for which
 * the physical one must be active; else it would end each run at once.
 */
#include "platform/kvm/irq_parts.h"

#include <linux/cpuhotplug.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/of.h>
#include <linux/of_irq.h>
#include <linux/percpu.h>

static const char *const names[] = { "vtimer", "maintenance" };

static int irqs[ARRAY_SIZE(names)];
static int cpuhp_state;
static DEFINE_PER_CPU(int, cookie);
static DEFINE_PER_CPU(bool, vtimer_active);

static irqreturn_t handle(int irq, void *dev)
{
	return IRQ_HANDLED;
}

void irq_host_set_vtimer_active(bool active)
{
	if (__this_cpu_read(vtimer_active) != active) {
		irq_set_irqchip_state(irqs[0], IRQCHIP_STATE_ACTIVE, active);
		__this_cpu_write(vtimer_active, active);
	}
}

void irq_host_vtimer_ended(void)
{
	__this_cpu_write(vtimer_active, false);
}

static int cpu_up(unsigned int cpu)
{
	for (size_t i = 0; i < ARRAY_SIZE(irqs); i++) {
		enable_percpu_irq(irqs[i], IRQ_TYPE_LEVEL_HIGH);
	}
	return 0;
}

static int cpu_down(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	irq_host_set_vtimer_active(false);
	local_irq_restore(flags);
	for (size_t i = 0; i < ARRAY_SIZE(irqs); i++) {
		disable_percpu_irq(irqs[i]);
	}
	return 0;
}

static void drop(size_t count)
{
	while (count-- > 0) {
		free_percpu_irq(irqs[count], &cookie);
	}
}

int irq_host_init(void)
{
	struct device_node *node = of_find_compatible_node(NULL, NULL, "terrarium,hypervisor");
	int error = -ENODEV;

	if (node == NULL) {
		return error;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		irqs[i] = of_irq_get_byname(node, names[i]);
		error = irqs[i] > 0 ? request_percpu_irq(irqs[i], handle, names[i], &cookie) :
				      -ENODEV;
		if (error != 0) {
			pr_err("no interrupt \"%s\": %d\n", names[i], error);
			of_node_put(node);
			drop(i);
			return error;
		}
	}
	of_node_put(node);
	cpuhp_state =
		cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "terrarium/irq:online", cpu_up, cpu_down);
	if (cpuhp_state < 0) {
		drop(ARRAY_SIZE(irqs));
		return cpuhp_state;
	}
	return 0;
}

void irq_host_exit(void)
{
	cpuhp_remove_state(cpuhp_state);
	drop(ARRAY_SIZE(irqs));
}
