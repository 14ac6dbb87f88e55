/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A service with an OS, and a manager of libavf on it, for the tests. A helper that fails fails the test. */
#ifndef TESTS_LIBAVF_SUPPORT_H
#define TESTS_LIBAVF_SUPPORT_H

#include <avf/avf.h>

#include "tests/service/support.h"

struct world {
	struct test_service service;
	char *os;   /* folder of OSs */
	char *data; /* the manager's directory */
	char *apk;  /* a package's path; its idsig lies beside it */
	AvfManager *manager;
};

/* cmocka's set-up and tear-down: *state is a struct world. Nothing of it is left, nor a machine in memory. */
int world_begin(void **state);
int world_end(void **state);

/* What machines do from now on: the fake vmm's words (fake_vmm.c). */
void world_does(struct world *w, const char *params);

/* A builder with what must be set: the package, payload.so, protected. */
AvfConfigBuilder *world_builder(struct world *w);

/* Its config, and no builder. */
AvfConfig *world_config(struct world *w);

/* A machine of that config. */
AvfVm *world_vm(struct world *w, const char *name);

/* Note what @vm tells into a string, owned by the caller: "started ready finished:7 error:1:text stopped:3 ". */
GString *events_of(AvfVm *vm);

/* Serve the main context until @events hold @text. Fails after a minute. */
void events_wait(GString *events, const char *text);

/* Run it; it must start, and tell exactly @wanted. */
void vm_tells(AvfVm *vm, const char *wanted);

/* Is it AVF_ERROR with this code, and does the message hold @text? Frees @error. */
void avf_error_is(GError *error, AvfError code, const char *text);

#endif /* TESTS_LIBAVF_SUPPORT_H */
