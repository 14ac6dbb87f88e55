/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processor as the runtime uses it: system registers, barriers, waiting,
 * and memory-mapped I/O. AArch64 at EL1 only; nothing here allocates or locks.
 */
#ifndef GUEST_ARCH_H
#define GUEST_ARCH_H

#define PAGE_SIZE 4096
#define PAGE_SHIFT 12

/* Exception classes, ESR_ELx bits 31:26 (Arm ARM D24.2, ESR_EL1). */
#define ESR_EC_SHIFT 26
#define ESR_EC_MASK 0x3f
#define ESR_EC_UNKNOWN 0x00

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Value of the system register @name, read now. */
#define sysreg_read(name)                                                \
	({                                                               \
		uint64_t sysreg_value;                                   \
		__asm__ volatile("mrs %0, " #name : "=r"(sysreg_value)); \
		sysreg_value;                                            \
	})

/* Write @value to the system register @name and wait until it has effect. */
#define sysreg_write(name, value) \
	__asm__ volatile("msr " #name ", %0\n\tisb" : : "r"((uint64_t)(value)) : "memory")

/* All earlier memory accesses are complete before anything later begins. */
static inline void barrier_full(void)
{
	__asm__ volatile("dsb sy" : : : "memory");
}

/* Earlier accesses are seen before later ones, by other CPUs and devices. */
static inline void barrier_order(void)
{
	__asm__ volatile("dmb sy" : : : "memory");
}

/* Suspend this CPU until an interrupt is pending, masked or not. */
static inline void cpu_wait_interrupt(void)
{
	__asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

/* Offer the CPU to others for a moment; may return at once. */
static inline void cpu_yield(void)
{
	__asm__ volatile("yield" : : : "memory");
}

/*
 * Number of the running CPU, from 0: its place among the cpu nodes of the
 * device tree. The entry code put it into TPIDR_EL1.
 */
static inline unsigned int cpu_index(void)
{
	return (unsigned int)sysreg_read(tpidr_el1);
}

/* Read a memory-mapped register: one access of exactly this width, in program order. */
static inline uint8_t mmio_read8(uintptr_t address)
{
	uint8_t value;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

/* Write one of 8 bits. */
static inline void mmio_write8(uintptr_t address, uint8_t value)
{
	__asm__ volatile("strb %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

/* Read one of 32 bits. */
static inline uint32_t mmio_read32(uintptr_t address)
{
	uint32_t value;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

/* Write one of 32 bits. */
static inline void mmio_write32(uintptr_t address, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

#endif /* __ASSEMBLER__ */
#endif /* GUEST_ARCH_H */
