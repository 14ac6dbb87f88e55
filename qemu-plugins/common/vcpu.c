/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/common/vcpu.h"

void vcpus_started(struct vcpus *vcpus)
{
	if (vcpus->count++ == 0) {
		vcpus->thread = pthread_self();
	} else if (pthread_equal(vcpus->thread, pthread_self())) {
		vcpus->share_thread = true;
	}
}

void vcpus_seen(struct vcpus *vcpus, const struct regs *regs, unsigned int index)
{
	uint64_t tpidr;
	unsigned int i;

	if (!vcpus->share_thread) {
		return;
	}
	vcpus->last = index;
	tpidr = regs_read(regs, REG_TPIDR_EL2);
	for (i = 0; i < vcpus->learnt; i++) {
		if (vcpus->index[i] == index || vcpus->tpidr[i] == tpidr) {
			break;
		}
	}
	if (tpidr == 0 || i == VCPUS_KNOWN_MAX) {
		return; /* nothing there yet */
	}
	vcpus->tpidr[i] = tpidr;
	vcpus->index[i] = index;
	vcpus->learnt += i == vcpus->learnt;
}

/* The first vCPU of which nothing is known yet; the last one that was seen if there is none. */
static unsigned int first_unknown(const struct vcpus *vcpus)
{
	unsigned int index;
	unsigned int i;

	for (index = 0; index < vcpus->count; index++) {
		for (i = 0; i < vcpus->learnt && vcpus->index[i] != index; i++) {
		}
		if (i == vcpus->learnt) {
			return index;
		}
	}
	return vcpus->last;
}

unsigned int vcpus_now(const struct vcpus *vcpus, const struct regs *regs, unsigned int index)
{
	uint64_t tpidr;
	unsigned int i;

	if (!vcpus->share_thread) {
		return index;
	}
	tpidr = regs_read(regs, REG_TPIDR_EL2);
	for (i = 0; i < vcpus->learnt; i++) {
		if (vcpus->tpidr[i] == tpidr) {
			return vcpus->index[i];
		}
	}
	return tpidr != 0 ? first_unknown(vcpus) : vcpus->last;
}
