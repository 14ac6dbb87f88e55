/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Become a program with the rights of an ordinary user: for what must also work, or must
 * fail well, without root's.
 */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ID_MAX 65533 /* 65534 is nobody's */
#define EXIT_TROUBLE 125
#define EXIT_NO_PROGRAM 127

static int trouble(const char *what)
{
	fprintf(stderr, "as-user: %s: %s\n", what, strerror(errno));
	return EXIT_TROUBLE;
}

int main(int argc, char **argv)
{
	char *end = NULL;
	unsigned long id = argc > 2 ? strtoul(argv[1], &end, 10) : 0;

	if (argc < 3 || *end != '\0' || id < 1 || id > ID_MAX) {
		fprintf(stderr, "usage: as-user ID COMMAND...   (user and group 1 to %d)\n",
			ID_MAX);
		return EXIT_TROUBLE;
	}
	/* In this order: without user 0 the other two are refused. */
	if (setgroups(0, NULL) != 0) {
		return trouble("setgroups");
	}
	if (setgid((gid_t)id) != 0) {
		return trouble("setgid");
	}
	if (setuid((uid_t)id) != 0) {
		return trouble("setuid");
	}
	execvp(argv[2], &argv[2]);
	fprintf(stderr, "as-user: cannot run %s: %s\n", argv[2], strerror(errno));
	return EXIT_NO_PROGRAM;
}
