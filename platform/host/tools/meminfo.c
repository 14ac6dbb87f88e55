/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * meminfo [--pid PID | --info INFO.json]: what memory the host has and what KVM and one VMM use.
 *
 * Caches are dropped and free memory is compacted first, so that two runs can be compared.
 * Prints report lines; all numbers are bytes:
 *
 *   terrarium: value memory free=.. available=.. slab=.. page_tables=.. kvm_page_tables=..
 *   terrarium: value kvm_vm name=<folder> protected_hyp_mem=.. protected_shared_mem=..
 *   terrarium: value kvm protected_hyp_mem=.. protected_shared_mem=..
 *   terrarium: value process pid=.. rss=.. pss=..
 *
 * The kvm lines come from KVM's debugfs statistics, where the kernel has them.
 */
#include "platform/host/lib/info.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KVM_DEBUGFS "/sys/kernel/debug/kvm"
#define KIB 1024ULL

static ssize_t read_text(const char *path, char *text, size_t size)
{
	size_t used = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return -1;
	}
	while ((got = read(fd, text + used, size - 1 - used)) > 0) {
		used += (size_t)got;
	}
	text[used] = '\0';
	close(fd);
	return got < 0 ? -1 : (ssize_t)used;
}

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (!written) {
		fprintf(stderr, "meminfo: %s: %s\n", path, strerror(errno));
	}
	if (fd >= 0) {
		close(fd);
	}
	return written;
}

/* The number after "@key:" at a line's start, in kB as /proc has it; in bytes. */
static uint64_t field(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == ':') {
			return strtoull(line + length + 1, NULL, 10) * KIB;
		}
	}
	return 0;
}

static bool print_memory(void)
{
	char text[8192];

	if (read_text("/proc/meminfo", text, sizeof(text)) < 0) {
		fprintf(stderr, "meminfo: /proc/meminfo: %s\n", strerror(errno));
		return false;
	}
	printf("terrarium: value memory free=%llu available=%llu slab=%llu page_tables=%llu "
	       "kvm_page_tables=%llu\n",
	       (unsigned long long)field(text, "MemFree"),
	       (unsigned long long)field(text, "MemAvailable"),
	       (unsigned long long)field(text, "Slab"),
	       (unsigned long long)field(text, "PageTables"),
	       (unsigned long long)field(text, "SecPageTables"));
	return true;
}

static bool statistic(const char *folder, const char *name, unsigned long long *number)
{
	char path[600];
	char text[64];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (read_text(path, text, sizeof(text)) <= 0) {
		return false;
	}
	*number = strtoull(text, NULL, 10);
	return true;
}

static void print_kvm_folder(const char *folder, const char *head)
{
	unsigned long long hyp;
	unsigned long long shared;

	if (statistic(folder, "protected_hyp_mem", &hyp) &&
	    statistic(folder, "protected_shared_mem", &shared)) {
		printf("terrarium: value %s protected_hyp_mem=%llu protected_shared_mem=%llu\n",
		       head, hyp, shared);
	}
}

static void print_kvm(void)
{
	DIR *dir = opendir(KVM_DEBUGFS);
	struct dirent *entry;

	if (dir == NULL) {
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
			char folder[512];
			char head[300];

			snprintf(folder, sizeof(folder), KVM_DEBUGFS "/%s", entry->d_name);
			snprintf(head, sizeof(head), "kvm_vm name=%s", entry->d_name);
			print_kvm_folder(folder, head);
		}
	}
	closedir(dir);
	print_kvm_folder(KVM_DEBUGFS, "kvm");
}

static bool print_process(pid_t pid)
{
	char path[64];
	char text[8192];

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	if (read_text(path, text, sizeof(text)) < 0) {
		fprintf(stderr, "meminfo: process %d: %s\n", pid, strerror(errno));
		return false;
	}
	printf("terrarium: value process pid=%d rss=%llu pss=%llu\n", pid,
	       (unsigned long long)field(text, "Rss"), (unsigned long long)field(text, "Pss"));
	return true;
}

int main(int argc, char **argv)
{
	struct vm_info info = { 0 };

	if (argc == 3 && strcmp(argv[1], "--pid") == 0) {
		info.pid = (pid_t)strtol(argv[2], NULL, 10);
	} else if (argc == 3 && strcmp(argv[1], "--info") == 0) {
		if (!vm_info_read(argv[2], &info)) {
			return 1;
		}
	} else if (argc != 1) {
		fprintf(stderr, "usage: meminfo [--pid PID | --info INFO.json]\n");
		return 2;
	}
	sync();
	if (!write_text("/proc/sys/vm/drop_caches", "3\n") ||
	    !write_text("/proc/sys/vm/compact_memory", "1\n") || !print_memory()) {
		return 1;
	}
	print_kvm();
	return info.pid == 0 || print_process(info.pid) ? 0 : 1;
}
