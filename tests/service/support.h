/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A service in a process of its own, and clients of it, for the tests. A helper that fails fails the test. */
#ifndef TESTS_SERVICE_SUPPORT_H
#define TESTS_SERVICE_SUPPORT_H

#include <stdbool.h>
#include <sys/types.h>

#include <gio/gio.h>

#include "ipc/virtualization_service.h"
#include "vmm/service/vm_config.h"

/* A service that runs, in a folder of its own. */
struct test_service {
	char *folder;
	char *socket;
	char *guests; /* folder of guests' sockets */
	pid_t pid;
	unsigned vms_max;        /* set before test_service_start(); 0: 8 */
	unsigned hangup_seconds; /* likewise; 0: none */
};

struct test_client {
	GDBusConnection *bus;
	IpcVirtualizationService *service;
};

/* What a group's tests share, as cmocka's state: a service that runs, and one client of it. */
struct test_world {
	struct test_service service;
	struct test_client client;
};

/* A VM as its client sees it. */
struct test_vm {
	IpcVirtualMachine *proxy;
	GString *events; /* "started ready finished:7 error:1:text died:3 " so far */
	int console;     /* readable end of its console; -1: none */
};

/* Make the folders; start and stop the service in them, as often as one likes. */
void test_service_init(struct test_service *s);
void test_service_start(struct test_service *s);

/* SIGTERM: it must end well, and by itself. */
void test_service_stop(struct test_service *s);

/* SIGKILL. */
void test_service_kill(struct test_service *s);

/* Remove the folders. */
void test_service_clear(struct test_service *s);

/* How many descriptors the service has open. */
unsigned test_service_descriptors(const struct test_service *s);

void test_client_init(struct test_client *c, const struct test_service *s);

/* Close its connection. */
void test_client_clear(struct test_client *c);

/* Set-up and tear-down of a struct test_world; the service must end well. */
int test_world_begin(void **state);
int test_world_end(void **state);

/* A file with a few bytes in it, which no folder holds. */
int test_file(const char *text);

/* An OS in the folder @os, whose kernel's command line is @params: a fake vmm does them. */
void test_os(const char *os, const char *name, const char *params);

/* A raw VM whose fake vmm does @params (fake_vmm.c), made, not started. */
void test_vm_init(struct test_vm *vm, const struct test_client *c, const char *params);

/* createVm of any configuration; false and @error if it is refused. @variant is consumed. */
bool test_vm_create(struct test_vm *vm, const struct test_client *c, const char *kind,
		    GVariant *variant, GUnixFDList *fds, GError **error);
void test_vm_start(struct test_vm *vm);

/* Release it if @release, and forget it. */
void test_vm_clear(struct test_vm *vm, bool release);

/* Serve the main context until the VM's events hold @text. Fails after a minute. */
void test_vm_wait(struct test_vm *vm, const char *text);

/* Start it and wait for its end; its events must be @events. Then release it. */
void test_vm_run(const struct test_client *c, const char *params, const char *events);

/* Is it IPC_ERROR with this code, and does the message hold @text? Frees @error. */
void test_error_is(GError *error, int code, const char *text);

/* Read until @fd's other end is closed; what came, owned by the caller. */
char *test_read_all(int fd);

/* The first line that comes from @fd, owned by the caller. */
char *test_read_line(int fd);

#endif /* TESTS_SERVICE_SUPPORT_H */
