/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Function identifiers and status codes of the calls that cross an exception
 * level here: SMCCC (Arm DEN 0028), PSCI (Arm DEN 0022), TRNG (Arm DEN 0098),
 * RSI (Arm DEN 0137)
 * and the vendor calls that pKVM offers to its guests
 * (Linux Documentation/virt/kvm/arm/hypercalls.rst).
 *
 * Plain preprocessor numbers only: assembly, C and Python read this file. The comment
 * behind a function says its arguments and results, "x1 word, x2 word -> x1 word" (x0 is the
 * status if it is not named): qemu-plugins/common/gen_calls.py takes the names from there.
 */
#ifndef ABI_SMCCC_H
#define ABI_SMCCC_H

/* SMCCC: status in x0. DEN 0028, "Return codes". */
#define SMCCC_SUCCESS 0
#define SMCCC_NOT_SUPPORTED -1
#define SMCCC_INVALID_PARAMETER -3

#define SMC64 0x40000000 /* of an identifier: arguments have 64 bits */
#define SMC32(id) ((id) & ~SMC64)

#define SMCCC_1_1 0x10001
#define SMCCC_VERSION 0x80000000       /* -> x0 version */
#define SMCCC_ARCH_FEATURES 0x80000001 /* x1 function -> x0 status */
#define SMCCC_ARCH_SOC_ID 0x80000002   /* x1 which -> x0 value */
#define SMCCC_ARCH_WORKAROUND_1 0x80008000
#define SMCCC_ARCH_WORKAROUND_2 0x80007fff
#define SMCCC_ARCH_WORKAROUND_3 0x80003fff

/* PSCI 1.1, DEN 0022 chapter 5. */
#define PSCI_1_1 0x10001
#define PSCI_VERSION 0x84000000           /* -> x0 version */
#define PSCI_CPU_SUSPEND 0xc4000001       /* x1 state, x2 entry, x3 context -> x0 status */
#define PSCI_CPU_OFF 0x84000002           /* -> x0 status */
#define PSCI_CPU_ON 0xc4000003            /* x1 target, x2 entry, x3 context -> x0 status */
#define PSCI_AFFINITY_INFO 0xc4000004     /* x1 target, x2 level -> x0 state */
#define PSCI_MIGRATE_INFO_TYPE 0x84000006 /* -> x0 type */
#define PSCI_SYSTEM_OFF 0x84000008
#define PSCI_SYSTEM_RESET 0x84000009
#define PSCI_FEATURES 0x8400000a                /* x1 function -> x0 features */
#define PSCI_SYSTEM_SUSPEND 0xc400000e          /* x1 entry, x2 context -> x0 status */
#define PSCI_SYSTEM_RESET2 0xc4000012           /* x1 type, x2 cookie -> x0 status */
#define PSCI_MEM_PROTECT 0x84000013             /* x1 enable -> x0 previous */
#define PSCI_MEM_PROTECT_CHECK_RANGE 0xc4000014 /* x1 base, x2 bytes -> x0 status */

#define PSCI_SUCCESS 0
#define PSCI_NOT_SUPPORTED -1
#define PSCI_INVALID_PARAMETERS -2
#define PSCI_DENIED -3
#define PSCI_ALREADY_ON -4
#define PSCI_ON_PENDING -5
#define PSCI_INTERNAL_FAILURE -6
#define PSCI_INVALID_ADDRESS -9

/* Answers of AFFINITY_INFO and MIGRATE_INFO_TYPE: 5.7, 5.9. */
#define PSCI_AFFINITY_ON 0
#define PSCI_AFFINITY_OFF 1
#define PSCI_AFFINITY_ON_PENDING 2
#define PSCI_MIGRATE_NOT_NEEDED 2

/* TRNG firmware interface, DEN 0098. */
#define TRNG_VERSION 0x84000050  /* -> x0 version */
#define TRNG_FEATURES 0x84000051 /* x1 function -> x0 status */
#define TRNG_GET_UUID 0x84000052 /* -> x0 word0, x1 word1, x2 word2, x3 word3 */
#define TRNG_RND64 0xc4000053    /* x1 bits -> x0 status, x1 high, x2 middle, x3 low */
#define TRNG_1_0 0x10000
#define TRNG_INVALID_PARAMETERS -2
#define TRNG_NO_ENTROPY -3

