/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the raw layer's config is inside. */
#ifndef LIBAVF_RAW_CONFIG_H
#define LIBAVF_RAW_CONFIG_H

#include <android/virtualization.h>

#include "vmm/service/vm_config.h"

struct AVirtualMachineRawConfig {
	struct vm_raw_config *raw; /* what the service gets */
};

#endif /* LIBAVF_RAW_CONFIG_H */
