/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/libavf/idsig.h"

#include <fcntl.h>
#include <unistd.h>

#include <gio/gunixfdlist.h>

#include "vmm/libavf/error.h"
#include "vmm/libavf/vm_files.h"

static bool update(IpcVirtualizationService *service, int apk, int idsig, GError **error)
{
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	GError *failed = NULL;

	return (g_unix_fd_list_append(fds, apk, &failed) >= 0 &&
		g_unix_fd_list_append(fds, idsig, &failed) >= 0 &&
		ipc_virtualization_service_call_create_or_update_idsig_file_sync(
			service, g_variant_new_handle(0), g_variant_new_handle(1), fds, NULL, NULL,
			&failed)) ||
	       app_error_of(error, failed);
}

static int open_idsig(const char *folder, const char *file, const char *path, int apk,
		      IpcVirtualizationService *service, GError **error)
{
	g_autofree char *beside = g_strconcat(path, ".idsig", NULL);
	int fd;

	if (g_file_test(beside, G_FILE_TEST_EXISTS)) {
		return vm_files_open(folder, beside, "idsig", O_RDONLY, error);
	}
	fd = vm_files_open(folder, file, "idsig", O_RDWR | O_CREAT, error);
	if (fd >= 0 && !update(service, apk, fd, error)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

bool idsig_open(const char *folder, const char *file, const char *path,
		IpcVirtualizationService *service, int *apk, int *idsig, GError **error)
{
	*idsig = -1;
	*apk = vm_files_open(folder, path, "package", O_RDONLY, error);
	if (*apk < 0) {
		return false;
	}
	*idsig = open_idsig(folder, file, path, *apk, service, error);
	if (*idsig < 0) {
		close(*apk);
		*apk = -1;
		return false;
	}
	return true;
}