/* Paravirtualised time, DEN 0057: a guest asks for its stolen time. */
#define PV_TIME_FEATURES 0xc5000020 /* x1 function -> x0 status */
#define PV_TIME_ST 0xc5000021       /* -> x0 IPA */

/* KVM's vendor calls: discovery. The UID identifies KVM (and pKVM). */
#define KVM_CALL_UID 0x8600ff01 /* -> x0 word0, x1 word1, x2 word2, x3 word3 */
#define KVM_UID_R0 0xb66fb428
#define KVM_UID_R1 0xe911c52e
#define KVM_UID_R2 0x564bcaa9
#define KVM_UID_R3 0x743a004d
#define KVM_FEATURES 0x86000000 /* -> x0 word0, x1 word1, x2 word2, x3 word3 */
#define KVM_PTP 0x86000001      /* x1 counter -> x0 high, x1 low, x2 counter_high, x3 counter_low */

/* pKVM's vendor calls for a protected guest. */
#define PKVM_HYP_MEMINFO 0xc6000002       /* -> x0 granule (bytes), x1 flags (bit 0: ranges) */
#define PKVM_MEM_SHARE 0xc6000003         /* x1 IPA, x2 pages (0 = 1) -> x0 status */
#define PKVM_MEM_UNSHARE 0xc6000004       /* x1 IPA, x2 pages (0 = 1) -> x0 status */
#define PKVM_MMIO_GUARD_INFO 0xc6000005   /* -> x0 granule */
#define PKVM_MMIO_GUARD_ENROLL 0xc6000006 /* -> x0 status */
#define PKVM_MMIO_GUARD_MAP 0xc6000007    /* x1 IPA -> x0 status */
#define PKVM_MMIO_GUARD_UNMAP 0xc6000008  /* x1 IPA -> x0 status */
#define PKVM_MEM_RELINQUISH 0xc6000009    /* x1 IPA -> x0 status */

/*
 * Realm services interface, RSI 1.0: Arm DEN 0137, "Realm Services Interface". Conduit SMC;
 * status in x0.
 */
#define RSI_ABI_VERSION 0xc4000190                /* x1 wanted -> x1 lowest, x2 highest */
#define RSI_FEATURES 0xc4000191                   /* x1 index -> x1 value */
#define RSI_MEASUREMENT_READ 0xc4000192           /* x1 slot -> x1-x8 value */
#define RSI_MEASUREMENT_EXTEND 0xc4000193         /* x1 slot, x2 bytes, x3-x10 value */
#define RSI_ATTESTATION_TOKEN_INIT 0xc4000194     /* x1-x8 challenge -> x1 bytes at most */
#define RSI_ATTESTATION_TOKEN_CONTINUE 0xc4000195 /* x1 IPA, x2 offset, x3 bytes -> x1 written */
#define RSI_REALM_CONFIG 0xc4000196               /* x1 IPA of a page */
#define RSI_IPA_STATE_SET 0xc4000197 /* x1 base, x2 top, x3 RIPAS, x4 flags -> x1 top, x2 reply */
#define RSI_IPA_STATE_GET 0xc4000198 /* x1 base, x2 end -> x1 top, x2 RIPAS */
#define RSI_HOST_CALL 0xc4000199     /* x1 IPA of 256 bytes */

#define RSI_SUCCESS 0
#define RSI_ERROR_INPUT 1
#define RSI_ERROR_STATE 2
#define RSI_ERROR_UNKNOWN 4

#define RSI_1_0 0x10000
#define RSI_EMPTY 0 /* RIPAS */
#define RSI_RAM 1
#define RSI_DESTROYED 2
#define RSI_ACCEPT 0
#define RSI_REJECT 1
#define RSI_HASH_SHA256 0
#define RSI_MEASUREMENTS 5 /* slot 0 the initial one, 1 to 4 for the guest to extend */
#define RSI_MEASUREMENT_BYTES 64

#endif /* ABI_SMCCC_H */
