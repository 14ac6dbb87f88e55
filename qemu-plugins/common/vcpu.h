/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which vCPU makes a callback. Normally QEMU's index says it. When all vCPUs
 * share one thread (-icount, or -accel tcg,thread=single) QEMU 11.1 gives
 * callbacks that were planted into code the index of whoever translated it, and
 * inline and conditional operations crash it. Then a vCPU is known by what its
 * hypervisor keeps in TPIDR_EL2, its own data as a rule, learnt from discontinuity
 * callbacks, whose index is right. A value that was not seen yet is that of the first
 * vCPU of which nothing is known (hypervisors start them in order), and with 0 there, it
 * is the vCPU of the last discontinuity: wrong at most between the start of a further
 * vCPU and its hypervisor's first lines.
 */
#ifndef COMMON_VCPU_H
#define COMMON_VCPU_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "qemu-plugins/common/regs.h"

#define VCPUS_KNOWN_MAX 256

/* Zero-initialised: nothing known yet. Written by vCPU init callbacks, and in one thread. */
struct vcpus {
	unsigned int count;  /* started so far */
	bool share_thread;   /* several, and all in one thread */
	pthread_t thread;    /* the first one's */
	unsigned int last;   /* of the last discontinuity */
	unsigned int learnt; /* rows of what follows */
	uint64_t tpidr[VCPUS_KNOWN_MAX];
	unsigned int index[VCPUS_KNOWN_MAX];
};

/* From the vCPU init callback. QEMU makes all of them before any vCPU runs. Needs the caller's lock. */
void vcpus_started(struct vcpus *vcpus);

/* From each discontinuity callback, with the index that it was given. */
void vcpus_seen(struct vcpus *vcpus, const struct regs *regs, unsigned int index);

/* The vCPU that makes a callback planted into code, which was given @index. */
unsigned int vcpus_now(const struct vcpus *vcpus, const struct regs *regs, unsigned int index);

#endif /* COMMON_VCPU_H */
