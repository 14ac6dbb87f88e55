/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Something to debug: each CPU goes round in instructions that are known one by one, until the debugger writes 1 into
 * `leave`. Says where they are, and in the end what the debugger did not disturb. Nobody came in 600 seconds: `fail left`.
 */
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/smp.h"

#define GIVE_UP_S 600
#define ESR_BRK_7 0xf2000007 /* EC 0x3c, IL, the number */

/* Of one CPU each; the debugger reads and writes them. */
static volatile uint64_t turns[2];
static volatile uint64_t leave;
static volatile uint64_t seed;
static uint64_t breaks, wrong_breaks;
static uint32_t finished; /* atomic */

/* Add x1 to *x0. Four instructions, the first of them has nothing before it: what is stepped over is known. */
void turn_of_first(volatile uint64_t *at, uint64_t by);
void turn_of_second(volatile uint64_t *at, uint64_t by);
/* A breakpoint of the guest's own: 0, or the syndrome of the exception that it took. */
uint64_t own_breakpoint(void);

/* clang-format off */
#define TURN(name)                                  \
	".global " #name "\n\t.type " #name ", %function\n" #name ":\n" \
	"	ldr	x2, [x0]\n"                 \
	"	add	x2, x2, x1\n"               \
	"	str	x2, [x0]\n"                 \
	"	ret\n"                              \
	"	.size " #name ", . - " #name "\n"

__asm__(".pushsection .text\n"
	"	.balign	4\n"
	TURN(turn_of_first)
	TURN(turn_of_second)
	"	.global own_breakpoint\n"
	"	.type own_breakpoint, %function\n"
	"own_breakpoint:\n"
	"1:	brk	#7\n"
	"	mov	x0, #0\n"
	"2:	ret\n"
	"	.size own_breakpoint, . - own_breakpoint\n"
	"	.popsection\n"
	"	.pushsection .extable, \"a\"\n"
	"	.balign	8\n"
	"	.quad	1b, 2b\n"
	"	.popsection\n");
/* clang-format on */

static void second(unsigned int index)
{
	(void)index;
	while (!leave) {
		turn_of_second(&turns[1], 1);
	}
	__atomic_store_n(&finished, 1, __ATOMIC_RELEASE);
}

static bool is_finished(const void *context)
{
	(void)context;
	return __atomic_load_n(&finished, __ATOMIC_ACQUIRE) != 0;
}

int guest_main(void)
{
	uint64_t end = timer_ticks() + GIVE_UP_S * timer_hz();
	uint64_t sum = 0;

	report_begin();
	if (!report_check(smp_start(1, second) == 0, "cpu_on", "index=1")) {
		return 1;
	}
	report_value("places",
		     "first=0x%llx second=0x%llx own=0x%llx turns=0x%llx leave=0x%llx seed=0x%llx",
		     (unsigned long long)(uintptr_t)turn_of_first,
		     (unsigned long long)(uintptr_t)turn_of_second,
		     (unsigned long long)(uintptr_t)own_breakpoint,
		     (unsigned long long)(uintptr_t)turns, (unsigned long long)(uintptr_t)&leave,
		     (unsigned long long)(uintptr_t)&seed);
	while (!leave && timer_ticks() < end) {
		/* As Linux does on each CPU that it starts; a debugger's points are not the guest's. */
		sysreg_write(dbgbcr0_el1, 0);
		sysreg_write(dbgwcr0_el1, 0);
		turn_of_first(&turns[0], 1);
		sum++;
		breaks++;
		wrong_breaks += own_breakpoint() != ESR_BRK_7;
	}
	report_check(leave == 1, "left", "leave=%llu", (unsigned long long)leave);
	report_check(timer_wait(is_finished, NULL, GIVE_UP_S), "second_left", "");
	report_value("turns", "counted=%llu expected=%llu seed=0x%llx",
		     (unsigned long long)turns[0], (unsigned long long)sum,
		     (unsigned long long)seed);
	report_check(wrong_breaks == 0, "own_breakpoints", "wrong=%llu of=%llu",
		     (unsigned long long)wrong_breaks, (unsigned long long)breaks);
	return leave == 1 && wrong_breaks == 0 ? 0 : 1;
}
