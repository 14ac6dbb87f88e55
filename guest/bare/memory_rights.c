/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tries what the runtime's own memory map forbids: each access must fault with the
 * syndrome that the architecture gives for it. What other programs report rests
 * on this.
 */
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/layout.h"
#include "guest/bare/lib/probe.h"

/* ESR_EL1 of a data abort at the same level (Arm ARM D24.2.40). */
#define EC_DATA_ABORT 0x25
#define ISS_WRITE (1 << 6)
#define DFSC_MASK 0x3c
#define DFSC_TRANSLATION 0x04
#define DFSC_PERMISSION 0x0c
#define SCTLR_WXN (1 << 19)

extern char image_start[], stacks[];

static const uint64_t constant = 1;
static uint64_t variable;

static void check_fault(const char *what, uint64_t esr, uint32_t fault, bool is_write)
{
	bool holds = (esr >> ESR_EC_SHIFT & ESR_EC_MASK) == EC_DATA_ABORT &&
		     (esr & DFSC_MASK) == fault && !!(esr & ISS_WRITE) == is_write;

	report_check(holds, "faults", "what=%s esr=0x%llx", what, (unsigned long long)esr);
}

int guest_main(void)
{
	uint64_t value = 0;

	report_begin();
	report_check(!probe_write64((uintptr_t)&variable, 5) &&
			     !probe_read64((uintptr_t)&variable, &value) && value == 5,
		     "data_is_writable", "");
	check_fault("write_code", probe_write64((uintptr_t)image_start, 0), DFSC_PERMISSION, true);
	check_fault("write_constant", probe_write64((uintptr_t)&constant, 0), DFSC_PERMISSION,
		    true);
	check_fault("read_guard_page", probe_read64((uintptr_t)stacks, &value), DFSC_TRANSLATION,
		    false);
	check_fault("read_unmapped", probe_read64(machine.ram.base - PAGE_SIZE, &value),
		    DFSC_TRANSLATION, false);
	check_fault("read_behind_ram", probe_read64(machine.ram.base + machine.ram.bytes, &value),
		    DFSC_TRANSLATION, false);
	report_check(sysreg_read(sctlr_el1) & SCTLR_WXN, "writable_never_executable", "");
	report_check(value == 5 && variable == 5, "values_unchanged", "");
	return 0;
}
