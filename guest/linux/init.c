/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first and only process of the Linux guest: loads the drivers, uses every
 * virtio device that the kernel's command line names, says on a serial how that
 * went (platform/abi/guest_report.h), and powers off.
 *
 *   terrarium.block          /dev/vda is written and read, /dev/vdb is read-only
 *   terrarium.console        hvc0 echoes one line
 *   terrarium.rng            /dev/hwrng is virtio's
 *   terrarium.vsock=PORT     talks to PORT of the host, then answers at PORT + 1
 *   terrarium.secret=SEED    has a page of the words that xorshift64 (13, 7, 17) makes of
 *                            the number SEED, and at the end still has it
 *   terrarium.hvc            all is said on hvc0 instead of ttyS0
 *
 * A device that is named and does not come is a failure.
 */
#include "guest/linux/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

#include "platform/abi/guest_report.h"

#define MODULE_LIST "/etc/modules-at-boot"
#define SECRET_WORDS 512 /* a page of them */
#define NODE_LIMIT_MS 10000
#define SYSLOG_ACTION_CONSOLE_LEVEL 8
#define CONSOLE_LEVEL_QUIET 1 /* only a panic still speaks */

static int serial_fd = -1;
static unsigned failures;
static uint64_t secret[SECRET_WORDS];

void report(const char *format, ...)
{
	char text[GUEST_REPORT_LINE_MAX];
	char line[GUEST_REPORT_LINE_MAX];
	va_list args;
	int size;

	va_start(args, format);
	vsnprintf(text, sizeof(text) - sizeof(GUEST_REPORT_PREFIX), format, args);
	va_end(args);
	size = snprintf(line, sizeof(line), "%s%s\n", GUEST_REPORT_PREFIX, text);
	/* Nothing can be said about a serial that does not take this. */
	(void)!write(serial_fd, line, (size_t)size);
}

bool check(bool holds, const char *name)
{
	int error = errno;

	if (holds) {
		report("ok %s", name);
	} else {
		failures++;
		report("fail %s errno=%d", name, error);
	}
	return holds;
}

int await_node(const char *path, int flags)
{
	int watch_fd = inotify_init1(IN_CLOEXEC);
	struct pollfd changed = { .fd = watch_fd, .events = POLLIN };
	char events[4096];
	int fd;

	if (watch_fd < 0 || inotify_add_watch(watch_fd, "/dev", IN_CREATE | IN_ATTRIB) < 0) {
		return -1;
	}
	for (;;) {
		fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
		if (fd >= 0 || errno != ENOENT) {
			break;
		}
		if (poll(&changed, 1, NODE_LIMIT_MS) <= 0 ||
		    read(watch_fd, events, sizeof(events)) < 0) {
			errno = ETIMEDOUT;
			break;
		}
	}
	close(watch_fd);
	return fd;
}

bool read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0) {
		close(fd);
	}
	text[got > 0 ? got : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return got >= 0;
}

/* The word "terrarium.<name>" or "terrarium.<name>=<number>" of the command line. */
static bool wanted(const char *name, unsigned *number)
{
	static char line[4096];
	char key[64];
	char *rest = line;
	char *word;
	int length = snprintf(key, sizeof(key), "terrarium.%s", name);

	if (!read_text("/proc/cmdline", line, sizeof(line))) {
		return false;
	}
	while ((word = strsep(&rest, " ")) != NULL) {
		if (strncmp(word, key, (size_t)length) != 0) {
			continue;
		}
		if (word[length] == '=' && number != NULL) {
			*number = (unsigned)strtoul(word + length + 1, NULL, 10);
			return true;
		}
		if (word[length] == '\0' && number == NULL) {
			return true;
		}
	}
	return false;
}

static bool load_modules(void)
{
	char line[256];
	FILE *list = fopen(MODULE_LIST, "re");

	if (list == NULL) {
		return false;
	}
	while (fgets(line, sizeof(line), list) != NULL) {
		int fd;

		line[strcspn(line, "\n")] = '\0';
		fd = open(line, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0) {
			fclose(list);
			return false;
		}
		close(fd);
	}
	fclose(list);
	return true;
}

static bool prepare(void)
{
	return mount("devtmpfs", "/dev", "devtmpfs", 0, NULL) == 0 &&
	       mount("proc", "/proc", "proc", 0, NULL) == 0 &&
	       mount("sysfs", "/sys", "sysfs", 0, NULL) == 0;
}

static void power_off(void)
{
	tcdrain(serial_fd);
	reboot(RB_POWER_OFF);
}

/* The words of the secret are @fill'ed in, or compared. */
static bool walk_secret(uint64_t x, bool fill)
{
	for (unsigned i = 0; i < SECRET_WORDS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		if (fill) {
			secret[i] = x;
		} else if (secret[i] != x) {
			return false;
		}
	}
	return true;
}

int main(void)
{
	struct utsname kernel = { 0 };
	unsigned port = 0, seed = 0;
	bool prepared = prepare();

	/* The kernel's messages go to the same serial: lines must not mix from here on. */
	klogctl(SYSLOG_ACTION_CONSOLE_LEVEL, NULL, CONSOLE_LEVEL_QUIET);
	serial_fd = wanted("hvc", NULL) ? await_node("/dev/hvc0", O_RDWR) :
					  open("/dev/ttyS0", O_RDWR | O_CLOEXEC | O_NOCTTY);
	report("begin linux");
	check(prepared, "mounts");
	uname(&kernel);
	report("ok init kernel=%s", kernel.release);
	check(load_modules(), "modules");
	if (wanted("secret", &seed)) {
		walk_secret(seed, true);
	}
	if (wanted("block", NULL)) {
		use_block();
	}
	if (wanted("console", NULL)) {
		use_console();
	}
	if (wanted("rng", NULL)) {
		use_rng();
	}
	if (wanted("vsock", &port)) {
		use_vsock(port);
	}
	if (seed != 0) {
		errno = 0;
		check(walk_secret(seed, false), "secret_intact");
	}
	report("end status=%u", failures);
	power_off();
	return 1;
}
