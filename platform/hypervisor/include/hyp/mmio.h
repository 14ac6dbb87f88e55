/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of devices that EL2 drives; mapped in its stage 1 as STAGE1_DEVICE. Chosen by
 * the linker: the real ones in the image, fakes in tests.
 *
 * A write is made after all earlier stores to memory are seen by devices; a read is made
 * before all later loads.
 */
#ifndef HYP_MMIO_H
#define HYP_MMIO_H

#include <stdint.h>

uint32_t mmio_read32(uint64_t pa);
void mmio_write32(uint64_t pa, uint32_t value);
void mmio_write64(uint64_t pa, uint64_t value);

#endif /* HYP_MMIO_H */
