/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/microdroid/manager/payload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/microdroid/launcher.h"
#include "guest/payload/lib/service_fd.h"
#include "guest/microdroid/lib/partition.h"
#include "guest/microdroid/lib/text.h"
#include "guest/microdroid/manager/error.h"
#include "guest/microdroid/manager/instance.h"
#include "guest/microdroid/manager/package.h"

#define EXTRA_APK_LABEL "extra-apk-%u"
#define EXTRA_IDSIG_LABEL "extra-idsig-%u"
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

/* A package that is verified, and what the instance knows it by. */
struct verified {
	char node[PARTITION_NODE_MAX];
	struct instance_package known;
};

static gboolean verify(const struct package *package, struct verified *verified, GError **error)
{
	struct package_identity identity;

	if (!package_verify(package, verified->node, &identity, error)) {
		return FALSE;
	}
	verified->known = instance_package_of(&identity);
	g_free(identity.signer.public_key);
	return TRUE;
}

/* The packages must be those of the instance's first run. A VM without an instance image has no memory. */
static gboolean check_instance(const struct verified *all, guint count, GError **error)
{
	g_autofree struct instance_package *known = g_new(struct instance_package, count);
	char node[PARTITION_NODE_MAX];
	gboolean done;
	int fd;

	for (guint i = 0; i < count; i++) {
		known[i] = all[i].known;
	}
	if (!partition_find(INSTANCE_LABEL, node, sizeof(node))) {
		return TRUE;
	}
	fd = open(node, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		failed(error, MANAGER_ERROR_RUNTIME, "partition " INSTANCE_LABEL);
		return FALSE;
	}
	done = instance_check(fd, known, count, error);
	close(fd);
	return done;
}

/* A package of the host, with the names of its parts. */
static struct package *package_new(const char *apk, const char *idsig, char *mount)
{
	struct package *package = g_new(struct package, 1);

	*package = (struct package){ .apk = g_strdup(apk),
				     .idsig = g_strdup(idsig),
				     .name = g_strdup(apk),
				     .mount = mount };
	return package;
}

static void package_free(gpointer data)
{
	struct package *package = data;

	g_free(package->apk);
	g_free(package->idsig);
	g_free(package->name);
	g_free(package->mount);
	g_free(package);
}

/* The package of @metadata, then the extra ones that the host gave: as many as have partitions, numbered without a gap. */
static GPtrArray *find_packages(const struct payload_metadata *metadata)
{
	GPtrArray *packages = g_ptr_array_new_with_free_func(package_free);

	g_ptr_array_add(packages, package_new(metadata->apk_partition, metadata->idsig_partition,
					      g_strdup(PAYLOAD_MOUNT)));
	for (unsigned i = 0; i < CONFIG_EXTRA_APKS_MAX; i++) {
		g_autofree char *apk = g_strdup_printf(EXTRA_APK_LABEL, i);
		g_autofree char *idsig = g_strdup_printf(EXTRA_IDSIG_LABEL, i);
		char node[PARTITION_NODE_MAX];

		if (!partition_find(apk, node, sizeof(node))) {
			break;
		}
		g_ptr_array_add(packages,
				package_new(apk, idsig, g_strdup_printf(PAYLOAD_EXTRA_MOUNT, i)));
	}
	return packages;
}

gboolean payload_mount(const struct payload_metadata *metadata, unsigned *extra_apks,
		       GError **error)
{
	g_autoptr(GPtrArray) packages = find_packages(metadata);
	g_autofree struct verified *verified = g_new(struct verified, packages->len);

	*extra_apks = packages->len - 1;
	for (guint i = 0; i < packages->len; i++) {
		if (!verify(g_ptr_array_index(packages, i), &verified[i], error)) {
			return FALSE;
		}
	}
	if (!check_instance(verified, packages->len, error)) {
		return FALSE;
	}
	for (guint i = 0; i < packages->len; i++) {
		if (!package_mount(g_ptr_array_index(packages, i), verified[i].node, error)) {
			return FALSE;
		}
	}
	return TRUE;
}

/* What the configuration in the package says, or, without one, the host's metadata. */
static struct payload_config *load_config(const struct payload_metadata *metadata, GError **error)
{
	g_autofree char *path = NULL;
	g_autofree char *text = NULL;
	struct payload_config *config;
	ssize_t bytes = -1;

	if (metadata->config_path == NULL) {
		config = g_new0(struct payload_config, 1);
		config->binary_name = g_strdup(metadata->binary_name);
		config->extra_apks = metadata->extra_apks;
		return config;
	}
	path = g_build_filename(PAYLOAD_MOUNT, metadata->config_path, NULL);
	text = g_malloc(CONFIG_BYTES_MAX);
	if (strstr(metadata->config_path, "..") != NULL) {
		errno = EINVAL;
	} else {
		bytes = read_file(path, text, CONFIG_BYTES_MAX);
	}
	if (bytes < 0) {
		failed(error, MANAGER_ERROR_INVALID_CONFIG, "%s", metadata->config_path);
		return NULL;
	}
	return payload_config_parse(text, (gsize)bytes, error);
}

char *payload_library(const struct payload_metadata *metadata, unsigned extra_apks, GError **error)
{
	struct payload_config *config = load_config(metadata, error);
	g_autofree char *path = NULL;
	gboolean right;

	if (config == NULL) {
		return NULL;
	}
	path = g_build_filename(PAYLOAD_MOUNT, PAYLOAD_LIBRARIES, config->binary_name, NULL);
	right = config->extra_apks == extra_apks;
	if (!right) {
		g_set_error(error, MANAGER_ERROR, MANAGER_ERROR_INVALID_CONFIG,
			    "the configuration has %u extra packages, and %u are there",
			    config->extra_apks, extra_apks);
	} else if (access(path, R_OK) != 0) {
		failed(error, MANAGER_ERROR_RUNTIME, "the package's library %s", path);
		right = FALSE;
	}
	payload_config_free(config);
	return right ? g_steal_pointer(&path) : NULL;
}

GPid payload_start(const char *library, int service, GError **error)
{
	const char *const argv[] = { LAUNCHER, library, NULL };
	const int to = VM_PAYLOAD_SERVICE_FD;
	g_autoptr(GError) cause = NULL;
	GPid pid = 0;

	if (!g_spawn_async_with_pipes_and_fds(
		    "/data", argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CHILD_INHERITS_STDIN,
		    NULL, NULL, -1, -1, -1, &service, &to, 1, &pid, NULL, NULL, NULL, &cause)) {
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
