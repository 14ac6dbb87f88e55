/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/exception.h"

#include "guest/bare/lib/arch.h"
#include "guest/bare/lib/format.h"
#include "guest/bare/lib/layout.h"
#include "guest/bare/lib/panic.h"
#include "guest/bare/lib/psci.h"
#include "guest/bare/lib/report.h"
#include "platform/abi/guest_memory_map.h"

_Static_assert(offsetof(struct exception_frame, sp) == FRAME_SP, "frame as vectors.S saves it");
_Static_assert(offsetof(struct exception_frame, elr) == FRAME_ELR, "");
_Static_assert(offsetof(struct exception_frame, spsr) == FRAME_SPSR, "");
_Static_assert(offsetof(struct exception_frame, esr) == FRAME_ESR, "");
_Static_assert(offsetof(struct exception_frame, far) == FRAME_FAR, "");
_Static_assert(sizeof(struct exception_frame) == FRAME_BYTES, "");

#define BACKTRACE_MAX 8
#define CONTEXT_BYTES 128

/* One row of the fixup table (asm.h). */
struct fixup {
	uint64_t fault;
	uint64_t resume;
};

extern const struct fixup extable_start[], extable_end[];
extern char image_start[], text_end[], stacks[], stacks_end[];

static const char *const vector_names[] = {
	[VECTOR_SYNC] = "sync",
	[VECTOR_IRQ] = "irq",
	[VECTOR_FIQ] = "fiq",
	[VECTOR_SERROR] = "serror",
	[VECTOR_NESTED + VECTOR_SYNC] = "nested_sync",
	[VECTOR_NESTED + VECTOR_IRQ] = "nested_irq",
	[VECTOR_NESTED + VECTOR_FIQ] = "nested_fiq",
	[VECTOR_NESTED + VECTOR_SERROR] = "nested_serror",
};

/* Exceptions being reported now, per CPU: the third is one too many. */
static unsigned int depth[GUEST_VCPUS_MAX];

static bool fixup_apply(struct exception_frame *frame)
{
	for (const struct fixup *fixup = extable_start; fixup < extable_end; fixup++) {
		if (fixup->fault == frame->elr) {
			frame->elr = fixup->resume;
			frame->x[0] = frame->esr;
			return true;
		}
	}
	return false;
}

/* Whether @fp can be a frame record: 16 bytes, aligned, in the stacks. */
static bool is_frame_record(uint64_t fp)
{
	return !(fp & 7) && fp >= (uintptr_t)stacks && fp <= (uintptr_t)stacks_end - 16;
}

static void report_backtrace(const struct exception_frame *frame)
{
	uint64_t fp = frame->x[29];

	report_value("frame", "index=0 pc=0x%llx lr=0x%llx sp=0x%llx",
		     (unsigned long long)frame->elr, (unsigned long long)frame->x[30],
		     (unsigned long long)frame->sp);
	for (unsigned int i = 1; i <= BACKTRACE_MAX && is_frame_record(fp); i++) {
		const uint64_t *record = (const uint64_t *)(uintptr_t)fp;

		if (record[1] < (uintptr_t)image_start || record[1] >= (uintptr_t)text_end) {
			break;
		}
		report_value("frame", "index=%u pc=0x%llx", i, (unsigned long long)record[1]);
		/* Callers lie above their callees: anything else is no chain. */
		if (record[0] <= fp) {
			break;
		}
		fp = record[0];
	}
}

void exception_handle(struct exception_frame *frame, unsigned int vector)
{
	const char *name = vector < VECTOR_LOWER ? vector_names[vector] : "lower_el";
	unsigned int cpu = cpu_index();
	char context[CONTEXT_BYTES];

	if (vector == VECTOR_SYNC && fixup_apply(frame)) {
		return;
	}
	if (cpu >= GUEST_VCPUS_MAX || ++depth[cpu] > 2) {
		mmio_write8(GUEST_PVPANIC_BASE, 1);
		psci_system_off();
	}
	report_fault(name, "esr=0x%llx elr=0x%llx far=0x%llx cpu=%u",
		     (unsigned long long)frame->esr, (unsigned long long)frame->elr,
		     (unsigned long long)frame->far, cpu);
	if (depth[cpu] == 1) {
		report_backtrace(frame);
	}
	format_text(context, sizeof(context), "%s esr=0x%llx elr=0x%llx far=0x%llx", name,
		    (unsigned long long)frame->esr, (unsigned long long)frame->elr,
		    (unsigned long long)frame->far);
	panic("GUEST_FAULT", context);
}
