/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/microdroid/manager/package.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/microdroid/lib/loop.h"
#include "guest/microdroid/lib/partition.h"
#include "guest/microdroid/lib/verity.h"
#include "guest/microdroid/manager/error.h"

#define ZIPFUSE_FD 3
#define ZIPFUSE_FD_TEXT "3"
/* The folder's mode; who the kernel asks on behalf of; anybody may look. */
#define FUSE_OPTIONS "fd=%d,rootmode=40555,user_id=0,group_id=0,allow_other,default_permissions"

/* @error's words, as an error of ours: of @code, about the partition @label. */
static gboolean take(GError **error, enum manager_error code, const char *label, GError *cause)
{
	g_set_error(error, MANAGER_ERROR, (int)code, "%s: %s", label, cause->message);
	g_error_free(cause);
	return FALSE;
}

static gboolean failed(GError **error, enum manager_error code, const char *label,
		       const char *doing)
{
	g_set_error(error, MANAGER_ERROR, (int)code, "%s: %s: %s", label, doing, g_strerror(errno));
	return FALSE;
}

/* What is behind the last whole block dm-verity would not let through. */
static gboolean is_whole(const struct apk_source *source, GError **error)
{
	return source->size % MERKLE_BLOCK_BYTES == 0 ||
	       apk_fail(error, APK_ERROR_FORMAT, "the partition is not of whole blocks");
}

/* The partition named @label, open. */
static int open_partition(const char *label, char *node, struct apk_source *source, GError **error)
{
	GError *cause = NULL;
	int fd = -1;

	if (partition_find(label, node, PARTITION_NODE_MAX)) {
		fd = open(node, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0) {
		failed(error, MANAGER_ERROR_PAYLOAD_VERIFICATION, label, "the partition");
	} else if (!apk_source_fd(source, fd, &cause) || !is_whole(source, &cause)) {
		take(error, MANAGER_ERROR_PAYLOAD_VERIFICATION, label, cause);
		close(fd);
		fd = -1;
	}
	return fd;
}

/* dm-verity over the device @apk by the tree in the partition behind @fd. */
static gboolean map(const struct package *package, const char *apk, guint64 apk_bytes, int fd,
		    const struct idsig *idsig, char *node, GError **error)
{
	struct verity_tree tree = {
		.block_bytes = MERKLE_BLOCK_BYTES,
		.data_blocks = apk_bytes / MERKLE_BLOCK_BYTES,
		.salt_bytes = idsig->salt_bytes,
	};
	char loop_node[PARTITION_NODE_MAX];
	int loop = loop_attach(fd, idsig->tree_offset, idsig->tree_bytes, loop_node,
			       sizeof(loop_node));
	gboolean done;

	memcpy(tree.root_digest, idsig->root, sizeof(tree.root_digest));
	memcpy(tree.salt, idsig->salt, idsig->salt_bytes);
	done = loop >= 0 &&
	       verity_map(package->name, &tree, apk, loop_node, node, PARTITION_NODE_MAX);
	if (!done) {
		failed(error, MANAGER_ERROR_PAYLOAD_VERIFICATION, package->idsig,
		       "mapping the package by its hash tree");
	}
	if (loop >= 0) {
		close(loop);
	}
	return done;
}

/* Map the package by its idsig, which is read into @idsig. */
static gboolean map_package(const struct package *package, struct idsig *idsig, char *node,
			    GError **error)
{
	char apk_node[PARTITION_NODE_MAX], idsig_node[PARTITION_NODE_MAX];
	struct apk_source apk, idsig_source;
	GError *cause = NULL;
	int apk_fd = open_partition(package->apk, apk_node, &apk, error);
	int fd = apk_fd < 0 ? -1 : open_partition(package->idsig, idsig_node, &idsig_source, error);
	gboolean done = FALSE;

	if (fd >= 0 && !idsig_read(&idsig_source, apk.size, idsig, &cause)) {
		take(error, MANAGER_ERROR_PAYLOAD_VERIFICATION, package->idsig, cause);
	} else if (fd >= 0) {
		done = map(package, apk_node, apk.size, fd, idsig, node, error);
	}
	if (fd >= 0) {
		close(fd);
	}
	if (apk_fd >= 0) {
		close(apk_fd);
	}
	return done;
}

/* The signature over what dm-verity lets through; the idsig must be made for what was signed. */
static gboolean verify_signature(const struct package *package, const char *node,
				 const struct idsig *idsig, struct apk_identity *signer,
				 GError **error)
{
	int fd = open(node, O_RDONLY | O_CLOEXEC);
	struct apk_source source;
	GError *cause = NULL;
	gboolean done;

	if (fd < 0) {
		return failed(error, MANAGER_ERROR_PAYLOAD_VERIFICATION, package->apk, node);
	}
	done = apk_source_fd(&source, fd, &cause) && apk_verify(&source, signer, &cause);
	if (!done) {
		take(error, MANAGER_ERROR_PAYLOAD_VERIFICATION, package->apk, cause);
	} else if (idsig->digest_bytes != signer->digest_bytes ||
		   memcmp(idsig->digest, signer->digest, idsig->digest_bytes) != 0) {
		g_clear_pointer(&signer->public_key, g_free);
		g_set_error(error, MANAGER_ERROR, MANAGER_ERROR_PAYLOAD_VERIFICATION,
			    "%s: it is of another package", package->idsig);
		done = FALSE;
	}
	close(fd);
	return done;
}

gboolean package_verify(const struct package *package, char *node,
			struct package_identity *identity, GError **error)
{
	struct idsig idsig;

	*identity = (struct package_identity){ 0 };
	if (!map_package(package, &idsig, node, error) ||
	    !verify_signature(package, node, &idsig, &identity->signer, error)) {
		return FALSE;
	}
	memcpy(identity->root, idsig.root, sizeof(identity->root));
	return TRUE;
}

static gboolean start_zipfuse(const char *node, int fuse, GError **error)
{
	const char *const argv[] = { PACKAGE_ZIPFUSE, node, ZIPFUSE_FD_TEXT, NULL };
	const int to = ZIPFUSE_FD;
	GError *cause = NULL;

	if (!g_spawn_async_with_pipes_and_fds("/", argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, -1, -1,
					      -1, &fuse, &to, 1, NULL, NULL, NULL, NULL, &cause)) {
		return take(error, MANAGER_ERROR_RUNTIME, "starting zipfuse", cause);
	}
	return TRUE;
}

gboolean package_mount(const struct package *package, const char *node, GError **error)
{
	g_autofree char *options = NULL;
	int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	struct stat st;

	if (fuse < 0) {
		return failed(error, MANAGER_ERROR_RUNTIME, package->mount, "/dev/fuse");
	}
	options = g_strdup_printf(FUSE_OPTIONS, fuse);
	if (g_mkdir_with_parents(package->mount, 0755) != 0 ||
	    mount("zipfuse", package->mount, "fuse", MS_RDONLY | MS_NODEV | MS_NOSUID, options) !=
		    0) {
		failed(error, MANAGER_ERROR_RUNTIME, package->mount, "mounting it");
		close(fuse);
		return FALSE;
	}
	if (!start_zipfuse(node, fuse, error)) {
		close(fuse);
		return FALSE;
	}
	close(fuse);
	/* The kernel answers when zipfuse serves, and with an error when it has ended. */
	return stat(package->mount, &st) == 0 ||
	       failed(error, MANAGER_ERROR_PAYLOAD_VERIFICATION, package->apk,
		      "its contents are no zip that can be read");
}
