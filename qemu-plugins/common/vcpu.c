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
	return vcpus->last;
}
