/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configs: what the builder refuses, what keeps a machine the same, and how they are stored. */
#include <string.h>

#include <avf/avf.h>

#include "tests/plugins/cmocka_all.h"
#include "vmm/libavf/options.h"

static AvfConfigBuilder *baseline(void)
{
	AvfConfigBuilder *b = avf_config_builder_new();

	avf_config_builder_set_apk_path(b, "/app.apk");
	avf_config_builder_set_payload_binary_name(b, "payload.so");
	avf_config_builder_set_protected_vm(b, TRUE);
	return b;
}

/* Builds and forgets; the error is the caller's. */
static GError *error_of(AvfConfigBuilder *b)
{
	GError *error = NULL;
	AvfConfig *config = avf_config_builder_build(b, &error);

	assert_true((config == NULL) == (error != NULL));
	g_clear_object(&config);
	g_object_unref(b);
	return error;
}

static void refused(AvfConfigBuilder *b, AvfError code, const char *text)
{
	GError *error = error_of(b);

	assert_non_null(error);
	assert_true(error->domain == AVF_ERROR);
	assert_string_equal(error->message, text);
	assert_int_equal(error->code, code);
	g_error_free(error);
}

static void defaults(void **state)
{
	g_autoptr(AvfConfigBuilder) b = baseline();
	g_autoptr(AvfConfig) c = avf_config_builder_build(b, NULL);

	(void)state;
	assert_string_equal(avf_config_get_apk_path(c), "/app.apk");
	assert_string_equal(avf_config_get_payload_binary_name(c), "payload.so");
	assert_null(avf_config_get_payload_config_path(c));
	assert_null(avf_config_get_extra_apks(c)[0]);
	assert_true(avf_config_is_protected_vm(c));
	assert_int_equal(avf_config_get_debug_level(c), AVF_DEBUG_LEVEL_NONE);
	assert_int_equal(avf_config_get_memory_bytes(c), 0);
	assert_int_equal(avf_config_get_cpu_topology(c), AVF_CPU_TOPOLOGY_ONE_CPU);
	assert_int_equal(avf_config_get_cpu_count(c), 0);
	assert_false(avf_config_is_encrypted_storage_enabled(c));
	assert_int_equal(avf_config_get_encrypted_storage_bytes(c), 0);
	assert_false(avf_config_is_vm_output_captured(c));
	assert_false(avf_config_is_vm_console_input_supported(c));
	assert_string_equal(avf_config_get_os(c), "microdroid");
	assert_null(avf_config_get_vendor_disk_image(c));
	assert_false(avf_config_should_use_hugepages(c));
	assert_false(avf_config_should_boost_uclamp(c));
}

/* A builder with each option at something that is no default. */
static AvfConfigBuilder *everything(void)
{
	AvfConfigBuilder *b = baseline();

	avf_config_builder_add_extra_apk(b, "/one;two.apk");
	avf_config_builder_add_extra_apk(b, "/\xc3\xa4.apk");
	avf_config_builder_set_protected_vm(b, FALSE);
	avf_config_builder_set_debug_level(b, AVF_DEBUG_LEVEL_FULL);
	avf_config_builder_set_memory_bytes(b, INT64_C(5) << 32);
	avf_config_builder_set_cpu_count(b, 3);
	avf_config_builder_set_encrypted_storage_bytes(b, 1000000);
	avf_config_builder_set_vm_output_captured(b, TRUE);
	avf_config_builder_set_vm_console_input_supported(b, TRUE);
	avf_config_builder_set_os(b, "another");
	avf_config_builder_set_vendor_disk_image(b, "/vendor.img");
	avf_config_builder_set_should_use_hugepages(b, TRUE);
	avf_config_builder_set_should_boost_uclamp(b, TRUE);
	return b;
}

static void check_everything(AvfConfig *c)
{
	assert_string_equal(avf_config_get_extra_apks(c)[0], "/one;two.apk");
	assert_string_equal(avf_config_get_extra_apks(c)[1], "/\xc3\xa4.apk");
	assert_null(avf_config_get_extra_apks(c)[2]);
	assert_false(avf_config_is_protected_vm(c));
	assert_int_equal(avf_config_get_debug_level(c), AVF_DEBUG_LEVEL_FULL);
	assert_true(avf_config_get_memory_bytes(c) == INT64_C(5) << 32);
	assert_int_equal(avf_config_get_cpu_count(c), 3);
	assert_true(avf_config_is_encrypted_storage_enabled(c));
	assert_int_equal(avf_config_get_encrypted_storage_bytes(c), 1000000);
	assert_true(avf_config_is_vm_output_captured(c));
	assert_true(avf_config_is_vm_console_input_supported(c));
	assert_string_equal(avf_config_get_os(c), "another");
	assert_string_equal(avf_config_get_vendor_disk_image(c), "/vendor.img");
	assert_true(avf_config_should_use_hugepages(c));
	assert_true(avf_config_should_boost_uclamp(c));
}

