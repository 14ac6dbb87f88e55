/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Android Virtualization Framework's names and numbers, in one place: for the
 * service, its clients, and programs in a guest. No library is needed.
 *
 * Sources, of AVF's module packages/modules/Virtualization: the AIDL files of
 * android.system.virtualizationservice, .virtualizationcommon and
 * .virtualmachineservice; the Java API (VirtualMachine, VirtualMachineConfig,
 * VirtualMachineManager); libavf's virtualization.h; vmconfig. What is Terrarium's own is said so.
 */
#ifndef VMM_SERVICE_AVF_H
#define VMM_SERVICE_AVF_H

/* Terrarium's: where the service listens, and the objects on a connection. */
#define AVF_SERVICE_SOCKET "/run/terrarium/virtualizationservice.sock"
#define AVF_SERVICE_SOCKET_ENV "TERRARIUM_SERVICE" /* clients: another socket than that */
#define AVF_SERVICE_PATH "/org/terrarium/avf/VirtualizationService"
#define AVF_MACHINE_SERVICE_PATH "/org/terrarium/avf/VirtualMachineService"

/* Terrarium's: a folder for each OS that app VMs can run: NAME/NAME.json (README.md). */
#define AVF_OS_DIRECTORY "/usr/share/terrarium/os"
#define AVF_OS_DEFAULT "microdroid"

/* virtualizationservice: CIDs of VMs. IVirtualMachineService listens on port == the VM's CID. */
#define AVF_CID_MIN 2048U
#define AVF_CID_MAX 65535U

/* VirtualMachine.MIN_VSOCK_PORT: below it are ports that payloads do not have. */
#define AVF_VSOCK_PORT_MIN 1024U
#define AVF_VSOCK_PORT_MAX 0xffffffffU

#define AVF_INSTANCE_ID_BYTES 64

/* Seconds in which an app VM must get to STARTED (virtmgr's hang-up monitor). */
#define AVF_HANGUP_SECONDS 30
#define AVF_HANGUP_SECONDS_NESTED 300

/* What the guest's failure port (ttyS1) carries: REASON|context, REASON of avf_death_reason. */
#define AVF_FAILURE_SEPARATOR '|'

/* VirtualMachineState. 5 is not used. */
enum avf_state {
	AVF_STATE_NOT_STARTED = 0, /* made, never started */
	AVF_STATE_STARTING = 1,    /* the VM runs, its payload does not yet */
	AVF_STATE_STARTED = 2,     /* the payload is about to run */
	AVF_STATE_READY = 3,       /* the payload said that it takes connections */
	AVF_STATE_FINISHED = 4,    /* the payload ended, the VM not yet */
	AVF_STATE_DEAD = 6,        /* the VM is gone, or could not start; for good */
};

/*
 * DeathReason, which is also Java's STOP_REASON_*: X(name, number). The names
 * are what a guest writes to its failure port.
 */
#define AVF_DEATH_REASONS(X)                                          \
	X(VIRTUALIZATION_SERVICE_DIED, -1) /* seen by clients only */ \
	X(INFRASTRUCTURE_ERROR, 0)                                    \
	X(KILLED, 1)                                                  \
	X(UNKNOWN, 2)                                                 \
	X(SHUTDOWN, 3)                                                \
	X(START_FAILED, 4)                                            \
	X(REBOOT, 5)                                                  \
	X(CRASH, 6)                                                   \
	X(PVM_FIRMWARE_PUBLIC_KEY_MISMATCH, 7)                        \
	X(PVM_FIRMWARE_INSTANCE_IMAGE_CHANGED, 8)                     \
	X(MICRODROID_FAILED_TO_CONNECT_TO_VIRTUALIZATION_SERVICE, 11) \
	X(MICRODROID_PAYLOAD_HAS_CHANGED, 12)                         \
	X(MICRODROID_PAYLOAD_VERIFICATION_FAILED, 13)                 \
	X(MICRODROID_INVALID_PAYLOAD_CONFIG, 14)                      \
	X(MICRODROID_UNKNOWN_RUNTIME_ERROR, 15)                       \
	X(HANGUP, 16)                                                 \
	X(WATCHDOG_REBOOT, 17)

#define AVF_DEATH_ENUMERATOR(name, number) AVF_DEATH_##name = (number),
enum avf_death_reason { AVF_DEATH_REASONS(AVF_DEATH_ENUMERATOR) };
#undef AVF_DEATH_ENUMERATOR

