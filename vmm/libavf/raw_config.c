/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/libavf/raw_config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <avf/raw.h>

/* MiB as the service takes them: pairs; 0 for the default. */
static uint32_t pairs(int32_t mib)
{
	return mib <= 0 ? 0 : ((uint32_t)mib + 1) & ~UINT32_C(1);
}

static void replace(int *member, int fd)
{
	if (*member >= 0 && *member != fd) {
		close(*member);
	}
	*member = fd < 0 ? -1 : fd;
}

AVirtualMachineRawConfig *AVirtualMachineRawConfig_create(void)
{
	AVirtualMachineRawConfig *config = g_new0(AVirtualMachineRawConfig, 1);

	config->raw = vm_raw_config_new();
	config->raw->common.cpu_count = 1;
	return config;
}

void AVirtualMachineRawConfig_destroy(AVirtualMachineRawConfig *config)
{
	if (config != NULL) {
		vm_raw_config_free(config->raw);
		g_free(config);
	}
}

int AVirtualMachineRawConfig_setName(AVirtualMachineRawConfig *config, const char *name)
{
	if (name == NULL || !g_utf8_validate(name, -1, NULL)) {
		return -EINVAL;
	}
	g_free(config->raw->common.name);
	config->raw->common.name = g_strdup(name);
	return 0;
}

int AVirtualMachineRawConfig_setInstanceId(AVirtualMachineRawConfig *config,
					   const uint8_t *instanceId, size_t instanceIdSize)
{
	if (instanceId == NULL || instanceIdSize != AVF_INSTANCE_ID_BYTES) {
		return -EINVAL;
	}
	g_clear_pointer(&config->raw->common.instance_id, g_bytes_unref);
	config->raw->common.instance_id = g_bytes_new(instanceId, instanceIdSize);
	return 0;
}

void AVirtualMachineRawConfig_setKernel(AVirtualMachineRawConfig *config, int fd)
{
	replace(&config->raw->kernel, fd);
}

void AVirtualMachineRawConfig_setInitRd(AVirtualMachineRawConfig *config, int fd)
{
	replace(&config->raw->initrd, fd);
}

int AVirtualMachineRawConfig_addDisk(AVirtualMachineRawConfig *config, int fd, bool writable)
{
	struct vm_disk *disk;

	if (fd < 0 || fcntl(fd, F_GETFD) < 0) {
		return -EINVAL;
	}
	disk = vm_disk_add(config->raw->disks);
	disk->image = fd;
	disk->writable = writable;
	return 0;
}

void AVirtualMachineRawConfig_setMemoryMiB(AVirtualMachineRawConfig *config, int32_t memoryMiB)
{
	config->raw->common.memory_mib = pairs(memoryMiB);
}

void AVirtualMachineRawConfig_setSwiotlbMiB(AVirtualMachineRawConfig *config, int32_t swiotlbMiB)
{
	config->raw->common.swiotlb_mib = pairs(swiotlbMiB);
}

void AVirtualMachineRawConfig_setVCpuCount(AVirtualMachineRawConfig *config, int32_t n)
{
	/* 0 would be the service's default: what is not positive is refused with the machine. */
	config->raw->common.cpu_count = n > 0 ? (uint32_t)n : UINT32_MAX;
}

void AVirtualMachineRawConfig_setProtectedVm(AVirtualMachineRawConfig *config, bool protectedVm)
{
	config->raw->common.protected_vm = protectedVm;
}

int AVirtualMachineRawConfig_setHypervisorSpecificAuthMethod(AVirtualMachineRawConfig *config,
							     bool enable)
{
	(void)config;
	return enable ? -ENOTSUP : 0;
}

int AVirtualMachineRawConfig_addCustomMemoryBackingFile(AVirtualMachineRawConfig *config, int fd,
							uint64_t rangeStart, uint64_t rangeEnd)
{
	(void)config;
	(void)rangeStart;
	(void)rangeEnd;
	if (fd >= 0) {
		close(fd);
	}
	return -ENOTSUP;
}

void AVirtualMachineRawConfig_setDeviceTreeOverlay(AVirtualMachineRawConfig *config, int fd)
{
	replace(&config->raw->device_tree_overlay, fd);
}

void avf_raw_config_set_rsi(AVirtualMachineRawConfig *config, bool rsi)
{
	config->raw->common.rsi = rsi;
}
