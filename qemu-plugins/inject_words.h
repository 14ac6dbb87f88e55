/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of a fault. C expands these lists, and scenarios/harness/fault_words.py
 * reads them from this file, so both know the same words: one row a line.
 *
 *   at=TRIGGER do=TARGET [MODEL] [for=once|K|ever] [who=WHERE] [cpu=N]
 *   [from=TRIGGER] [until=TRIGGER]
 *
 * Faults are separated by ';'. README.md says what each word means.
 */
#ifndef QEMU_PLUGINS_INJECT_WORDS_H
#define QEMU_PLUGINS_INJECT_WORDS_H

/*
 * What follows a trigger's word: nothing, a word of a list, an address, a
 * symbol, a call, a register, an instruction's name, how and a place, a time, the
 * name of a mark.
 * X(NAME, word, what follows, number N may follow)
 */
#define INJECT_TRIGGERS(X)                   \
	X(INSN, "insn", WHERE, true)         \
	X(SYMBOL, "symbol", SYMBOL, true)    \
	X(PC, "pc", ADDRESS, true)           \
	X(CALL, "call", CALL, true)          \
	X(RETURN, "return", CALL, true)      \
	X(ENTRY, "entry", ENTRY, true)       \
	X(FAULT, "fault", FAULT, true)       \
	X(IRQ, "irq", IRQ, true)             \
	X(ACCESS, "access", ACCESS, true)    \
	X(MSR, "msr", REGISTER, true)        \
	X(MRS, "mrs", REGISTER, true)        \
	X(TLBI, "tlbi", TLBI, true)          \
	X(BARRIER, "barrier", BARRIER, true) \
	X(ERET, "eret", NOTHING, true)       \
	X(MARK, "mark", NAME, true)          \
	X(TIME, "time", TIME, false)         \
	X(START, "start", NOTHING, false)

/* Where instructions run: X(NAME, word) */
#define INJECT_WHERES(X) \
	X(EL0, "el0")    \
	X(EL1, "el1")    \
	X(EL2, "el2")    \
	X(HOST, "host")  \
	X(VM, "vm")

/* Entries to EL2 from below, by cause. */
#define INJECT_ENTRIES(X)   \
	X(ANY, "any")       \
	X(CALL, "call")     \
	X(FAULT, "fault")   \
	X(SYSREG, "sysreg") \
	X(WFX, "wfx")       \
	X(IRQ, "irq")       \
	X(FIQ, "fiq")       \
	X(SERROR, "serror") \
	X(OTHER, "other")

/* Stage-2 faults. */
#define INJECT_FAULTS(X)              \
	X(ANY, "any")                 \
	X(READ, "read")               \
	X(WRITE, "write")             \
	X(FETCH, "fetch")             \
	X(TRANSLATION, "translation") \
	X(PERMISSION, "permission")

/* Where an interrupt is taken to. */
#define INJECT_IRQS(X) \
	X(ANY, "any")  \
	X(EL1, "el1")  \
	X(EL2, "el2")

/* How memory is accessed. */
#define INJECT_ACCESSES(X) \
	X(ANY, "any")      \
	X(READ, "read")    \
	X(WRITE, "write")

#define INJECT_BARRIERS(X) \
	X(ANY, "any")      \
	X(DSB, "dsb")      \
	X(DMB, "dmb")      \
	X(ISB, "isb")

/* Places in memory, "KIND:ADDRESS[/BYTES]". */
#define INJECT_PLACES(X)    \
	X(PA, "pa")         \
	X(SYMBOL, "symbol") \
	X(HOST, "host")     \
	X(VM, "vm")         \
	X(VA, "va")

/* What is changed. X(NAME, word, what follows, takes a model) */
#define INJECT_TARGETS(X)                  \
	X(REG, "reg", GENERAL, true)       \
	X(PSTATE, "pstate", NOTHING, true) \
	X(MEM, "mem", PLACE, true)         \
	X(PTE, "pte", PTE, true)           \
	X(ARG, "arg", INDEX, true)         \
	X(RESULT, "result", INDEX, true)   \
	X(LOADED, "loaded", SECOND, true)  \
	X(SYSREG, "sysreg", NOTHING, true) \
	X(OPCODE, "opcode", NOTHING, true) \
	X(SKIP, "skip", NOTHING, false)    \
	X(LEAVE, "return", NOTHING, true)  \
	X(IRQ, "irq", INTERRUPT, false)    \
	X(DMA, "dma", DMA, false)

/* Whose translation a page-table entry belongs to: stage 2, or stage 1. */
#define INJECT_TABLES(X) \
	X(HOST, "host")  \
	X(VM, "vm")      \
	X(EL2, "el2")    \
	X(EL1, "el1")

#define INJECT_INTERRUPTS(X) \
	X(DROP, "drop")      \
	X(RAISE, "raise")    \
	X(REPEAT, "repeat")

#define INJECT_DMAS(X)    \
	X(WRITE, "write") \
	X(READ, "read")

#define INJECT_MODELS(X)  \
	X(FLIP, "flip")   \
	X(SET, "set")     \
	X(CLEAR, "clear") \
	X(VALUE, "value")

/* Values of an instruction by name: X(NAME, word, opcode) */
#define INJECT_OPCODES(X)         \
	X(NOP, "nop", 0xd503201f) \
	X(RET, "ret", 0xd65f03c0) \
	X(BRK, "brk", 0xd4200000) \
	X(UDF, "udf", 0x00000000)

/* Bits by name: X(NAME, word, bit). PSTATE as in SPSR_ELx (C5.2.19). */
#define INJECT_PSTATE_BITS(X) \
	X(N, "n", 31)         \
	X(Z, "z", 30)         \
	X(C, "c", 29)         \
	X(V, "v", 28)         \
	X(SS, "ss", 21)       \
	X(IL, "il", 20)       \
	X(D, "d", 9)          \
	X(A, "a", 8)          \
	X(I, "i", 7)          \
	X(F, "f", 6)

/* Of a descriptor (D8.3): stage 2's rights, and what both stages have. */
#define INJECT_PTE_BITS(X)   \
	X(VALID, "valid", 0) \
	X(TABLE, "table", 1) \
	X(READ, "read", 6)   \
	X(WRITE, "write", 7) \
	X(AF, "af", 10)      \
	X(XN, "xn", 54)

/* X(UNIT, word, nanoseconds) */
#define INJECT_TIMES(X)      \
	X(NS, "ns", 1)       \
	X(US, "us", 1000)    \
	X(MS, "ms", 1000000) \
	X(S, "s", 1000000000)

#endif /* QEMU_PLUGINS_INJECT_WORDS_H */
