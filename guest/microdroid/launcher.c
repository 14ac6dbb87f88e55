/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * microdroid_launcher LIBRARY: becomes the payload. Gives up what root has, then loads the library and calls its
 * AVmPayload_main(), whose value is the exit status.
 */
#include "guest/microdroid/launcher.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "guest/microdroid/lib/log.h"
#include "guest/microdroid/lib/privileges.h"
#include "guest/payload/lib/service_fd.h"

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
	failed = privileges_drop(PRIVILEGES_PAYLOAD_UID);
	if (failed != NULL) {
		return fail(failed, strerror(errno));
	}
	if (!launcher_filter()) {
		return fail("installing the system call filter", strerror(errno));
	}
	/* The manager's socket: this process', not its children's. */
	fcntl(VM_PAYLOAD_SERVICE_FD, F_SETFD, FD_CLOEXEC);
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
