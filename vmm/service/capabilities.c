/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/capabilities.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <glib.h>
#include <linux/kvm.h>

#include "platform/abi/kvm_terrarium.h"
#include "vmm/service/avf.h"

#define HOST_COMPATIBLE "/proc/device-tree/compatible"
#define QEMU_VIRT "linux,dummy-virt" /* QEMU's machine virt: the string of its device tree */

static bool makes(int kvm, unsigned long type)
{
	int vm = ioctl(kvm, KVM_CREATE_VM, type);

	if (vm >= 0) {
		close(vm);
	}
	return vm >= 0;
}

unsigned capabilities_of_host(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	unsigned found = 0;

	if (kvm < 0) {
		return 0;
	}
	found |= makes(kvm, 0) ? AVF_CAPABILITY_NON_PROTECTED_VM : 0U;
	found |= makes(kvm, KVM_VM_TYPE_ARM_PROTECTED) ? AVF_CAPABILITY_PROTECTED_VM : 0U;
	close(kvm);
	return found;
}

bool host_is_nested(void)
{
	g_autofree char *compatible = NULL;
	gsize bytes = 0;

	return g_file_get_contents(HOST_COMPATIBLE, &compatible, &bytes, NULL) && bytes > 0 &&
	       strcmp(compatible, QEMU_VIRT) == 0;
}
