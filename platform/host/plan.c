/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "platform/host/plan.h"
#include "platform/host/init.h"
#include "platform/host/lib/pci.h"
#include "platform/host/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESULTS_PORT "org.terrarium.results"
#define ARCHIVE "/run/plan.tar"
#define SCRIPT "/plan/run"
#define START_LIMIT_S 60 /* how long the port may take to appear */
#define PORT_PATH_BYTES 64

static int open_results(struct uevents *uevents)
{
	char port[PORT_PATH_BYTES];

	while (!port_find(RESULTS_PORT, port, sizeof(port))) {
		uevents_wait(uevents, START_LIMIT_S, RESULTS_PORT);
	}
	int fd = open(port, O_WRONLY);

	if (fd < 0) {
		give_up("cannot open the results port %s: %s", port, strerror(errno));
	}
	return fd;
}

/* Whole words only: the memory is a device's. */
static void copy_archive(const volatile uint64_t *from, size_t bytes)
{
	size_t words = (bytes + sizeof(*from) - 1) / sizeof(*from);
	uint64_t *archive = calloc(words, sizeof(*archive));
	int fd = open(ARCHIVE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (archive == NULL || fd < 0) {
		give_up("cannot make " ARCHIVE ": %s", strerror(errno));
	}
	for (size_t i = 0; i < words; i++) {
		archive[i] = from[i];
	}
	if (write(fd, archive, bytes) != (ssize_t)bytes) {
		give_up("cannot write " ARCHIVE ": %s", strerror(errno));
	}
	close(fd);
	free(archive);
}

static void run(const char *what, char *const argv[])
{
	pid_t pid = start(argv, false);
	int status = 0;
	pid_t ended;

	do {
		ended = waitpid(-1, &status, 0);
	} while (ended != pid && (ended > 0 || errno == EINTR));
	if (status != 0) {
		give_up("%s ended with wait status %#x", what, (unsigned int)status);
	}
}

static void unpack(const volatile uint64_t *memory, size_t memory_bytes)
{
	uint64_t magic = memory[0];
	uint64_t bytes = memory[1];
	char *argv[] = { "/bin/tar", "-x", "-f", ARCHIVE, "-C", "/", NULL };

	if (magic != PLAN_MAGIC || bytes > memory_bytes - PLAN_OFFSET) {
		give_up("the shared memory has no plan: it begins with %#llx",
			(unsigned long long)magic);
	}
	copy_archive(memory + PLAN_OFFSET / sizeof(*memory), bytes);
	run("unpacking the plan", argv);
}

void plan_run(struct uevents *uevents)
{
	static const char end_of_archive[1024];
	char *argv[] = { "/bin/sh", SCRIPT, NULL };
	size_t bytes;
	char fd_text[16];
	const volatile void *memory = pci_map(PCI_SHARED_MEMORY, PCI_SHARED_MEMORY_BAR, &bytes);

	if (memory == NULL && errno == ENODEV) {
		return;
	}
	if (memory == NULL) {
		give_up("cannot map the plan's memory: %s", strerror(errno));
	}
	int fd = open_results(uevents);

	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	setenv(HOST_RESULTS_FD_VARIABLE, fd_text, 1);
	say("ready for a plan");
	/* The machine may be saved here: nothing of the plan was looked at. */
	if (pci_stop_machine() < 0) {
		give_up("the machine cannot be stopped: %s", strerror(errno));
	}
	unpack(memory, bytes);
	say("plan begins");
	run("the plan", argv);
	if (write(fd, end_of_archive, sizeof(end_of_archive)) != (ssize_t)sizeof(end_of_archive)) {
		give_up("cannot write the results' end: %s", strerror(errno));
	}
	close(fd);
	say("plan ends");
	power_off();
}
