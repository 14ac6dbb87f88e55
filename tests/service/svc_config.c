/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configurations: to D-Bus and back, and what is refused, by field. */
#define _GNU_SOURCE /* memfd_create */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/plugins/cmocka_all.h"
#include "tests/service/support.h"
#include "vmm/service/ipc_error.h"
#include "vmm/service/vm_json.h"

static void raw_there_and_back(void **state)
{
	struct vm_raw_config *config = vm_raw_config_new();
	struct vm_disk *disk = vm_disk_add(config->disks);
	struct vm_partition *partition;
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	g_autoptr(GVariant) variant = NULL;
	g_autoptr(GError) error = NULL;
	struct vm_raw_config *back;
	uint8_t id[64] = { 1, 2, 3 };

	(void)state;
	config->common.name = (g_free(config->common.name), g_strdup("näme"));
	config->common.instance_id = g_bytes_new(id, sizeof(id));
	config->common.protected_vm = true;
	config->common.memory_mib = 64;
	config->common.cpu_topology = AVF_CPU_MATCH_HOST;
	config->kernel = test_file("k");
	config->params = g_strdup("quiet");
	disk->writable = true;
	partition = vm_partition_add(disk->partitions);
	partition->label = g_strdup("a");
	partition->image = test_file("p");
	variant = g_variant_ref_sink(vm_raw_config_to_variant(config, fds, &error));
	assert_null(error);
	back = vm_raw_config_from_variant(variant, fds, &error);
	assert_null(error);
	assert_string_equal(back->common.name, "näme");
	assert_true(g_bytes_equal(back->common.instance_id, config->common.instance_id));
	assert_true(back->common.protected_vm);
	assert_int_equal(back->common.memory_mib, 64);
	assert_int_equal(back->common.cpu_topology, AVF_CPU_MATCH_HOST);
	assert_string_equal(back->params, "quiet");
	assert_true(back->kernel >= 0 && back->kernel != config->kernel);
	assert_int_equal(back->initrd, -1);
	assert_int_equal(back->disks->len, 1);
	disk = back->disks->pdata[0];
	assert_true(disk->writable);
	assert_int_equal(disk->partitions->len, 1);
	partition = disk->partitions->pdata[0];
	assert_string_equal(partition->label, "a");
	assert_false(partition->writable);
	vm_raw_config_free(back);
	vm_raw_config_free(config);
}

static void app_there_and_back(void **state)
{
	struct vm_app_config *config = vm_app_config_new();
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	g_autoptr(GVariant) variant = NULL;
	g_autoptr(GError) error = NULL;
	struct vm_app_config *back;
	int extra = test_file("e");

	(void)state;
	config->apk = test_file("apk");
	config->idsig = test_file("idsig");
	config->payload_binary_name = g_strdup("hello.so");
	config->debug_level = AVF_DEBUG_FULL;
	g_array_append_val(config->extra_apks, extra);
	extra = test_file("s");
	g_array_append_val(config->extra_idsigs, extra);
	config->want_updatable = false;
	variant = g_variant_ref_sink(vm_app_config_to_variant(config, fds, &error));
	back = vm_app_config_from_variant(variant, fds, &error);
	assert_null(error);
	assert_string_equal(back->payload_binary_name, "hello.so");
	assert_string_equal(back->os_name, "microdroid");
	assert_int_equal(back->debug_level, AVF_DEBUG_FULL);
	assert_int_equal(back->extra_apks->len, 1);
	assert_int_equal(back->extra_idsigs->len, 1);
	assert_false(back->want_updatable);
	assert_null(back->config_path);
	vm_app_config_free(back);
	vm_app_config_free(config);
}

struct refusal {
	const char *text; /* GVariant's text form; 'handle N' is a descriptor, 0 and 1 are there */
	int code;
	const char *message;
};

static void refuse_each(const struct refusal *rows, size_t count, bool app)
{
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();

	assert_int_equal(g_unix_fd_list_append(fds, STDIN_FILENO, NULL), 0);
	assert_int_equal(g_unix_fd_list_append(fds, STDIN_FILENO, NULL), 1);
	for (size_t i = 0; i < count; i++) {
		GError *error = NULL;
		g_autoptr(GVariant) variant =
			g_variant_parse(G_VARIANT_TYPE_VARDICT, rows[i].text, NULL, NULL, NULL);

		assert_non_null(variant);
		if (app) {
			assert_null(vm_app_config_from_variant(variant, fds, &error));
		} else {
			assert_null(vm_raw_config_from_variant(variant, fds, &error));
		}
		test_error_is(error, rows[i].code, rows[i].message);
	}
}

