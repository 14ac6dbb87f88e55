/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tier B, registers: tagged values of a protected guest (platform/abi/register_tags.h, or the
 * option tags=) are never in what the host has after an exit, beyond what the exit needs.
 */
#ifndef QEMU_PLUGINS_ORACLE_REGISTER_H
#define QEMU_PLUGINS_ORACLE_REGISTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qemu-plugins/common/qemu_api.h"

/* Values v with (v & mask) == value are tags. */
struct oracle_tags {
	uint64_t value;
	uint64_t mask;
	bool is_own; /* given by tags=; else those of register_tags.h, whole or cut to 32 bits */
};

/*
 * Read @text, "VALUE/MASK", both with 0x; NULL: the tags of register_tags.h. Returns what is
 * wrong with it in one sentence, NULL if nothing is.
 */
const char *oracle_tags_parse(const char *text, struct oracle_tags *tags);

bool oracle_tags_match(const struct oracle_tags *tags, uint64_t value);

/*
 * Which of a protected guest's general registers the exit with @esr hands on (bit n: Xn): the
 * data of a store to a device, the value of a trapped MSR, arguments of the calls that are
 * made for the host to answer. @function is the guest's x0.
 */
uint32_t oracle_register_needed(uint64_t esr, uint64_t function);

/* A load by the instruction at @pc on @vcpu, after it was done, from @pa. Takes oracle.lock. */
void oracle_register_loaded(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t va, uint64_t pa,
			    uint64_t pc);

#endif /* QEMU_PLUGINS_ORACLE_REGISTER_H */
