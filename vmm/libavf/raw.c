/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The raw layer's service and machine: a client of the service with a thread of its own. */
#include <errno.h>
#include <unistd.h>

#include "vmm/libavf/raw_config.h"
#include "vmm/service/service_client.h"

#define MS_PER_S 1000
#define NS_PER_MS 1000000

struct AVirtualizationService {
	gatomicrefcount uses; /* the caller's, and one of each machine */
	struct service_client *client;
};

struct AVirtualMachine {
	AVirtualizationService *service;
	struct service_vm *vm;
};

/* -EIO, after its explanation has gone to the log. Frees @error. */
static int failed(const char *function, GError *error)
{
	g_log("avf", G_LOG_LEVEL_WARNING, "%s: %s", function, error->message);
	g_error_free(error);
	return -EIO;
}

static void close_fd(int fd)
{
	if (fd >= 0) {
		close(fd);
	}
}

int AVirtualizationService_create(AVirtualizationService **service, bool early)
{
	GError *error = NULL;
	struct service_client *client;
	AVirtualizationService *made;

	if (early) {
		return -ENOTSUP;
	}
	client = service_client_new(NULL, SERVICE_CLIENT_OWN_THREAD, &error);
	if (client == NULL) {
		failed(__func__, error);
		return -ECONNREFUSED;
	}
	made = g_new0(AVirtualizationService, 1);
	g_atomic_ref_count_init(&made->uses);
	made->client = client;
	*service = made;
	return 0;
}

void AVirtualizationService_destroy(AVirtualizationService *service)
{
	if (service != NULL && g_atomic_ref_count_dec(&service->uses)) {
		service_client_free(service->client);
		g_free(service);
	}
}

int AVirtualMachine_createRaw(const AVirtualizationService *service,
			      AVirtualMachineRawConfig *config, int consoleOutFd, int consoleInFd,
			      int logFd, AVirtualMachine **vm)
{
	const struct vm_streams streams = {
		.console_out = consoleOutFd,
		.console_in = consoleInFd,
		.log = logFd,
	};
	AVirtualizationService *used = (AVirtualizationService *)service;
	GError *error = NULL;
	struct service_vm *made =
		service_vm_new_raw(service->client, config->raw, &streams, NULL, NULL, &error);

	AVirtualMachineRawConfig_destroy(config);
	close_fd(consoleOutFd);
	close_fd(consoleInFd);
	close_fd(logFd);
	if (made == NULL) {
		return failed(__func__, error);
	}
	g_atomic_ref_count_inc(&used->uses);
	*vm = g_new0(AVirtualMachine, 1);
	(*vm)->service = used;
	(*vm)->vm = made;
	return 0;
}

int AVirtualMachine_start(AVirtualMachine *vm)
{
	GError *error = NULL;

	return service_vm_start(vm->vm, &error) ? 0 : failed(__func__, error);
}

int AVirtualMachine_stop(AVirtualMachine *vm)
{
	GError *error = NULL;

	return service_vm_stop(vm->vm, &error) ? 0 : failed(__func__, error);
}

int AVirtualMachine_connectVsock(AVirtualMachine *vm, uint32_t port)
{
	GError *error = NULL;
	int fd = service_vm_connect_vsock(vm->vm, port, &error);

	return fd >= 0 ? fd : failed(__func__, error);
}

/* Of AVF's death reasons, those that this API names. */
static enum AVirtualMachineStopReason stop_reason(int reason)
{
	switch (reason) {
	case AVF_DEATH_VIRTUALIZATION_SERVICE_DIED:
		return AVIRTUAL_MACHINE_VIRTUALIZATION_SERVICE_DIED;
	case AVF_DEATH_INFRASTRUCTURE_ERROR:
		return AVIRTUAL_MACHINE_INFRASTRUCTURE_ERROR;
	case AVF_DEATH_KILLED:
		return AVIRTUAL_MACHINE_KILLED;
	case AVF_DEATH_UNKNOWN:
		return AVIRTUAL_MACHINE_UNKNOWN;
	case AVF_DEATH_SHUTDOWN:
		return AVIRTUAL_MACHINE_SHUTDOWN;
	case AVF_DEATH_START_FAILED:
		return AVIRTUAL_MACHINE_START_FAILED;
	case AVF_DEATH_REBOOT:
		return AVIRTUAL_MACHINE_REBOOT;
	case AVF_DEATH_CRASH:
		return AVIRTUAL_MACHINE_CRASH;
	case AVF_DEATH_PVM_FIRMWARE_PUBLIC_KEY_MISMATCH:
		return AVIRTUAL_MACHINE_PVM_FIRMWARE_PUBLIC_KEY_MISMATCH;
	case AVF_DEATH_PVM_FIRMWARE_INSTANCE_IMAGE_CHANGED:
		return AVIRTUAL_MACHINE_PVM_FIRMWARE_INSTANCE_IMAGE_CHANGED;
	case AVF_DEATH_HANGUP:
		return AVIRTUAL_MACHINE_HANGUP;
	default:
		return AVIRTUAL_MACHINE_UNRECOGNISED;
	}
}

/* Rounded up, so that a wait is never shorter than asked for; -1: for ever. */
static int64_t milliseconds(const struct timespec *timeout)
{
	if (timeout == NULL) {
		return -1;
	}
	if (timeout->tv_sec < 0 || timeout->tv_nsec < 0) {
		return 0;
	}
	if (timeout->tv_sec >= INT32_MAX) {
		return (int64_t)INT32_MAX * MS_PER_S;
	}
	return (int64_t)timeout->tv_sec * MS_PER_S + (timeout->tv_nsec + NS_PER_MS - 1) / NS_PER_MS;
}

bool AVirtualMachine_waitForStop(AVirtualMachine *vm, const struct timespec *timeout,
				 enum AVirtualMachineStopReason *reason)
{
	int died = 0;

	if (!service_vm_wait(vm->vm, milliseconds(timeout), &died)) {
		return false;
	}
	*reason = stop_reason(died);
	return true;
}

void AVirtualMachine_destroy(AVirtualMachine *vm)
{
	if (vm != NULL) {
		service_vm_free(vm->vm);
		AVirtualizationService_destroy(vm->service);
		g_free(vm);
	}
}
