/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a compromised host kernel can try: ioctls of /dev/terrarium-attack, which
 * the module attack.ko makes (platform/host/attack).
 *
 * Every access is made so that a refusal comes back as a number, never as an
 * oops: loads and stores have an entry in the kernel's exception table. The one
 * access that has no such way is the execution of a page in the kernel itself:
 * instruction aborts look at no table. Instead mmap() of the device maps any
 * page frame (offset = pfn * page size) into the caller, writable and
 * executable, as only a kernel can; the caller then gets a signal.
 *
 * Addresses are host's; numbers in the host's byte order; structs have no
 * padding that is not named. The device is root's.
 *
 * ioctl()'s own errors: EINVAL bad argument, ENOMEM, EFAULT @buffer of the
 * caller is not accessible, ENOENT no such process or page. How the access
 * itself ended is in .result.
 */
#ifndef ABI_ATTACK_H
#define ABI_ATTACK_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define ATTACK_DEVICE "/dev/terrarium-attack"

/* Page frame behind an address of a process, if it has one now. No fault is caused. */
struct attack_translate {
	__u32 pid; /* in */
	__u32 reserved;
	__u64 hva; /* in: address in that process */
	__u64 pfn; /* out */
};

/* By which mapping the kernel goes to the page. */
enum attack_via {
	ATTACK_VIA_NONE = 0, /* refused: EINVAL */
	ATTACK_VIA_LINEAR,   /* the linear map of all RAM */
	ATTACK_VIA_ALIAS,    /* a mapping made for this access, by vmap() */
	ATTACK_VIA_DEVICE,   /* one of device memory, by ioremap(): what is not RAM, 4 bytes */
};

/* One load or store of up to a page, in words of 8 bytes. */
struct attack_access {
	__u64 pfn;    /* in */
	__u64 buffer; /* in: caller's address; source of a write, target of a read */
	__u32 offset; /* in: bytes from the page's start, multiple of 8 */
	__u32 size;   /* in: bytes, multiple of 8, offset + size <= page size */
	__u32 via;    /* in: enum attack_via */
	__s32 result; /* out: 0, or -EFAULT: the access was refused */
	__u32 done;   /* out: bytes accessed before that */
	__u32 reserved;
};

/*
 * Look for a word in all of the host's RAM, through the linear map.
 *
 * The pattern is given XOR ATTACK_SCAN_KEY and compared so, so that the search
 * itself leaves no copy of it in RAM.
 */
#define ATTACK_SCAN_KEY 0x5a5aa5a5c3c33c3cULL
#define ATTACK_SCAN_HITS 8

struct attack_scan {
	__u64 pattern;                 /* in: the word XOR ATTACK_SCAN_KEY */
	__u64 read;                    /* out: pages read */
	__u64 refused;                 /* out: pages whose first word could not be read */
	__u64 unmapped;                /* out: page frames that the linear map leaves out */
	__u64 hits;                    /* out: places where the pattern is */
	__u64 place[ATTACK_SCAN_HITS]; /* out: physical address of the first ones */
};

/*
 * Keep hold of the pages of a range of a process, so that they do not go back to
 * the page allocator, and note for each whether the host's kernel can read it.
 * Pages that are not there are skipped. What was held before, by whomever, is let
 * go first; what is held stays so when the caller ends.
 */
struct attack_hold {
	__u32 pid; /* in */
	__u32 reserved;
	__u64 hva;      /* in: start, multiple of the page size */
	__u64 size;     /* in: bytes, multiple of the page size, at most 4 GiB */
	__u64 readable; /* out: pages held that the kernel can read */
	__u64 refused;  /* out: pages held that it cannot */
};

/* What the held pages hold now, and let go of them. */
struct attack_release {
	__u64 zero;             /* out: were refused when held; readable now, all zero */
	__u64 nonzero;          /* out: were refused when held; readable now, not all zero */
	__u64 refused;          /* out: are refused now */
	__u64 readable_zero;    /* out: were readable when held; all zero now */
	__u64 readable_nonzero; /* out: were readable when held; not all zero now */
};

