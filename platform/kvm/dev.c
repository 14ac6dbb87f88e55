/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /dev/kvm, and the module's begin and end. */
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "platform/kvm/module.h"

struct hyp_features kvm_features;

static long dev_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	switch (command) {
	case KVM_GET_API_VERSION:
		return argument ? -EINVAL : KVM_API_VERSION;
	case KVM_CREATE_VM:
		return kvm_vm_create(argument);
	case KVM_CHECK_EXTENSION:
		return kvm_check_extension(NULL, argument);
	case KVM_GET_VCPU_MMAP_SIZE:
		return argument ? -EINVAL : PAGE_SIZE;
	default:
		return -EINVAL;
	}
}

static const struct file_operations dev_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = dev_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice dev = {
	.minor = KVM_MINOR,
	.name = "kvm",
	.fops = &dev_operations,
};

static int __init dev_start(void)
{
	long status = hyp_features(&kvm_features);
	int error;

	if (status != HYP_OK) {
		pr_err("terrarium_kvm: no hypervisor of this version below us (%ld)\n", status);
		return -ENODEV;
	}
	error = irq_module_init();
	if (error) {
		pr_err("terrarium_kvm: no interrupts for guests (%d)\n", error);
		return error;
	}
	error = refused_init();
	if (error) {
		pr_err("terrarium_kvm: no place in the kernel's fault handling (%d)\n", error);
		goto no_refused;
	}
	error = hyp_trace_init();
	if (error) {
		goto no_trace;
	}
	error = misc_register(&dev);
	if (error) {
		goto no_dev;
	}
	return 0;
no_dev:
	hyp_trace_exit();
no_trace:
	refused_exit();
no_refused:
	irq_module_exit();
	return error;
}

static void __exit dev_stop(void)
{
	misc_deregister(&dev);
	hyp_trace_exit();
	refused_exit();
	irq_module_exit();
}

module_init(dev_start);
module_exit(dev_stop);
MODULE_DESCRIPTION("KVM's userspace API on Terrarium's hypervisor");
MODULE_LICENSE("GPL");
