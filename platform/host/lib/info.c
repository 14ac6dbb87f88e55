/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "platform/host/lib/info.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool number_of(const char *text, const char *key, uint64_t *number)
{
	char quoted[32];
	char *end;

	snprintf(quoted, sizeof(quoted), "\"%s\"", key);
	const char *place = strstr(text, quoted);

	if (place == NULL) {
		return false;
	}
	place += strlen(quoted);
	place += strspn(place, " \t\n:");
	/* JSON has no hexadecimal: a string with 0x is taken too. */
	place += *place == '"';
	errno = 0;
	*number = strtoull(place, &end, 0);
	return end != place && errno == 0;
}

bool vm_info_read(const char *path, struct vm_info *info)
{
	char text[4096];
	uint64_t pid = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (size < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	close(fd);
	text[size] = '\0';
	if (!number_of(text, "pid", &pid) || !number_of(text, "ram_ipa", &info->ram_ipa) ||
	    !number_of(text, "ram_hva", &info->ram_hva) ||
	    !number_of(text, "ram_bytes", &info->ram_bytes)) {
		fprintf(stderr, "%s: no info file: pid, ram_ipa, ram_hva, ram_bytes wanted\n",
			path);
		return false;
	}
	info->pid = (pid_t)pid;
	return true;
}

bool vm_info_hva(const struct vm_info *info, uint64_t ipa, uint64_t size, uint64_t *hva)
{
	uint64_t offset = ipa - info->ram_ipa;

	if (ipa < info->ram_ipa || offset > info->ram_bytes || size > info->ram_bytes - offset) {
		fprintf(stderr, "%#llx is not in the guest's RAM, [%#llx, %#llx)\n",
			(unsigned long long)ipa, (unsigned long long)info->ram_ipa,
			(unsigned long long)(info->ram_ipa + info->ram_bytes));
		return false;
	}
	*hva = info->ram_hva + offset;
	return true;
}
