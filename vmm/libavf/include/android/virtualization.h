/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libavf, raw layer: virtual machines by the C API that the Android Virtualization Framework gives to native programs
 * (its libavf, API level 36). Names, numbers, ownership and error numbers are AVF's, so that a program written for it
 * compiles and runs here; what Terrarium does in its own way is said at the function.
 *
 * A service is a connection to virtualizationservice; a config is turned into a virtual machine, which runs once.
 *
 * Ownership. What a function of the name _create gives is the caller's, and goes by the function _destroy. A descriptor that is
 * given to a function belongs to the library from then on, whatever the function returns: never close it again.
 *
 * Errors. Functions return a negative errno value; the sentence that explains an -EIO goes to GLib's log (domain "avf",
 * level warning), which is the standard error output by default.
 *
 * Threads. Any thread may call; one config, one thread at a time. Destroy an object when nobody uses it any more.
 * Pointers are not NULL unless it is said.
 */
#ifndef ANDROID_VIRTUALIZATION_H
#define ANDROID_VIRTUALIZATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a virtual machine shall be; filled by the functions AVirtualMachineRawConfig_*. */
typedef struct AVirtualMachineRawConfig AVirtualMachineRawConfig;

/*
 * A config without properties. A kernel must be set, all else may be: memory 256 MiB, one CPU, no disk, not protected.
 *
 * Returns  a config, owned by the caller, for AVirtualMachine_createRaw() or AVirtualMachineRawConfig_destroy();
 *          with no memory left the program is aborted.
 */
AVirtualMachineRawConfig *AVirtualMachineRawConfig_create(void);

/* Free it and close its descriptors. NULL is allowed. */
void AVirtualMachineRawConfig_destroy(AVirtualMachineRawConfig *config);

/*
 * Set the name: how lists and logs call the machine; several may have the same.
 *
 * @name    UTF-8, copied; of more than 127 bytes no machine can be made.
 * Returns  0, or -EINVAL if it is not UTF-8; the config is unchanged then.
 */
int AVirtualMachineRawConfig_setName(AVirtualMachineRawConfig *config, const char *name);

/*
 * Set the instance id: by it the machine will find what it stored in an earlier life. Reuse it when the same machine is
 * started again. Random bytes that nobody has had yet come from virtualizationservice (allocateInstanceId).
 *
 * @instanceId      copied.
 * @instanceIdSize  bytes in it: 64.
 * Returns          0, or -EINVAL for any other size; the config is unchanged then.
 */
int AVirtualMachineRawConfig_setInstanceId(AVirtualMachineRawConfig *config,
					   const uint8_t *instanceId, size_t instanceIdSize);

/*
 * Set the kernel: an uncompressed arm64 Image.
 *
 * @fd  of a regular file, readable; owned by the config. -1: none.
 */
void AVirtualMachineRawConfig_setKernel(AVirtualMachineRawConfig *config, int fd);

/*
 * Set the initial RAM disk that the kernel gets.
 *
 * @fd  of a regular file, readable; owned by the config. -1: none.
 */
void AVirtualMachineRawConfig_setInitRd(AVirtualMachineRawConfig *config, int fd);

/*
 * Add a disk (virtio block device), after those that are there; 8 at most.
 *
 * @fd        of a regular file, readable, and writable if @writable; owned by the config.
 * @writable  may the machine write to it?
 * Returns    0, or -EINVAL if @fd is no open descriptor.
 */
int AVirtualMachineRawConfig_addDisk(AVirtualMachineRawConfig *config, int fd, bool writable);

/*
 * Set the machine's memory, without the bounce buffers of a protected one, which come on top.
 *
 * @memoryMiB  MiB, an odd number is rounded up; 0 or less: 256.
 */
void AVirtualMachineRawConfig_setMemoryMiB(AVirtualMachineRawConfig *config, int32_t memoryMiB);

/*
 * Set the size of the bounce buffers (swiotlb) through which a protected machine's devices go. Of a machine that is not
 * protected it must not be set.
 *
 * @swiotlbMiB  MiB, an odd number is rounded up; 0 or less: as many as the devices need.
 */
void AVirtualMachineRawConfig_setSwiotlbMiB(AVirtualMachineRawConfig *config, int32_t swiotlbMiB);

/*
 * Set the number of virtual CPUs.
 *
 * @n  1 to 8, not more than the host has; with another number no machine can be made.
 */
void AVirtualMachineRawConfig_setVCpuCount(AVirtualMachineRawConfig *config, int32_t n);

/* Shall the machine's memory be protected from the host? Default: no. */
void AVirtualMachineRawConfig_setProtectedVm(AVirtualMachineRawConfig *config, bool protectedVm);

/*
 * Ask for another way than AVF's to verify a protected machine.
 *
 * Returns  0 for @enable false, else -ENOTSUP: neither hypervisor has one.
 */
int AVirtualMachineRawConfig_setHypervisorSpecificAuthMethod(AVirtualMachineRawConfig *config,
							     bool enable);

/*
 * Ask for a range of the machine's memory to be that of a memfd.
 *
 * @fd          closed.
 * @rangeStart  first guest physical address.
 * @rangeEnd    address behind the last.
 * Returns      -ENOTSUP: the VMM has no such memory.
 */
int AVirtualMachineRawConfig_addCustomMemoryBackingFile(AVirtualMachineRawConfig *config, int fd,
							uint64_t rangeStart, uint64_t rangeEnd);

