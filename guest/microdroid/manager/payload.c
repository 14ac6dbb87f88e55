/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/microdroid/manager/payload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/microdroid/launcher.h"
#include "guest/microdroid/lib/partition.h"
#include "guest/microdroid/lib/text.h"
#include "guest/microdroid/lib/verity.h"
#include "guest/microdroid/manager/error.h"

#define TREE_BYTES_MAX (2 * 4096) /* a partition is a whole block, and the text ends with a zero */
#define READ_BYTES (64 * 1024)
#define SIGNAL_BASE 128 /* as a shell has it */

/* An error of ours with errno's words. */
static void G_GNUC_PRINTF(3, 4)
	failed(GError **error, enum manager_error code, const char *format, ...)
{
	int number = errno;
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, MANAGER_ERROR, code, "%s: %s", what, g_strerror(number));
}

struct payload_metadata *payload_load_metadata(GError **error)
{
	g_autofree char *text = g_malloc(CONFIG_BYTES_MAX);
	char node[PARTITION_NODE_MAX];
	ssize_t bytes;

	if (!partition_find(PAYLOAD_METADATA_LABEL, node, sizeof(node))) {
		failed(error, MANAGER_ERROR_INVALID_CONFIG, "partition " PAYLOAD_METADATA_LABEL);
		return NULL;
	}
	bytes = read_file(node, text, CONFIG_BYTES_MAX);
	if (bytes < 0) {
		failed(error, MANAGER_ERROR_RUNTIME, "reading " PAYLOAD_METADATA_LABEL);
		return NULL;
	}
	return payload_metadata_parse(text, (gsize)bytes, error);
}

/* The block device of a partition of the package. */
static gboolean find_part(const char *label, char *node, size_t size, GError **error)
{
	if (!partition_find(label, node, size)) {
		failed(error, MANAGER_ERROR_PAYLOAD_VERIFICATION, "partition %s", label);
		return FALSE;
	}
	return TRUE;
}

gboolean payload_mount(const struct payload_metadata *metadata, GError **error)
{
	char text[TREE_BYTES_MAX];
	char apk[PARTITION_NODE_MAX], idsig[PARTITION_NODE_MAX], node[PARTITION_NODE_MAX];
	struct verity_tree tree;
	const char *wrong;

	if (!find_part(metadata->apk_partition, apk, sizeof(apk), error) ||
	    !find_part(metadata->idsig_partition, idsig, sizeof(idsig), error)) {
		return FALSE;
	}
	if (read_file(idsig, text, sizeof(text)) < 0) {
		failed(error, MANAGER_ERROR_PAYLOAD_VERIFICATION,
		       "reading the package's hash tree");
		return FALSE;
	}
	wrong = verity_parse(text, &tree);
	if (wrong != NULL) {
		g_set_error(error, MANAGER_ERROR, MANAGER_ERROR_PAYLOAD_VERIFICATION,
			    "the package's hash tree: %s", wrong);
		return FALSE;
	}
	if (!verity_map("microdroid-apk", &tree, apk, apk, node, sizeof(node))) {
		failed(error, MANAGER_ERROR_PAYLOAD_VERIFICATION, "mapping the package");
		return FALSE;
	}
	if (mkdir(PAYLOAD_MOUNT, 0755) != 0 ||
	    mount(node, PAYLOAD_MOUNT, "erofs", MS_RDONLY | MS_NODEV | MS_NOSUID, NULL) != 0) {
		failed(error, MANAGER_ERROR_PAYLOAD_VERIFICATION, "mounting the package");
		return FALSE;
	}
	return TRUE;
}

/* The library's name as the configuration in the package has it. */
static char *configured_name(const char *config_path, GError **error)
{
	g_autofree char *path = g_build_filename(PAYLOAD_MOUNT, config_path, NULL);
	g_autofree char *text = g_malloc(CONFIG_BYTES_MAX);
	struct payload_config *config;
	ssize_t bytes = -1;
	char *name;

	if (strstr(config_path, "..") != NULL) {
		errno = EINVAL;
	} else {
		bytes = read_file(path, text, CONFIG_BYTES_MAX);
	}
	if (bytes < 0) {
		failed(error, MANAGER_ERROR_INVALID_CONFIG, "%s", config_path);
		return NULL;
	}
	config = payload_config_parse(text, (gsize)bytes, error);
	if (config == NULL) {
		return NULL;
	}
	name = g_strdup(config->binary_name);
	payload_config_free(config);
	return name;
}

/*
 * Read all of the library, by which dm-verity checks each of its blocks: a block that is not the package's is found
 * before anything of the payload runs. The pages stay in the cache for the loader.
 */
static gboolean check_library(const char *path, GError **error)
{
	g_autofree char *block = g_malloc(READ_BYTES);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : 1;

	if (fd < 0) {
		failed(error, MANAGER_ERROR_RUNTIME, "the package's library %s", path);
		return FALSE;
	}
	while (got > 0) {
		got = read(fd, block, READ_BYTES);
	}
	if (got < 0) {
		failed(error, MANAGER_ERROR_PAYLOAD_VERIFICATION, "%s", path);
	}
	close(fd);
	return got == 0;
}

char *payload_library(const struct payload_metadata *metadata, GError **error)
{
	g_autofree char *name = metadata->config_path != NULL ?
					configured_name(metadata->config_path, error) :
					g_strdup(metadata->binary_name);
	g_autofree char *path = NULL;

	if (name == NULL) {
		return NULL;
	}
	path = g_build_filename(PAYLOAD_MOUNT, PAYLOAD_LIBRARIES, name, NULL);
	return check_library(path, error) ? g_steal_pointer(&path) : NULL;
}

GPid payload_start(const char *library, GError **error)
{
	char *argv[] = { (char *)LAUNCHER, (char *)library, NULL };
	g_autoptr(GError) cause = NULL;
	GPid pid = 0;

	if (!g_spawn_async("/data", argv, NULL,
			   G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL,
			   &pid, &cause)) {
		g_set_error(error, MANAGER_ERROR, MANAGER_ERROR_RUNTIME, "starting the payload: %s",
			    cause->message);
		return 0;
	}
	return pid;
}

int payload_exit_code(int wait_status)
{
	return WIFSIGNALED(wait_status) ? SIGNAL_BASE + WTERMSIG(wait_status) :
					  WEXITSTATUS(wait_status);
}
