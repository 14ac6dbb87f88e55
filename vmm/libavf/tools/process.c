/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What other processes of the host use, from /proc: avf-test runs as root. */
#include "vmm/libavf/tools/avf_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LENGTH 15 /* of a process, as the kernel keeps it */
#define KIB 1024

static char *file_of(const char *pid, const char *name)
{
	g_autofree char *path = g_strconcat("/proc/", pid, "/", name, NULL);
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

/* The process with this name, owned by the caller; NULL: none. */
static char *find(const char *name)
{
	g_autoptr(GDir) all = g_dir_open("/proc", 0, NULL);
	const char *pid;

	while (all != NULL && (pid = g_dir_read_name(all)) != NULL) {
		g_autofree char *comm = g_ascii_isdigit(pid[0]) ? file_of(pid, "comm") : NULL;

		if (comm != NULL && strncmp(g_strchomp(comm), name, NAME_LENGTH) == 0) {
			return g_strdup(pid);
		}
	}
	return NULL;
}

guint64 service_cpu_ns(void)
{
	g_autofree char *pid = find("virtualizationservice");
	g_autofree char *path = pid != NULL ? g_strconcat("/proc/", pid, "/task", NULL) : NULL;
	g_autoptr(GDir) threads = path != NULL ? g_dir_open(path, 0, NULL) : NULL;
	const char *thread;
	guint64 sum = 0;

	while (threads != NULL && (thread = g_dir_read_name(threads)) != NULL) {
		g_autofree char *name = g_strconcat("task/", thread, "/schedstat", NULL);
		g_autofree char *text = file_of(pid, name);

		/* Documentation/scheduler/sched-stats.rst of Linux: the first number is time on a CPU, in ns. */
		sum += text != NULL ? g_ascii_strtoull(text, NULL, 10) : 0;
	}
	return sum;
}

/* The number behind "@key:" at the start of @line, in bytes; 0: it is another line. */
static guint64 field(const char *line, const char *key)
{
	size_t length = strlen(key);

	return strncmp(line, key, length) == 0 && line[length] == ':' ?
		       g_ascii_strtoull(line + length + 1, NULL, 10) * KIB :
		       0;
}

void say_vmm_memory(void)
{
	g_autofree char *pid = find("vmm");
	g_autofree char *text = pid != NULL ? file_of(pid, "smaps") : NULL;
	g_auto(GStrv) lines = text != NULL ? g_strsplit(text, "\n", -1) : NULL;
	guint64 size = 0, largest = 0, rss = 0, pss = 0, guest_rss = 0, guest_pss = 0;

	if (lines == NULL) {
		give_up("the vmm's memory", "there is no vmm, or it cannot be read");
	}
	for (char **line = lines; *line != NULL; line++) {
		guint64 now = field(*line, "Size");

		size = now != 0 ? now : size;
		rss += now = field(*line, "Rss");
		/* The guest's memory is by far its largest mapping. */
		if (now != 0 && size >= largest) {
			largest = size;
			guest_rss = now;
		}
		pss += now = field(*line, "Pss");
		if (now != 0 && size >= largest) {
			guest_pss = now;
		}
	}
	say("vmm_memory", "largest=%llu rss=%llu pss=%llu guest_rss=%llu guest_pss=%llu",
	    (unsigned long long)largest, (unsigned long long)rss, (unsigned long long)pss,
	    (unsigned long long)guest_rss, (unsigned long long)guest_pss);
}
