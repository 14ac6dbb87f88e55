/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libavf has and what it has not, from end to end: the tables of vmm/libavf/README.md. Each option of the app layer in
 * a machine that runs, each function of both layers, each field of a JSON configuration; what is not there
 * yet answers with AVF's code for it.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <android/virtualization.h>
#include <avf/raw.h>

#include "tests/libavf/support.h"
#include "tests/plugins/cmocka_all.h"
#include "vmm/service/ipc_error.h"
#include "vmm/service/vm_json.h"

#define DONE "control {\"ok\":true};"
#define KIB 1024
#define SECTOR_BYTES 512

/* One option each, beside those that must be set. */
static void other_binary(AvfConfigBuilder *b)
{
	avf_config_builder_set_payload_binary_name(b, "other.so");
}

static void debug_full(AvfConfigBuilder *b)
{
	avf_config_builder_set_debug_level(b, AVF_DEBUG_LEVEL_FULL);
}

static void config_path(AvfConfigBuilder *b)
{
	avf_config_builder_set_payload_config_path(b, "assets/vm_config.json");
}

static void normal(AvfConfigBuilder *b)
{
	avf_config_builder_set_protected_vm(b, FALSE);
}

static void memory(AvfConfigBuilder *b)
{
	avf_config_builder_set_memory_bytes(b, G_GINT64_CONSTANT(64) * KIB * KIB);
}

static void topology(AvfConfigBuilder *b)
{
	avf_config_builder_set_cpu_topology(b, AVF_CPU_TOPOLOGY_MATCH_HOST);
}

static void cpus(AvfConfigBuilder *b)
{
	avf_config_builder_set_cpu_count(b, 2);
}

static void storage(AvfConfigBuilder *b)
{
	avf_config_builder_set_encrypted_storage_bytes(b, KIB * KIB);
}

static void captured(AvfConfigBuilder *b)
{
	debug_full(b);
	avf_config_builder_set_vm_output_captured(b, TRUE);
}

static void input(AvfConfigBuilder *b)
{
	debug_full(b);
	avf_config_builder_set_vm_console_input_supported(b, TRUE);
}

static void os(AvfConfigBuilder *b)
{
	avf_config_builder_set_os(b, "microdroid");
}

static void vendor(AvfConfigBuilder *b)
{
	avf_config_builder_set_vendor_disk_image(b, "/vendor.img");
}

static void huge(AvfConfigBuilder *b)
{
	avf_config_builder_set_should_use_hugepages(b, TRUE);
}

static void huge_of_normal(AvfConfigBuilder *b)
{
	normal(b);
	huge(b);
}

static void boost(AvfConfigBuilder *b)
{
	avf_config_builder_set_should_boost_uclamp(b, TRUE);
}

static void options(void **state)
{
	static const struct {
		const char *name;
		void (*set)(AvfConfigBuilder *b);
		bool there;
	} cases[] = {
		{ "payload-binary-name", other_binary, true },
		{ "payload-config-path", config_path, true },
		{ "protected-vm", normal, true },
		{ "debug-level", debug_full, true },
		{ "memory-bytes", memory, true },
		{ "cpu-topology", topology, true },
		{ "cpu-count", cpus, true },
		{ "encrypted-storage-bytes", storage, false },
		{ "vm-output-captured", captured, true },
		{ "vm-console-input-supported", input, true },
		{ "os", os, true },
		{ "vendor-disk-image", vendor, false },
		{ "should-use-hugepages", huge, false },
		{ "should-use-hugepages", huge_of_normal, true },
		{ "should-boost-uclamp", boost, false },
	};
	struct world *w = *state;

	world_does(w, "started;exit 0");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(AvfConfigBuilder) builder = avf_config_builder_new();
		g_autoptr(AvfConfig) config = NULL;
		g_autoptr(AvfVm) vm = NULL;
		GError *error = NULL;

		avf_config_builder_set_apk_path(builder, w->apk);
		avf_config_builder_set_protected_vm(builder, TRUE);
		if (cases[i].set != config_path) { /* one of both */
			avf_config_builder_set_payload_binary_name(builder, "payload.so");
		}
		cases[i].set(builder);
		config = avf_config_builder_build(builder, &error);
		assert_null(error);
		vm = avf_manager_create(w->manager, "vm", config, &error);
		if (!cases[i].there) {
			assert_null(vm);
			avf_error_is(error, AVF_ERROR_UNSUPPORTED_OPERATION, cases[i].name);
			continue;
		}
		assert_null(error);
		vm_tells(vm, "started stopped:3 ");
		assert_true(avf_manager_delete(w->manager, "vm", NULL));
	}
}

