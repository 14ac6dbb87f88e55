// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The vGIC under a hostile guest: any accesses to its frames, SGIs and EOIs from any vCPU, with
 * wires that change meanwhile. Its queues must agree with its interrupts after each step.
 */
#include "tests/kvm/bench.h"

#include <string.h>

#define STEP_BYTES 12

static unsigned int in_guest;
static struct vgic_run runs[VGIC_CPUS];

static void leave(struct bench *bench, unsigned int cpu)
{
	u16 ended[VGIC_ENDED_MAX];

	if (in_guest & 1U << cpu) {
		in_guest &= ~(1U << cpu);
		vgic_fold(&bench->vgic, cpu, &runs[cpu], bench->cpus[cpu].vmcr, ended);
	}
}

/* What the hardware may make of list registers: states go, and change, but do not come. */
static void play_lists(unsigned int cpu, u64 value)
{
	for (unsigned int i = 0; i < VGIC_LRS; i++) {
		u64 state = runs[cpu].lrs[i] & VGIC_LR_STATE;

		if ((value >> i * 2 & 1) && (state & VGIC_LR_PENDING)) {
			state = VGIC_LR_ACTIVE;
		}
		if (value >> i * 2 & 2) {
			state &= ~VGIC_LR_ACTIVE;
		}
		runs[cpu].lrs[i] = (runs[cpu].lrs[i] & ~VGIC_LR_STATE) | state;
	}
	runs[cpu].hcr |= (value >> 8 & VGIC_HCR_EOICOUNT_MASK) << VGIC_HCR_EOICOUNT_SHIFT;
}

static void step(struct bench *bench, const uint8_t *bytes)
{
	static const u32 sizes[] = { 4, 1, 8, 2 };
	struct vgic_access access = {
		.bytes = sizes[bytes[1] & 3],
		.write = bytes[1] & 4,
		.user = (bytes[1] & 0x38) == 0x38,
	};
	unsigned int cpu = bytes[0] % bench->vgic.cpu_count;
	u64 address;
	bool dist;

	access.value = bytes[4] | bytes[5] << 8 | bytes[6] << 16 | (u64)bytes[7] << 24 |
		       (u64)bytes[8] << 32 | (u64)bytes[9] << 40 | (u64)bytes[10] << 48 |
		       (u64)bytes[11] << 56;
	address = (bytes[1] & 0x40 ? REDIST_BASE + (bytes[1] >> 7) * GIC_FRAME_BYTES : DIST_BASE) +
		  (bytes[2] | bytes[3] << 8);
	switch (bytes[0] >> 4) {
	case 0:
		leave(bench, cpu);
		vgic_sgi(&bench->vgic, cpu, access.value, bytes[1] & 1);
		break;
	case 1:
		vgic_inject(&bench->vgic, bytes[1], bytes[2] | bytes[3] << 8, bytes[4] & 1,
			    bytes[4] & 2);
		break;
	case 2:
	case 3:
		leave(bench, cpu);
		vgic_flush(&bench->vgic, cpu, &runs[cpu]);
		in_guest |= 1U << cpu;
		break;
	case 4:
	case 5:
		play_lists(cpu, access.value);
		leave(bench, cpu);
		break;
	case 6:
		leave(bench, cpu);
		vgic_deactivate(&bench->vgic, cpu, access.value);
		vgic_pending(&bench->vgic, cpu);
		break;
	case 7:
		bench->cpus[cpu].vmcr = access.value;
		break;
	default:
		leave(bench, cpu);
		if (access.user) {
			for (unsigned int i = 0; i < bench->vgic.cpu_count; i++) {
				leave(bench, i);
			}
		}
		if (vgic_find(&bench->vgic, address, cpu, &access, &dist)) {
			(void)(dist ? vgic_dist_access(&bench->vgic, &access) :
				      vgic_redist_access(&bench->vgic, &access));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const u32 irqs[] = { 64, 96, 160, 1024 };
	static struct bench bench;

	if (size < 1) {
		return 0;
	}
	bench_setup(&bench, 1 + data[0] % VGIC_CPUS, irqs[data[0] >> 6]);
	bench.leave = leave;
	in_guest = 0;
	memset(runs, 0, sizeof(runs));
	for (data++, size--; size >= STEP_BYTES; data += STEP_BYTES, size -= STEP_BYTES) {
		step(&bench, data);
		bench_check(&bench);
	}
	bench_release(&bench);
	return 0;
}
