/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which faults can be, and what a model makes of a value. */
#include "qemu-plugins/inject_fault.h"

bool inject_at_instruction(enum inject_at at)
{
	switch (at) {
	case INJECT_AT_INSN:
	case INJECT_AT_SYMBOL:
	case INJECT_AT_PC:
	case INJECT_AT_MSR:
	case INJECT_AT_MRS:
	case INJECT_AT_TLBI:
	case INJECT_AT_BARRIER:
	case INJECT_AT_ERET:
	case INJECT_AT_MARK:
	case INJECT_AT_TIME:
	case INJECT_AT_START:
		return true;
	case INJECT_AT_RETURN:
	case INJECT_AT_CALL:
	case INJECT_AT_ENTRY:
	case INJECT_AT_FAULT:
	case INJECT_AT_IRQ:
	case INJECT_AT_ACCESS:
	case INJECT_AT_COUNT:
		break;
	}
	return false;
}

/* Bits that a value of this target has. */
static unsigned int width(const struct inject_fault *fault)
{
	switch (fault->what) {
	case INJECT_DO_PSTATE:
	case INJECT_DO_OPCODE:
		return 32;
	case INJECT_DO_MEM:
		return (unsigned int)fault->place.bytes * 8;
	case INJECT_DO_REG:
	case INJECT_DO_PTE:
	case INJECT_DO_ARG:
	case INJECT_DO_RESULT:
	case INJECT_DO_LOADED:
	case INJECT_DO_SYSREG:
	case INJECT_DO_SKIP:
	case INJECT_DO_LEAVE:
	case INJECT_DO_IRQ:
	case INJECT_DO_DMA:
	case INJECT_DO_COUNT:
		break;
	}
	return 64;
}

static const char *impossible_target(const struct inject_fault *fault)
{
	bool insn = inject_at_instruction(fault->at.at);
	enum inject_at at = fault->at.at;

	switch (fault->what) {
	case INJECT_DO_ARG:
		return at == INJECT_AT_CALL ? NULL : "arguments are there at=call only";
	case INJECT_DO_RESULT:
		return at == INJECT_AT_RETURN ? NULL : "results are there at=return only";
	case INJECT_DO_LOADED:
		if (at == INJECT_AT_ACCESS) {
			return fault->at.word != INJECT_ACCESS_WRITE ? NULL :
								       "a write loads nothing";
		}
		return insn ? NULL :
			      "a loaded value needs an instruction: at=insn, symbol, pc or access";
	case INJECT_DO_SYSREG:
		return at == INJECT_AT_MSR || at == INJECT_AT_MRS ?
			       NULL :
			       "a system register's value is changed at=msr or at=mrs only";
	case INJECT_DO_OPCODE:
	case INJECT_DO_SKIP:
		return insn ? NULL :
			      "it needs an instruction: at=insn, symbol, pc, msr, mrs, tlbi, "
			      "barrier, eret, mark, time or start";
	case INJECT_DO_LEAVE:
		if (fault->model != INJECT_MODEL_VALUE) {
			return "a function returns a value=";
		}
		return at == INJECT_AT_SYMBOL || at == INJECT_AT_PC ?
			       NULL :
			       "it needs a function's entry: at=symbol or at=pc";
	case INJECT_DO_IRQ:
		if (fault->word == INJECT_INTERRUPT_RAISE) {
			return NULL;
		}
		return at == INJECT_AT_IRQ ? NULL :
					     "an interrupt is dropped or repeated at=irq only";
	case INJECT_DO_REG:
	case INJECT_DO_PSTATE:
	case INJECT_DO_MEM:
	case INJECT_DO_PTE:
	case INJECT_DO_DMA:
	case INJECT_DO_COUNT:
		break;
	}
	return NULL;
}

const char *inject_impossible(const struct inject_fault *fault)
{
	unsigned int bits = width(fault);
	const char *why = impossible_target(fault);

	if (why != NULL) {
		return why;
	}
	if (bits < 64 && ((fault->bits | fault->value) >> bits) != 0) {
		return "a bit or value is wider than the target";
	}
	return NULL;
}

uint64_t inject_changed(const struct inject_fault *fault, uint64_t before, uint64_t bytes)
{
	uint64_t mask = UINT64_MAX >> (64 - 8 * bytes);
	uint64_t after = before;

	switch (fault->model) {
	case INJECT_MODEL_FLIP:
		after = before ^ fault->bits;
		break;
	case INJECT_MODEL_SET:
		after = before | fault->bits;
		break;
	case INJECT_MODEL_CLEAR:
		after = before & ~fault->bits;
		break;
	case INJECT_MODEL_VALUE:
		after = fault->value;
		break;
	}
	return (after & mask) | (before & ~mask);
}
