/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The raw layer, with the real service and a fake vmm: error numbers, who closes what, reasons, waiting, threads. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <android/virtualization.h>

#include "tests/plugins/cmocka_all.h"
#include "tests/service/support.h"
#include "vmm/libavf/raw_config.h"

#define PORT 5000
#define MACHINES 20

struct raw_world {
	struct test_service service;
	AVirtualizationService *client;
};

static int begin(void **state)
{
	struct raw_world *w = g_new0(struct raw_world, 1);

	test_service_init(&w->service);
	test_service_start(&w->service);
	g_setenv(AVF_SERVICE_SOCKET_ENV, w->service.socket, TRUE);
	assert_int_equal(AVirtualizationService_create(&w->client, false), 0);
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct raw_world *w = *state;

	AVirtualizationService_destroy(w->client);
	test_service_stop(&w->service);
	test_service_clear(&w->service);
	g_free(w);
	return 0;
}

/* A config whose fake vmm does @params: this API has no kernel parameters, so they go in from the side. */
static AVirtualMachineRawConfig *config_that(const char *params)
{
	AVirtualMachineRawConfig *config = AVirtualMachineRawConfig_create();

	assert_int_equal(AVirtualMachineRawConfig_setName(config, "raw"), 0);
	AVirtualMachineRawConfig_setKernel(config, test_file("kernel"));
	config->raw->params = g_strdup(params);
	return config;
}

