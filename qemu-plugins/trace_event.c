/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the vCPU's state at an event to records. */
#include "qemu-plugins/trace.h"

_Static_assert((int)WORLD_BOOT == TRACE_WORLD_BOOT && (int)WORLD_HOST == TRACE_WORLD_HOST &&
		       (int)WORLD_VM == TRACE_WORLD_VM && (int)WORLD_EL2 == TRACE_WORLD_EL2,
	       "worlds are written as they are");

static uint64_t sys(enum reg reg)
{
	return regs_read(&trace.regs, reg);
}

bool trace_records_group(enum trace_group group)
{
	return (trace.groups >> group & 1) != 0;
}

bool trace_records_world(enum world_kind kind)
{
	return (trace.worlds >> kind & 1) != 0;
}

static enum trace_group group_of(enum trace_type type)
{
	switch (type) {
	case TRACE_HVC:
	case TRACE_SMC:
		return TRACE_GROUP_CALLS;
	case TRACE_DATA_ABORT:
	case TRACE_INSN_ABORT:
		return TRACE_GROUP_FAULTS;
	case TRACE_SYSREG:
		return TRACE_GROUP_SYSREGS;
	case TRACE_WFX:
		return TRACE_GROUP_WAITS;
	case TRACE_IRQ:
	case TRACE_FIQ:
		return TRACE_GROUP_IRQS;
	case TRACE_FW_CALL:
	case TRACE_FW_RETURN:
		return TRACE_GROUP_FIRMWARE;
	case TRACE_ROOT:
		return TRACE_GROUP_ROOTS;
	case TRACE_ACK:
		return TRACE_GROUP_ACKS;
	case TRACE_EOI:
		return TRACE_GROUP_ENDS;
	case TRACE_MARK:
		return TRACE_GROUP_MARKS;
	case TRACE_END:
	case TRACE_MORE:
	case TRACE_SERROR:
	case TRACE_EXCEPTION:
	case TRACE_EL2_EXCEPTION:
	case TRACE_RETURN:
		break;
	}
	return TRACE_GROUP_OTHERS;
}

/* The level in a saved PSTATE, as trace_record.el has it. */
static uint8_t saved_el(uint64_t spsr)
{
	if ((spsr & ARM_PSTATE_AARCH32) != 0) {
		return TRACE_EL_AARCH32 | ((spsr & 0xf) != 0);
	}
	return (uint8_t)ARM_PSTATE_EL(spsr);
}

static void set_world(struct trace_record *record, struct world world)
{
	record->world = (uint8_t)world.kind;
	record->vmid = world.vmid;
}

struct world trace_world_now(void)
{
	struct world world;

	g_mutex_lock(&trace.lock);
	world = world_below(&trace.host, sys(REG_HCR_EL2), sys(REG_VTTBR_EL2));
	g_mutex_unlock(&trace.lock);
	return world;
}

/* x4 to x7 and x16, Xen's number, behind a record that has x0 to x3. */
static void fill_more(struct trace_record *more, unsigned int vcpu, const struct trace_call *call)
{
	const uint64_t *x = call->x;

	*more = (struct trace_record){
		.type = TRACE_MORE,
		.vcpu = (uint8_t)vcpu,
		.time_ns = x[4],
		.insns = x[5],
		.el2_insns = x[6],
		.pc = x[7],
		.v = { call->x16 },
	};
}

static void read_x(uint64_t *x, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		x[i] = regs_read_x(&trace.regs, i);
	}
}

static void read_call(struct trace_call *call)
{
	read_x(call->x, 8);
	call->x16 = regs_read_x(&trace.regs, 16);
}

/* A call that EL2 takes; its arguments are still in the registers. */
static size_t fill_call(struct trace_record *records, unsigned int vcpu, enum trace_type type,
			uint64_t esr)
{
	struct trace_call call;
	unsigned int i;

	read_call(&call);
	records[0].type = (uint8_t)type;
	records[0].aux = ARM_ESR_IMM16(esr);
	for (i = 0; i < 4; i++) {
		records[0].v[i] = call.x[i];
	}
	fill_more(&records[1], vcpu, &call);
	return 2;
}

