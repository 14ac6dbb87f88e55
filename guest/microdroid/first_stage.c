/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first process, in the initrd: maps the system image by dm-verity against the root digest that lies beside
 * it in the initrd, makes it the root, and becomes its init. Nothing of the image is used unchecked. What fails is
 * said to the failure port, and the machine powers off; but an image that is not what the digest says ends in a reset
 * without a word there, as it does when dm-verity finds it out later (restart_on_corruption).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "guest/microdroid/init.h"
#include "guest/microdroid/lib/failure.h"
#include "guest/microdroid/lib/log.h"
#include "guest/microdroid/lib/text.h"
#include "guest/microdroid/lib/partition.h"
#include "guest/microdroid/lib/verity.h"
#include "platform/abi/mark.h"

#define TREE_FILE "/system.verity"
#define DEBUGGABLE_MARK "/debuggable" /* in the initrd of debug level FULL */
#define MODULE_LIST \
	"/etc/modules-at-boot" /* platform/host/mkinitramfs.py; absent: none are needed */
#define WHOLE_DISK "/dev/vda"  /* where the system image is if no partition has its label */
#define NEW_ROOT "/root"
#define TEXT_MAX 4096
#define DISK_LIMIT_MS 10000
/*
 * What the kernel must have left itself and programs, KiB. Measured by instructions from here to the mounted package
 * (endurance/avf_least_memory): 107 million in a VM of 64 MiB, 320 million in one of 28; in one of 24 MiB (16,564 KiB are left) the
 * programs' pages are read again and again, and 6,000 million were not enough.
 */
#define MEMORY_KIB_MIN (17 * 1024)

/* Ends the VM. The image is mapped, and does not hold what it should: its owner sees the VM's exit status alone. */
static void __attribute__((noreturn)) reset(const char *doing)
{
	log_line("%s: %s", doing, strerror(errno));
	reboot(RB_AUTOBOOT);
	_exit(1);
}

/* Ends the VM. */
static void __attribute__((noreturn)) fail(const char *doing)
{
	char context[LOG_LINE_MAX];

	log_line("%s: %s", doing, strerror(errno));
	snprintf(context, sizeof(context), "first stage: %s: %s", doing, strerror(errno));
	failure_report(FAILURE_UNKNOWN, context);
	reboot(RB_POWER_OFF);
	_exit(1);
}

static void mount_kernels_own(void)
{
	if (mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755") != 0 ||
	    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0 ||
	    mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL) !=
		    0) {
		fail("mounting /dev, /proc, /sys");
	}
}

/* What this stage says goes to the kernel's log: it has no console of its own that would be less. */
static void open_log(void)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_NOCTTY);

	if (fd >= 0) {
		dup2(fd, STDERR_FILENO);
		close(fd);
	}
	log_begin("first stage");
}

/* A kernel of a distribution has its drivers as modules. */
static void load_modules(void)
{
	char text[TEXT_MAX];
	char *rest = text;
	char *path;

	if (read_file(MODULE_LIST, text, sizeof(text)) < 0) {
		if (errno == ENOENT) {
			return;
		}
		fail(MODULE_LIST);
	}
	while ((path = strsep(&rest, "\n")) != NULL) {
		int fd;

		if (path[0] == '\0') {
			continue;
		}
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) != 0) {
			fail(path);
		}
		close(fd);
	}
}

/*
 * Says it at once, instead of a hang-up after minutes. Here, where everything that runs is in memory for good: in a VM of 16 MiB
 * the pages of the system's own first program may be read again and again.
 */
static void require_memory(void)
{
	struct sysinfo info;

	if (sysinfo(&info) == 0 && info.totalram * info.mem_unit / 1024 < MEMORY_KIB_MIN) {
		errno = ENOMEM;
		fail("too little memory in this VM");
	}
}

static bool find_system(char *node, size_t size)
{
	struct stat st;

	if (partition_find(PARTITION_SYSTEM, node, size)) {
		return true;
	}
	snprintf(node, size, "%s", WHOLE_DISK);
	return stat(node, &st) == 0;
}

/* Disks are there when the drivers are, or a little later: nodes are waited for, by their appearance in /dev. */
static void await_system(char *node, size_t size)
{
	int watch_fd = inotify_init1(IN_CLOEXEC);
	struct pollfd changed = { .fd = watch_fd, .events = POLLIN };
	char events[TEXT_MAX];

	if (watch_fd < 0 || inotify_add_watch(watch_fd, "/dev", IN_CREATE) < 0) {
		fail("watching /dev");
	}
	while (!find_system(node, size)) {
		int count = poll(&changed, 1, DISK_LIMIT_MS);

		if (count == 0) {
			errno = ETIMEDOUT;
		}
		if (count <= 0 || read(watch_fd, events, sizeof(events)) < 0) {
			fail("looking for the system image's disk");
		}
	}
	close(watch_fd);
}

static void mount_system(void)
{
	char disk[PARTITION_NODE_MAX];
	char node[PARTITION_NODE_MAX];
	char text[TEXT_MAX];
	struct verity_tree tree;
	const char *wrong;

	if (read_file(TREE_FILE, text, sizeof(text)) < 0) {
		fail(TREE_FILE);
	}
	wrong = verity_parse(text, &tree);
	if (wrong != NULL) {
		errno = EINVAL;
		fail(wrong);
	}
	tree.restart = true;
	await_system(disk, sizeof(disk));
	if (!verity_map("system", &tree, disk, disk, node, sizeof(node))) {
		fail("mapping the system image");
	}
	if (mount(node, NEW_ROOT, "erofs", MS_RDONLY | MS_NODEV | MS_NOSUID, NULL) != 0) {
		reset("mounting the system image");
	}
}

/* The initrd's files are memory that nobody needs any more. Modules' folders stay: little. */
static void drop_initrd(void)
{
	unlink("/init");
	unlink(TREE_FILE);
}

static void enter_system(void)
{
	static const char *const moved[] = { "/dev", "/proc", "/sys" };
	bool debuggable = access(DEBUGGABLE_MARK, F_OK) == 0;
	char *argv[] = { INIT, debuggable ? INIT_DEBUGGABLE : NULL, NULL };
	char *envp[] = { "PATH=/usr/bin", NULL };

	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
		char place[64];

		snprintf(place, sizeof(place), NEW_ROOT "%s", moved[i]);
		if (mount(moved[i], place, NULL, MS_MOVE, NULL) != 0) {
			fail("moving mounts to the new root");
		}
	}
	drop_initrd();
	if (chdir(NEW_ROOT) != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 ||
	    chdir("/") != 0) {
		fail("entering the new root");
	}
	execve(INIT, argv, envp);
	reset("starting " INIT);
}

int main(void)
{
	mark("md-first", 0, 0); /* the kernel has booted */
	mount_kernels_own();
	open_log();
	load_modules(); /* the failure port may need one */
	require_memory();
	mount_system();
	enter_system();
	return 1;
}
