/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tier C: what devices do. All devices are the host's, so none may reach what the host may
 * not. Three eyes:
 *
 *   oracle_dma.c         each translation by the SMMU, from the lines of QEMU's own log
 *   oracle_dma_device.c  registers by which the host tells a device that is behind no SMMU
 *                        where in memory to go: GIC's redistributors and ITS, fw_cfg
 *   oracle_dma_digest.c  pages of protected guests that change although no CPU could do it
 */
#ifndef QEMU_PLUGINS_ORACLE_DMA_H
#define QEMU_PLUGINS_ORACLE_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qemu-plugins/common/qemu_api.h"

/* A line of QEMU's log: what the SMMU did with an access of a device. */
enum oracle_dma_kind {
	DMA_NONE,    /* another line */
	DMA_PASSES,  /* goes to @pa */
	DMA_REFUSED, /* stops at the SMMU */
	DMA_UNKNOWN, /* a line about a translation that cannot be read */
};

struct oracle_dma_line {
	enum oracle_dma_kind kind;
	bool is_bypass;  /* the SMMU lets it through untranslated */
	uint64_t stream; /* StreamID */
	uint64_t iova;
	uint64_t pa;
};

/* @line: with or without its end, with or without a time before it. */
struct oracle_dma_line oracle_dma_parse(const char *line);

/* A store to a device's register, after it was done. Any vCPU; takes oracle.lock. */
void oracle_dma_device_stored(unsigned int vcpu, uint64_t pa, qemu_plugin_mem_value value);

/* What the registers name must be the host's at every return from EL2. oracle.lock held. */
void oracle_dma_device_judge(unsigned int vcpu);

/*
 * Pages of protected guests at rest. begin: EL2 goes to the host and no other vCPU runs a
 * guest or EL2; end: before the next vCPU does anything at EL2. oracle.lock held.
 */
void oracle_dma_digest_begin(bool active);
void oracle_dma_digest_end(unsigned int vcpu);

/* Ends QEMU, or counts it if the option except= names dma. */
void oracle_dma_breach(unsigned int vcpu, const char *rule, const char *what, uint64_t iova,
		       uint64_t pa);

#endif /* QEMU_PLUGINS_ORACLE_DMA_H */
