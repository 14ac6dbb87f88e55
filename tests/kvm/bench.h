/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vGIC to test: its vCPUs, whom it kicks, and a guest's and user space's accesses. */
#ifndef TESTS_KVM_BENCH_H
#define TESTS_KVM_BENCH_H

#include "platform/kvm/vgic.h"

#define DIST_BASE 0x8000000ULL
#define REDIST_BASE 0x80a0000ULL
#define ALL_PRIORITIES (VGIC_VMCR_VENG0 | VGIC_VMCR_VENG1 | 0xffULL << VGIC_VMCR_VPMR_SHIFT)

struct bench {
	struct vgic vgic; /* first: vgic_kick() finds the bench by it */
	struct vgic_cpu cpus[VGIC_CPUS];
	unsigned int kicked;  /* vCPUs that were kicked, since the test cleared it */
	unsigned int awaited; /* of vgic_kick_wait() */
	/* What the real one does: the vCPU leaves the guest. NULL: nothing. */
	void (*leave)(struct bench *bench, unsigned int cpu);
};

/* @cpus vCPUs, @irqs interrupts, placed at DIST_BASE and REDIST_BASE, both groups enabled. */
void bench_setup(struct bench *bench, unsigned int cpus, u32 irqs);
void bench_release(struct bench *bench);

/* A guest's accesses, by vCPU @cpu; @frame 0: distributor, 1: its RD frame, 2: its SGI frame. */
u64 guest_read(struct bench *bench, unsigned int cpu, int frame, u32 offset, u32 bytes);
void guest_write(struct bench *bench, unsigned int cpu, int frame, u32 offset, u32 bytes,
		 u64 value);

/* User space's, always 32 bits. Return vgic_*_access()'s answer. */
int user_read(struct bench *bench, unsigned int cpu, int frame, u32 offset, u64 *value);
int user_write(struct bench *bench, unsigned int cpu, int frame, u32 offset, u64 value);

/* Fails the test unless queues, homes and counts agree with the interrupts. */
void bench_check(struct bench *bench);

#endif /* TESTS_KVM_BENCH_H */
