/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file that the trace plugin writes: a header, then records of one fixed
 * size in the order in which they happened, then zeroes if the writer was
 * killed. All numbers are little endian.
 *
 *   struct trace_header
 *   manifest          manifest_bytes of text, "key=value\n" lines, then zero
 *                     bytes up to header_bytes
 *   struct trace_record, struct trace_record, ...
 *
 * The manifest says how the trace was taken (target, vcpus, clock, boot,
 * only, worlds) and names calls: "call <who> <number>=<name> <arguments>",
 * where <who> is any, host, stub or xen: see qemu-plugins/README.md; <arguments>, if
 * any, are "x1=ipa x2=pages>x0=status"; and system registers: "register <A64_KEY>=<name>". Readers skip keys that they do not know.
 *
 * With log=on QEMU's log has a line "trace: N" before each record N (counted
 * from 0, MORE records too), so that both can be merged in the order in which
 * things happened.
 *
 * A trace that was finished ends with the record END and has state COMPLETE
 * or CUT in its header. In any other the state is OPEN: the writer still
 * runs or was killed, and the records end at the first of type 0.
 *
 * The lists below are the only ones: C expands them, and the decoder
 * (scenarios/harness/trace_format.py) reads them from this file.
 */
#ifndef ABI_TRACE_FORMAT_H
#define ABI_TRACE_FORMAT_H

#include <stdint.h>

#define TRACE_MAGIC "TRRMTRC"
#define TRACE_VERSION 2

/* What the time of a record is. X(number, NAME) */
#define TRACE_CLOCKS(X)                                                             \
	X(1, HOST)   /* ns of the machine that runs QEMU, since the plugin began */ \
	X(2, ICOUNT) /* ns of QEMU's virtual clock, see qemu-plugins/trace_clock.h */

/* X(number, NAME) */
#define TRACE_STATES(X)                                \
	X(0, OPEN)     /* not finished */              \
	X(1, COMPLETE) /* finished, nothing missing */ \
	X(2, CUT)      /* finished early: the file could not grow */

/* Who a record is about: common/world.h. X(number, NAME) */
#define TRACE_WORLDS(X) \
	X(0, BOOT)      \
	X(1, HOST)      \
	X(2, VM)        \
	X(3, EL2)

/*
 * Record types: X(number, NAME, class, what v[0] to v[3] hold). A field "_"
 * is 0. Classes:
 *   enter   the world left for EL2; pc is ELR_EL2, el the level left
 *   return  ERET from EL2; pc is where it goes, el the level entered
 *   fw      a call that QEMU served as firmware; pc is its instruction
 *   event   something that a world did; pc is the instruction, el its level
 *   more    x4 to x7 and x16 of the record before, which is of the same vCPU
 *   file    about the trace itself
 * In HVC, SMC and FW_CALL aux is the instruction's 16-bit immediate.
 *   ROOT     EL2 writes another value into a page-table root: aux is A64_KEY of the
 *            register as it is named in the instruction (qemu-plugins/common/a64.h)
 *   ACK      an interrupt was acknowledged (ICC_IAR0_EL1, ICC_IAR1_EL1; aux is the
 *            register's key), pc is 0; a virtual one where the world has a virtual GIC
 *   EOI      the end of an interrupt (ICC_EOIR0_EL1, ICC_EOIR1_EL1)
 *   MARK     a mark of mark.h: x0 is its name
 */
#define TRACE_RECORDS(X)                             \
	X(1, END, file, records, state, _, _)        \
	X(2, MORE, more, x4, x5, x6, x7)             \
	X(3, HVC, enter, x0, x1, x2, x3)             \
	X(4, SMC, enter, x0, x1, x2, x3)             \
	X(5, DATA_ABORT, enter, esr, ipa, va, value) \
	X(6, INSN_ABORT, enter, esr, ipa, va, _)     \
	X(7, SYSREG, enter, esr, value, _, _)        \
	X(8, WFX, enter, esr, _, _, _)               \
	X(9, IRQ, enter, _, _, _, _)                 \
	X(10, FIQ, enter, _, _, _, _)                \
	X(11, SERROR, enter, esr, _, _, _)           \
	X(12, EXCEPTION, enter, esr, far, _, _)      \
	X(13, EL2_EXCEPTION, el2, esr, far, _, _)    \
	X(14, RETURN, return, x0, x1, x2, x3)        \
	X(15, FW_CALL, fw, x0, x1, x2, x3)           \
	X(16, FW_RETURN, fw, x0, x1, x2, x3)         \
	X(17, ROOT, event, root, before, _, _)       \
	X(18, ACK, event, intid, _, _, _)            \
	X(19, EOI, event, intid, _, _, _)            \
	X(20, MARK, event, mark, x1, x2, x3)

/* trace_record.el: bits 1:0 are the exception level. */
#define TRACE_EL_AARCH32 0x80

struct trace_header {
	char magic[8]; /* TRACE_MAGIC and a zero byte */
	uint32_t version;
	uint32_t header_bytes; /* offset of the first record, a multiple of 8 */
	uint32_t record_bytes;
	uint32_t clock;
	uint32_t state;
	uint32_t manifest_bytes;
};

struct trace_record {
	uint8_t type; /* 0: no record */
	uint8_t vcpu;
	uint8_t world; /* who left, or who is returned to */
	uint8_t el;
	uint16_t vmid;
	uint16_t aux;
	uint64_t time_ns;   /* never decreases from record to record */
	uint64_t insns;     /* executed by this vCPU so far */
	uint64_t el2_insns; /* of these, at EL2 */
	uint64_t pc;
	uint64_t v[4];
};

/* In a MORE record, v starts here and has 8 values: time_ns to v[3]. */
#define TRACE_MORE_VALUES 8

#define TRACE_ENUM_RECORD(number, name, ...) TRACE_##name = (number),
enum trace_type { TRACE_RECORDS(TRACE_ENUM_RECORD) };
#undef TRACE_ENUM_RECORD

#define TRACE_ENUM_CLOCK(number, name) TRACE_CLOCK_##name = (number),
enum trace_clock_kind { TRACE_CLOCKS(TRACE_ENUM_CLOCK) };
#undef TRACE_ENUM_CLOCK

#define TRACE_ENUM_STATE(number, name) TRACE_STATE_##name = (number),
enum trace_state { TRACE_STATES(TRACE_ENUM_STATE) };
#undef TRACE_ENUM_STATE

#define TRACE_ENUM_WORLD(number, name) TRACE_WORLD_##name = (number),
enum trace_world { TRACE_WORLDS(TRACE_ENUM_WORLD) };
#undef TRACE_ENUM_WORLD

_Static_assert(sizeof(struct trace_header) == 32, "header layout");
_Static_assert(sizeof(struct trace_record) == 72, "record layout");

#endif /* ABI_TRACE_FORMAT_H */
