/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does one small thing after another, each behind a mark of its name, and reports
 * what it saw: so that whoever breaks one of them from outside sees what became of
 * it. Nothing here knows of faults; undisturbed, the values are those of the
 * comments.
 *
 *   guest  value saw step=NAME first=.. second=.. third=..      for each step
 *
 * In assembly the mark comes directly before the instruction of which a step is about.
 * The program's variables and functions that a step uses have the names step_*.
 */
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/mmu.h"
#include "platform/abi/mark.h"
#include "platform/abi/smccc.h"

#define NO_CALL 0x84007fff /* a standard-service id that no published call has */
#define WAIT_MS 300        /* for what nobody does who is not from outside */
#define TIMES 5
#define CPACR_FPEN_ZEN (UINT64_C(3) << 20 | UINT64_C(3) << 16)

/* A page each: who changes one changes nothing else. */
static volatile uint64_t step_cell[PAGE_SIZE / 8] __attribute__((aligned(PAGE_SIZE), used));
static volatile uint64_t step_pages[2][PAGE_SIZE / 8] __attribute__((aligned(2 * PAGE_SIZE), used));

static void saw(const char *step, uint64_t first, uint64_t second, uint64_t third)
{
	report_value("saw", "step=%s first=0x%llx second=0x%llx third=0x%llx", step,
		     (unsigned long long)first, (unsigned long long)second,
		     (unsigned long long)third);
}

/* @code has %0 the result and %1 the mark's name in x0; it leaves the mark by itself. */
#define WITH_MARK(name, code)                                               \
	({                                                                  \
		register uint64_t mark_x0 __asm__("x0") = mark_name(name);  \
		uint64_t result;                                            \
		__asm__ volatile(code                                       \
				 : "=&r"(result), "+r"(mark_x0)             \
				 : "i"(MARK_HINT)                           \
				 : "x1", "x2", "x3", "x9", "cc", "memory"); \
		result;                                                     \
	})
#define MARK_HERE "hint #%2\n\t"

/* Adds 1 to x0. */
uint64_t step_add(uint64_t value);
__asm__(".pushsection .text\n"
	".global step_add\n"
	".type step_add, %function\n"
	"step_add:\n"
	"	add	x0, x0, #1\n"
	"	ret\n"
	".size step_add, . - step_add\n"
	".popsection\n");

static uint64_t add_often(const char *name)
{
	uint64_t value = 0;

	mark(name, 0, 0);
	for (unsigned int i = 0; i < TIMES; i++) {
		value = step_add(value);
	}
	return value;
}

/* Registers and code: 0x1000; 1; 0x10; 5, 5, 5. */
static void instructions(void)
{
	saw("reg", WITH_MARK("reg", "mov x9, #0x1000\n\t" MARK_HERE "nop\n\tmov %0, x9"), 0, 0);
	saw("pstate", WITH_MARK("pstate", "cmp xzr, xzr\n\t" MARK_HERE "nop\n\tcset %0, eq"), 0, 0);
	saw("barrier", WITH_MARK("barrier", "mov x9, #0x10\n\t" MARK_HERE "isb\n\tmov %0, x9"), 0,
	    0);
	saw("opcode", add_often("opcode"), 0, 0);
	saw("skip", add_often("skip"), 0, 0);
	saw("return", add_often("return"), 0, 0);
}

/* Memory: 0x11, 0x11; 0x22, 0x22; 0x33, 0x33; 5 times of 5 what was written. */
static void memory(void)
{
	uint64_t first;
	uint64_t kept = 0;

	step_cell[0] = 0x11;
	mark("loaded", 0, 0);
	first = step_cell[0];
	saw("loaded", first, step_cell[0], 0);
	step_cell[1] = 0x22;
	mark("memory", 0, 0);
	first = step_cell[1];
	saw("memory", first, step_cell[1], 0);
	step_cell[2] = 0x33;
	mark("virtual", 0, 0);
	first = step_cell[2];
	saw("virtual", first, step_cell[2], 0);
	mark("stuck", 0, 0);
	for (unsigned int i = 0; i < TIMES; i++) {
		step_cell[3] = i << 4 | 0xf;
		kept += step_cell[3] == (i << 4 | 0xf);
	}
	saw("stuck", kept, 0, 0);
}

/* Calls: NOT_SUPPORTED three times; PSCI's version three times; what x9 held behind a call. */
static void calls(void)
{
	uint64_t seen[3];

	mark("arg", 0, 0);
	for (unsigned int i = 0; i < 3; i++) {
		seen[i] = smccc_call(PSCI_FEATURES, NO_CALL, 0, 0).x[0];
	}
	saw("arg", seen[0], seen[1], seen[2]);
	mark("result", 0, 0);
	for (unsigned int i = 0; i < 3; i++) {
		seen[i] = smccc_call(PSCI_VERSION, 0, 0, 0).x[0];
	}
	saw("result", seen[0], seen[1], seen[2]);
	saw("entry",
	    WITH_MARK("entry",
		      "mov x9, #0x100\n\t" MARK_HERE "mov x0, #0x84000000\n\thvc #0\n\tmov %0, x9"),
	    0, 0);
	saw("eret",
	    WITH_MARK("eret",
		      "mov x9, #0x100\n\t" MARK_HERE "mov x0, #0x84000000\n\thvc #0\n\tmov %0, x9"),
	    0, 0);
}