/* ErrorCode of onError. */
enum avf_error_code {
	AVF_ERROR_CODE_UNKNOWN = 0,
	AVF_ERROR_CODE_PAYLOAD_VERIFICATION_FAILED = 1,
	AVF_ERROR_CODE_PAYLOAD_CHANGED = 2,
	AVF_ERROR_CODE_PAYLOAD_INVALID_CONFIG = 3,
};

/* How a method fails: Android's ExceptionCode numbers, X(name, number); D-Bus error AVF_ERROR_PREFIX name. */
#define AVF_ERROR_PREFIX "org.terrarium.avf.Error."
#define AVF_EXCEPTIONS(X)                                                                    \
	X(Security, SECURITY, -1)                          /* the caller may not do this */  \
	X(IllegalArgument, ILLEGAL_ARGUMENT, -3)           /* the message names the field */ \
	X(IllegalState, ILLEGAL_STATE, -5)                 /* not now; state unchanged */    \
	X(UnsupportedOperation, UNSUPPORTED_OPERATION, -7) /* not there (yet) */             \
	X(ServiceSpecific, SERVICE_SPECIFIC, -8)           /* the service or its host failed */

#define AVF_EXCEPTION_ENUMERATOR(name, NAME, number) AVF_EXCEPTION_##NAME = (number),
enum avf_exception { AVF_EXCEPTIONS(AVF_EXCEPTION_ENUMERATOR) };
#undef AVF_EXCEPTION_ENUMERATOR

/* VirtualMachineAppConfig.DebugLevel */
enum avf_debug_level {
	AVF_DEBUG_NONE = 0,
	AVF_DEBUG_FULL = 1,
};

/* PartitionType of initializeWritablePartition. */
enum avf_partition_type {
	AVF_PARTITION_RAW = 0,                 /* zeroes */
	AVF_PARTITION_ANDROID_VM_INSTANCE = 1, /* AVF_INSTANCE_IMAGE_MAGIC, version */
	AVF_PARTITION_ENCRYPTEDSTORE = 2,      /* AVF_ENCRYPTEDSTORE_MAGIC */
};
#define AVF_INSTANCE_IMAGE_MAGIC "Android-VM-instance" /* then uint16_t, little endian */
#define AVF_INSTANCE_IMAGE_VERSION 1
#define AVF_ENCRYPTEDSTORE_MAGIC "UNFORMATTED-STORAGE"

/* CpuTopology; more than one but fewer than all is a number of its own (A16's cpuCount). */
enum avf_cpu_topology {
	AVF_CPU_ONE = 0,
	AVF_CPU_MATCH_HOST = 1,
};

/* VirtualMachineManager.CAPABILITY_*, bits. */
enum avf_capability {
	AVF_CAPABILITY_PROTECTED_VM = 1,
	AVF_CAPABILITY_NON_PROTECTED_VM = 2,
};

/* VirtualMachine.STATUS_* of the app layer. */
enum avf_status {
	AVF_STATUS_STOPPED = 0,
	AVF_STATUS_RUNNING = 1,
	AVF_STATUS_DELETED = 2,
};

/* Features that isFeatureEnabled knows; any other name is answered false. */
#define AVF_FEATURE_DICE_CHANGES "com.android.kvm.DICE_CHANGES"
#define AVF_FEATURE_LLPVM_CHANGES "com.android.kvm.LLPVM_CHANGES"
#define AVF_FEATURE_MULTI_TENANT "com.android.kvm.MULTI_TENANT"
#define AVF_FEATURE_NETWORK "com.android.kvm.NETWORK"
#define AVF_FEATURE_REMOTE_ATTESTATION "com.android.kvm.REMOTE_ATTESTATION"
#define AVF_FEATURE_VENDOR_MODULES "com.android.kvm.VENDOR_MODULES"

/* Labels of the partitions of an app VM (GPT names), as virtmgr makes them. */
#define AVF_LABEL_METADATA "payload-metadata"
#define AVF_LABEL_APK "microdroid-apk"
#define AVF_LABEL_IDSIG "microdroid-apk-idsig"
#define AVF_LABEL_EXTRA_APK "extra-apk-%u"     /* from 0 */
#define AVF_LABEL_EXTRA_IDSIG "extra-idsig-%u" /* of the extra APK with the same number */
#define AVF_LABEL_INSTANCE "vm-instance"
#define AVF_LABEL_ENCRYPTEDSTORE "encryptedstore"

/* On the guest kernel's command line of an app VM with debug level FULL. */
#define AVF_PARAM_DEBUGGABLE "androidboot.microdroid.debuggable=1"

#endif /* VMM_SERVICE_AVF_H */
