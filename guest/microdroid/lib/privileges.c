/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/microdroid/lib/privileges.h"

#include <grp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

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

const char *privileges_drop(uid_t uid)
{
	if (!drop_bounding_set()) {
		return "dropping the capability bounding set";
	}
	if (setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 ||
	    setresuid(uid, uid, uid) != 0) {
		return "becoming another user";
	}
	if (!drop_capabilities()) {
		return "dropping capabilities";
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		return "giving up new privileges";
	}
	return NULL;
}