static AVirtualMachine *machine_that(struct raw_world *w, const char *params)
{
	AVirtualMachine *vm = NULL;

	assert_int_equal(AVirtualMachine_createRaw(w->client, config_that(params), -1, -1, -1, &vm),
			 0);
	assert_non_null(vm);
	return vm;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Each setter by what the service would get. */
static void config_values(void **state)
{
	AVirtualMachineRawConfig *config = AVirtualMachineRawConfig_create();
	uint8_t id[64] = { 1, 2, 3 };
	int first = test_file("first");
	int second = test_file("second");
	int overlay = test_file("overlay");

	(void)state;
	assert_int_equal(config->raw->common.cpu_count, 1);
	assert_int_equal(AVirtualMachineRawConfig_setName(config, "one"), 0);
	assert_int_equal(AVirtualMachineRawConfig_setName(config, "\xff"), -EINVAL);
	assert_string_equal(config->raw->common.name, "one");
	assert_int_equal(AVirtualMachineRawConfig_setInstanceId(config, id, 63), -EINVAL);
	assert_int_equal(AVirtualMachineRawConfig_setInstanceId(config, id, 65), -EINVAL);
	assert_null(config->raw->common.instance_id);
	assert_int_equal(AVirtualMachineRawConfig_setInstanceId(config, id, 64), 0);
	assert_int_equal(AVirtualMachineRawConfig_setInstanceId(config, id, 64), 0);
	assert_memory_equal(g_bytes_get_data(config->raw->common.instance_id, NULL), id, 64);
	AVirtualMachineRawConfig_setMemoryMiB(config, 33);
	AVirtualMachineRawConfig_setSwiotlbMiB(config, 4);
	assert_int_equal(config->raw->common.memory_mib, 34);
	assert_int_equal(config->raw->common.swiotlb_mib, 4);
	AVirtualMachineRawConfig_setMemoryMiB(config, -1);
	AVirtualMachineRawConfig_setSwiotlbMiB(config, 0);
	assert_int_equal(config->raw->common.memory_mib, 0);
	assert_int_equal(config->raw->common.swiotlb_mib, 0);
	AVirtualMachineRawConfig_setVCpuCount(config, 3);
	assert_int_equal(config->raw->common.cpu_count, 3);
	AVirtualMachineRawConfig_setProtectedVm(config, true);
	assert_true(config->raw->common.protected_vm);
	AVirtualMachineRawConfig_setKernel(config, first);
	AVirtualMachineRawConfig_setKernel(config, second); /* the first is closed */
	assert_false(is_open(first));
	AVirtualMachineRawConfig_setKernel(config, -1);
	assert_false(is_open(second));
	assert_int_equal(AVirtualMachineRawConfig_addDisk(config, -1, false), -EINVAL);
	assert_int_equal(AVirtualMachineRawConfig_addDisk(config, 999, false), -EINVAL);
	assert_int_equal(config->raw->disks->len, 0);
	assert_int_equal(AVirtualMachineRawConfig_addDisk(config, test_file("disk"), true), 0);
	assert_true(((struct vm_disk *)config->raw->disks->pdata[0])->writable);
	AVirtualMachineRawConfig_setDeviceTreeOverlay(config, overlay);
	AVirtualMachineRawConfig_setInitRd(config, test_file("initrd"));
	AVirtualMachineRawConfig_destroy(config);
	assert_false(is_open(overlay));
	AVirtualMachineRawConfig_destroy(NULL);
}

static void not_supported(void **state)
{
	AVirtualMachineRawConfig *config = AVirtualMachineRawConfig_create();
	AVirtualizationService *service = NULL;
	int fd = test_file("memory");

	(void)state;
	assert_int_equal(AVirtualMachineRawConfig_setHypervisorSpecificAuthMethod(config, false),
			 0);
	assert_int_equal(AVirtualMachineRawConfig_setHypervisorSpecificAuthMethod(config, true),
			 -ENOTSUP);
	assert_int_equal(AVirtualMachineRawConfig_addCustomMemoryBackingFile(config, fd, 0, 4096),
			 -ENOTSUP);
	assert_false(is_open(fd));
	assert_int_equal(AVirtualizationService_create(&service, true), -ENOTSUP);
	assert_null(service);
	AVirtualMachineRawConfig_destroy(config);
}

static void no_service(void **state)
{
	AVirtualizationService *service = NULL;

	(void)state;
	g_setenv(AVF_SERVICE_SOCKET_ENV, "/nowhere", TRUE);
	assert_int_equal(AVirtualizationService_create(&service, false), -ECONNREFUSED);
	assert_null(service);
	AVirtualizationService_destroy(NULL);
}

static void what_makes_no_machine(void **state)
{
	struct raw_world *w = *state;
	AVirtualMachineRawConfig *config = AVirtualMachineRawConfig_create();
	AVirtualMachine *vm = NULL;
	int fds[3] = { test_file(""), test_file(""), test_file("") };

	/* No kernel. The config and the descriptors are gone all the same. */
	assert_int_equal(AVirtualMachine_createRaw(w->client, config, fds[0], fds[1], fds[2], &vm),
			 -EIO);
	assert_null(vm);
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		assert_false(is_open(fds[i]));
	}
	config = config_that("wait");
	AVirtualMachineRawConfig_setVCpuCount(config, 0);
	assert_int_equal(AVirtualMachine_createRaw(w->client, config, -1, -1, -1, &vm), -EIO);
	config = config_that("wait");
	AVirtualMachineRawConfig_setMemoryMiB(config, 2);
	assert_int_equal(AVirtualMachine_createRaw(w->client, config, -1, -1, -1, &vm), -EIO);
	config = config_that("wait");
	AVirtualMachineRawConfig_setSwiotlbMiB(config, 2); /* not protected */
	assert_int_equal(AVirtualMachine_createRaw(w->client, config, -1, -1, -1, &vm), -EIO);
	config = config_that("wait");
	AVirtualMachineRawConfig_setDeviceTreeOverlay(config, test_file("")); /* an empty file */
	assert_int_equal(AVirtualMachine_createRaw(w->client, config, -1, -1, -1, &vm), -EIO);
	config = config_that("wait");
	for (int i = 0; i < 9; i++) {
		assert_int_equal(AVirtualMachineRawConfig_addDisk(config, test_file("disk"), false),
				 0);
	}
	assert_int_equal(AVirtualMachine_createRaw(w->client, config, -1, -1, -1, &vm), -EIO);
	assert_null(vm);
}