static void fill_abort(struct trace_record *record, enum trace_type type, uint64_t esr)
{
	uint64_t far = sys(REG_FAR_EL2);

	record->type = (uint8_t)type;
	record->v[0] = esr;
	record->v[1] = arm_abort_ipa(esr, sys(REG_HPFAR_EL2), far);
	record->v[2] = far;
	if (type == TRACE_DATA_ABORT && ARM_ESR_ISV(esr) && ARM_ESR_WNR(esr)) {
		record->v[3] = regs_read_x(&trace.regs, ARM_ESR_SRT(esr));
	}
}

/* A synchronous exception from below EL2. Returns the number of records. */
static size_t fill_sync(struct trace_record *records, unsigned int vcpu)
{
	uint64_t esr = sys(REG_ESR_EL2);

	switch (ARM_ESR_EC(esr)) {
	case ARM_EC_HVC32:
	case ARM_EC_HVC64:
		return fill_call(records, vcpu, TRACE_HVC, esr);
	case ARM_EC_SMC32:
	case ARM_EC_SMC64:
		return fill_call(records, vcpu, TRACE_SMC, esr);
	case ARM_EC_DATA_ABORT_LOWER:
		fill_abort(records, TRACE_DATA_ABORT, esr);
		break;
	case ARM_EC_INSN_ABORT_LOWER:
		fill_abort(records, TRACE_INSN_ABORT, esr);
		break;
	case ARM_EC_SYSREG:
		records->type = TRACE_SYSREG;
		records->v[0] = esr;
		if (!ARM_ESR_SYS_IS_READ(esr)) {
			records->v[1] = regs_read_x(&trace.regs, ARM_ESR_SYS_RT(esr));
		}
		break;
	case ARM_EC_WFX:
		records->type = TRACE_WFX;
		records->v[0] = esr;
		break;
	default:
		records->type = TRACE_EXCEPTION;
		records->v[0] = esr;
		records->v[1] = sys(REG_FAR_EL2);
		break;
	}
	return 1;
}

static void entered_el2(unsigned int vcpu, enum arm_vector vector, uint64_t spsr)
{
	struct trace_vcpu *state = &trace.vcpus[vcpu];
	struct trace_record records[2] = { { .el = saved_el(spsr), .pc = sys(REG_ELR_EL2) } };
	size_t count = 1;

	state->below = true;
	set_world(&records[0], trace_world_now());
	switch (vector) {
	case ARM_VECTOR_SYNC:
		count = fill_sync(records, vcpu);
		break;
	case ARM_VECTOR_IRQ:
		records[0].type = TRACE_IRQ;
		break;
	case ARM_VECTOR_FIQ:
		records[0].type = TRACE_FIQ;
		break;
	case ARM_VECTOR_SERROR:
		records[0].type = TRACE_SERROR;
		records[0].v[0] = sys(REG_ESR_EL2);
		break;
	}
	state->skips_return = !trace_records_group(group_of((enum trace_type)records[0].type));
	if (!state->skips_return && trace_records_world((enum world_kind)records[0].world)) {
		trace_emit(vcpu, records, count);
	}
}

/* EL2 took an exception of its own. Its interrupts are its own business. */
static void excepted_at_el2(unsigned int vcpu)
{
	struct trace_record record = {
		.type = TRACE_EL2_EXCEPTION,
		.world = TRACE_WORLD_EL2,
		.el = 2,
		.pc = sys(REG_ELR_EL2),
		.v = { sys(REG_ESR_EL2), sys(REG_FAR_EL2) },
	};

	if (!trace.vcpus[vcpu].below) {
		record.world = TRACE_WORLD_BOOT;
		if (!trace.records_boot) {
			return;
		}
	}
	if (trace_records_group(TRACE_GROUP_OTHERS) &&
	    trace_records_world((enum world_kind)record.world)) {
		trace_emit(vcpu, &record, 1);
	}
}

