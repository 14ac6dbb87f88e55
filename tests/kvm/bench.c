// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/kvm/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool shim_no_memory;

void vgic_kick(struct vgic *vgic, unsigned int cpu)
{
	struct bench *bench = (struct bench *)vgic;

	if (vgic->lock.taken) {
		abort();
	}
	bench->kicked |= 1U << cpu;
}

void vgic_kick_wait(struct vgic *vgic, unsigned int cpus)
{
	struct bench *bench = (struct bench *)vgic;

	if (vgic->lock.taken) {
		abort();
	}
	bench->awaited |= cpus;
	for (unsigned int i = 0; i < VGIC_CPUS; i++) {
		if ((cpus & 1U << i) && bench->leave != NULL) {
			bench->leave(bench, i);
		}
	}
}

void bench_setup(struct bench *bench, unsigned int cpus, u32 irqs)
{
	memset(bench, 0, sizeof(*bench));
	vgic_setup(&bench->vgic);
	for (unsigned int i = 0; i < cpus; i++) {
		vgic_cpu_setup(&bench->vgic, &bench->cpus[i], i);
		bench->cpus[i].vmcr = ALL_PRIORITIES;
	}
	bench->vgic.irq_count = irqs;
	if (vgic_place_dist(&bench->vgic, DIST_BASE, 1ULL << 40) != 0 ||
	    vgic_place_redists(&bench->vgic, REDIST_BASE, 0, 0, 1ULL << 40) != 0 ||
	    vgic_init(&bench->vgic, cpus) != 0) {
		abort();
	}
	guest_write(bench, 0, 0, GICD_CTLR, 4, GICD_CTLR_ENABLE_GROUPS);
	bench->kicked = 0;
}

void bench_release(struct bench *bench)
{
	vgic_release(&bench->vgic);
}

static int do_access(struct bench *bench, int frame, struct vgic_access *access)
{
	if (frame == 0) {
		return vgic_dist_access(&bench->vgic, access);
	}
	access->offset += frame == 2 ? GIC_FRAME_BYTES : 0;
	return vgic_redist_access(&bench->vgic, access);
}

u64 guest_read(struct bench *bench, unsigned int cpu, int frame, u32 offset, u32 bytes)
{
	struct vgic_access access = {
		.cpu = cpu, .offset = offset, .bytes = bytes, .value = 0x5a5a5a5a5a5a5a5aULL
	};

	if (do_access(bench, frame, &access) != 0) {
		abort();
	}
	return access.value;
}

void guest_write(struct bench *bench, unsigned int cpu, int frame, u32 offset, u32 bytes, u64 value)
{
	struct vgic_access access = {
		.cpu = cpu, .offset = offset, .bytes = bytes, .write = true, .value = value
	};

	if (do_access(bench, frame, &access) != 0) {
		abort();
	}
}

int user_read(struct bench *bench, unsigned int cpu, int frame, u32 offset, u64 *value)
{
	struct vgic_access access = { .cpu = cpu, .offset = offset, .bytes = 4, .user = true };
	int error = do_access(bench, frame, &access);

	*value = access.value;
	return error;
}

int user_write(struct bench *bench, unsigned int cpu, int frame, u32 offset, u64 value)
{
	struct vgic_access access = {
		.cpu = cpu, .offset = offset, .bytes = 4, .write = true, .user = true, .value = value
	};

	return do_access(bench, frame, &access);
}

static void require(bool holds, const char *what, unsigned int cpu, u32 intid)
{
	if (!holds) {
		fprintf(stderr, "vCPU %u, interrupt %u: %s\n", cpu, intid, what);
		abort();
	}
}

static bool is_in_registers(const struct bench *bench, unsigned int cpu, const struct vgic_irq *irq)
{
	for (unsigned int i = 0; i < bench->cpus[cpu].lr_count; i++) {
		if (bench->cpus[cpu].lrs[i] == irq) {
			return true;
		}
	}
	return false;
}

static void check_irq(struct bench *bench, unsigned int cpu, u32 intid, unsigned int *counts)
{
	const struct vgic_irq *irq = vgic_irq_at(&bench->vgic, cpu, intid);
	unsigned int queues = 0;

	for (unsigned int i = 0; i < bench->vgic.cpu_count; i++) {
		if (intid < VGIC_PRIVATE && i != cpu) {
			continue;
		}
		if (test_bit(intid, bench->cpus[i].queued)) {
			queues++;
			counts[i]++;
			require(irq->home == i, "queued where it is not at home", i, intid);
		}
		require(is_in_registers(bench, i, irq) == (irq->holder == i), "wrong holder", i,
			intid);
	}
	require(queues == (irq->home != VGIC_NOBODY), "at home, but not queued", cpu, intid);
	require(irq->intid == intid, "another number", cpu, intid);
	if (irq->holder == VGIC_NOBODY) {
		bool wanted = irq->active || (irq->enabled && vgic_is_pending(irq));

		require(!wanted || irq->home != VGIC_NOBODY || irq->target == VGIC_NOBODY,
			"wants a vCPU and has none", cpu, intid);
		require(wanted || irq->home == VGIC_NOBODY, "queued for nothing", cpu, intid);
	}
}

void bench_check(struct bench *bench)
{
	unsigned int counts[VGIC_CPUS] = { 0 };

	require(!bench->vgic.lock.taken && bench->vgic.kicks == 0, "lock or kicks left", 0, 0);
	for (unsigned int cpu = 0; cpu < bench->vgic.cpu_count; cpu++) {
		for (u32 i = 0; i < VGIC_PRIVATE; i++) {
			check_irq(bench, cpu, i, counts);
		}
	}
	for (u32 i = VGIC_PRIVATE; vgic_irq_at(&bench->vgic, 0, i) != NULL; i++) {
		check_irq(bench, 0, i, counts);
	}
	for (unsigned int cpu = 0; cpu < bench->vgic.cpu_count; cpu++) {
		require(counts[cpu] == bench->cpus[cpu].queued_count, "wrong count", cpu, 0);
	}
}