static void a_life(void **state)
{
	struct raw_world *w = *state;
	AVirtualMachineRawConfig *config = config_that("console hello;log noted;exit 0");
	enum AVirtualMachineStopReason reason = AVIRTUAL_MACHINE_UNRECOGNISED;
	const struct timespec now = { 0 };
	AVirtualMachine *vm = NULL;
	g_autofree char *said = NULL;
	g_autofree char *logged = NULL;
	int console[2];
	int log[2];

	assert_int_equal(pipe(console), 0);
	assert_int_equal(pipe(log), 0);
	assert_int_equal(AVirtualMachine_createRaw(w->client, config, console[1], -1, log[1], &vm),
			 0);
	assert_false(is_open(console[1]));
	assert_false(is_open(log[1]));
	assert_false(AVirtualMachine_waitForStop(vm, &now, &reason)); /* never started */
	assert_int_equal(AVirtualMachine_start(vm), 0);
	assert_true(AVirtualMachine_waitForStop(vm, NULL, &reason));
	assert_int_equal(reason, AVIRTUAL_MACHINE_SHUTDOWN);
	assert_true(AVirtualMachine_waitForStop(vm, &now, &reason));
	said = test_read_all(console[0]);
	logged = test_read_all(log[0]);
	assert_string_equal(said, "hello\n");
	assert_string_equal(logged, "noted\n");
	assert_int_equal(AVirtualMachine_start(vm), -EIO); /* it runs once */
	assert_int_equal(AVirtualMachine_stop(vm), -EIO);
	assert_int_equal(AVirtualMachine_connectVsock(vm, PORT), -EIO);
	AVirtualMachine_destroy(vm);
	AVirtualMachine_destroy(NULL);
	close(console[0]);
	close(log[0]);
}

/* All reasons that a VMM or a guest can give, by this API's own numbers. */
static void reasons(void **state)
{
	static const struct {
		const char *does;
		int number;
	} cases[] = {
		{ "exit 0", 5 },
		{ "exit 1", 6 },
		{ "exit 32", 7 },
		{ "exit 33", 8 },
		{ "exit 34", 4 },
		{ "exit 36", 0 }, /* WATCHDOG_REBOOT */
		{ "kill 9", 3 },
		{ "port PVM_FIRMWARE_PUBLIC_KEY_MISMATCH;exit 32", 9 },
		{ "port PVM_FIRMWARE_INSTANCE_IMAGE_CHANGED;exit 32", 10 },
		{ "port MICRODROID_PAYLOAD_HAS_CHANGED|why;exit 0", 0 },
	};
	struct raw_world *w = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		AVirtualMachine *vm = machine_that(w, cases[i].does);
		enum AVirtualMachineStopReason reason = AVIRTUAL_MACHINE_HANGUP;

		assert_int_equal(AVirtualMachine_start(vm), 0);
		assert_true(AVirtualMachine_waitForStop(vm, NULL, &reason));
		assert_int_equal(reason, cases[i].number);
		AVirtualMachine_destroy(vm);
	}
}

static void stop_and_connect(void **state)
{
	struct raw_world *w = *state;
	AVirtualMachine *vm = machine_that(w, "listen 5000;wait");
	enum AVirtualMachineStopReason reason = AVIRTUAL_MACHINE_UNRECOGNISED;
	const struct timespec little = { .tv_nsec = 1 };
	char byte = 'x';
	int fd;

	assert_int_equal(AVirtualMachine_connectVsock(vm, PORT), -EIO);
	assert_int_equal(AVirtualMachine_start(vm), 0);
	assert_int_equal(AVirtualMachine_connectVsock(vm, 1023), -EIO);
	while ((fd = AVirtualMachine_connectVsock(vm, PORT)) < 0) {
		assert_int_equal(fd, -EIO); /* it is about to listen */
	}
	assert_int_equal(write(fd, &byte, 1), 1);
	assert_int_equal(read(fd, &byte, 1), 1);
	close(fd);
	assert_false(AVirtualMachine_waitForStop(vm, &little, &reason));
	assert_int_equal(AVirtualMachine_stop(vm), 0);
	assert_true(AVirtualMachine_waitForStop(vm, NULL, &reason));
	assert_int_equal(reason, AVIRTUAL_MACHINE_KILLED);
	AVirtualMachine_destroy(vm);
}

