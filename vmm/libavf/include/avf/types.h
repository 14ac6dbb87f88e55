/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The app layer's numbers: those of AVF's Java API (classes VirtualMachine, VirtualMachineCallback,
 * VirtualMachineConfig, VirtualMachineManager), under the names of their constants; and its errors.
 */
#ifndef AVF_TYPES_H
#define AVF_TYPES_H

#include <glib-object.h>

G_BEGIN_DECLS

/* What this host can run, bits: VirtualMachineManager.CAPABILITY_*. */
typedef enum {
	AVF_MANAGER_CAPABILITY_PROTECTED_VM = 1 << 0,
	AVF_MANAGER_CAPABILITY_NON_PROTECTED_VM = 1 << 1,
} AvfCapabilities;

/* VirtualMachineConfig.DEBUG_LEVEL_* */
typedef enum {
	AVF_DEBUG_LEVEL_NONE = 0, /* the host reads nothing of the machine */
	AVF_DEBUG_LEVEL_FULL = 1, /* not secure: console, log, kernel messages */
} AvfDebugLevel;

/* VirtualMachineConfig.CPU_TOPOLOGY_* */
typedef enum {
	AVF_CPU_TOPOLOGY_ONE_CPU = 0,
	AVF_CPU_TOPOLOGY_MATCH_HOST = 1, /* as many as the host has, 8 at most */
} AvfCpuTopology;

/* VirtualMachine.STATUS_* */
typedef enum {
	AVF_VM_STATUS_STOPPED = 0, /* not run yet, or stopped after it ran */
	AVF_VM_STATUS_RUNNING = 1, /* its payload may not run yet, or not any more */
	AVF_VM_STATUS_DELETED = 2, /* for good */
} AvfVmStatus;

/* Ports of payloads: VirtualMachine.MIN_VSOCK_PORT, MAX_VSOCK_PORT. */
#define AVF_VM_MIN_VSOCK_PORT 1024U
#define AVF_VM_MAX_VSOCK_PORT 4294967295U

/* Of the signal "error": VirtualMachineCallback.ERROR_*. */
typedef enum {
	AVF_VM_ERROR_UNKNOWN = 0,
	AVF_VM_ERROR_PAYLOAD_VERIFICATION_FAILED = 1, /* the package is not what was signed */
	AVF_VM_ERROR_PAYLOAD_CHANGED = 2,             /* nor what this machine ran before */
	AVF_VM_ERROR_PAYLOAD_INVALID_CONFIG = 3,
} AvfVmError;

/* Of the signal "stopped": VirtualMachineCallback.STOP_REASON_*. */
typedef enum {
	AVF_STOP_REASON_VIRTUALIZATION_SERVICE_DIED = -1,
	AVF_STOP_REASON_INFRASTRUCTURE_ERROR = 0,
	AVF_STOP_REASON_KILLED = 1, /* avf_vm_stop(), or a signal to the VMM */
	AVF_STOP_REASON_UNKNOWN = 2,
	AVF_STOP_REASON_SHUTDOWN = 3, /* by itself: the payload has ended */
	AVF_STOP_REASON_START_FAILED = 4,
	AVF_STOP_REASON_REBOOT = 5,
	AVF_STOP_REASON_CRASH = 6,
	AVF_STOP_REASON_PVM_FIRMWARE_PUBLIC_KEY_MISMATCH = 7,
	AVF_STOP_REASON_PVM_FIRMWARE_INSTANCE_IMAGE_CHANGED = 8,
	AVF_STOP_REASON_MICRODROID_FAILED_TO_CONNECT_TO_VIRTUALIZATION_SERVICE = 11,
	AVF_STOP_REASON_MICRODROID_PAYLOAD_HAS_CHANGED = 12,
	AVF_STOP_REASON_MICRODROID_PAYLOAD_VERIFICATION_FAILED = 13,
	AVF_STOP_REASON_MICRODROID_INVALID_PAYLOAD_CONFIG = 14,
	AVF_STOP_REASON_MICRODROID_UNKNOWN_RUNTIME_ERROR = 15,
	AVF_STOP_REASON_HANGUP = 16, /* no payload was started in time */
	AVF_STOP_REASON_WATCHDOG_REBOOT = 17,
} AvfStopReason;

/* The objects: config.h, manager.h, vm.h. */
#define AVF_TYPE_CONFIG (avf_config_get_type())
G_DECLARE_FINAL_TYPE(AvfConfig, avf_config, AVF, CONFIG, GObject)

#define AVF_TYPE_CONFIG_BUILDER (avf_config_builder_get_type())
G_DECLARE_FINAL_TYPE(AvfConfigBuilder, avf_config_builder, AVF, CONFIG_BUILDER, GObject)

#define AVF_TYPE_MANAGER (avf_manager_get_type())
G_DECLARE_FINAL_TYPE(AvfManager, avf_manager, AVF, MANAGER, GObject)

#define AVF_TYPE_VM (avf_vm_get_type())
G_DECLARE_FINAL_TYPE(AvfVm, avf_vm, AVF, VM, GObject)

/*
 * Codes of the error domain AVF_ERROR. They do not change. In Java 1 to 7 are the exceptions of these names, all above is
 * VirtualMachineException.
 */
#define AVF_ERROR (avf_error_quark())

typedef enum {
	AVF_ERROR_SECURITY = 1,              /* the service does not allow it to this user */
	AVF_ERROR_ILLEGAL_ARGUMENT = 3,      /* the message begins with the option or argument */
	AVF_ERROR_ILLEGAL_STATE = 5,         /* options that do not go together, or are missing */
	AVF_ERROR_UNSUPPORTED_OPERATION = 7, /* not on this host, or not in Terrarium (yet) */
	AVF_ERROR_FAILED = 8, /* the service, the host or a file failed; the message says which */
	AVF_ERROR_NOT_STOPPED = 20,  /* only a stopped machine can do this */
	AVF_ERROR_NOT_RUNNING = 21,  /* only a running machine can do this */
	AVF_ERROR_DELETED = 22,      /* the machine has been deleted */
	AVF_ERROR_EXISTS = 23,       /* there is a machine of this name */
	AVF_ERROR_NOT_FOUND = 24,    /* there is none */
	AVF_ERROR_INCOMPATIBLE = 25, /* the config would make another machine of it */
} AvfError;

/* The domain. */
GQuark avf_error_quark(void);

G_END_DECLS

#endif /* AVF_TYPES_H */
