/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* renameat2, TEMP_FAILURE_RETRY */
#include "vmm/libavf/vm_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>

#include "vmm/libavf/error.h"
#include "vmm/service/folder.h"
#include "vmm/service/vm_config.h"

#define MACHINES "vm"
#define NEW_PREFIX "new-"
#define OLD_PREFIX "old-"
#define CONFIG_FILE "config"
#define INSTANCE_ID_FILE "instance_id"
#define INSTANCE_IMAGE_FILE "instance.img"
#define INSTANCE_IMAGE_BYTES (UINT64_C(10) << 20) /* as AVF's */
#define FOLDER_MODE 0700
#define FILE_MODE 0600

bool vm_files_check_name(const char *name, GError **error)
{
	size_t length = name != NULL ? strlen(name) : 0;

	if (length == 0 || length > VM_CONFIG_NAME_BYTES_MAX || !g_utf8_validate(name, -1, NULL)) {
		return app_error(error, AVF_ERROR_ILLEGAL_ARGUMENT,
				 "name: it is not UTF-8 text of 1 to %d bytes",
				 VM_CONFIG_NAME_BYTES_MAX);
	}
	if (strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		return app_error(error, AVF_ERROR_ILLEGAL_ARGUMENT,
				 "name: \"%s\" cannot be a file's name", name);
	}
	return true;
}

char *vm_files_folder(const char *data, const char *name)
{
	return g_build_filename(data, MACHINES, name, NULL);
}

bool vm_files_exist(const char *folder)
{
	return g_file_test(folder, G_FILE_TEST_IS_DIR);
}

/* What was renamed in @folder shall still be so after a crash of the host. */
static void sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

static bool write_file(const char *folder, const char *name, const void *bytes, size_t count,
		       GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	GError *failed = NULL;

	return g_file_set_contents_full(path, bytes, (gssize)count,
					G_FILE_SET_CONTENTS_CONSISTENT |
						G_FILE_SET_CONTENTS_DURABLE,
					FILE_MODE, &failed) ||
	       app_error_of(error, failed);
}

static char *read_file(const char *folder, const char *name, size_t *bytes, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	GError *failed = NULL;
	char *text = NULL;

	if (!g_file_get_contents(path, &text, bytes, &failed)) {
		app_error_of(error, failed);
	}
	return text;
}

static bool write_instance_id(const char *folder, IpcVirtualizationService *service, GError **error)
{
	g_autoptr(GVariant) id = NULL;
	GError *failed = NULL;

	if (!ipc_virtualization_service_call_allocate_instance_id_sync(service, &id, NULL,
								       &failed)) {
		return app_error_of(error, failed);
	}
	return write_file(folder, INSTANCE_ID_FILE, g_variant_get_data(id), g_variant_get_size(id),
			  error);
}

static bool make_instance_image(const char *folder, IpcVirtualizationService *service,
				GError **error)
{
	g_autoptr(GUnixFDList) fds = NULL;
	GError *failed = NULL;
	int fd = vm_files_open(folder, INSTANCE_IMAGE_FILE, "instance image",
			       O_RDWR | O_CREAT | O_EXCL, error);

	if (fd < 0) {
		return false;
	}
	fds = g_unix_fd_list_new_from_array(&fd, 1); /* closes it */
	if (!ipc_virtualization_service_call_initialize_writable_partition_sync(
		    service, g_variant_new_handle(0), INSTANCE_IMAGE_BYTES,
		    AVF_PARTITION_ANDROID_VM_INSTANCE, fds, NULL, NULL, &failed)) {
		return app_error_of(error, failed);
	}
	return true;
}

static bool fill(const char *folder, AvfConfig *config, IpcVirtualizationService *service,
		 GError **error)
{
	return vm_files_write_config(folder, config, error) &&
	       write_instance_id(folder, service, error) &&
	       make_instance_image(folder, service, error);
}

