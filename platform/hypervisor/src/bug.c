/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <hyp/bug.h>
#include <hyp/console.h>
#include <hyp/cpu.h>
#include <hyp/regs.h>
#include <hyp/trace.h>

#include <stdarg.h>
#include <stdbool.h>

#include "arch/sysreg.h"
#include "platform/abi/smccc.h"

#define FRAMES_MAX 24

/* More than one report of one CPU, or of several at once: only the first speaks. */
static uint32_t reporting;

void fatal_exception(const struct regs *regs, uint64_t row, uint64_t sp);
void __stack_chk_fail(void);

/* libfdt is compiled with stack protection; a value that no string can have in the middle. */
uintptr_t __stack_chk_guard = 0x5bd1e995000a0dffUL;

static bool frame_is_good(uint64_t frame)
{
	uint64_t low, high;

	return frame && frame % 16 == 0 && cpu_stack_of(frame, &low, &high) && frame <= high - 16;
}

/* Return addresses, for `addr2line -fe out/hypervisor/hyp.elf`. */
static void print_back_trace(uint64_t frame)
{
	for (int i = 0; i < FRAMES_MAX && frame_is_good(frame); i++) {
		const uint64_t *pair = (const uint64_t *)(uintptr_t)frame;

		if (pair[1] == 0) {
			return;
		}
		log_line_unlocked("called from %#lx", pair[1] - 4);
		frame = pair[0] > frame ? pair[0] : 0;
	}
}

static bool is_first_report(void)
{
	bool is_first = __atomic_fetch_add(&reporting, 1, __ATOMIC_SEQ_CST) == 0;

	if (is_first) {
		log_line_unlocked("BUG on CPU with MPIDR %#lx:", sysreg_read(mpidr_el1));
	}
	return is_first;
}

__attribute__((noreturn)) static void stop_machine(void)
{
	smc_simple(PSCI_SYSTEM_RESET, 0, 0, 0);
	for (;;) {
		__asm__ volatile("wfi");
	}
}

static void print_system_registers(uint64_t sp)
{
	log_line_unlocked("esr %#lx elr %#lx far %#lx hpfar %#lx spsr %#lx sp %#lx",
			  sysreg_read(esr_el2), sysreg_read(elr_el2), sysreg_read(far_el2),
			  sysreg_read(hpfar_el2), sysreg_read(spsr_el2), sp);
	log_line_unlocked("hcr %#lx vttbr %#lx", sysreg_read(hcr_el2), sysreg_read(vttbr_el2));
}

static void print_registers(const char *whose, const struct regs *regs)
{
	for (unsigned int i = 0; i < 28; i += 4) {
		log_line_unlocked("%s x%u %#lx %#lx %#lx %#lx", whose, i, regs->x[i],
				  regs->x[i + 1], regs->x[i + 2], regs->x[i + 3]);
	}
	log_line_unlocked("%s x28 %#lx %#lx %#lx", whose, regs->x[28], regs->x[29], regs->x[30]);
}

/* @frame is on this CPU's stack, on top of which vectors.S left the host's registers. */
static void print_host_registers(uint64_t frame)
{
	uint64_t low, high;

	if (cpu_stack_of(frame, &low, &high)) {
		print_registers("host", (const struct regs *)(uintptr_t)(high - REGS_BYTES));
	}
}

void hyp_bug(const char *why, ...)
{
	uint64_t frame = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	va_list list;

	if (is_first_report()) {
		va_start(list, why);
		log_list_unlocked(why, &list);
		va_end(list);
		print_system_registers(frame);
		print_host_registers(frame);
		print_back_trace(frame);
		trace_print_tail();
		log_line_unlocked("end of report");
	}
	stop_machine();
}

void __stack_chk_fail(void)
{
	hyp_bug("a stack was overwritten");
}

/* From vectors.S: an exception that must not be. @row counts the vector table's rows. */
void fatal_exception(const struct regs *regs, uint64_t row, uint64_t sp)
{
	if (is_first_report()) {
		log_line_unlocked("exception by row %lu", row);
		print_system_registers(sp);
		print_registers("hyp", regs);
		log_line_unlocked("called from %#lx", sysreg_read(elr_el2));
		print_back_trace(regs->x[29]);
		trace_print_tail();
		log_line_unlocked("end of report");
	}
	stop_machine();
}
