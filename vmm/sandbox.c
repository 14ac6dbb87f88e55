/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* unshare, chroot */
#include "vmm/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/kvm.h>
#include <linux/vhost.h>

#include "vmm/log.h"

G_DEFINE_QUARK(vmm_sandbox_error, sandbox_error)

/* System calls that are allowed with any arguments, by who makes them. */
static const int allowed_calls[] = {
	/* devices: serials, block, console, rng, eventfds, log */
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(pread64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(fdatasync),
	SCMP_SYS(getrandom),
	/* main loop and control socket */
	SCMP_SYS(ppoll),
	SCMP_SYS(poll),
	SCMP_SYS(accept4),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendto),
	SCMP_SYS(close),
	/* memory: malloc and thread stacks; mmap and mprotect are below */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	/* threads and locks; clone is below */
	SCMP_SYS(futex),
	SCMP_SYS(rseq),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(sched_yield),
	SCMP_SYS(exit),
	/* signals: kicks, faults in guest memory, abort */
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(tgkill),
	/* time, where the vDSO cannot answer */
	SCMP_SYS(clock_gettime),
	/* the end, with the janitor */
	SCMP_SYS(wait4),
	SCMP_SYS(exit_group),
};

/* Requests of ioctl() that are made while the guest runs. */
static const unsigned long allowed_ioctls[] = {
	KVM_RUN,
	KVM_IRQ_LINE,
	VHOST_SET_OWNER,
	VHOST_SET_FEATURES,
	VHOST_SET_MEM_TABLE,
	VHOST_SET_VRING_NUM,
	VHOST_SET_VRING_BASE,
	VHOST_SET_VRING_ADDR,
	VHOST_SET_VRING_CALL,
	VHOST_SET_VRING_ERR,
	VHOST_SET_VRING_KICK,
	VHOST_VSOCK_SET_RUNNING,
};

/* With a debugger: registers and breakpoints of vCPUs. */
static const unsigned long debug_ioctls[] = {
	KVM_GET_ONE_REG,
	KVM_SET_ONE_REG,
	KVM_SET_GUEST_DEBUG,
};

static const struct {
	int flag;
	const char *name;
} namespaces[] = {
	{ CLONE_NEWNS, "mount" },
	{ CLONE_NEWNET, "network" },
	{ CLONE_NEWIPC, "IPC" },
};

/* Make the root an empty directory that no path leads out of. */
static bool enter_empty_root(void)
{
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int root = -1;
	bool done = false;
	int saved;

	if (fs >= 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0) {
		root = fsmount(fs, FSMOUNT_CLOEXEC,
			       MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				       MOUNT_ATTR_NOEXEC);
	}
	if (root >= 0) {
		done = fchdir(root) == 0 && chroot(".") == 0;
	}
	saved = errno;
	if (root >= 0) {
		close(root);
	}
	if (fs >= 0) {
		close(fs);
	}
	errno = saved;
	return done;
}

static void enter_namespaces(void)
{
	/* Who is not root may still own name spaces of a user name space, if the host has them. */
	if (geteuid() != 0 && unshare(CLONE_NEWUSER) != 0) {
		log_info("sandbox: no user name space: %m");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(namespaces); i++) {
		if (unshare(namespaces[i].flag) != 0) {
			log_info("sandbox: no own %s name space: %m", namespaces[i].name);
		}
	}
	if (!enter_empty_root()) {
		log_info("sandbox: the file system stays in sight: %m");
	}
}

static bool privileges_error(const char *what, GError **error)
{
	int saved = errno;

	g_set_error(error, SANDBOX_ERROR, SANDBOX_ERROR_PRIVILEGES, "sandbox: %s: %s", what,
		    g_strerror(saved));
	return false;
}

static bool drop_privileges(GError **error)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	/* Fails where there is no right to drop, which is where exec could not raise either. */
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	}
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &header, none) != 0) {
		return privileges_error("capset", error);
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		return privileges_error("PR_SET_NO_NEW_PRIVS", error);
	}
	return true;
}

static int allow_ioctls(scmp_filter_ctx filter, const unsigned long *requests, size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				      SCMP_A1(SCMP_CMP_EQ, requests[i]));
	}
	return rc;
}

/* Add all rules to @filter; 0, or the first negative errno. */
static int add_rules(scmp_filter_ctx filter, bool with_debugger)
{
	int rc = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(allowed_calls) && rc == 0; i++) {
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
	}
	rc = rc != 0 ? rc : allow_ioctls(filter, allowed_ioctls, G_N_ELEMENTS(allowed_ioctls));
	if (with_debugger) {
		rc = rc != 0 ? rc : allow_ioctls(filter, debug_ioctls, G_N_ELEMENTS(debug_ioctls));
	}
	/* Memory that is never code. */
	rc = rc != 0 ? rc :
		       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
					SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	rc = rc != 0 ? rc :
		       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
					SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* Threads, not processes. A filter cannot see clone3's flags: libc then takes clone. */
	rc = rc != 0 ? rc :
		       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
					SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	rc = rc != 0 ? rc : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return rc;
}

static bool load_filter(bool with_debugger, GError **error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc = filter != NULL ? add_rules(filter, with_debugger) : -ENOMEM;

	rc = rc != 0 ? rc : seccomp_load(filter);
	if (filter != NULL) {
		seccomp_release(filter);
	}
	if (rc != 0) {
		g_set_error(error, SANDBOX_ERROR, SANDBOX_ERROR_FILTER,
			    "sandbox: no filter of system calls: %s (--no-sandbox runs without)",
			    g_strerror(-rc));
		return false;
	}
	return true;
}

bool sandbox_enter(bool with_debugger, GError **error)
{
	/* Or malloc() reads the number of CPUs from /sys when many threads allocate. */
	mallopt(M_ARENA_MAX, 1);
	enter_namespaces();
	return drop_privileges(error) && load_filter(with_debugger, error);
}