/*
 * Set a device tree overlay, which is laid over the device tree that the machine finds: of the kernel's command line, for example,
 * "bootargs" in "/chosen". Its fragments name their nodes by "target-path". With one that cannot be applied the
 * machine stops with AVIRTUAL_MACHINE_START_FAILED.
 *
 * @fd  of a regular file of at most 64 KiB, readable; owned by the config. -1: none.
 */
void AVirtualMachineRawConfig_setDeviceTreeOverlay(AVirtualMachineRawConfig *config, int fd);

/* A connection to virtualizationservice. The machines made on it end with the program, or before. */
typedef struct AVirtualizationService AVirtualizationService;

/*
 * Connect to virtualizationservice. (AVF starts a daemon for each client here; Terrarium has one for all, which the
 * host starts for its first client.)
 *
 * @service  set on success; owned by the caller.
 * @early    for machines that run before the host has its data: not there, -ENOTSUP.
 * Returns   0; -ECONNREFUSED: nobody listens, or this user may not connect; @service is untouched then.
 */
int AVirtualizationService_create(AVirtualizationService **service, bool early);

/* Done with it; machines that were made on it live on. NULL is allowed. */
void AVirtualizationService_destroy(AVirtualizationService *service);

/* A virtual machine. */
typedef struct AVirtualMachine AVirtualMachine;

/* Why a machine stopped. The numbers are this API's: not those of the app layer or the service. */
enum AVirtualMachineStopReason {
	/* A reason that this API has no name for: Microdroid's, and the watchdog's. */
	AVIRTUAL_MACHINE_UNRECOGNISED = 0,
	/* The service has died, and the machine with it. */
	AVIRTUAL_MACHINE_VIRTUALIZATION_SERVICE_DIED = 1,
	/* The service could not wait for the machine. */
	AVIRTUAL_MACHINE_INFRASTRUCTURE_ERROR = 2,
	/* It was killed: AVirtualMachine_stop(), or a signal to its VMM. */
	AVIRTUAL_MACHINE_KILLED = 3,
	/* Its VMM ended in a way that nobody knows. A panic of the guest is one. */
	AVIRTUAL_MACHINE_UNKNOWN = 4,
	/* The guest has shut down. */
	AVIRTUAL_MACHINE_SHUTDOWN = 5,
	/* The VMM could not start the guest. */
	AVIRTUAL_MACHINE_START_FAILED = 6,
	/* The guest asked for a reset. */
	AVIRTUAL_MACHINE_REBOOT = 7,
	/* The guest or its VMM has crashed. */
	AVIRTUAL_MACHINE_CRASH = 8,
	/* The firmware refused the guest: it is signed by another key. */
	AVIRTUAL_MACHINE_PVM_FIRMWARE_PUBLIC_KEY_MISMATCH = 9,
	/* The firmware refused the guest: its instance image has changed. */
	AVIRTUAL_MACHINE_PVM_FIRMWARE_INSTANCE_IMAGE_CHANGED = 10,
	/* It did not get as far as it should in time, and was killed. */
	AVIRTUAL_MACHINE_HANGUP = 11,
};

/*
 * Make a machine of a config. It does not run yet.
 *
 * @service       the connection; it may be destroyed before the machine is.
 * @config        consumed, whatever is returned.
 * @consoleOutFd  writable: gets what the guest writes to its consoles (hvc0, ttyS0); owned by the library. -1: none.
 * @consoleInFd   readable: input of hvc0; likewise.
 * @logFd         writable: gets the guest's log (hvc1); likewise. A guest waits while nobody reads what it writes.
 * @vm            set on success; owned by the caller.
 * Returns        0, or -EIO: a value of the config makes no machine, the user may not make raw machines, the service
 *                has no place left, or is gone; @vm is untouched then.
 */
int AVirtualMachine_createRaw(const AVirtualizationService *service,
			      AVirtualMachineRawConfig *config, int consoleOutFd, int consoleInFd,
			      int logFd, AVirtualMachine **vm);

/*
 * Start it; returns when its VMM runs.
 *
 * Returns  0, or -EIO: it was started before, or its VMM could not be run.
 */
int AVirtualMachine_start(AVirtualMachine *vm);

/*
 * Pull the plug; returns when the machine is gone. It cannot be started again.
 *
 * Returns  0, or -EIO: it does not run.
 */
int AVirtualMachine_stop(AVirtualMachine *vm);

/*
 * Connect to a vsock port on which the guest listens; waits for its answer.
 *
 * @port    1024 and up.
 * Returns  a connected stream socket, owned by the caller, or -EIO: it does not run, or nobody listens there.
 */
int AVirtualMachine_connectVsock(AVirtualMachine *vm, uint32_t port);

/*
 * Wait until the machine has stopped, by itself or not.
 *
 * @timeout  how long at most, 0 included; NULL: for ever. A machine that is never started never stops.
 * @reason   set to why it stopped, as often as one asks.
 * Returns   true if it has stopped; false if the time was over first: @reason is untouched then.
 */
bool AVirtualMachine_waitForStop(AVirtualMachine *vm, const struct timespec *timeout,
				 enum AVirtualMachineStopReason *reason);

/* Stop it if it runs, and free it. NULL is allowed. */
void AVirtualMachine_destroy(AVirtualMachine *vm);

#ifdef __cplusplus
}
#endif

#endif /* ANDROID_VIRTUALIZATION_H */