/* The machine lives on without its service object, and ends when it is destroyed. */
static void service_destroyed_first(void **state)
{
	struct raw_world *w = *state;
	AVirtualMachine *vm = machine_that(w, "wait");

	AVirtualizationService_destroy(w->client);
	w->client = NULL;
	assert_int_equal(AVirtualMachine_start(vm), 0);
	AVirtualMachine_destroy(vm);
}

static void the_service_dies(void **state)
{
	struct raw_world *w = *state;
	AVirtualMachine *vm = machine_that(w, "wait");
	enum AVirtualMachineStopReason reason = AVIRTUAL_MACHINE_UNRECOGNISED;

	assert_int_equal(AVirtualMachine_start(vm), 0);
	test_service_kill(&w->service);
	assert_true(AVirtualMachine_waitForStop(vm, NULL, &reason));
	assert_int_equal(reason, AVIRTUAL_MACHINE_VIRTUALIZATION_SERVICE_DIED);
	assert_int_equal(AVirtualMachine_stop(vm), -EIO);
	AVirtualMachine_destroy(vm);
	AVirtualizationService_destroy(w->client);
	test_service_start(&w->service);
	assert_int_equal(AVirtualizationService_create(&w->client, false), 0);
}

static gpointer wait_for_it(gpointer vm)
{
	enum AVirtualMachineStopReason reason = AVIRTUAL_MACHINE_UNRECOGNISED;

	AVirtualMachine_waitForStop(vm, NULL, &reason);
	return GINT_TO_POINTER((int)reason);
}

static void waited_for_in_threads(void **state)
{
	struct raw_world *w = *state;
	AVirtualMachine *vm = machine_that(w, "wait");
	GThread *threads[3];

	assert_int_equal(AVirtualMachine_start(vm), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
		threads[i] = g_thread_new("wait", wait_for_it, vm);
	}
	assert_int_equal(AVirtualMachine_stop(vm), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
		assert_int_equal(GPOINTER_TO_INT(g_thread_join(threads[i])),
				 AVIRTUAL_MACHINE_KILLED);
	}
	AVirtualMachine_destroy(vm);
}

/* No descriptor is left of 20 machines, in the service nor here. GDBus has a few of its own. */
static void nothing_is_left(void **state)
{
	struct raw_world *w = *state;
	const struct test_service self = { .pid = getpid() };
	unsigned before = test_service_descriptors(&w->service) + MACHINES / 4;
	unsigned own = test_service_descriptors(&self) + MACHINES / 4;
	gint64 deadline = g_get_monotonic_time() + G_TIME_SPAN_MINUTE;

	for (int i = 0; i < MACHINES; i++) {
		AVirtualMachine *vm = machine_that(w, "exit 0");
		enum AVirtualMachineStopReason reason;

		assert_int_equal(AVirtualMachine_start(vm), 0);
		assert_true(AVirtualMachine_waitForStop(vm, NULL, &reason));
		AVirtualMachine_destroy(vm);
	}
	while (test_service_descriptors(&w->service) > before ||
	       test_service_descriptors(&self) > own) {
		assert_true(g_get_monotonic_time() < deadline);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_values),
		cmocka_unit_test(not_supported),
		TEST(no_service),
		TEST(what_makes_no_machine),
		TEST(a_life),
		TEST(reasons),
		TEST(stop_and_connect),
		TEST(service_destroyed_first),
		TEST(the_service_dies),
		TEST(waited_for_in_threads),
		TEST(nothing_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
