/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this instance ran the first time, in its instance image: AVF's format of that image (a header, then entries of a UUID and bytes, each at 512
 * bytes), the manager's own entry in it. It is not sealed until identity is there: a host that writes the image itself can change it.
 */
#ifndef GUEST_MICRODROID_MANAGER_INSTANCE_H
#define GUEST_MICRODROID_MANAGER_INSTANCE_H

#include "guest/microdroid/manager/package.h"

#define INSTANCE_LABEL "vm-instance"
#define INSTANCE_DIGEST_BYTES 32 /* SHA-256 */

/* What stands for a package in it: its signer's key and its content, both as SHA-256. */
struct instance_package {
	guint8 key[INSTANCE_DIGEST_BYTES];
	guint8 root[INSTANCE_DIGEST_BYTES];
};

/* @identity as the instance knows it. */
struct instance_package instance_package_of(const struct package_identity *identity);

/*
 * Compare @packages with what is in the image behind @fd, readable and writable; a new image gets them.
 *
 * Errors  FALSE: MANAGER_ERROR_PAYLOAD_CHANGED: others, or in another number; MANAGER_ERROR_RUNTIME: no instance image, or it is broken,
 *         or cannot be written.
 */
gboolean instance_check(int fd, const struct instance_package *packages, guint count,
			GError **error);

#endif /* GUEST_MICRODROID_MANAGER_INSTANCE_H */