/* The calls of a machine and of the manager that other tests have nothing on; the rest is in avf_app. */
static void functions(void **state)
{
	struct world *w = *state;
	g_autoptr(AvfVm) vm = world_vm(w, "vm");
	GError *error = NULL;
	guint64 bytes = 7;

	world_does(w, DONE DONE "wait");
	assert_false(avf_vm_get_memory_balloon(vm, &bytes, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_NOT_RUNNING, "not in running state");
	assert_true(avf_vm_run(vm, NULL));
	assert_true(avf_vm_suspend(vm, NULL));
	assert_true(avf_vm_resume(vm, NULL));
	assert_false(avf_vm_get_memory_balloon(vm, &bytes, &error));
	avf_error_is(g_steal_pointer(&error), AVF_ERROR_UNSUPPORTED_OPERATION, "Balloon");
	assert_int_equal(bytes, 7);
	assert_false(avf_vm_set_memory_balloon(vm, KIB, &error));
	avf_error_is(error, AVF_ERROR_UNSUPPORTED_OPERATION, "Balloon");
	assert_true(avf_vm_stop(vm, NULL));
}

/* A disk of one sector. */
static int sector(void)
{
	int fd = test_file("disk");

	assert_int_equal(ftruncate(fd, SECTOR_BYTES), 0);
	return fd;
}

/* What a setter of the raw config says, and what becomes of a machine after it. */
struct raw_case {
	int (*set)(AVirtualMachineRawConfig *config);
	int says;
	int makes; /* what AVirtualMachine_createRaw() says then */
};

static int raw_name(AVirtualMachineRawConfig *config)
{
	return AVirtualMachineRawConfig_setName(config, "raw");
}

static int raw_instance(AVirtualMachineRawConfig *config)
{
	const uint8_t id[64] = { 1 };

	return AVirtualMachineRawConfig_setInstanceId(config, id, sizeof(id));
}

static int raw_initrd(AVirtualMachineRawConfig *config)
{
	AVirtualMachineRawConfig_setInitRd(config, test_file("initrd"));
	return 0;
}

static int raw_disk(AVirtualMachineRawConfig *config)
{
	return AVirtualMachineRawConfig_addDisk(config, sector(), true);
}

static int raw_memory(AVirtualMachineRawConfig *config)
{
	AVirtualMachineRawConfig_setMemoryMiB(config, 64);
	return 0;
}

static int raw_swiotlb(AVirtualMachineRawConfig *config)
{
	AVirtualMachineRawConfig_setProtectedVm(config, true);
	AVirtualMachineRawConfig_setSwiotlbMiB(config, 8);
	return 0;
}

static int raw_cpus(AVirtualMachineRawConfig *config)
{
	AVirtualMachineRawConfig_setVCpuCount(config, 2);
	return 0;
}

static int raw_protected(AVirtualMachineRawConfig *config)
{
	AVirtualMachineRawConfig_setProtectedVm(config, true);
	return 0;
}

static int raw_auth(AVirtualMachineRawConfig *config)
{
	return AVirtualMachineRawConfig_setHypervisorSpecificAuthMethod(config, true);
}

static int raw_backing(AVirtualMachineRawConfig *config)
{
	return AVirtualMachineRawConfig_addCustomMemoryBackingFile(config, test_file("memory"), 0,
								   4096);
}

static int raw_overlay(AVirtualMachineRawConfig *config)
{
	AVirtualMachineRawConfig_setDeviceTreeOverlay(config, test_file("overlay"));
	return 0;
}

static int raw_rsi(AVirtualMachineRawConfig *config)
{
	avf_raw_config_set_rsi(config, true);
	return 0;
}

static int raw_rsi_protected(AVirtualMachineRawConfig *config)
{
	AVirtualMachineRawConfig_setProtectedVm(config, true);
	return raw_rsi(config);
}

/* What is refused by its setter leaves the config as it was. */
static void raw_functions(void **state)
{
	static const struct raw_case cases[] = {
		{ raw_name, 0, 0 },           { raw_instance, 0, 0 },  { raw_initrd, 0, 0 },
		{ raw_disk, 0, 0 },           { raw_memory, 0, 0 },    { raw_swiotlb, 0, 0 },
		{ raw_cpus, 0, 0 },           { raw_protected, 0, 0 }, { raw_overlay, 0, 0 },
		{ raw_rsi_protected, 0, 0 },  { raw_rsi, 0, -EIO },    { raw_auth, -ENOTSUP, 0 },
		{ raw_backing, -ENOTSUP, 0 },
	};
	AVirtualizationService *service = NULL;

	(void)state;
	assert_int_equal(AVirtualizationService_create(&service, true), -ENOTSUP);
	assert_int_equal(AVirtualizationService_create(&service, false), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		AVirtualMachineRawConfig *config = AVirtualMachineRawConfig_create();
		AVirtualMachine *vm = NULL;

		AVirtualMachineRawConfig_setKernel(config, test_file("kernel"));
		assert_int_equal(cases[i].set(config), cases[i].says);
		assert_int_equal(AVirtualMachine_createRaw(service, config, -1, -1, -1, &vm),
				 cases[i].makes);
		if (vm != NULL) {
			assert_int_equal(AVirtualMachine_start(vm), 0);
			assert_int_equal(AVirtualMachine_stop(vm), 0);
		}
		AVirtualMachine_destroy(vm);
	}
	AVirtualizationService_destroy(service);
}

/* `vm run`: AVF's fields and Terrarium's. 0: taken. */
static void json_fields(void **state)
{
	enum {
		NO_SUCH_FIELD = AVF_EXCEPTION_ILLEGAL_ARGUMENT,
		UNSUPPORTED = AVF_EXCEPTION_UNSUPPORTED_OPERATION
	};
	static const struct {
		const char *field;
		int code;
	} cases[] = {
		{ "\"name\":\"n\"", 0 },
		{ "\"initrd\":\"kernel\"", 0 },
		{ "\"params\":\"quiet\"", 0 },
		{ "\"disks\":[{\"image\":\"kernel\"}]", 0 },
		{ "\"disks\":[{\"partitions\":[{\"label\":\"l\",\"path\":\"kernel\"}]}]", 0 },
		{ "\"protected\":true", 0 },
		{ "\"protected\":true,\"rsi\":true", 0 },
		{ "\"memory_mib\":64", 0 },
		{ "\"protected\":true,\"swiotlb_mib\":8", 0 },
		{ "\"cpu_count\":2", 0 },
		{ "\"cpu_topology\":\"match_host\"", 0 },
		{ "\"platform_version\":\"~1.0\"", 0 },
		{ "\"devices\":[]", 0 },
		{ "\"console_input_device\":\"hvc0\"", 0 },
		{ "\"devices\":[\"/sys/bus/platform/devices/1\"]", UNSUPPORTED },
		{ "\"console_input_device\":\"ttyS0\"", UNSUPPORTED },
		{ "\"usb_config\":{\"controller\":false}", 0 },
		{ "\"usb_config\":{\"controller\":true}", UNSUPPORTED },
		{ "\"gpu\":{\"backend\":\"2d\"}", UNSUPPORTED },
		{ "\"display\":{\"width\":\"640\"}", UNSUPPORTED },
		{ "\"input\":{\"touchscreen\":true}", UNSUPPORTED },
		{ "\"audio\":{\"speaker\":true}", UNSUPPORTED },
		{ "\"network\":true", UNSUPPORTED },
		{ "\"network\":false", 0 },
		{ "\"sharedPath\":[]", 0 },
		{ "\"sharedPath\":[{\"sharedPath\":\"/\"}]", UNSUPPORTED },
		{ "\"balloon\":true", UNSUPPORTED },
		{ "\"balloon\":null", 0 },
		{ "\"no_field\":true", NO_SUCH_FIELD },
	};
	struct world *w = *state;
	const struct vm_json_options relative = { .folder = w->service.folder };
	g_autofree char *kernel = g_build_filename(w->service.folder, "kernel", NULL);

	assert_true(g_file_set_contents(kernel, "kernel", -1, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text =
			g_strdup_printf("{\"kernel\":\"kernel\",%s}", cases[i].field);
		GError *error = NULL;
		struct vm_raw_config *config = vm_json_parse(text, strlen(text), &relative, &error);

		assert_int_equal(config == NULL, cases[i].code != 0);
		if (config == NULL) {
			test_error_is(error, cases[i].code,
				      cases[i].code == UNSUPPORTED ? "not supported" :
								     "no such field");
		}
		vm_raw_config_free(config);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(options),
		TEST(functions),
		TEST(raw_functions),
		TEST(json_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
