/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls: the hypervisor's calls, made and watched by a hostile host (platform/abi/calls.h).
 * Report lines say what was seen; what it means is the reader's to say.
 */
#include "platform/abi/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "platform/host/lib/fuzz_plan.h"

static const char usage[] =
	"usage: calls fuzz SEED CALLS   hypercalls; CALLS: numbers and ranges, \"0-99999\", \"3,7-9\"\n"
	"       calls rules             a VM of its own, and what the host may not do to it\n"
	"       calls watch start|stop  marks in the host's registers after VCPU_RUN\n";

static int failed(const char *what)
{
	fprintf(stderr, "calls: %s: %s\n", what, strerror(errno));
	return 1;
}

static int fuzz(int fd, struct calls_fuzz *fuzz)
{
	if (ioctl(fd, CALLS_FUZZ, fuzz) < 0) {
		return failed("cannot fuzz");
	}
	printf("terrarium: value fuzzed vms=%llu runs=%llu others=%llu pages=%llu lost=%llu",
	       fuzz->vms, fuzz->runs, fuzz->others, fuzz->pages, fuzz->lost);
	for (int i = 0; i < CALLS_STATUSES; i++) {
		printf(" answer%d=%llu", i, fuzz->answers[i]);
	}
	printf("\n");
	return 0;
}

static int stop(int fd)
{
	struct calls_watch watch;

	if (ioctl(fd, CALLS_WATCH_STOP, &watch) < 0) {
		return failed("cannot stop watching");
	}
	printf("terrarium: value watched general=%#llx vector=%#llx system=%#llx\n", watch.general,
	       watch.vector, watch.system);
	for (int i = 0; i < CALLS_EXITS; i++) {
		printf("terrarium: value exits reason=%d runs=%llu marked=%#llx\n", i,
		       watch.runs[i], watch.results[i]);
	}
	return 0;
}

static int rules(int fd)
{
#define RULE_NAME(name, text) #name,
	static const char *const names[] = { CALLS_RULES_LIST(RULE_NAME) };
#undef RULE_NAME
	struct calls_rules rules;

	if (ioctl(fd, CALLS_RULES, &rules) < 0) {
		return failed("cannot ask");
	}
	for (int i = 0; i < RULE_COUNT; i++) {
		printf("terrarium: value rule name=%s status=%lld\n", names[i], rules.status[i]);
	}
	printf("terrarium: value runs in_turn=%llu cpus=%llu refused=%llu killed=%lld own_cycles=%llu counted=%llu "
	       "lost=%llu\n",
	       rules.in_turn, rules.cpus, rules.refused, rules.killed, rules.own_cycles,
	       rules.counted, rules.lost);
	return 0;
}

int main(int argc, char **argv)
{
	static struct calls_fuzz request;
	bool fuzzes = argc == 4 && strcmp(argv[1], "fuzz") == 0;
	bool starts = argc == 3 && strcmp(argv[1], "watch") == 0 && strcmp(argv[2], "start") == 0;
	bool stops = argc == 3 && strcmp(argv[1], "watch") == 0 && strcmp(argv[2], "stop") == 0;
	bool asks = argc == 2 && strcmp(argv[1], "rules") == 0;
	int fd;

	if (!fuzzes && !starts && !stops && !asks) {
		fputs(usage, stderr);
		return 2;
	}
	if (fuzzes && !fuzz_plan_parse(argv[2], argv[3], &request.plan)) {
		fprintf(stderr,
			"calls: fuzz %s %s: a number, and at most %d ascending numbers or ranges\n",
			argv[2], argv[3], FUZZ_RANGES_MAX);
		return 2;
	}
	fd = open(CALLS_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		return failed(CALLS_DEVICE " (insmod /usr/lib/terrarium/calls.ko)");
	}
	if (fuzzes) {
		return fuzz(fd, &request);
	}
	if (asks) {
		return rules(fd);
	}
	if (stops) {
		return stop(fd);
	}
	return ioctl(fd, CALLS_WATCH_START) < 0 ? failed("cannot watch") : 0;
}