static void all_options_and_their_text(void **state)
{
	g_autoptr(AvfConfigBuilder) b = everything();
	g_autoptr(AvfConfig) c = avf_config_builder_build(b, NULL);
	g_autoptr(AvfConfig) again = NULL;
	g_autofree char *text = NULL;
	struct options read;

	(void)state;
	assert_non_null(c);
	check_everything(c);
	text = options_to_text(&c->options);
	assert_true(options_from_text(&read, text, strlen(text), NULL));
	again = config_new(&read);
	check_everything(again);
	assert_true(avf_config_is_compatible_with(c, again));
}

/* VirtualMachineConfig's BuilderValidation. */
static void values_that_are_none(void **state)
{
	(void)state;
#define REFUSED(code, text, setter, ...)                      \
	do {                                                  \
		AvfConfigBuilder *b_ = baseline();            \
		avf_config_builder_##setter(b_, __VA_ARGS__); \
		refused(b_, AVF_ERROR_ILLEGAL_##code, text);  \
	} while (0)
	REFUSED(ARGUMENT, "apk-path: it is not an absolute path", set_apk_path, "app.apk");
	REFUSED(ARGUMENT, "apk-path: it is NULL", set_apk_path, NULL);
	REFUSED(ARGUMENT, "extra-apks: it is not an absolute path", add_extra_apk, "more.apk");
	REFUSED(ARGUMENT, "payload-binary-name: it is the name of a library, not a path",
		set_payload_binary_name, "dir/payload.so");
	REFUSED(ARGUMENT, "payload-binary-name: it is the name of a library, not a path",
		set_payload_binary_name, "");
	REFUSED(ARGUMENT, "debug-level: there is no such value", set_debug_level,
		(AvfDebugLevel)-1);
	REFUSED(ARGUMENT, "debug-level: there is no such value", set_debug_level, (AvfDebugLevel)2);
	REFUSED(ARGUMENT, "cpu-topology: there is no such value", set_cpu_topology,
		(AvfCpuTopology)-1);
	REFUSED(ARGUMENT, "memory-bytes: it is not positive", set_memory_bytes, 0);
	REFUSED(ARGUMENT, "memory-bytes: it is not positive", set_memory_bytes, -1);
	REFUSED(ARGUMENT, "cpu-count: it is not positive", set_cpu_count, 0);
	REFUSED(ARGUMENT, "cpu-count: 9 is not a number from 1 to 8", set_cpu_count, 9);
	REFUSED(ARGUMENT, "encrypted-storage-bytes: it is not positive",
		set_encrypted_storage_bytes, 0);
	REFUSED(ARGUMENT, "os: it is a name, not a path", set_os, "");
	REFUSED(ARGUMENT, "os: it is a name, not a path", set_os, "../os");
	REFUSED(ARGUMENT, "os: it is not UTF-8", set_os, "\xff");
	REFUSED(ARGUMENT, "vendor-disk-image: it is not an absolute path", set_vendor_disk_image,
		"vendor.img");
	REFUSED(STATE, "payload-binary-name: not together with payload-config-path",
		set_payload_config_path, "assets/config.json");
	REFUSED(STATE, "vm-output-captured: the debug level must be FULL", set_vm_output_captured,
		TRUE);
	REFUSED(STATE, "vm-console-input-supported: the debug level must be FULL",
		set_vm_console_input_supported, TRUE);
}

static void options_that_are_missing(void **state)
{
	AvfConfigBuilder *b = avf_config_builder_new();

	(void)state;
	refused(g_object_ref(b), AVF_ERROR_ILLEGAL_STATE, "apk-path: it must be set");
	avf_config_builder_set_apk_path(b, "/app.apk");
	refused(g_object_ref(b), AVF_ERROR_ILLEGAL_STATE, "payload-binary-name: it must be set");
	avf_config_builder_set_payload_config_path(b, "assets/config.json");
	refused(g_object_ref(b), AVF_ERROR_ILLEGAL_STATE, "protected-vm: it must be set");
	avf_config_builder_set_protected_vm(b, FALSE);
	assert_null(error_of(g_object_ref(b)));
	avf_config_builder_add_extra_apk(b, "/more.apk");
	refused(b, AVF_ERROR_ILLEGAL_STATE, "extra-apks: not together with payload-config-path");
}

static void too_many_packages(void **state)
{
	AvfConfigBuilder *b = baseline();

	(void)state;
	for (int i = 0; i < 8; i++) {
		avf_config_builder_add_extra_apk(b, "/more.apk");
	}
	assert_null(error_of(g_object_ref(b)));
	avf_config_builder_add_extra_apk(b, "/more.apk");
	refused(b, AVF_ERROR_ILLEGAL_ARGUMENT, "extra-apks: at most 8 are allowed");
}

static void topology_or_count(void **state)
{
	AvfConfigBuilder *b = baseline();

	(void)state;
	avf_config_builder_set_cpu_topology(b, AVF_CPU_TOPOLOGY_MATCH_HOST);
	avf_config_builder_set_cpu_count(b, 2);
	refused(b, AVF_ERROR_ILLEGAL_STATE, "cpu-count: not together with cpu-topology MATCH_HOST");
}

/* The first mistake is told, and stays though the option is set right later. */
static void the_first_mistake(void **state)
{
	AvfConfigBuilder *b = baseline();

	(void)state;
	avf_config_builder_set_memory_bytes(b, 0);
	avf_config_builder_set_os(b, NULL);
	avf_config_builder_set_memory_bytes(b, 1);
	refused(b, AVF_ERROR_ILLEGAL_ARGUMENT, "memory-bytes: it is not positive");
}

/* Whether a change keeps the machine: by AVF's isCompatibleWith(). */
static void compatible(AvfConfigBuilder *changed, bool wanted)
{
	g_autoptr(AvfConfigBuilder) b = baseline();
	g_autoptr(AvfConfig) one = avf_config_builder_build(b, NULL);
	g_autoptr(AvfConfig) other = avf_config_builder_build(changed, NULL);

	assert_non_null(other);
	assert_int_equal(avf_config_is_compatible_with(one, other), wanted);
	assert_int_equal(avf_config_is_compatible_with(other, one), wanted);
	g_object_unref(changed);
}

static void compatibility(void **state)
{
	AvfConfigBuilder *b;

	(void)state;
#define COMPATIBLE(wanted, setter, value)              \
	do {                                           \
		b = baseline();                        \
		avf_config_builder_##setter(b, value); \
		compatible(b, wanted);                 \
	} while (0)
	compatible(baseline(), true);
	COMPATIBLE(true, set_memory_bytes, 99);
	COMPATIBLE(true, set_cpu_topology, AVF_CPU_TOPOLOGY_MATCH_HOST);
	COMPATIBLE(true, set_cpu_count, 2);
	COMPATIBLE(true, set_apk_path, "/another/place/app.apk");
	COMPATIBLE(true, set_should_use_hugepages, TRUE);
	COMPATIBLE(true, set_should_boost_uclamp, TRUE);
	COMPATIBLE(false, add_extra_apk, "/more.apk");
	COMPATIBLE(false, set_debug_level, AVF_DEBUG_LEVEL_FULL);
	COMPATIBLE(false, set_payload_binary_name, "different.so");
	COMPATIBLE(false, set_protected_vm, FALSE);
	COMPATIBLE(false, set_encrypted_storage_bytes, 100000);
	COMPATIBLE(false, set_vendor_disk_image, "/vendor.img");
	COMPATIBLE(false, set_os, "another");
}

static void debuggable_compatibility(void **state)
{
	g_autoptr(AvfConfigBuilder) b = baseline();
	g_autoptr(AvfConfig) full = NULL;
	g_autoptr(AvfConfig) captured = NULL;
	g_autoptr(AvfConfig) input = NULL;

	(void)state;
	avf_config_builder_set_debug_level(b, AVF_DEBUG_LEVEL_FULL);
	full = avf_config_builder_build(b, NULL);
	avf_config_builder_set_vm_output_captured(b, TRUE);
	captured = avf_config_builder_build(b, NULL);
	avf_config_builder_set_vm_console_input_supported(b, TRUE);
	input = avf_config_builder_build(b, NULL);
	assert_false(avf_config_is_compatible_with(full, captured));
	assert_false(avf_config_is_compatible_with(captured, input));
}

static void not_a_file(const char *text, const char *wanted)
{
	g_autoptr(GError) error = NULL;
	struct options options;

	if (options_from_text(&options, text, strlen(text), &error)) {
		fail_msg("'%s' is taken", text);
	}
	assert_true(g_error_matches(error, AVF_ERROR, AVF_ERROR_FAILED));
	if (strstr(error->message, wanted) == NULL) {
		fail_msg("'%s' does not hold '%s'", error->message, wanted);
	}
}

static void texts_that_are_none(void **state)
{
	(void)state;
#define GOOD "[config]\nversion=1\napk-path=/a\npayload-binary-name=a.so\nprotected-vm=1\n"
	not_a_file("", "config");
	not_a_file("rubbish", "");
	not_a_file("[config]\nversion=2\n", "its version is 2; this library reads 1");
	not_a_file("[config]\nversion=1\n", "apk-path: it must be set");
	not_a_file(GOOD "what=1\n", "what: unknown option");
	not_a_file(GOOD "debug-level=2\n", "debug-level: 2 is not a number from 0 to 1");
	not_a_file(GOOD "debug-level=full\n", "debug-level: ");
	not_a_file(GOOD "memory-bytes=-1\n", "memory-bytes: -1 is not positive");
	not_a_file(GOOD "memory-bytes=99999999999999999999\n", "memory-bytes: ");
	not_a_file(GOOD "os=\xff\n", "");
	not_a_file(GOOD "extra-apks=relative\n", "extra-apks: it is not an absolute path");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(all_options_and_their_text),
		cmocka_unit_test(values_that_are_none),
		cmocka_unit_test(options_that_are_missing),
		cmocka_unit_test(too_many_packages),
		cmocka_unit_test(topology_or_count),
		cmocka_unit_test(the_first_mistake),
		cmocka_unit_test(compatibility),
		cmocka_unit_test(debuggable_compatibility),
		cmocka_unit_test(texts_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
