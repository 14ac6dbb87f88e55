/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AvfManager: the machines of one data directory, by name.
 *
 * A machine's name is 1 to 127 bytes of UTF-8, without "/", and not "." or "..". Its files are below DIRECTORY/vm/NAME; they are
 * the library's. At any time there is at most one AvfVm of a manager for a name. Several processes may use one
 * directory; a machine runs in one of them.
 */
#ifndef AVF_MANAGER_H
#define AVF_MANAGER_H

#include <avf/config.h>
#include <avf/types.h>
#include <avf/vm.h>
#include <glib-object.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Is AVF there, and for this user? In Java: getSystemService(VirtualMachineManager.class).
 *
 * @data_directory  made if it is not there, for this user alone; NULL: "avf" in the user's data directory (XDG_DATA_HOME).
 * Returns          a manager, owned by the caller; it keeps a connection to the service.
 * Errors           NULL; UNSUPPORTED_OPERATION: no service answers, or it refuses this user; FAILED: the directory.
 */
AvfManager *avf_manager_new(const char *data_directory, GError **error);

/*
 * What this host can run.
 *
 * Errors  0; FAILED: no service any more. A host that has a service can run something.
 */
AvfCapabilities avf_manager_get_capabilities(AvfManager *manager, GError **error);

/*
 * Names for the option "os": the operating systems whose images are there.
 *
 * Returns  NULL-terminated, owned by the caller: g_strfreev().
 * Errors   NULL; FAILED: no service any more.
 */
char **avf_manager_get_supported_os_list(AvfManager *manager, GError **error);

/*
 * Is a feature of AVF there? In Java: isFeatureEnabled(); names are "com.android.kvm.…".
 *
 * @enabled  set on success; false for a name that nobody knows.
 * Errors    FALSE; FAILED: no service any more.
 */
gboolean avf_manager_is_feature_enabled(AvfManager *manager, const char *feature, gboolean *enabled,
					GError **error);

/*
 * Make a machine: its files, with an instance id of its own. It does not run yet.
 *
 * Returns  a machine, owned by the caller.
 * Errors   NULL; ILLEGAL_ARGUMENT: name; EXISTS; UNSUPPORTED_OPERATION: an option that this host has not, the message names
 *          it; SECURITY; FAILED: no service any more, no space. Nothing is left of it.
 */
AvfVm *avf_manager_create(AvfManager *manager, const char *name, AvfConfig *config, GError **error);

/*
 * Find a machine.
 *
 * Returns  a machine, owned by the caller; NULL without an error: there is none of this name.
 * Errors   NULL; ILLEGAL_ARGUMENT: name; FAILED: its files cannot be read.
 */
AvfVm *avf_manager_get(AvfManager *manager, const char *name, GError **error);

/* avf_manager_get(), and if there is none avf_manager_create(); @config does not matter for one that is there. */
AvfVm *avf_manager_get_or_create(AvfManager *manager, const char *name, AvfConfig *config,
				 GError **error);

/*
 * Delete a machine with all that it has stored. Its AvfVm is DELETED for ever.
 *
 * Errors  FALSE; ILLEGAL_ARGUMENT: name; NOT_FOUND; NOT_STOPPED: it runs, here or in another process; FAILED.
 */
gboolean avf_manager_delete(AvfManager *manager, const char *name, GError **error);

#ifdef __cplusplus
}
#endif

#endif /* AVF_MANAGER_H */