/* By which instruction the kernel calls what is above it. */
enum attack_conduit {
	ATTACK_CONDUIT_NONE = 0, /* refused: EINVAL */
	ATTACK_CONDUIT_HVC,
	ATTACK_CONDUIT_SMC,
};

/* One call of the kernel to the hypervisor or the firmware, by the SMC calling convention. */
struct attack_call {
	__u64 x[8];    /* in: x0 to x7; out: x0 to x3 */
	__u32 conduit; /* in: enum attack_conduit */
	__u32 reserved;
};

/*
 * A copy by a device, of another module's file: /dev/terrarium-dma of dma.ko, which is there
 * if the machine has QEMU's edu device. What a device cannot do, nobody tells; so bytes that
 * it did not read are ATTACK_DMA_UNTOUCHED or zero. Error ETIMEDOUT: the device never ends.
 */
#define ATTACK_DMA_DEVICE "/dev/terrarium-dma"
#define ATTACK_DMA_UNTOUCHED 0xd5 /* of each byte */

struct attack_dma {
	__u64 address;  /* in: physical address of what is read or written */
	__u64 buffer;   /* in: caller's address; source of a write, target of a read */
	__u32 size;     /* in: bytes, within a page */
	__u32 is_write; /* in: 0 or 1 */
};

/*
 * Have the CPU walk a page as if it were a table of the host's stage 1: TTBR0_EL1 at the page,
 * AT S1E1R of address 0.
 */
struct attack_walk {
	__u64 pfn;    /* in */
	__u64 par;    /* out: PAR_EL1 if the walk ended */
	__s32 result; /* out: 0, or -EFAULT: it was refused */
	__u32 reserved;
};

/*
 * X(NAME, instruction before its register, EL0): cache maintenance by address, which the page's mapping decides about
 * as about loads and stores. EL0: whether a process may do it, too. Named for the assembler by
 * encoding where an old one does not know it. AT_S1E1R translates the address, by stage 1 alone.
 * That of set and way is not here: it takes no address, and cleans before it invalidates while
 * stage 2 is on (Arm ARM, HCR_EL2.VM).
 */
#define ATTACK_MAINTENANCE(X)               \
	X(ZVA, "dc zva, ", 1)               \
	X(CVAP, "sys #3, c7, c12, #1, ", 1) \
	X(CVAC, "dc cvac, ", 1)             \
	X(CVAU, "dc cvau, ", 1)             \
	X(CIVAC, "dc civac, ", 1)           \
	X(IVAC, "dc ivac, ", 0)             \
	X(IVAU, "ic ivau, ", 1)             \
	X(AT_S1E1R, "at s1e1r, ", 0)

#define ATTACK_MAINTENANCE_ENUM(name, instruction, el0) ATTACK_MAINTAIN_##name,
enum attack_maintenance {
	ATTACK_MAINTAIN_NONE = 0, /* refused: EINVAL */
	ATTACK_MAINTENANCE(ATTACK_MAINTENANCE_ENUM) ATTACK_MAINTAIN_END
};

/* One of these instructions, on the page's first line in the linear map. */
struct attack_maintain {
	__u64 pfn;       /* in */
	__u64 par;       /* out: AT_S1E1R: PAR_EL1; else 0 */
	__u32 operation; /* in: enum attack_maintenance */
	__s32 result;    /* out: 0, or -EFAULT: it was refused */
};

#define ATTACK_TRANSLATE _IOWR('T', 1, struct attack_translate)
#define ATTACK_READ _IOWR('T', 2, struct attack_access)
#define ATTACK_WRITE _IOWR('T', 3, struct attack_access)
#define ATTACK_SCAN _IOWR('T', 4, struct attack_scan)
#define ATTACK_HOLD _IOWR('T', 5, struct attack_hold)
#define ATTACK_RELEASE _IOR('T', 6, struct attack_release)
#define ATTACK_CALL _IOWR('T', 7, struct attack_call)
#define ATTACK_DMA _IOW('T', 32, struct attack_dma)

#define ATTACK_WALK _IOWR('T', 8, struct attack_walk)
#define ATTACK_MAINTAIN _IOWR('T', 9, struct attack_maintain)

#endif /* ABI_ATTACK_H */
