/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One instruction that leaves the guest, executed with every general and vector register
 * set to a given value, and what they hold behind it.
 */
#ifndef GUEST_CAUSE_H
#define GUEST_CAUSE_H

/* struct cause_registers and struct cause, for assembly; checked against C in registers.c. */
#define CAUSE_V 256
#define CAUSE_FPCR 768
#define CAUSE_FPSR 776
#define CAUSE_AFTER 784
#define CAUSE_SVE 1568
#define CAUSE_SVE_P 8192 /* in struct cause_sve_registers */
#define CAUSE_SVE_AFTER 8736

#ifndef __ASSEMBLER__

#include <stdint.h>

struct cause_registers {
	uint64_t x[32]; /* x0-x30; one more for the layout */
	uint64_t v[32][2];
	uint64_t fpcr, fpsr;
};

/* Vectors and predicates one behind the other, as long as the CPU has them (at most 256 bytes). */
struct cause_sve_registers {
	uint8_t z[32 * 256];
	uint8_t p[17 * 32]; /* the last one is FFR */
};

struct cause_sve {
	struct cause_sve_registers before; /* the low 16 bytes of Zn are those of Vn */
	struct cause_sve_registers after;
};

struct cause {
	struct cause_registers before; /* what they are set to */
	struct cause_registers after;
	struct cause_sve *sve; /* NULL: SVE's registers are left alone */
};

/*
 * Each needs floating point enabled. Which of the registers in @cause->before it uses:
 *
 *   nothing   no instruction: the control
 *   read8     x5 = the byte at x6
 *   write8    the byte at x6 = x5
 *   write64   the 8 bytes at x6 = x5
 *   load64    x5 = the 8 bytes at x6
 *   hvc       x0-x3 are arguments, x0-x3 the answer
 *   wfi
 *   sgi       ICC_SGI1R_EL1 = x5
 *   timer     x5 = CNTP_CTL_EL0
 *   loop      until the byte at x6 is not 0 or CNTVCT_EL0 is x8; x5 and x7 change
 */
void cause_nothing(struct cause *cause);
void cause_read8(struct cause *cause);
void cause_write8(struct cause *cause);
void cause_write64(struct cause *cause);
void cause_load64(struct cause *cause);
void cause_hvc(struct cause *cause);
void cause_wfi(struct cause *cause);
void cause_sgi(struct cause *cause);
void cause_timer(struct cause *cause);
void cause_loop(struct cause *cause);

#endif /* __ASSEMBLER__ */
#endif /* GUEST_CAUSE_H */
