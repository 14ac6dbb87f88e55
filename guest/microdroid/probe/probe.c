/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A payload that looks around and says what it is and may, in the lines of platform/abi/guest_report.h on its standard
 * output, which is the log at debug level FULL. It judges nothing: scenarios do. Returns 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "platform/abi/guest_report.h"

#define TEXT_MAX 4096

int AVmPayload_main(void);

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
	char line[GUEST_REPORT_LINE_MAX];
	int length = snprintf(line, sizeof(line), GUEST_REPORT_PREFIX);
	va_list args;

	va_start(args, format);
	length += vsnprintf(line + length, sizeof(line) - (size_t)length - 1, format, args);
	va_end(args);
	line[length++] = '\n';
	(void)!write(STDOUT_FILENO, line, (size_t)length);
}

/* The name of errno after a call that returned @result, "ok" after one that did not fail. */
static const char *outcome(int result)
{
	return result >= 0 ? "ok" : strerrorname_np(errno);
}

static void read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, text, size - 1);

	text[got > 0 ? got : 0] = '\0';
	if (fd >= 0) {
		close(fd);
	}
}

/* The word behind "NAME:" in /proc/self/status. */
static void status_word(const char *name, char *word, size_t size)
{
	char text[TEXT_MAX];
	const char *found;

	read_text("/proc/self/status", text, sizeof(text));
	found = strstr(text, name);
	word[0] = '\0';
	if (found != NULL) {
		found += strlen(name);
		found += strspn(found, ":\t ");
		snprintf(word, size, "%.*s", (int)strcspn(found, "\n\t "), found);
	}
}

static void say_identity(void)
{
	static const char *const fields[] = { "CapInh", "CapPrm",     "CapEff", "CapBnd",
					      "CapAmb", "NoNewPrivs", "Seccomp" };
	char words[sizeof(fields) / sizeof(fields[0])][32];
	struct utsname kernel;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		status_word(fields[i], words[i], sizeof(words[i]));
	}
	uname(&kernel);
	say("value identity uid=%u euid=%u gid=%u groups=%d", getuid(), geteuid(), getgid(),
	    getgroups(0, NULL));
	say("value capabilities inheritable=x%s permitted=x%s effective=x%s bounding=x%s ambient=x%s",
	    words[0], words[1], words[2], words[3], words[4]);
	say("value confinement no_new_privs=%s seccomp=%s", words[5], words[6]);
	say("value kernel release=%s", kernel.release);
}

static void say_mount(const char *name, const char *path)
{
	struct statvfs fs;

	if (statvfs(path, &fs) != 0) {
		say("value mount place=%s error=%s", name, strerrorname_np(errno));
		return;
	}
	say("value mount place=%s read_only=%d no_exec=%d no_suid=%d no_dev=%d", name,
	    (fs.f_flag & ST_RDONLY) != 0, (fs.f_flag & ST_NOEXEC) != 0,
	    (fs.f_flag & ST_NOSUID) != 0, (fs.f_flag & ST_NODEV) != 0);
}

/* A file of /data: written, and not to be run in any way. */
static void say_data(void)
{
	static const char path[] = "/data/probe.sh";
	static const char script[] = "#!/usr/bin/microdroid_init\n";
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	char *const argv[] = { (char *)path, NULL };
	char *const envp[] = { NULL };
	const char *created = outcome(fd);
	const char *written = outcome((int)write(fd, script, sizeof(script) - 1));
	void *mapped = mmap(NULL, sizeof(script), PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	const char *executable = outcome(mapped == MAP_FAILED ? -1 : 0);

	say("value data create=%s write=%s map_exec=%s exec=%s", created, written, executable,
	    outcome(execve(path, argv, envp)));
	close(fd);
	unlink(path);
}

static void say_attempts(void)
{
	say("value write root=%s apk=%s kmsg=%s disk=%s",
	    outcome(open("/usr/bin/x", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)),
	    outcome(open("/mnt/apk/x", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)),
	    outcome(open("/dev/kmsg", O_WRONLY | O_CLOEXEC)),
	    outcome(open("/dev/vda", O_RDONLY | O_CLOEXEC)));
	say("value try mount=%s setuid=%s ptrace=%s inet=%s netlink=%s unix=%s failure_port=%s",
	    outcome(mount("none", "/data", "tmpfs", 0, NULL)), outcome(setuid(0)),
	    outcome((int)ptrace(PTRACE_ATTACH, 1, NULL, NULL)),
	    outcome(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
	    outcome(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0)),
	    outcome(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
	    outcome(open("/dev/ttyS1", O_WRONLY | O_CLOEXEC)));
	say("value processes init=%s", outcome(open("/proc/1/status", O_RDONLY | O_CLOEXEC)));
}

/* KiB behind "NAME:" in the text of /proc/meminfo; 0 if it is not there. */
static unsigned long kibibytes(const char *text, const char *name)
{
	const char *found = strstr(text, name);

	return found == NULL ? 0 : strtoul(found + strlen(name), NULL, 10);
}

static void say_memory(void)
{
	char text[TEXT_MAX];

	read_text("/proc/meminfo", text, sizeof(text));
	say("value memory total_kib=%lu available_kib=%lu", kibibytes(text, "MemTotal:"),
	    kibibytes(text, "MemAvailable:"));
}

int AVmPayload_main(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now); /* from the start of the guest's kernel */
	say("begin probe");
	say("value clock boot_us=%lld", now.tv_sec * 1000000LL + now.tv_nsec / 1000);
	say_identity();
	say_mount("root", "/");
	say_mount("apk", "/mnt/apk");
	say_mount("data", "/data");
	say_data();
	say_attempts();
	say_memory();
	say("end status=0");
	return 0;
}
