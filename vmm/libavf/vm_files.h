/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of machines, below a manager's data directory:
 *
 *   vm/NAME/config        the options, a key file
 *   vm/NAME/instance_id   64 bytes
 *   vm/NAME/instance.img  what the guest keeps of itself from run to run
 *   vm/NAME/idsig, extra_idsig_N   hash trees of the packages, made when it runs
 *
 * A machine is there whole or not at all: its folder is made under another name ("new-…") and renamed, and
 * renamed ("old-…") before it is removed; meanwhile the data directory is locked (flock, shared). Who runs, changes or
 * deletes a machine holds a lock on its folder.
 */
#ifndef LIBAVF_VM_FILES_H
#define LIBAVF_VM_FILES_H

#include <stdbool.h>

#include "ipc/virtualization_service.h"
#include "vmm/libavf/options.h"

/* Is it a machine's name? Errors: false; AVF_ERROR_ILLEGAL_ARGUMENT. */
bool vm_files_check_name(const char *name, GError **error);

/* The folder of machine @name below the directory @data; owned by the caller. */
char *vm_files_folder(const char *data, const char *name);

/* Remove what a crash left of machines that were being made or removed, unless somebody is at it right now. */
void vm_files_clean(const char *data);

/* Is there such a folder? */
bool vm_files_exist(const char *folder);

/*
 * Make a machine's files.
 *
 * Errors  false; AVF_ERROR: EXISTS, FAILED, or what the service says. Nothing is left.
 */
bool vm_files_create(const char *data, const char *name, AvfConfig *config,
		     IpcVirtualizationService *service, GError **error);

/* Remove them. The caller holds the lock. Errors: false; AVF_ERROR_FAILED. */
bool vm_files_remove(const char *data, const char *name, GError **error);

/* The config that is stored; owned by the caller. Errors: NULL; AVF_ERROR_FAILED, naming the file. */
AvfConfig *vm_files_read_config(const char *folder, GError **error);

/* Store another one, or, if that fails, keep the one that is there. Errors: false; AVF_ERROR_FAILED. */
bool vm_files_write_config(const char *folder, AvfConfig *config, GError **error);

/* The instance id; owned by the caller. Errors: NULL; AVF_ERROR_FAILED. */
GBytes *vm_files_instance_id(const char *folder, GError **error);

/*
 * Open one of the machine's files, or another one by an absolute path.
 *
 * @what    what the message begins with.
 * @flags   of open(2); O_CLOEXEC is added; a file that is made is the user's alone.
 * Returns  a descriptor, owned by the caller.
 * Errors   -1; AVF_ERROR_FAILED.
 */
int vm_files_open(const char *folder, const char *file, const char *what, int flags,
		  GError **error);

/*
 * Take the lock.
 *
 * Returns  a descriptor that holds it until it is closed.
 * Errors   -1; AVF_ERROR_NOT_STOPPED: somebody has it; DELETED: there is no such folder; FAILED.
 */
int vm_files_lock(const char *folder, GError **error);

#endif /* LIBAVF_VM_FILES_H */
