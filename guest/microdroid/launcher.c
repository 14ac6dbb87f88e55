/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * microdroid_launcher LIBRARY: becomes the payload. Gives up what root has, then loads the library and calls its
 * AVmPayload_main(), whose value is the exit status.
 */
#include "guest/microdroid/launcher.h"

#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "guest/microdroid/lib/log.h"

static bool drop_bounding_set(void)
{
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++) {
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
			return false;
		}
	}
	return true;
}

/* Leaving user 0 takes them; this makes sure, and the inheritable ones go too. */
static bool drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 &&
	       syscall(SYS_capset, &head, none) == 0;
}

const char *launcher_drop_privileges(void)
{
	if (!drop_bounding_set()) {
		return "dropping the capability bounding set";
	}
	if (setgroups(0, NULL) != 0 ||
	    setresgid(LAUNCHER_PAYLOAD_UID, LAUNCHER_PAYLOAD_UID, LAUNCHER_PAYLOAD_UID) != 0 ||
	    setresuid(LAUNCHER_PAYLOAD_UID, LAUNCHER_PAYLOAD_UID, LAUNCHER_PAYLOAD_UID) != 0) {
		return "becoming the payload's user";
	}
	if (!drop_capabilities()) {
		return "dropping capabilities";
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		return "giving up new privileges";
	}
	return NULL;
}

static int fail(const char *doing, const char *reason)
{
	log_line("%s: %s", doing, reason);
	return LAUNCHER_FAILED;
}

int main(int argc, char **argv)
{
	int (*entry)(void);
	const char *failed;
	void *library;

	log_begin("microdroid_launcher");
	if (argc != 2) {
		return fail("usage", "microdroid_launcher LIBRARY");
	}
	failed = launcher_drop_privileges();
	if (failed != NULL) {
		return fail(failed, strerror(errno));
	}
	if (!launcher_filter()) {
		return fail("installing the system call filter", strerror(errno));
	}
	library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	if (library == NULL) {
		return fail("cannot load the payload", dlerror());
	}
	*(void **)&entry = dlsym(library, LAUNCHER_ENTRY);
	if (entry == NULL) {
		return fail("the payload has no entry point", dlerror());
	}
	return entry();
}