static void raw_refusals(void **state)
{
	/* clang-format off */
	static const struct refusal rows[] = {
		{ "{}", -3, "kernel: neither kernel nor bootloader" },
		{ "{'kernel': <handle 0>, 'bootloader': <handle 1>}", -3, "bootloader: not together with kernel" },
		{ "{'bootloader': <handle 0>, 'params': <'x'>}", -3, "bootloader: not together with initrd" },
		{ "{'kernel': <handle 2>}", -3, "kernel: it is descriptor 2 of a message with 2" },
		{ "{'kernel': <handle -1>}", -3, "kernel: it is descriptor -1" },
		{ "{'kernel': <'vmlinux'>}", -3, "kernel: its type is 's'; 'h' is expected" },
		{ "{'kernal': <handle 0>}", -3, "kernal: no such field" },
		{ "{'kernel': <handle 0>, 'memory-mib': <uint32 2>}", -3, "memory-mib: 2 is not a number from 4 to 65536" },
		{ "{'kernel': <handle 0>, 'memory-mib': <uint32 5>}", -3, "memory-mib: it must be even" },
		{ "{'kernel': <handle 0>, 'cpu-count': <uint32 9>}", -3, "cpu-count: 9 is not" },
		{ "{'kernel': <handle 0>, 'cpu-topology': <2>}", -3, "cpu-topology: 2 is not" },
		{ "{'kernel': <handle 0>, 'cpu-topology': <-1>}", -3, "cpu-topology: -1 is not" },
		{ "{'kernel': <handle 0>, 'rsi': <true>}", -3, "rsi: only a protected VM" },
		{ "{'kernel': <handle 0>, 'swiotlb-mib': <uint32 4>}", -3, "swiotlb-mib: only a protected" },
		{ "{'kernel': <handle 0>, 'instance-id': <[byte 1]>}", -3, "instance-id: its value has 1 bytes; it must have 64" },
		{ "{'kernel': <handle 0>, 'platform-version': <'~2.0'>}", -3, "platform-version" },
		{ "{'kernel': <handle 0>, 'console-input-device': <'hvc1'>}", -3, "console-input-device" },
		{ "{'kernel': <handle 0>, 'gdb-port': <uint16 1>}", -3, "gdb-port: it is not from 1024" },
		{ "{'kernel': <handle 0>, 'boost-uclamp': <true>}", -7, "boost-uclamp: not supported" },
		{ "{'kernel': <handle 0>, 'huge-pages': <true>, 'protected': <true>}", -7, "huge-pages: of a protected VM: not supported" },
		{ "{'kernel': <handle 0>, 'gdb-port': <uint16 1234>, 'protected': <true>}", -3, "gdb-port: a protected VM" },
		{ "{'kernel': <handle 0>, 'network-supported': <true>}", -7, "network-supported" },
		{ "{'kernel': <handle 0>, 'devices': <['/sys/x']>}", -7, "devices" },
		{ "{'kernel': <handle 0>, 'balloon': <true>}", -7, "balloon" },
		{ "{'kernel': <handle 0>, 'disks': <[@a{sv} {}]>}", -3, "disks[0].image: neither" },
		{ "{'kernel': <handle 0>, 'disks': <[{'image': <handle 1>}, {'image': <handle 7>}]>}", -3, "disks[1].image: it is descriptor 7" },
		{ "{'kernel': <handle 0>, 'disks': <[{'partitions': <[{'label': <'a'>}]>}]>}", -3, "disks[0].partitions[0].image: missing" },
		{ "{'kernel': <handle 0>, 'disks': <[{'partitions': <[{'image': <handle 0>}]>}]>}", -3, "disks[0].partitions[0].label: missing" },
		{ "{'kernel': <handle 0>, 'disks': <[{'partitions': <[{'image': <handle 0>, 'label': <'a'>, 'guid': <'123456789012345678901234567890123456'>}]>}]>}", -3, "disks[0].partitions[0].guid" },
		{ "{'kernel': <handle 0>, 'disks': <[{'partitions': <[{'image': <handle 0>, 'label': <''>}]>}]>}", -3, "disks[0].partitions[0].label: its value" },
	};
	/* clang-format on */

	(void)state;
	refuse_each(rows, G_N_ELEMENTS(rows), false);
}

static void app_refusals(void **state)
{
	/* clang-format off */
	static const struct refusal rows[] = {
		{ "{}", -3, "apk: missing" },
		{ "{'gdb-port': <uint16 1234>, 'debug-level': <0>}", -3, "gdb-port: a VM of debug level NONE" },
		{ "{'apk': <handle 0>}", -3, "idsig: missing" },
		{ "{'apk': <handle 0>, 'idsig': <handle 1>}", -3, "payload-binary-name: neither" },
		{ "{'apk': <handle 0>, 'idsig': <handle 1>, 'payload-binary-name': <'a/b.so'>}", -3, "payload-binary-name: it is the name" },
		{ "{'apk': <handle 0>, 'idsig': <handle 1>, 'payload-binary-name': <'a'>, 'config-path': <'b'>}", -3, "not together with config-path" },
		{ "{'apk': <handle 0>, 'idsig': <handle 1>, 'payload-binary-name': <'a'>, 'extra-apks': <[handle 0]>}", -3, "extra-idsigs" },
		{ "{'apk': <handle 0>, 'idsig': <handle 1>, 'payload-binary-name': <'a'>, 'os-name': <'../x'>}", -3, "os-name" },
		{ "{'apk': <handle 0>, 'idsig': <handle 1>, 'payload-binary-name': <'a'>, 'debug-level': <2>}", -3, "debug-level: 2 is not" },
		{ "{'apk': <handle 0>, 'idsig': <handle 1>, 'payload-binary-name': <'a'>, 'vendor-image': <handle 0>}", -7, "vendor-image" },
	};
	/* clang-format on */

	(void)state;
	refuse_each(rows, G_N_ELEMENTS(rows), true);
}

