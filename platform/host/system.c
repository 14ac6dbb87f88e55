/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "platform/host/init.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define HOST_NAME "terrarium"
#define HYPERVISOR_COMPATIBLE "/proc/device-tree/hypervisor/compatible"
#define KVM_MODULE "/usr/lib/terrarium/terrarium_kvm.ko"
#define MODULE_LIST "/etc/modules-at-boot"

struct mount_point {
	const char *type;
	const char *path;
	const char *options;
};

static const struct mount_point mount_points[] = {
	{ "devtmpfs", "/dev", "mode=0755" },
	{ "proc", "/proc", NULL },
	{ "sysfs", "/sys", NULL },
	{ "tmpfs", "/run", "mode=0755" },
	{ "tmpfs", "/tmp", "mode=1777" },
	{ "debugfs", "/sys/kernel/debug", NULL },
	{ "tracefs", "/sys/kernel/tracing", NULL },
	{ "devpts", "/dev/pts", "mode=0620" },
	{ "tmpfs", "/dev/shm", "mode=1777" },
};

static void mount_all(void)
{
	for (size_t i = 0; i < sizeof(mount_points) / sizeof(mount_points[0]); i++) {
		const struct mount_point *point = &mount_points[i];

		if (mkdir(point->path, 0755) < 0 && errno != EEXIST) {
			give_up("cannot make %s: %s", point->path, strerror(errno));
		}
		if (mount(point->type, point->path, point->type, 0, point->options) < 0 &&
		    errno != EBUSY) {
			give_up("cannot mount %s on %s: %s", point->type, point->path,
				strerror(errno));
		}
	}
	if (mkdir("/run/lock", 0755) < 0) {
		give_up("cannot make /run/lock: %s", strerror(errno));
	}
}

/*
 * devtmpfs makes this node when the module is loaded; to open it before loads the
 * module (alias char-major-10-241). The number is fixed: Linux, miscdevice.h.
 */
static void make_vsock_node(void)
{
	if (mknod("/dev/vhost-vsock", S_IFCHR | 0600, makedev(10, 241)) < 0 && errno != EEXIST) {
		give_up("cannot make /dev/vhost-vsock: %s", strerror(errno));
	}
}

static void raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0) {
		give_up("cannot bring up the loopback network: %s", strerror(errno));
	}
	close(fd);
}

/* Memory of protected VMs is locked: the host allows its VMMs all of it. */
static void lift_limits(void)
{
	const struct rlimit unlimited = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &unlimited) < 0) {
		give_up("cannot lift the limit on locked memory: %s", strerror(errno));
	}
}

static void load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		give_up("cannot open the kernel module %s: %s", path, strerror(errno));
	}
	if (syscall(SYS_finit_module, fd, "", 0) < 0) {
		give_up("cannot load the kernel module %s: %s", path, strerror(errno));
	}
	close(fd);
}

static void load_modules(void)
{
	char line[256];
	FILE *list = fopen(MODULE_LIST, "re");

	if (list == NULL) {
		give_up("cannot read " MODULE_LIST ": %s", strerror(errno));
	}
	while (fgets(line, sizeof(line), list) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		load_module(line);
	}
	fclose(list);
}

/* Under Terrarium's hypervisor /dev/kvm is a module's; elsewhere the kernel has its own, or none. */
static void load_kvm(void)
{
	char compatible[64] = "";
	int fd = open(HYPERVISOR_COMPATIBLE, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return;
	}
	if (read(fd, compatible, sizeof(compatible) - 1) < 0) {
		give_up("cannot read " HYPERVISOR_COMPATIBLE ": %s", strerror(errno));
	}
	close(fd);
	if (strcmp(compatible, "terrarium,hypervisor") == 0) {
		load_module(KVM_MODULE);
	}
}

static void set_environment(void)
{
	clearenv();
	setenv("PATH", "/usr/bin:/usr/sbin", 1);
	setenv("HOME", "/root", 1);
	setenv("TERM", "vt100", 1);
	if (chdir("/root") < 0) {
		give_up("cannot enter /root: %s", strerror(errno));
	}
}

int system_prepare(void)
{
	mount_all();
	make_vsock_node();
	/* The device node comes with devtmpfs: there was no console before. */
	system_take_console();
	int kmsg_fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (kmsg_fd < 0) {
		give_up("cannot open /dev/kmsg: %s", strerror(errno));
	}
	if (sethostname(HOST_NAME, strlen(HOST_NAME)) < 0) {
		give_up("cannot set the host name: %s", strerror(errno));
	}
	set_environment();
	raise_loopback();
	lift_limits();
	load_modules();
	load_kvm();
	return kmsg_fd;
}

void system_take_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	if (fd < 0) {
		give_up("cannot open /dev/console: %s", strerror(errno));
	}
	if (getpid() != 1) {
		ioctl(fd, TIOCSCTTY, 1);
	}
	for (int target = 0; target < 3; target++) {
		if (fd != target) {
			dup2(fd, target);
		}
	}
	if (fd > 2) {
		close(fd);
	}
}

bool system_has_parameter(const char *parameter)
{
	char line[4096];
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	char *rest = line;
	char *word;

	if (size < 0) {
		give_up("cannot read the kernel's command line: %s", strerror(errno));
	}
	close(fd);
	line[size] = '\0';
	while ((word = strsep(&rest, " \n")) != NULL) {
		if (strcmp(word, parameter) == 0) {
			return true;
		}
	}
	return false;
}
