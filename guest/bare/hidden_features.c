/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks for what a guest is not given: fields of ID registers, and registers of such features,
 * whose instructions must be undefined.
 *
 *   guest  ok|fail control name=..          a register that a guest has: its instruction works
 *   guest  ok|fail hidden name=.. is=..     an ID register's field is what it has to be
 *   guest  ok|fail undefined name=.. is=..  the register cannot be read
 */
#include "guest/bare/lib/guest.h"

#define UNDEFINED UINT64_C(0xdefacedbadf00d)

/* X(name, what the assembler calls it) */
#define CONTROLS(X)             \
	X(PAR_EL1, par_el1)     \
	X(TPIDR_EL1, tpidr_el1) \
	X(CNTVCT_EL0, cntvct_el0)

#define REGISTERS(X)                             \
	X(RGSR_EL1, S3_0_C1_C0_5)                \
	X(GCR_EL1, S3_0_C1_C0_6)                 \
	X(TFSR_EL1, S3_0_C5_C6_0)                \
	X(TFSRE0_EL1, S3_0_C5_C6_1)              \
	X(GMID_EL1, S3_1_C0_C0_4)                \
	X(SMCR_EL1, S3_0_C1_C2_6)                \
	X(SMPRI_EL1, S3_0_C1_C2_4)               \
	X(SVCR, S3_3_C4_C2_2)                    \
	X(TPIDR2_EL0, S3_3_C13_C0_5)             \
	X(AMCR_EL0, S3_3_C13_C2_0)               \
	X(AMCFGR_EL0, S3_3_C13_C2_1)             \
	X(MPAM0_EL1, S3_0_C10_C5_1)              \
	X(MPAM1_EL1, S3_0_C10_C5_0)              \
	X(PMSCR_EL1, S3_0_C9_C9_0)               \
	X(PMBLIMITR_EL1, S3_0_C9_C10_0)          \
	X(TRBLIMITR_EL1, S3_0_C9_C11_0)          \
	X(TRFCR_EL1, S3_0_C1_C2_1)               \
	X(LORC_EL1, S3_0_C10_C4_3)               \
	X(LORID_EL1, S3_0_C10_C4_7)              \
	X(LORSA_EL1, S3_0_C10_C4_0)              \
	X(implementation_defined, S3_0_C15_C0_0) \
	X(HCR_EL2, hcr_el2)                      \
	X(VTTBR_EL2, vttbr_el2)

/* X(name, register, lowest bit, what the four bits have to be) */
#define FIELDS(X)                                     \
	X(PFR0_EL0_is_AArch64, id_aa64pfr0_el1, 0, 1) \
	X(PFR0_EL1_is_AArch64, id_aa64pfr0_el1, 4, 1) \
	X(PFR0_MPAM, id_aa64pfr0_el1, 40, 0)          \
	X(PFR0_AMU, id_aa64pfr0_el1, 44, 0)           \
	X(PFR1_MTE, id_aa64pfr1_el1, 8, 0)            \
	X(PFR1_SME, id_aa64pfr1_el1, 24, 0)           \
	X(DFR0_TraceVer, id_aa64dfr0_el1, 4, 0)       \
	X(DFR0_PMSVer, id_aa64dfr0_el1, 32, 0)        \
	X(DFR0_TraceFilt, id_aa64dfr0_el1, 40, 0)     \
	X(DFR0_TraceBuffer, id_aa64dfr0_el1, 44, 0)   \
	X(MMFR1_LO, id_aa64mmfr1_el1, 16, 0)          \
	X(MMFR2_NV, id_aa64mmfr2_el1, 24, 0)

/* UNDEFINED, or what is there. */
#define READ(value, name)                                                                     \
	__asm__ volatile("1:	mrs %0, " #name "\n2:\n"                                      \
			 ".pushsection .extable, \"a\"\n.balign 8\n.quad 1b, 2b\n.popsection" \
			 : "+r"(value)                                                        \
			 :                                                                    \
			 : "x0", "memory")

#define CHECK_CONTROL(reg, assembler)                                      \
	{                                                                  \
		uint64_t value = UNDEFINED;                                \
		READ(value, assembler);                                    \
		report_check(value != UNDEFINED, "control", "name=" #reg); \
	}

#define CHECK_UNDEFINED(reg, assembler)                                                  \
	{                                                                                \
		uint64_t value = UNDEFINED;                                              \
		READ(value, assembler);                                                  \
		report_check(value == UNDEFINED, "undefined", "name=" #reg " is=0x%llx", \
			     (unsigned long long)value);                                 \
	}

#define CHECK_FIELD(field, reg, shift, wanted)                                         \
	{                                                                              \
		uint64_t value = (sysreg_read(reg) >> (shift)) & 0xf;                  \
		report_check(value == (wanted), "hidden", "name=" #field " is=0x%llx", \
			     (unsigned long long)value);                               \
	}

static void check_controls(void)
{
	CONTROLS(CHECK_CONTROL)
}

static void check_fields(void)
{
	FIELDS(CHECK_FIELD)
}

static void check_registers(void)
{
	REGISTERS(CHECK_UNDEFINED)
}

int guest_main(void)
{
	report_begin();
	check_controls();
	check_fields();
	check_registers();
	return 0;
}