/*
 * QEMU has served a call as firmware: x0 to x3 hold the result by now, and
 * @next_pc is where execution goes on, behind the call.
 */
static void served_by_qemu(unsigned int vcpu, uint64_t pstate, uint64_t next_pc)
{
	struct trace_vcpu *state = &trace.vcpus[vcpu];
	struct trace_record records[3] = { { .type = TRACE_FW_CALL } };
	struct trace_record *result = &records[2];
	unsigned int i;

	if (!state->call.pending || !trace_records_group(TRACE_GROUP_FIRMWARE)) {
		return;
	}
	records[0].el = (uint8_t)ARM_PSTATE_EL(pstate);
	records[0].pc = next_pc - ARM_INSN_BYTES;
	records[0].aux = state->call.imm;
	if (records[0].el < 2) {
		set_world(&records[0], trace_world_now());
	} else if (state->below) {
		records[0].world = TRACE_WORLD_EL2;
	} else {
		records[0].world = TRACE_WORLD_BOOT;
		if (!trace.records_boot) {
			return;
		}
	}
	if (!trace_records_world((enum world_kind)records[0].world)) {
		return;
	}
	for (i = 0; i < 4; i++) {
		records[0].v[i] = state->call.x[i];
	}
	fill_more(&records[1], vcpu, &state->call);
	*result = records[0];
	result->type = TRACE_FW_RETURN;
	read_x(result->v, 4);
	trace_emit(vcpu, records, 2);
	trace_emit(vcpu, result, 1);
}

void trace_event_discontinuity(unsigned int vcpu, enum qemu_plugin_discon_type type,
			       uint64_t from_pc, uint64_t to_pc, void *userdata)
{
	uint64_t pstate = sys(REG_CPSR);
	enum arm_vector vector = arm_vector_kind(to_pc);
	uint64_t spsr;
	(void)userdata;

	vcpus_seen(&trace.identity, &trace.regs, vcpu);
	if (type == QEMU_PLUGIN_DISCON_HOSTCALL) {
		served_by_qemu(vcpu, pstate, from_pc);
	} else if ((pstate & ARM_PSTATE_AARCH32) == 0 && ARM_PSTATE_EL(pstate) == 2 &&
		   !world_is_hosted(sys(REG_HCR_EL2))) {
		spsr = sys(REG_SPSR_EL2);
		if ((saved_el(spsr) & 3) < 2) {
			entered_el2(vcpu, vector, spsr);
		} else if (vector == ARM_VECTOR_SYNC) {
			excepted_at_el2(vcpu);
		}
	}
	trace.vcpus[vcpu].call.pending = false;
}

void trace_event_eret(unsigned int vcpu, void *userdata)
{
	struct trace_record record = { .type = TRACE_RETURN };
	struct trace_vcpu *state;
	(void)userdata;

	vcpu = vcpus_now(&trace.identity, &trace.regs, vcpu);
	state = &trace.vcpus[vcpu];
	record.el = saved_el(sys(REG_SPSR_EL2));
	if ((record.el & 3) >= 2 || world_is_hosted(sys(REG_HCR_EL2))) {
		return;
	}
	state->below = true;
	set_world(&record, trace_world_now());
	if (state->skips_return) {
		state->skips_return = false;
		return;
	}
	if (!trace_records_world((enum world_kind)record.world)) {
		return;
	}
	record.pc = sys(REG_ELR_EL2);
	read_x(record.v, 4);
	trace_emit(vcpu, &record, 1);
}

void trace_event_call(unsigned int vcpu, void *userdata)
{
	struct trace_call *call;

	call = &trace.vcpus[vcpus_now(&trace.identity, &trace.regs, vcpu)].call;
	call->pending = true;
	call->imm = (uint16_t)GPOINTER_TO_UINT(userdata);
	read_call(call);
}
