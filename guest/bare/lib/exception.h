/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions that a guest takes: what vectors.S saves, and what C does with it.
 *
 * No interrupt is ever unmasked here, so an exception is either expected (its
 * instruction stands in the fixup table, see asm.h and probe.h) or the end:
 * it is reported with a back trace and the guest panics.
 */
#ifndef GUEST_EXCEPTION_H
#define GUEST_EXCEPTION_H

/* struct exception_frame, for assembly; checked against C in exception.c. */
#define FRAME_SP 248
#define FRAME_ELR 256
#define FRAME_SPSR 264
#define FRAME_ESR 272
#define FRAME_FAR 280
#define FRAME_BYTES 288

/* Rows of the vector table (Arm ARM D1.4.1), as vectors.S numbers them. */
#define VECTOR_SYNC 0
#define VECTOR_IRQ 1
#define VECTOR_FIQ 2
#define VECTOR_SERROR 3
#define VECTOR_NESTED 4 /* 4..7: taken while an exception was being handled */
#define VECTOR_LOWER 8  /* 8..15: from EL0, which this runtime never enters */

#ifndef __ASSEMBLER__

#include <stdint.h>

struct exception_frame {
	uint64_t x[31]; /* x0..x30 */
	uint64_t sp;    /* of the interrupted program */
	uint64_t elr;
	uint64_t spsr;
	uint64_t esr;
	uint64_t far;
};

/*
 * Handle the exception that vectors.S saved in @frame; @vector is its row.
 * Returns only for an expected exception, with frame->elr at the place to
 * resume and frame->x[0] = ESR. Otherwise reports and does not return.
 */
void exception_handle(struct exception_frame *frame, unsigned int vector);

#endif /* __ASSEMBLER__ */
#endif /* GUEST_EXCEPTION_H */