static void a_field_given_twice(void **state)
{
	GVariantBuilder b = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	g_autoptr(GVariant) variant = NULL;
	GError *error = NULL;

	(void)state;
	g_variant_builder_add(&b, "{sv}", "name", g_variant_new_string("a"));
	g_variant_builder_add(&b, "{sv}", "name", g_variant_new_string("b"));
	variant = g_variant_ref_sink(g_variant_builder_end(&b));
	assert_null(vm_raw_config_from_variant(variant, NULL, &error));
	test_error_is(error, -3, "name: given twice");
}

static void json_refusals(void **state)
{
	/* clang-format off */
	static const struct {
		const char *text;
		const char *message;
	} rows[] = {
		{ "", "not JSON" },
		{ "[]", "not an object" },
		{ "{\"kernel\":1}", "kernel: not a string" },
		{ "{\"kernel\":\"/nonexistent\"}", "kernel: cannot open /nonexistent" },
		{ "{\"colour\":1}", "colour: no such field" },
		{ "{\"memory_mib\":\"64\"}", "memory_mib: not a whole number from 1 to 65536" },
		{ "{\"memory_mib\":1.5}", "memory_mib: not a whole" },
		{ "{\"memory_mib\":99999999999}", "memory_mib: not a whole" },
		{ "{\"protected\":1}", "protected: neither true nor false" },
		{ "{\"cpu_topology\":\"two\"}", "cpu_topology: neither" },
		{ "{\"devices\":[\"x\"]}", "devices: not supported" },
		{ "{\"disks\":{}}", "disks: not an array" },
		{ "{\"disks\":[{}]}", "disks[0].image: exactly one" },
		{ "{\"disks\":[{\"image\":\"/dev/null\",\"partitions\":[{\"label\":\"a\",\"path\":\"/dev/null\"}]}]}", "disks[0].image: exactly one" },
		{ "{\"disks\":[{\"partitions\":[{\"label\":\"a\"}]}]}", "disks[0].partitions[0].path: missing" },
		{ "{\"disks\":[{\"partitions\":[{\"path\":\"/nonexistent\"}]}]}", "disks[0].partitions[0].path: cannot open" },
		{ "{\"kernel\":\"/dev/null\",\"memory_mib\":5}", "memory_mib: it must be even" },
		{ "{\"kernel\":\"/dev/null\",\"initrd_debuggable\":\"x\"}", "initrd_debuggable: only" },
		{ "{\"name\":\"a\"}", "kernel: neither kernel nor bootloader" },
		{ "[[[[[[[[[[]]]]]]]]]]", "nested deeper" },
	};
	/* clang-format on */
	const struct vm_json_options options = { .folder = "/" };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		GError *error = NULL;

		assert_null(vm_json_parse(rows[i].text, strlen(rows[i].text), &options, &error));
		assert_non_null(error);
		if (strstr(error->message, rows[i].message) == NULL) {
			fail_msg("%s: '%s' does not hold '%s'", rows[i].text, error->message,
				 rows[i].message);
		}
		g_error_free(error);
	}
}

static void json_of_an_os(void **state)
{
	static const char text[] =
		"{\"name\":\"m\",\"kernel\":\"null\",\"initrd\":\"nonexistent\",\"initrd_debuggable\":\"zero\","
		"\"params\":\"a b\",\"memory_mib\":256,\"cpu_topology\":\"match_host\","
		"\"disks\":[{\"partitions\":[{\"label\":\"super\",\"path\":\"null\"}]},{\"image\":\"null\",\"writable\":true}]}";
	const struct vm_json_options options = { .folder = "/dev", .os = true, .debuggable = true };
	g_autoptr(GError) error = NULL;
	struct vm_raw_config *config = vm_json_parse(text, strlen(text), &options, &error);
	struct vm_disk *disk;

	(void)state;
	assert_null(error);
	assert_true(config->kernel >= 0);
	assert_true(config->initrd >= 0);
	assert_int_equal(config->common.memory_mib, 256);
	assert_int_equal(config->common.cpu_topology, AVF_CPU_MATCH_HOST);
	assert_string_equal(config->params, "a b");
	assert_int_equal(config->disks->len, 2);
	disk = config->disks->pdata[0];
	assert_int_equal(disk->image, -1);
	assert_string_equal(((struct vm_partition *)disk->partitions->pdata[0])->label, "super");
	disk = config->disks->pdata[1];
	assert_true(disk->writable);
	assert_true(disk->image >= 0);
	vm_raw_config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raw_there_and_back),  cmocka_unit_test(app_there_and_back),
		cmocka_unit_test(raw_refusals),        cmocka_unit_test(app_refusals),
		cmocka_unit_test(a_field_given_twice), cmocka_unit_test(json_refusals),
		cmocka_unit_test(json_of_an_os),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
