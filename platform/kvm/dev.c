/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/module.h>
#include "platform/kvm/kvm.h"
MODULE_DESCRIPTION("KVM's userspace API on Terrarium's hypervisor");
MODULE_LICENSE("GPL");
