/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of avf-test share. A helper that cannot do its work ends the program with a sentence and status 1. */
#ifndef LIBAVF_TOOLS_AVF_TEST_H
#define LIBAVF_TOOLS_AVF_TEST_H

#include <avf/avf.h>

#define MIB (G_GINT64_CONSTANT(1) << 20)

struct test {
	AvfManager *manager;
	const char *folder;
	const char *packages;
	gboolean protected_vm;
};

/* What a machine has told so far. */
struct heard {
	int started;
	int ready;
	int finished;
	int exit_code;
	int error;
	int stopped;
	int reason;
};

/* Ends the program. */
void give_up(const char *doing, const char *why) G_GNUC_NORETURN;

/* A line "terrarium: value NAME ...". */
void say(const char *name, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* 0, or the code of @error, whose sentence goes to the errors for people. Frees it. */
int code(GError **error);

/* There is no error. */
void must(GError *error, const char *doing);

/* A builder for a payload, whose package is PAYLOAD.apk and whose library is PAYLOAD.so. */
AvfConfigBuilder *builder_of(const struct test *t, const char *payload);

/* Its config; consumes the builder. */
AvfConfig *config_of(AvfConfigBuilder *b);

/* A new machine of it; consumes the builder. */
AvfVm *vm_of(const struct test *t, const char *name, AvfConfigBuilder *b);

/* Drop the reference and delete the machine. */
void delete_vm(const struct test *t, AvfVm *vm);

/* The code that deleting a machine of this name gives. */
int test_deletion(const struct test *t, const char *name);

/* Note what the machine tells, from now on. */
void hear(AvfVm *vm, struct heard *h);

/* Serve the main context until @count is not 0, or the machine has stopped. */
void wait_for(const int *count, const struct heard *h, char *what);

/* All of it, in a line. */
void say_heard(const char *name, const struct heard *h);

/* Run it. */
void run(AvfVm *vm, const char *doing);

/* The groups. */
void config_tests(const struct test *t);
void file_tests(const struct test *t);
void life_tests(const struct test *t);
void permission_tests(const struct test *t);
void fault_tests(const struct test *t);
void service_killed_tests(const struct test *t);
void hold_tests(const struct test *t);
void payload_tests(const struct test *t);
void bench_tests(const struct test *t);
void least_memory_tests(const struct test *t);

/* Time that the service has had on a CPU so far, ns; 0: there is none. */
guint64 service_cpu_ns(void);

/* A line "vmm_memory": what the only vmm's process has in memory, in bytes: all of it, and its guest's part. */
void say_vmm_memory(void);

#endif /* LIBAVF_TOOLS_AVF_TEST_H */
