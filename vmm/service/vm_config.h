/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VM is made of: AVF's VirtualMachineRawConfig and VirtualMachineAppConfig
 * as C structures, and their form on D-Bus, which client and service share.
 *
 * On D-Bus a configuration is a{sv}. A key is the field's name with "-" for "_"; a field that
 * has its default is left out; a descriptor is type h, an index into the message's list. Reading refuses unknown
 * keys, wrong types, indices outside the list, and values that no VM can have, and says
 * which field it was: "disks[1].image: ...". Nothing here looks into a file.
 *
 * Descriptors in a structure belong to it; -1 is "none". Strings too; NULL is "none".
 */
#ifndef VMM_SERVICE_VM_CONFIG_H
#define VMM_SERVICE_VM_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "vmm/service/avf.h"

/* Limits on what a client may ask for; the VMM's own are not above them. */
#define VM_CONFIG_NAME_BYTES_MAX 127
#define VM_CONFIG_PARAMS_BYTES_MAX 2047
#define VM_CONFIG_DISKS_MAX 8
#define VM_CONFIG_PARTITIONS_MAX 32
#define VM_CONFIG_EXTRA_APKS_MAX 8
#define VM_CONFIG_LABEL_CHARS_MAX 35 /* of a GPT name */
#define VM_CONFIG_CPUS_MAX 8
#define VM_CONFIG_MEMORY_MIB_MIN 4
#define VM_CONFIG_MEMORY_MIB_MAX 65536

/* A partition of a disk: in the guest's GPT, in the order given, each at a whole 4 KiB. */
struct vm_partition {
	char *label; /* "label" s: its GPT name */
	int image;   /* "image" h: the contents; a multiple of 512 bytes unless read-only */
	bool writable;
	char *guid; /* "guid" s: of the partition; NULL: made up */
};

/* Exactly one of image and partitions. */
struct vm_disk {
	int image;             /* "image" h: the whole disk */
	GPtrArray *partitions; /* "partitions" aa{sv}, of struct vm_partition; never NULL */
	bool writable;         /* "writable" b: also of partitions: each says so itself */
};

/* Fields of both kinds. */
struct vm_common {
	char *name;          /* "name" s; UTF-8, at most VM_CONFIG_NAME_BYTES_MAX; default "" */
	GBytes *instance_id; /* "instance-id" ay of AVF_INSTANCE_ID_BYTES, or NULL */
	bool protected_vm;   /* "protected" b */
	bool rsi; /* "rsi" b, Terrarium's: the guest speaks Arm CCA's RSI; needs protected */
	uint32_t memory_mib;  /* "memory-mib" u; 0: the default (256 for raw; the OS's for app) */
	uint32_t swiotlb_mib; /* "swiotlb-mib" u; 0: the VMM's default; on top of memory_mib */
	uint32_t cpu_count;   /* "cpu-count" u; 0: by cpu_topology */
	int cpu_topology;     /* "cpu-topology" i: enum avf_cpu_topology */
	bool huge_pages;      /* "huge-pages" b */
	bool boost_uclamp;    /* "boost-uclamp" b */
	bool network;         /* "network-supported" b: UnsupportedOperation */
	uint16_t gdb_port;    /* "gdb-port" q, from 1024; 0: none. Not protected, not NONE */
};

/* VirtualMachineRawConfig: exactly one of kernel and bootloader. */
struct vm_raw_config {
	struct vm_common common;
	int kernel;       /* "kernel" h: arm64 Image */
	int initrd;       /* "initrd" h */
	char *params;     /* "params" s: the kernel's command line */
	int bootloader;   /* "bootloader" h: raw image, loaded at RAM's start and entered there */
	GPtrArray *disks; /* "disks" aa{sv}, of struct vm_disk; never NULL */
	char *platform_version;     /* "platform-version" s: SemVer requirement; NULL: "~1.0" */
	char *console_input_device; /* "console-input-device" s: "hvc0" (default) or "ttyS0" */
	int device_tree_overlay;    /* "device-tree-overlay" h */
	char **devices; /* "devices" as: paths in sysfs; UnsupportedOperation unless empty */
	bool balloon;   /* "balloon" b: UnsupportedOperation */
};