/* Hold the data directory with others, or, if nobody has it, alone: a descriptor to close, or -1. */
static int hold(const char *data, int how)
{
	int fd = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	int result = fd >= 0 ? TEMP_FAILURE_RETRY(flock(fd, how)) : 0;

	if (result != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

void vm_files_clean(const char *data)
{
	int alone = hold(data, LOCK_EX | LOCK_NB);

	if (alone >= 0) {
		folder_remove_all(data, NEW_PREFIX);
		folder_remove_all(data, OLD_PREFIX);
		close(alone);
	}
}

static bool create(const char *data, const char *name, AvfConfig *config,
		   IpcVirtualizationService *service, GError **error)
{
	g_autofree char *machines = g_build_filename(data, MACHINES, NULL);
	g_autofree char *folder = vm_files_folder(data, name);
	g_autofree char *made = g_build_filename(data, NEW_PREFIX "XXXXXX", NULL);
	bool good;

	if (vm_files_exist(folder)) {
		return app_error(error, AVF_ERROR_EXISTS, "there is a machine \"%s\"", name);
	}
	if (g_mkdir_with_parents(machines, FOLDER_MODE) != 0 ||
	    g_mkdtemp_full(made, FOLDER_MODE) == NULL) {
		return app_error_errno(error, "%s", machines);
	}
	good = fill(made, config, service, error);
	if (good && renameat2(AT_FDCWD, made, AT_FDCWD, folder, RENAME_NOREPLACE) != 0) {
		good = errno == EEXIST ? app_error(error, AVF_ERROR_EXISTS,
						   "there is a machine \"%s\"", name) :
					 app_error_errno(error, "%s", folder);
	}
	if (!good) {
		folder_remove(made);
		return false;
	}
	sync_folder(machines);
	return true;
}

bool vm_files_create(const char *data, const char *name, AvfConfig *config,
		     IpcVirtualizationService *service, GError **error)
{
	int held = hold(data, LOCK_SH);
	bool good;

	if (held < 0) {
		return app_error_errno(error, "%s", data);
	}
	good = create(data, name, config, service, error);
	close(held);
	return good;
}

static bool move_away(const char *data, const char *name, GError **error)
{
	g_autofree char *machines = g_build_filename(data, MACHINES, NULL);
	g_autofree char *folder = vm_files_folder(data, name);
	g_autofree char *gone = g_build_filename(data, OLD_PREFIX "XXXXXX", NULL);

	if (g_mkdtemp_full(gone, FOLDER_MODE) == NULL || rename(folder, gone) != 0) {
		app_error_errno(error, "%s", folder);
		g_rmdir(gone);
		return false;
	}
	sync_folder(machines);
	folder_remove(gone);
	return true;
}

bool vm_files_remove(const char *data, const char *name, GError **error)
{
	int held = hold(data, LOCK_SH);
	bool good;

	if (held < 0) {
		return app_error_errno(error, "%s", data);
	}
	good = move_away(data, name, error);
	close(held);
	return good;
}

AvfConfig *vm_files_read_config(const char *folder, GError **error)
{
	size_t bytes = 0;
	g_autofree char *text = read_file(folder, CONFIG_FILE, &bytes, error);
	struct options options;

	if (text == NULL) {
		return NULL;
	}
	if (!options_from_text(&options, text, bytes, error)) {
		g_prefix_error(error, "%s/%s: ", folder, CONFIG_FILE);
		return NULL;
	}
	return config_new(&options);
}

bool vm_files_write_config(const char *folder, AvfConfig *config, GError **error)
{
	g_autofree char *text = options_to_text(&config->options);

	return write_file(folder, CONFIG_FILE, text, strlen(text), error);
}

GBytes *vm_files_instance_id(const char *folder, GError **error)
{
	size_t bytes = 0;
	char *id = read_file(folder, INSTANCE_ID_FILE, &bytes, error);

	return id != NULL ? g_bytes_new_take(id, bytes) : NULL;
}

int vm_files_open(const char *folder, const char *file, const char *what, int flags, GError **error)
{
	g_autofree char *path = g_path_is_absolute(file) ? g_strdup(file) :
							   g_build_filename(folder, file, NULL);
	int fd = open(path, flags | O_CLOEXEC, FILE_MODE);

	if (fd < 0) {
		app_error_errno(error, "%s: %s", what, path);
	}
	return fd;
}

int vm_files_lock(const char *folder, GError **error)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		if (errno == ENOENT) {
			app_error(error, AVF_ERROR_DELETED, "the machine has been deleted");
		} else {
			app_error_errno(error, "%s", folder);
		}
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK) {
			app_error(error, AVF_ERROR_NOT_STOPPED,
				  "the machine is not in stopped state: another process uses it");
		} else {
			app_error_errno(error, "%s", folder);
		}
		close(fd);
		return -1;
	}
	return fd;
}
