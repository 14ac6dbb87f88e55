/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does one costly thing many times, section after section, for the trace to weigh.
 *
 * Each section stands between two marks: HVCs of SMCCC_VERSION, which nothing else in
 * this program calls. Marks 2n and 2n + 1 (from 0) enclose section n:
 *
 *   0 empty     nothing: what the marks themselves cost
 *   1 hvc       1000 HVCs of PSCI_VERSION. Upstream pKVM hands it to the host's kernel
 *               for protected guests too: a world switch and back
 *   2 ptp       1000 HVCs of KVM_PTP, the host's time: nobody but its kernel can know it
 *   3 meminfo   1000 HVCs of PKVM_HYP_MEMINFO, which EL2 answers by itself (only if
 *               memory can be shared)
 *   4 mmio      1000 writes to serial 1's scratch register: exits to the VMM
 *   5 faults    256 first touches of pages never used before, one write each. A
 *               non-protected guest may get many pages by one fault (huge pages):
 *               the trace tells
 *   6 touches   the same 256 pages again: no stage-2 fault
 *   7 sysreg    1000 reads of CNTVCT_EL0, which may or may not trap
 *   8 row       256 first touches again, of pages one behind the other
 *
 * For each, `value bench name=.. section=n count=.. ticks=..` gives what was done and
 * the ticks of the virtual counter in between, with all that the host did meanwhile;
 * `value counter hz=..` gives their rate. A section that cannot run has count=0
 * and still its two marks.
 */
#include "guest/bare/lib/guest.h"
#include "platform/abi/smccc.h"

#define REPEAT 1000
#define FAULTS 256
#define STRIDE 3 /* pages: neighbours may be given with one that is touched */
#define SERIAL_SCRATCH (GUEST_SERIAL1_BASE + 7)

static volatile uint8_t *fresh, *row;

static unsigned int run_empty(void)
{
	return 0;
}

static unsigned int run_hvc(void)
{
	for (unsigned int i = 0; i < REPEAT; i++) {
		smccc_hvc(PSCI_VERSION, 0, 0, 0);
	}
	return REPEAT;
}

static unsigned int run_ptp(void)
{
	for (unsigned int i = 0; i < REPEAT; i++) {
		smccc_hvc(KVM_PTP, 0, 0, 0);
	}
	return REPEAT;
}

static unsigned int run_meminfo(void)
{
	if (!pkvm_can_share()) {
		return 0;
	}
	for (unsigned int i = 0; i < REPEAT; i++) {
		smccc_hvc(PKVM_HYP_MEMINFO, 0, 0, 0);
	}
	return REPEAT;
}

static unsigned int run_mmio(void)
{
	for (unsigned int i = 0; i < REPEAT; i++) {
		mmio_write8(SERIAL_SCRATCH, (uint8_t)i);
	}
	return REPEAT;
}

static unsigned int run_touch(void)
{
	if (!fresh) {
		return 0;
	}
	for (unsigned int i = 0; i < FAULTS; i++) {
		fresh[i * STRIDE * PAGE_SIZE] = 1;
	}
	return FAULTS;
}

static unsigned int run_row(void)
{
	if (!row) {
		return 0;
	}
	for (unsigned int i = 0; i < FAULTS; i++) {
		row[i * PAGE_SIZE] = 1;
	}
	return FAULTS;
}

static unsigned int run_sysreg(void)
{
	for (unsigned int i = 0; i < REPEAT; i++) {
		sysreg_read(cntvct_el0);
	}
	return REPEAT;
}

static const struct {
	const char *name;
	unsigned int (*run)(void); /* returns how many times it did it */
} sections[] = {
	[0] = { .name = "empty", .run = run_empty },
	[1] = { .name = "hvc", .run = run_hvc },
	[2] = { .name = "ptp", .run = run_ptp },
	[3] = { .name = "meminfo", .run = run_meminfo },
	[4] = { .name = "mmio", .run = run_mmio },
	[5] = { .name = "faults", .run = run_touch },
	[6] = { .name = "touches", .run = run_touch },
	[7] = { .name = "sysreg", .run = run_sysreg },
	[8] = { .name = "row", .run = run_row },
};

#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

int guest_main(void)
{
	report_begin();
	fresh = pages_take(FAULTS * STRIDE);
	row = pages_take(FAULTS);
	report_value("counter", "hz=%llu", (unsigned long long)timer_hz());
	for (size_t i = 0; i < SECTIONS; i++) {
		uint64_t ticks;
		unsigned int count;

		smccc_hvc(SMCCC_VERSION, 0, 0, 0);
		ticks = timer_ticks();
		count = sections[i].run();
		ticks = timer_ticks() - ticks;
		smccc_hvc(SMCCC_VERSION, 0, 0, 0);
		report_value("bench", "name=%s section=%zu count=%u ticks=%llu", sections[i].name,
			     i, count, (unsigned long long)ticks);
	}
	report_check(fresh && row, "memory", "");
	return 0;
}
