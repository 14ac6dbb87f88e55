/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a boot fails: AVF's errors as a GError domain. */
#ifndef GUEST_MICRODROID_MANAGER_ERROR_H
#define GUEST_MICRODROID_MANAGER_ERROR_H

#include <glib.h>

#include "vmm/service/avf.h"

#define MANAGER_ERROR (manager_error_quark())
GQuark manager_error_quark(void);

enum manager_error {
	MANAGER_ERROR_NOT_CONNECTED,        /* no IVirtualMachineService on the host */
	MANAGER_ERROR_PAYLOAD_CHANGED,      /* not what the instance ran before */
	MANAGER_ERROR_PAYLOAD_VERIFICATION, /* package, signature or hash tree are wrong */
	MANAGER_ERROR_INVALID_CONFIG,       /* the payload's configuration */
	MANAGER_ERROR_RUNTIME,              /* all else */
};

/*
 * What the host is told: the code of notifyError and the reason for the failure port. An error of another domain
 * counts as MANAGER_ERROR_RUNTIME.
 */
enum avf_error_code manager_error_code(const GError *error);
const char *manager_error_reason(const GError *error);

#endif /* GUEST_MICRODROID_MANAGER_ERROR_H */
