/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vCPU's registers by their names: after reset, and for the host of a normal VM. */
#include <hyp/vcpu.h>
#include <hyp/world.h>

#include <stddef.h>
#include <string.h>

#include "arch/sysreg.h"

#define ID_FIELD_BITS 4
#define DFR0_PMUVER_MASK (UINT64_C(0xf) << DFR0_PMUVER_SHIFT)
#define PFR0_SVE_MASK (UINT64_C(0xf) << PFR0_SVE_SHIFT)

/* Encodings, op0 op1 CRn CRm op2, of what is an array here. */
#define ENCODING_ID SYSREG(3, 0, 0, 0, 0)
#define ENCODING_ID_MASK (~SYSREG(0, 0, 0, 7, 7) & 0xffff)
#define ENCODING_DEBUG SYSREG(2, 0, 0, 0, 4)
#define ENCODING_DEBUG_MASK (~SYSREG(0, 0, 0, 15, 3) & 0xffff)
#define ENCODING_EVENT SYSREG(3, 3, 14, 8, 0)
#define ENCODING_EVENT_MASK (~SYSREG(0, 0, 0, 7, 7) & 0xffff)
#define ENCODING_MIDR SYSREG(3, 0, 0, 0, 0)
#define ENCODING_MPIDR SYSREG(3, 0, 0, 0, 5)
#define ENCODING_FPCR SYSREG(3, 3, 4, 4, 0)
#define ENCODING_FPSR SYSREG(3, 3, 4, 4, 1)

#define QUARTER_BYTES 16 /* of a vector */

#define CRM(encoding) ((encoding) >> 3 & 0xf)
#define OP2(encoding) ((encoding) % 8)

#define SYSREG_ROW(name, op0, op1, crn, crm, op2, reset) { SYSREG(op0, op1, crn, crm, op2), reset },
static const struct {
	uint16_t encoding;
	uint32_t reset;
} registers[SYS_COUNT] = { SYSREGS(SYSREG_ROW) };

#define ID_ROW(name, crm, op2, most, most_protected) { crm, op2, { most, most_protected } },
static const struct {
	uint8_t crm, op2;
	uint64_t most[2];
} id_registers[ID_COUNT] = { ID_REGS(ID_ROW) };

/* Registers from..to that are there only with a feature; fields of ID registers likewise. */
static const struct {
	uint32_t feature;
	enum sysreg_index first, last;
	enum id_index id[2];
	uint64_t mask[2];
} features[] = {
	/* clang-format off */
	{ HYP_VCPU_PAUTH, SYS_APIAKEYLO_EL1, SYS_APGAKEYHI_EL1,
	  { ID_ID_AA64ISAR1_EL1, ID_ID_AA64ISAR2_EL1 }, { ISAR1_PAUTH, ISAR2_PAUTH } },
	{ HYP_VCPU_SVE, SYS_ZCR_EL1, SYS_ZCR_EL1,
	  { ID_ID_AA64PFR0_EL1, ID_ID_AA64ZFR0_EL1 }, { PFR0_SVE_MASK, UINT64_MAX } },
	{ HYP_VCPU_PMU, SYS_PMCNTENSET_EL0, SYS_PMCR_EL0,
	  { ID_ID_AA64DFR0_EL1, ID_ID_AA64DFR0_EL1 }, { DFR0_PMUVER_MASK, 0 } },
	/* clang-format on */
};

/* Each field of @value, at most as in @most. */
static uint64_t fields_limit(uint64_t value, uint64_t most)
{
	uint64_t result = 0;

	for (uint32_t shift = 0; shift < 64; shift += ID_FIELD_BITS) {
		uint64_t field = ID_FIELD(value, shift), limit = ID_FIELD(most, shift);

		result |= (field < limit ? field : limit) << shift;
	}
	return result;
}

