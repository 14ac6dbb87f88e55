/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of what instructions do without entering EL2: page-table roots that
 * EL2 switches, interrupts acknowledged and ended, marks.
 */
#include "qemu-plugins/trace.h"

#define KEY_TTBR0_EL12 A64_KEY(3, 5, 2, 0, 0)
#define KEY_TTBR1_EL12 A64_KEY(3, 5, 2, 0, 1)

/* Which register holds the root now, REG_COUNT if that cannot be read. */
static enum reg root_register(uint16_t key)
{
	switch (key) {
	case A64_VTTBR_EL2:
		return REG_VTTBR_EL2;
	case A64_TTBR0_EL2:
		return REG_TTBR0_EL2;
	case A64_TTBR1_EL2:
		return REG_TTBR1_EL2;
	case A64_TTBR0_EL1:
		return REG_TTBR0_EL1;
	case A64_TTBR1_EL1:
		return REG_TTBR1_EL1;
	}
	return REG_COUNT;
}

bool trace_watch_is_root(uint16_t key)
{
	return root_register(key) != REG_COUNT || key == KEY_TTBR0_EL12 || key == KEY_TTBR1_EL12;
}

/* The record of what the vCPU does now at @el, without type and values. False: leave it out. */
static bool begin(struct trace_record *record, unsigned int vcpu, unsigned int el)
{
	struct world world = { WORLD_EL2, 0 };

	if (el < 2 || world_is_hosted(regs_read(&trace.regs, REG_HCR_EL2))) {
		world = trace_world_now();
	} else if (!trace.vcpus[vcpu].below) {
		world.kind = WORLD_BOOT;
		if (!trace.records_boot) {
			return false;
		}
	}
	*record = (struct trace_record){
		.world = (uint8_t)world.kind,
		.vmid = world.vmid,
		.el = (uint8_t)el,
	};
	return trace_records_world(world.kind);
}

void trace_watch_root(unsigned int vcpu, void *userdata)
{
	const struct trace_site *site = userdata;
	uint64_t root = regs_read_x(&trace.regs, site->rt);
	enum reg reg = root_register(site->key);
	uint64_t before = reg == REG_COUNT ? 0 : regs_read(&trace.regs, reg);
	struct trace_record record;

	vcpu = vcpus_now(&trace.identity, &trace.regs, vcpu);
	if ((reg != REG_COUNT && root == before) || !begin(&record, vcpu, site->el)) {
		return;
	}
	record.type = TRACE_ROOT;
	record.aux = site->key;
	record.pc = site->pc;
	record.v[0] = root;
	record.v[1] = before;
	trace_emit(vcpu, &record, 1);
}

void trace_watch_acknowledged(unsigned int vcpu, const struct trace_read *read)
{
	struct trace_record record;

	if (!begin(&record, vcpu, read->el)) {
		return;
	}
	record.type = TRACE_ACK;
	record.aux = read->key;
	record.v[0] = regs_read_x(&trace.regs, read->rt);
	trace_emit(vcpu, &record, 1);
}

void trace_watch_end_of_interrupt(unsigned int vcpu, void *userdata)
{
	const struct trace_site *site = userdata;
	struct trace_record record;

	vcpu = vcpus_now(&trace.identity, &trace.regs, vcpu);
	if (!begin(&record, vcpu, site->el)) {
		return;
	}
	record.type = TRACE_EOI;
	record.aux = site->key;
	record.pc = site->pc;
	record.v[0] = regs_read_x(&trace.regs, site->rt);
	trace_emit(vcpu, &record, 1);
}

void trace_watch_mark(unsigned int vcpu, void *userdata)
{
	const struct trace_site *site = userdata;
	struct trace_record record;
	unsigned int i;

	vcpu = vcpus_now(&trace.identity, &trace.regs, vcpu);
	if (!begin(&record, vcpu, site->el)) {
		return;
	}
	record.type = TRACE_MARK;
	record.pc = site->pc;
	for (i = 0; i < 4; i++) {
		record.v[i] = regs_read_x(&trace.regs, i);
	}
	trace_emit(vcpu, &record, 1);
}
