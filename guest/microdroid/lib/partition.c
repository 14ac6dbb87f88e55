/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/microdroid/lib/partition.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "guest/microdroid/lib/text.h"

#define BLOCK_CLASS "/sys/class/block"
#define UEVENT_MAX 4096
#define LABEL_MAX 128 /* a GPT name has 36 UTF-16 units */

static bool has_label(const char *device, const char *label)
{
	char path[320];
	char uevent[UEVENT_MAX];
	char name[LABEL_MAX];

	snprintf(path, sizeof(path), BLOCK_CLASS "/%s/uevent", device);
	return read_file(path, uevent, sizeof(uevent)) > 0 &&
	       text_value(uevent, "PARTNAME", name, sizeof(name)) && strcmp(name, label) == 0;
}

bool partition_find(const char *label, char *node, size_t size)
{
	char found[PARTITION_NODE_MAX] = "";
	DIR *devices = opendir(BLOCK_CLASS);
	struct dirent *entry;

	if (devices == NULL) {
		return false;
	}
	while ((entry = readdir(devices)) != NULL) {
		if (entry->d_name[0] != '.' && strlen(entry->d_name) < sizeof(found) &&
		    has_label(entry->d_name, label) &&
		    (found[0] == '\0' || strcmp(entry->d_name, found) < 0)) {
			snprintf(found, sizeof(found), "%s", entry->d_name);
		}
	}
	closedir(devices);
	if (found[0] == '\0') {
		errno = ENOENT;
		return false;
	}
	if ((size_t)snprintf(node, size, "/dev/%s", found) >= size) {
		errno = ENAMETOOLONG;
		return false;
	}
	return true;
}