void vcpu_id_init(uint64_t id[ID_COUNT], uint32_t vcpu_features, bool is_protected)
{
	struct cpu_facts cpu = cpu_facts();

	for (uint32_t n = 0; n < ID_COUNT; n++) {
		id[n] = fields_limit(cpu.id[n], id_registers[n].most[is_protected]);
	}
	for (size_t n = 0; n < sizeof(features) / sizeof(features[0]); n++) {
		if (!(vcpu_features & features[n].feature)) {
			id[features[n].id[0]] &= ~features[n].mask[0];
			id[features[n].id[1]] &= ~features[n].mask[1];
		}
	}
}

uint64_t *vcpu_id(struct vcpu *vcpu, uint32_t crm, uint32_t op2)
{
	static uint64_t zero; /* never written: vcpu_reg_write() */

	for (uint32_t n = 0; n < ID_COUNT; n++) {
		if (id_registers[n].crm == crm && id_registers[n].op2 == op2) {
			return &vcpu->id[n];
		}
	}
	return &zero;
}

void vcpu_sys_reset(struct vcpu *vcpu)
{
	uint64_t offset = vcpu->state.sys[SYS_CNTVOFF_EL2];

	memset(&vcpu->state, 0, sizeof(vcpu->state));
	for (uint32_t n = 0; n < SYS_COUNT; n++) {
		vcpu->state.sys[n] = registers[n].reset;
	}
	vcpu->state.sys[SYS_CNTVOFF_EL2] = offset;
}

static bool is_there(const struct vcpu *vcpu, enum sysreg_index index)
{
	for (size_t n = 0; n < sizeof(features) / sizeof(features[0]); n++) {
		if (index >= features[n].first && index <= features[n].last) {
			return vcpu->features & features[n].feature;
		}
	}
	return true;
}

/* DBGBVR<n>, DBGBCR<n>, DBGWVR<n>, DBGWCR<n>: as many as the ID register says. */
static uint64_t *debug_slot(struct vcpu *vcpu, uint32_t encoding)
{
	uint32_t kind = OP2(encoding) - 4;
	uint64_t last = ID_FIELD(vcpu->id[ID_ID_AA64DFR0_EL1],
				 kind < 2 ? DFR0_BRPS_SHIFT : DFR0_WRPS_SHIFT);

	return CRM(encoding) <= last ? &vcpu->state.debug[kind][CRM(encoding)] : NULL;
}

/* PMEVCNTR<n>, PMEVTYPER<n>: CRm 8 to 11, 12 to 15. */
static uint64_t *event_slot(struct vcpu *vcpu, uint32_t encoding)
{
	uint32_t n = (CRM(encoding) & 3) * 8 + OP2(encoding);
	struct cpu_state *state = &vcpu->state;

	if (!(vcpu->features & HYP_VCPU_PMU) || n >= PMU_COUNTERS_MAX) {
		return NULL;
	}
	return CRM(encoding) >= 12 ? &state->event_type[n] : &state->event_counter[n];
}

uint64_t *vcpu_sysreg(struct vcpu *vcpu, uint32_t encoding)
{
	for (uint32_t n = 0; n < SYS_COUNT; n++) {
		if (registers[n].encoding == encoding) {
			return is_there(vcpu, n) ? &vcpu->state.sys[n] : NULL;
		}
	}
	if ((encoding & ENCODING_DEBUG_MASK) == ENCODING_DEBUG) {
		return debug_slot(vcpu, encoding);
	}
	return (encoding & ENCODING_EVENT_MASK) == ENCODING_EVENT ? event_slot(vcpu, encoding) :
								    NULL;
}

