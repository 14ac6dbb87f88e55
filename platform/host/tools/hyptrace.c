/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hyptrace: the hypervisor's own trace, /dev/terrarium-trace, with names for the numbers of
 * calls and reasons. One event is a report line:
 *
 *   terrarium: value hyp time=.. cpu=.. vm=.. vcpu=.. event=.. KEY=.. KEY=..
 */
#include "platform/abi/hyp_hypercalls.h"
#include "platform/abi/hyp_trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEVICE "/dev/terrarium-trace"
#define LINE_BYTES 256

static const char usage[] = "usage: hyptrace record EVENT...  all, none, or names of events\n"
			    "       hyptrace dump             what was recorded\n";

struct name {
	unsigned long number;
	const char *text;
};

#define CALL_NAME(number, name) { number, #name },
static const struct name calls[] = { HYP_HOST_CALLS(CALL_NAME) };
static const struct name reasons[] = { HYP_TRACE_REASONS(CALL_NAME) };

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static int failed(const char *what)
{
	fprintf(stderr, "hyptrace: %s: %s\n", what, strerror(errno));
	return 1;
}

/* @key's number, by its name if it has one. */
static void print_named(const char *key, const char *number, const struct name *names, size_t count)
{
	unsigned long value = strtoul(number, NULL, 0);

	for (size_t i = 0; i < count; i++) {
		if (names[i].number == value) {
			printf(" %s=%s", key, names[i].text);
			return;
		}
	}
	printf(" %s=%s", key, number);
}

static void print_event(char *line)
{
	const char *event = "";

	printf("terrarium: value hyp");
	for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
		char *number = strchr(word, '=');

		if (!number) {
			event = word;
			printf(" event=%s", word);
			continue;
		}
		*number++ = '\0';
		if (strcmp(event, "host_hcall") == 0 && strcmp(word, "id") == 0) {
			print_named(word, number, calls, COUNT(calls));
		} else if (strcmp(word, "reason") == 0) {
			print_named(word, number, reasons, COUNT(reasons));
		} else {
			printf(" %s=%s", word, number);
		}
	}
	printf("\n");
}

static int dump(void)
{
	int status;
	char line[LINE_BYTES];
	FILE *file = fopen(DEVICE, "r");

	if (!file) {
		return failed(DEVICE);
	}
	while (fgets(line, sizeof(line), file)) {
		print_event(line);
	}
	status = ferror(file) ? failed(DEVICE) : 0;
	fclose(file);
	return status;
}

static int record(char **events)
{
	FILE *file = fopen(DEVICE, "w");

	if (!file) {
		return failed(DEVICE);
	}
	for (; *events; events++) {
		fprintf(file, "%s ", *events);
	}
	return fclose(file) ? failed(DEVICE) : 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "dump") == 0) {
		return dump();
	}
	if (argc > 2 && strcmp(argv[1], "record") == 0) {
		return record(argv + 2);
	}
	fputs(usage, stderr);
	return 2;
}
