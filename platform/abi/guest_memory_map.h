/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a guest finds things: intermediate physical addresses (IPA) and
 * interrupts that the VMM gives to every virtual machine.
 *
 * The map is crosvm's for aarch64 (devices below 1 GiB, 16550 serials at
 * their PC port numbers, RAM from 2 GiB), with virtio-mmio slots where crosvm
 * has its low PCI window. Ranges are [base, base + size). Sizes are bytes.
 *
 * Plain preprocessor numbers only: assembly, C and Python read this file.
 */
#ifndef ABI_GUEST_MEMORY_MAP_H
#define ABI_GUEST_MEMORY_MAP_H

/* 16550A serials, 8 registers of one byte each. crosvm: aarch64/src/lib.rs. */
#define GUEST_SERIAL0_BASE 0x3f8 /* ttyS0: early console */
#define GUEST_SERIAL1_BASE 0x2f8 /* ttyS1: failure reason, "REASON|context" */
#define GUEST_SERIAL_SIZE 0x8
#define GUEST_SERIAL_CLOCK_HZ 1843200

/* Stall detector ("qemu,vcpu-stall-detector"), one 0x10 byte frame per vCPU. */
#define GUEST_VMWDT_BASE 0x3000
#define GUEST_VMWDT_SIZE 0x1000

/* pvpanic ("qemu,pvpanic-mmio"): one byte, bit 0 "panicked", bit 1 "crash loaded". */
#define GUEST_PVPANIC_BASE 0x4000
#define GUEST_PVPANIC_SIZE 0x2

/* virtio-mmio transports (Virtio 1.2, 4.2), one page per slot. */
#define GUEST_VIRTIO_BASE 0x2000000
#define GUEST_VIRTIO_STRIDE 0x1000
#define GUEST_VIRTIO_SLOTS 16

/* GICv3: distributor at a fixed place, redistributors directly below it. */
#define GUEST_GICD_BASE 0x3fff0000
#define GUEST_GICD_SIZE 0x10000
#define GUEST_GICR_STRIDE 0x20000 /* per vCPU; base = GICD_BASE - vcpus * stride */
#define GUEST_GIC_SPIS 64         /* INTIDs 32..95 */

/* RAM. A raw image or an arm64 Linux Image is loaded at its start. */
#define GUEST_RAM_BASE 0x80000000

/*
 * The device tree lies in the last 2 MiB of RAM, 2 MiB aligned (Linux
 * Documentation/arch/arm64/booting.rst: at most 2 MiB, 8-byte aligned).
 * x0 of the first vCPU holds its address at entry.
 */
#define GUEST_FDT_MAX_SIZE 0x200000

/* Shared peripheral interrupts, counted from 0 (INTID = 32 + SPI). */
#define GUEST_SPI_SERIAL0 0
#define GUEST_SPI_SERIAL1 2
#define GUEST_SPI_VIRTIO0 4 /* slot n has SPI 4 + n, edge triggered */

/* Private peripheral interrupts, counted from 0 (INTID = 16 + PPI). */
#define GUEST_PPI_VMWDT 15
#define GUEST_PPI_TIMER_SEC_PHYS 13
#define GUEST_PPI_TIMER_PHYS 14
#define GUEST_PPI_TIMER_VIRT 11
#define GUEST_PPI_TIMER_HYP 10

#define GUEST_VCPUS_MAX 8

#endif /* ABI_GUEST_MEMORY_MAP_H */