static void *system_slot(struct vcpu *vcpu, uint32_t encoding, bool *is_constant)
{
	*is_constant = true;
	if (encoding == ENCODING_MIDR || encoding == ENCODING_MPIDR) {
		return encoding == ENCODING_MIDR ? &vcpu->midr : &vcpu->mpidr;
	}
	if ((encoding & ENCODING_ID_MASK) == ENCODING_ID && CRM(encoding) != 0) {
		return vcpu_id(vcpu, CRM(encoding), OP2(encoding));
	}
	*is_constant = false;
	if (encoding == ENCODING_FPSR || encoding == ENCODING_FPCR) {
		return &vcpu->state.fp.control[encoding == ENCODING_FPCR];
	}
	return vcpu_sysreg(vcpu, encoding);
}

/* V, Z, P and FFR, in parts of *bytes. */
static void *vector_slot(struct vcpu *vcpu, uint64_t reg, uint32_t *bytes)
{
	uint64_t n = (reg & 0x3ff) / 16, part = reg % 16;
	uint32_t all = vcpu->vector_bytes;

	*bytes = QUARTER_BYTES;
	if (reg >= HYP_REG_V(0) && reg <= HYP_REG_V(31)) {
		return &vcpu->state.fp.z[(reg - HYP_REG_V(0)) * all];
	}
	if (!(vcpu->features & HYP_VCPU_SVE) || part >= all / QUARTER_BYTES) {
		return NULL;
	}
	if (reg >= HYP_REG_Z(0, 0) && reg <= HYP_REG_Z(31, 15)) {
		return &vcpu->state.fp.z[n * all + part * QUARTER_BYTES];
	}
	*bytes = QUARTER_BYTES / 8;
	return reg >= HYP_REG_P(0, 0) && reg <= HYP_REG_FFR(15) && n < 17 ?
		       &vcpu->state.fp.p[(n * all + part * QUARTER_BYTES) / 8] :
		       NULL;
}

/* Where the register is and its bytes; NULL: nowhere. */
static void *slot_of(struct vcpu *vcpu, uint64_t reg, uint32_t *bytes, bool *is_constant)
{
	*is_constant = false;
	*bytes = sizeof(uint64_t);
	if (reg <= HYP_REG_X(30)) {
		return &vcpu->x[reg];
	}
	switch (reg) {
	case HYP_REG_SP_EL0:
		return &vcpu->state.sys[SYS_SP_EL0];
	case HYP_REG_PC:
		return &vcpu->pc;
	case HYP_REG_PSTATE:
		return &vcpu->pstate;
	default:
		return reg - HYP_REG_SYSTEM <= UINT16_MAX ?
			       system_slot(vcpu, (uint32_t)(reg - HYP_REG_SYSTEM), is_constant) :
			       vector_slot(vcpu, reg, bytes);
	}
}

enum hyp_status vcpu_reg_read(struct vcpu *vcpu, uint64_t reg, uint64_t value[2])
{
	uint32_t bytes;
	bool is_constant;
	const void *slot = slot_of(vcpu, reg, &bytes, &is_constant);

	value[0] = 0;
	value[1] = 0;
	return slot && memcpy(value, slot, bytes) ? HYP_OK : HYP_ENOENT;
}

bool pstate_is_legal(uint64_t pstate)
{
	uint64_t mode = pstate & (PSR_M_MASK | PSR_NRW);

	return pstate <= UINT32_MAX && (mode == PSR_EL0T || mode == PSR_EL1T || mode == PSR_EL1H);
}

enum hyp_status vcpu_reg_write(struct vcpu *vcpu, uint64_t reg, const uint64_t value[2])
{
	uint32_t bytes;
	bool is_constant;
	void *slot = slot_of(vcpu, reg, &bytes, &is_constant);

	if (!slot) {
		return HYP_ENOENT;
	}
	/* Constant ones may be written as they are: who restores all registers does so. */
	if (is_constant) {
		return memcmp(slot, value, bytes) == 0 ? HYP_OK : HYP_EINVAL;
	}
	if (reg == HYP_REG_PSTATE && !pstate_is_legal(value[0])) {
		return HYP_EINVAL;
	}
	memcpy(slot, value, bytes);
	return HYP_OK;
}