/* x9 behind a loop that an interrupt of the host ends the peace of: 0x300. */
#define WAIT_FOR_X9(before)                                                              \
	"1: add x1, x1, #1\n\tcmp x9, #" before "\n\tb.ne 2f\n\tcmp x1, x2\n\tb.lo 1b\n" \
	"2: mov %0, x9"
#define PEACE(name)                                                                             \
	WITH_MARK(name, "mov x9, #0x300\n\tmov x1, #0\n\tmovz x2, #0x20, lsl #16\n\t" MARK_HERE \
				WAIT_FOR_X9("0x300"))

/*
 * Other ways to EL2: 0x200 behind a register that traps; 0x300, 0x300 and, behind a call, 0x301 behind
 * interrupts; 0x500 behind an SVE instruction, which may be undefined. Directly before it a page is
 * touched for the first time.
 */
static void entries(void)
{
	volatile uint64_t *fresh = pages_take(1);

	saw("trapped",
	    WITH_MARK("trapped",
		      "mov x9, #0x200\n\t" MARK_HERE "mrs x1, id_aa64isar0_el1\n\tmov %0, x9"),
	    0, 0);
	saw("irq", PEACE("irq"), 0, 0);
	saw("taken", PEACE("taken"), 0, 0);
	saw("fiq",
	    WITH_MARK("fiq", "mov x9, #0x301\n\t" MARK_HERE "mov x0, #0x84000000\n\thvc #0\n\t"
			     "mov x1, #0\n\tmovz x2, #0x20, lsl #16\n\t" WAIT_FOR_X9("0x301")),
	    0, 0);
	sysreg_write(cpacr_el1, sysreg_read(cpacr_el1) | CPACR_FPEN_ZEN);
	__asm__ volatile("isb");
	mark("fresh", 0, 0);
	if (fresh) {
		fresh[0] = 1;
	}
	/* rdvl x1, #1 */
	saw("other",
	    WITH_MARK("other",
		      "mov x9, #0x500\n\t" MARK_HERE "1: .inst 0x04bf5021\n2: mov %0, x9\n\t"
		      ".pushsection .extable, \"a\"\n.balign 8\n.quad 1b, 2b\n"
		      ".popsection"),
	    0, 0);
}

/* System registers: 0x40, and the register that was written keeps it; 0x40, 0x40, 0x40. */
static void registers(void)
{
	uint64_t seen[3];

	seen[0] = WITH_MARK("msr", "mov x9, #0x40\n\t" MARK_HERE "msr tpidr_el0, x9\n\tmov %0, x9");
	saw("msr", sysreg_read(tpidr_el0), seen[0], 0);
	sysreg_write(tpidr_el0, 0x40);
	mark("mrs", 0, 0);
	for (unsigned int i = 0; i < 3; i++) {
		seen[i] = sysreg_read(tpidr_el0);
	}
	saw("mrs", seen[0], seen[1], seen[2]);
}

/* x9 is what is stored, by the instruction behind the mark. */
static void store_first(volatile uint64_t *page)
{
	register uint64_t name __asm__("x0") = mark_name("touch");

	__asm__ volatile("mov x9, #0x77\n\thint #%2\n\tstr x9, [%1]"
			 : "+r"(name)
			 : "r"(page), "i"(MARK_HINT)
			 : "x1", "x2", "x3", "x9", "memory");
}

/*
 * Translation: the second page's 0xb, then the first's 0xa; 0xa, of a page whose
 * translation is in no TLB; the same twice, 0xa and 0xa; 0x77, written to a page that was never touched.
 */
static void translation(void)
{
	uint64_t page = (uintptr_t)step_pages[0];
	volatile uint64_t *fresh = pages_take(1);
	uint64_t first;

	step_pages[0][0] = 0xa;
	step_pages[1][0] = 0xb;
	mark("tlbi", 0, 0);
	mmu_point(page, page + PAGE_SIZE);
	first = step_pages[0][0];
	mmu_point(page, page);
	saw("tlbi", first, step_pages[0][0], 0);

	mmu_point(page, page);
	mark("pte", 0, 0);
	first = step_pages[0][0];
	saw("pte", first, 0, 0);
	mmu_point(page, page);
	mark("below", 0, 0);
	first = step_pages[0][0];
	mmu_point(page, page);
	mark("above", 0, 0);
	saw("below", first, step_pages[0][0], 0);

	if (fresh) {
		store_first(fresh);
		saw("touch", fresh[0], 0, 0);
	}
}

/* Sharing: three times 0, for each of a share and its end. */
static void sharing(void)
{
	uint8_t *page = pages_take(1);
	uint64_t share[3];
	uint64_t unshare[3];

	if (!page || !share_is_offered()) {
		return;
	}
	page[0] = 1;
	mark("share", 0, 0);
	for (unsigned int i = 0; i < 3; i++) {
		share[i] = (uint64_t)share_pages(page, 1);
		unshare[i] = (uint64_t)unshare_pages(page, 1);
	}
	saw("share", share[0], share[1], share[2]);
	saw("unshare", unshare[0], unshare[1], unshare[2]);
}

static bool is_set(const void *context)
{
	return *(const volatile uint64_t *)context != 0;
}

int guest_main(void)
{
	bool came;

	report_begin();
	memset((void *)(uintptr_t)step_cell, 0, sizeof(step_cell));
	instructions();
	memory();
	calls();
	entries();
	registers();
	translation();
	sharing();
	mark("wait", 0, 0);
	came = timer_wait(is_set, (const void *)(uintptr_t)&step_cell[8], WAIT_MS);
	mark("waited", 0, 0);
	saw("wait", came, step_cell[9], 0);
	return 0;
}
