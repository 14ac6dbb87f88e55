/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /dev/terrarium-calls: platform/abi/calls.h. */
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "platform/host/attack/calls.h"

static long fuzz_ioctl(void __user *user)
{
	struct calls_fuzz *fuzz = memdup_user(user, sizeof(*fuzz));
	long result;

	if (IS_ERR(fuzz)) {
		return PTR_ERR(fuzz);
	}
	result = calls_fuzz(fuzz);
	if (!result && copy_to_user(user, fuzz, sizeof(*fuzz))) {
		result = -EFAULT;
	}
	kfree(fuzz);
	return result;
}

static long rules_ioctl(void __user *user)
{
	struct calls_rules rules;
	long result = calls_rules(&rules);

	return !result && copy_to_user(user, &rules, sizeof(rules)) ? -EFAULT : result;
}

static long calls_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	void __user *user = (void __user *)argument;
	struct calls_watch watch;
	long result;

	switch (command) {
	case CALLS_FUZZ:
		return fuzz_ioctl(user);
	case CALLS_RULES:
		return rules_ioctl(user);
	case CALLS_WATCH_START:
		return calls_watch_start();
	case CALLS_WATCH_STOP:
		result = calls_watch_stop(&watch);
		return !result && copy_to_user(user, &watch, sizeof(watch)) ? -EFAULT : result;
	default:
		return -ENOTTY;
	}
}

static const struct file_operations calls_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = calls_ioctl,
};

static struct miscdevice calls_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "terrarium-calls",
	.fops = &calls_operations,
	.mode = 0600,
};

static int __init calls_start(void)
{
	return misc_register(&calls_device);
}

static void __exit calls_stop(void)
{
	misc_deregister(&calls_device);
	calls_watch_end();
}

module_init(calls_start);
module_exit(calls_stop);
MODULE_DESCRIPTION("The hypervisor's calls, made and watched by a hostile host");
MODULE_LICENSE("GPL");