/* VirtualMachineAppConfig: exactly one of config_path and payload_binary_name. */
struct vm_app_config {
	struct vm_common common; /* without name of its own it is the payload's */
	int apk;                 /* "apk" h */
	int idsig;               /* "idsig" h */
	GArray *extra_apks;      /* "extra-apks" ah, of int; never NULL */
	GArray *extra_idsigs;    /* "extra-idsigs" ah, as many; never NULL */
	int instance_image;      /* "instance-image" h, writable: partition vm-instance */
	int encrypted_storage; /* "encrypted-storage-image" h, writable: partition encryptedstore */
	char *config_path; /* "config-path" s: in the APK; needs the permission for custom VMs */
	char *payload_binary_name; /* "payload-binary-name" s: NAME.so, no "/" */
	char *os_name;             /* "os-name" s; default AVF_OS_DEFAULT */
	int debug_level;           /* "debug-level" i: enum avf_debug_level */
	/* CustomConfig: each of them needs the permission for custom VMs. */
	int custom_kernel;   /* "custom-kernel-image" h */
	int vendor_image;    /* "vendor-image" h: UnsupportedOperation */
	char **devices;      /* "devices" as */
	bool want_updatable; /* "want-updatable" b; default true */
	char **extra_params; /* "extra-kernel-cmdline-params" as */
};

/* Where a VM's output goes and its input comes from; -1 for nowhere. */
struct vm_streams {
	int console_out;
	int console_in;
	int log;
};
/* clang-format off */ /* versions differ on macros that are initializers */
#define VM_STREAMS_NONE { -1, -1, -1 }
/* clang-format on */

/* A configuration with all defaults, owned by the caller: vm_raw_config_free(). */
struct vm_raw_config *vm_raw_config_new(void);

/* As vm_raw_config_new(), for an app: vm_app_config_free(). */
struct vm_app_config *vm_app_config_new(void);

/* Free it and close its descriptors. NULL is allowed. */
void vm_raw_config_free(struct vm_raw_config *config);

/* Free it and close its descriptors. NULL is allowed. */
void vm_app_config_free(struct vm_app_config *config);

/*
 * Add an empty disk or partition (no image, read-only) to @disks or @partitions.
 *
 * Returns  it, owned by the array; the caller fills it in.
 */
struct vm_disk *vm_disk_add(GPtrArray *disks);
struct vm_partition *vm_partition_add(GPtrArray *partitions);

/*
 * Can a VM be so? All is checked that can be without looking into files.
 *
 * Errors  false; IPC_ERROR: IllegalArgument, UnsupportedOperation; the message names the field.
 */
bool vm_raw_config_check(const struct vm_raw_config *config, GError **error);
bool vm_app_config_check(const struct vm_app_config *config, GError **error);

/*
 * The D-Bus form.
 *
 * @fds     the message's list; the descriptors are appended to it, duplicated.
 * Returns  a floating a{sv}.
 * Errors   NULL; G_IO_ERROR: a descriptor cannot be duplicated. Values are not checked here.
 */
GVariant *vm_raw_config_to_variant(const struct vm_raw_config *config, GUnixFDList *fds,
				   GError **error);
GVariant *vm_app_config_to_variant(const struct vm_app_config *config, GUnixFDList *fds,
				   GError **error);

/*
 * From the D-Bus form, checked.
 *
 * @variant  a{sv} from anybody, in normal form or not.
 * @fds      the message's list, or NULL for an empty one; descriptors are duplicated from it.
 * Returns   a configuration, owned by the caller.
 * Errors    NULL; IPC_ERROR: IllegalArgument, UnsupportedOperation; the message names the field.
 */
struct vm_raw_config *vm_raw_config_from_variant(GVariant *variant, GUnixFDList *fds,
						 GError **error);
struct vm_app_config *vm_app_config_from_variant(GVariant *variant, GUnixFDList *fds,
						 GError **error);

#endif /* VMM_SERVICE_VM_CONFIG_H */
