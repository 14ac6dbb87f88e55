/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A compromised VMM: loaded into it by LD_PRELOAD, serves requests (channel.h) in a thread of
 * its own, and maps what the VMM maps as memory executable too, so that a guest's page can
 * be called without a change of the mapping. Needs a VMM without its sandbox.
 */
#include "platform/host/attack/channel.h"
#include "platform/host/attack/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define GUEST_RAM_MIN (1UL << 20) /* smaller mappings are not the guest's */

/* Stands before the C library's. */
__attribute__((visibility("default"))) void *mmap(void *address, size_t size, int protection,
						  int flags, int fd, off_t offset)
{
	if (size >= GUEST_RAM_MIN && (protection & PROT_WRITE) != 0) {
		protection |= PROT_EXEC;
	}
	return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

/* Whether the VMM has @address mapped executable: else a refusal says nothing about the guest. */
static bool is_executable(uint64_t address)
{
	char line[512];
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "re");

	while (maps != NULL && !found && fgets(line, sizeof(line), maps) != NULL) {
		char *rest;
		uint64_t start = strtoull(line, &rest, 16);
		uint64_t end = *rest == '-' ? strtoull(rest + 1, &rest, 16) : 0;

		found = start <= address && address < end && rest[0] == ' ' && rest[3] == 'x';
	}
	if (maps != NULL) {
		fclose(maps);
	}
	return found;
}

static void take_end(struct attack_reply *reply, struct probe_end end)
{
	reply->signal = end.signal;
	reply->si_code = end.si_code;
	reply->size = (uint32_t)end.done;
	reply->value = end.value;
}

static void take_count(struct attack_reply *reply, ssize_t count)
{
	reply->error = count < 0 ? errno : 0;
	reply->size = count < 0 ? 0 : (uint32_t)count;
}

static void through_pipe(const struct attack_request *request, struct attack_reply *reply)
{
	void *page = (void *)request->address;
	struct iovec piece = { .iov_base = page, .iov_len = request->size };
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		reply->error = errno;
		return;
	}
	if (request->operation == ATTACK_PIPE_IN) {
		take_count(reply, write(fds[1], request->bytes, request->size));
		if (reply->error == 0) {
			take_count(reply, read(fds[0], page, request->size));
		}
	} else {
		take_count(reply, request->operation == ATTACK_PIPE_OUT ?
					  write(fds[1], page, request->size) :
					  vmsplice(fds[1], &piece, 1, 0));
		if (reply->error == 0) {
			take_count(reply, read(fds[0], reply->bytes, request->size));
		}
	}
	close(fds[0]);
	close(fds[1]);
}

static void execute(const struct attack_request *request, struct attack_reply *reply)
{
	if (is_executable(request->address)) {
		take_end(reply, probe_execute(request->address));
	} else {
		reply->error = ENOEXEC;
	}
}

static void serve(const struct attack_request *request, struct attack_reply *reply)
{
	memset(reply, 0, sizeof(*reply));
	if (request->size > ATTACK_BYTES_MAX || request->size % sizeof(uint64_t) != 0) {
		reply->error = EINVAL;
		return;
	}
	switch ((enum attack_operation)request->operation) {
	case ATTACK_LOAD:
		take_end(reply, probe_read(request->address, reply->bytes, request->size));
		return;
	case ATTACK_STORE:
		take_end(reply, probe_write(request->address, request->bytes, request->size));
		return;
	case ATTACK_EXECUTE:
		execute(request, reply);
		return;
	case ATTACK_PIPE_OUT:
	case ATTACK_PIPE_IN:
	case ATTACK_SPLICE_OUT:
		through_pipe(request, reply);
		return;
	case ATTACK_NOTHING:
		break;
	}
	reply->error = EINVAL;
}

static void *serve_all(void *argument)
{
	int listener = *(int *)argument;

	for (;;) {
		struct attack_request request;
		struct attack_reply reply;
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0) {
			continue;
		}
		if (read(fd, &request, sizeof(request)) == (ssize_t)sizeof(request)) {
			serve(&request, &reply);
			(void)!write(fd, &reply, sizeof(reply));
		}
		close(fd);
	}
	return NULL;
}

static void give_up(const char *what)
{
	fprintf(stderr, "libattack: %s: %s\n", what, strerror(errno));
	_exit(1);
}

__attribute__((constructor)) static void attack_start(void)
{
	static int listener;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	sigset_t all;
	sigset_t before;
	pthread_t thread;

	snprintf(address.sun_path, sizeof(address.sun_path), ATTACK_SOCKET_FORMAT, getpid());
	unlink(address.sun_path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 4) < 0) {
		give_up(address.sun_path);
	}
	/* The VMM's signals are for its own threads. */
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGTRAP);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&thread, NULL, serve_all, &listener);
	if (errno != 0) {
		give_up("cannot start a thread");
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
