/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A package: from two partitions that nobody vouches for to a folder with its contents. dm-verity by the idsig's tree, the signature of
 * scheme v3 over all of it, then zipfuse. One thread.
 */
#ifndef GUEST_MICRODROID_MANAGER_PACKAGE_H
#define GUEST_MICRODROID_MANAGER_PACKAGE_H

#include <glib.h>

#include "vmm/apk/idsig.h"
#include "vmm/apk/verify.h"

#define PACKAGE_ZIPFUSE "/usr/bin/zipfuse"

struct package {
	char *apk; /* labels of its partitions */
	char *idsig;
	char *name;  /* of its dm device */
	char *mount; /* the folder, which is made */
};

/* What a package is known by again: its signer's key, what it signed, and the root of its tree. */
struct package_identity {
	struct apk_identity signer; /* public_key: the owner's */
	guint8 root[MERKLE_DIGEST_BYTES];
};

/*
 * Verify @package, all of it.
 *
 * @node    PARTITION_NODE_MAX bytes: the verified block device.
 * Errors   FALSE: MANAGER_ERROR_PAYLOAD_VERIFICATION; nothing is mounted.
 */
gboolean package_verify(const struct package *package, char *node,
			struct package_identity *identity, GError **error);

/*
 * Mount the contents of the verified device @node at @package->mount, read-only.
 *
 * Errors  FALSE: MANAGER_ERROR_PAYLOAD_VERIFICATION: not a zip that is supported; MANAGER_ERROR_RUNTIME.
 */
gboolean package_mount(const struct package *package, const char *node, GError **error);

#endif /* GUEST_MICRODROID_MANAGER_PACKAGE_H */
