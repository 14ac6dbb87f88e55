/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/cli/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <gio/gunixfdlist.h>

#include "vmm/cli/commands.h"
#include "vmm/service/ipc_error.h"

#define NEW_FILE_MODE 0600

int files_open(const char *path, int flags, GError **error)
{
	int fd = open(path, flags | O_CLOEXEC, NEW_FILE_MODE);
	int saved = errno;

	if (fd < 0) {
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(saved), "%s: %s", path,
			    g_strerror(saved));
	}
	return fd;
}

/* The sentence alone, with the file's name before it. Returns @done. */
static bool named(bool done, const char *path, GError **error)
{
	if (!done && error != NULL && *error != NULL) {
		ipc_error_strip(*error);
		g_prefix_error(error, "%s: ", path);
	}
	return done;
}

static bool initialize(struct service_client *client, int fd, uint64_t bytes, int type,
		       GError **error)
{
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	int index = g_unix_fd_list_append(fds, fd, error);

	return index >= 0 && ipc_virtualization_service_call_initialize_writable_partition_sync(
				     service_client_proxy(client), g_variant_new_handle(index),
				     bytes, type, fds, NULL, NULL, error);
}

bool files_create_partition(struct service_client *client, const char *path, uint64_t bytes,
			    int type, GError **error)
{
	int fd = files_open(path, O_RDWR | O_CREAT | O_EXCL, error);
	bool done;

	if (fd < 0) {
		return false;
	}
	done = named(initialize(client, fd, bytes, type, error), path, error);
	close(fd);
	if (!done) {
		unlink(path);
	}
	return done;
}

static bool update_idsig(struct service_client *client, int apk, int idsig, GError **error)
{
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	int first = g_unix_fd_list_append(fds, apk, error);
	int second = first >= 0 ? g_unix_fd_list_append(fds, idsig, error) : -1;

	return second >= 0 && ipc_virtualization_service_call_create_or_update_idsig_file_sync(
				      service_client_proxy(client), g_variant_new_handle(first),
				      g_variant_new_handle(second), fds, NULL, NULL, error);
}

bool files_update_idsig(struct service_client *client, const char *apk, const char *path,
			GError **error)
{
	bool was_there = access(path, F_OK) == 0;
	int package = files_open(apk, O_RDONLY, error);
	int idsig = package >= 0 ? files_open(path, O_RDWR | O_CREAT, error) : -1;
	bool done = idsig >= 0 && named(update_idsig(client, package, idsig, error), apk, error);

	if (package >= 0) {
		close(package);
	}
	if (idsig >= 0) {
		close(idsig);
		if (!done && !was_there) {
			unlink(path);
		}
	}
	return done;
}

static GBytes *new_instance_id(struct service_client *client, const char *path, GError **error)
{
	g_autoptr(GVariant) id = NULL;
	g_autoptr(GBytes) bytes = NULL;

	if (!named(ipc_virtualization_service_call_allocate_instance_id_sync(
			   service_client_proxy(client), &id, NULL, error),
		   path, error)) {
		return NULL;
	}
	bytes = g_variant_get_data_as_bytes(id);
	return g_file_set_contents(path, g_bytes_get_data(bytes, NULL),
				   (gssize)g_bytes_get_size(bytes), error) ?
		       g_steal_pointer(&bytes) :
		       NULL;
}

GBytes *files_instance_id(struct service_client *client, const char *path, GError **error)
{
	g_autofree char *contents = NULL;
	gsize bytes = 0;

	if (access(path, F_OK) != 0 && errno == ENOENT) {
		return new_instance_id(client, path, error);
	}
	if (!g_file_get_contents(path, &contents, &bytes, error)) {
		return NULL;
	}
	if (bytes != AVF_INSTANCE_ID_BYTES) {
		ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
			      "%s: an instance id has %d bytes, and the file %zu", path,
			      AVF_INSTANCE_ID_BYTES, (size_t)bytes);
		return NULL;
	}
	return g_bytes_new(contents, bytes);
}

bool command_create_idsig(struct service_client *client, const struct cli_options *o, char **words,
			  GError **error)
{
	(void)o;
	return files_update_idsig(client, words[0], words[1], error);
}

bool command_create_partition(struct service_client *client, const struct cli_options *o,
			      char **words, GError **error)
{
	static const struct {
		const char *word;
		enum avf_partition_type type;
	} types[] = {
		{ "raw", AVF_PARTITION_RAW },
		{ "instance", AVF_PARTITION_ANDROID_VM_INSTANCE },
		{ "encryptedstore", AVF_PARTITION_ENCRYPTEDSTORE },
	};
	const char *word = o->partition_type != NULL ? o->partition_type : "raw";
	guint64 bytes = 0;

	if (!g_ascii_string_to_unsigned(words[1], 10, 1, G_MAXINT64, &bytes, NULL)) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			    "%s: not a number of bytes above 0", words[1]);
		return false;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
		if (strcmp(word, types[i].word) == 0) {
			return files_create_partition(client, words[0], bytes, types[i].type,
						      error);
		}
	}
	g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			    "--type: it is raw, instance or encryptedstore");
	return false;
}
