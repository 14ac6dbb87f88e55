/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What to run: good metadata and configurations, and each way to be a bad one. */
#include "guest/microdroid/manager/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "guest/microdroid/lib/failure.h"
#include "guest/microdroid/manager/error.h"

#define APK                                                                                      \
	"\"version\":1,\"apk\":{\"name\":\"apk\",\"payload_partition_name\":\"microdroid-apk\"," \
	"\"idsig_partition_name\":\"microdroid-apk-idsig\"}"
#define TASK "\"task\":{\"type\":\"microdroid_launcher\",\"command\":\"hello.so\"}"

static struct payload_metadata *metadata_of(const char *text, GError **error)
{
	return payload_metadata_parse(text, strlen(text), error);
}

static void metadata_with_a_name(void **state)
{
	static const char text[] =
		"{" APK
		",\"config\":{\"payload_binary_name\":\"hello.so\",\"extra_apk_count\":2}}\0\0\0";
	struct payload_metadata *metadata = payload_metadata_parse(text, sizeof(text), NULL);
	(void)state;

	assert_non_null(metadata);
	assert_string_equal(metadata->apk_partition, "microdroid-apk");
	assert_string_equal(metadata->idsig_partition, "microdroid-apk-idsig");
	assert_string_equal(metadata->binary_name, "hello.so");
	assert_int_equal(metadata->extra_apks, 2);
	assert_null(metadata->config_path);
	payload_metadata_free(metadata);
}

static void metadata_with_a_path(void **state)
{
	struct payload_metadata *metadata =
		metadata_of("{" APK ",\"config_path\":\"assets/vm_config.json\"}", NULL);
	(void)state;

	assert_non_null(metadata);
	assert_string_equal(metadata->config_path, "assets/vm_config.json");
	assert_null(metadata->binary_name);
	payload_metadata_free(metadata);
}

/* Each pair: a text, and what its error's message has. */
struct bad {
	const char *text;
	const char *word;
};

static void expect_invalid(GError *error, const char *word)
{
	assert_non_null(error);
	assert_int_equal(error->domain, MANAGER_ERROR);
	assert_int_equal(error->code, MANAGER_ERROR_INVALID_CONFIG);
	assert_non_null(strstr(error->message, word));
	g_error_free(error);
}

static void bad_metadata(void **state)
{
	static const struct bad all[] = {
		{ "", "payload-metadata" },
		{ "{", "not JSON" },
		{ "[]", "not an object" },
		{ "\xff", "UTF-8" },
		{ "{}", "version" },
		{ "{\"version\":2}", "version" },
		{ "{\"version\":\"1\"}", "version" },
		{ "{\"version\":1}", "apk" },
		{ "{\"version\":1,\"apk\":{\"payload_partition_name\":\"a\"}}", "partition" },
		{ "{" APK "}", "one of" },
		{ "{" APK ",\"config_path\":\"a\",\"config\":{}}", "one of" },
		{ "{" APK ",\"config_path\":1}", "config_path" },
		{ "{" APK ",\"config_path\":\"\"}", "config_path" },
		{ "{" APK ",\"config\":{}}", "payload_binary_name" },
		{ "{" APK ",\"config\":{\"payload_binary_name\":\"../x.so\"}}",
		  "payload_binary_name" },
		{ "{" APK ",\"config\":{\"payload_binary_name\":\"..\"}}", "payload_binary_name" },
		{ "{" APK ",\"config\":{\"payload_binary_name\":\"x\",\"extra_apk_count\":9}}",
		  "extra" },
		{ "{" APK ",\"config\":{\"payload_binary_name\":\"x\",\"extra_apk_count\":-1}}",
		  "extra" },
		{ "{" APK ",\"config\":{\"payload_binary_name\":\"x\",\"extra_apk_count\":1.5}}",
		  "extra" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		GError *error = NULL;

		assert_null(metadata_of(all[i].text, &error));
		expect_invalid(error, all[i].word);
	}
}

static void too_long(void **state)
{
	g_autofree char *text = g_malloc(CONFIG_BYTES_MAX + 1);
	GError *error = NULL;
	(void)state;

	memset(text, ' ', CONFIG_BYTES_MAX + 1);
	assert_null(payload_metadata_parse(text, CONFIG_BYTES_MAX + 1, &error));
	expect_invalid(error, "more than");
}

static void a_config(void **state)
{
	static const char text[] =
		"{\"os\":{\"name\":\"microdroid\"}," TASK
		",\"extra_apks\":[{\"path\":\"/a.apk\"}],\"export_tombstones\":true}";
	struct payload_config *config = payload_config_parse(text, strlen(text), NULL);
	(void)state;

	assert_non_null(config);
	assert_string_equal(config->binary_name, "hello.so");
	assert_int_equal(config->extra_apks, 1);
	payload_config_free(config);
}

static void bad_configs(void **state)
{
	static const struct bad all[] = {
		{ "x", "not JSON" },
		{ "{}", "task" },
		{ "{\"task\":1}", "task" },
		{ "{\"task\":{\"type\":\"executable\",\"command\":\"a\"}}", "task.type" },
		{ "{\"task\":{\"type\":\"microdroid_launcher\"}}", "task.command" },
		{ "{\"task\":{\"type\":\"microdroid_launcher\",\"command\":\"/bin/a\"}}",
		  "task.command" },
		{ "{\"os\":{\"name\":\"other\"}," TASK "}", "os.name" },
		{ "{\"os\":1," TASK "}", "os.name" },
		{ "{" TASK ",\"extra_apks\":1}", "extra_apks" },
		{ "{" TASK ",\"extra_apks\":[1,2,3,4,5,6,7,8,9]}", "extra_apks" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		GError *error = NULL;

		assert_null(payload_config_parse(all[i].text, strlen(all[i].text), &error));
		expect_invalid(error, all[i].word);
	}
}

static void what_the_host_is_told(void **state)
{
	static const struct {
		int code;
		enum avf_error_code told;
		const char *reason;
	} all[] = {
		{ MANAGER_ERROR_NOT_CONNECTED, AVF_ERROR_CODE_UNKNOWN, FAILURE_NOT_CONNECTED },
		{ MANAGER_ERROR_PAYLOAD_CHANGED, AVF_ERROR_CODE_PAYLOAD_CHANGED,
		  "MICRODROID_PAYLOAD_HAS_CHANGED" },
		{ MANAGER_ERROR_PAYLOAD_VERIFICATION, AVF_ERROR_CODE_PAYLOAD_VERIFICATION_FAILED,
		  "MICRODROID_PAYLOAD_VERIFICATION_FAILED" },
		{ MANAGER_ERROR_INVALID_CONFIG, AVF_ERROR_CODE_PAYLOAD_INVALID_CONFIG,
		  "MICRODROID_INVALID_PAYLOAD_CONFIG" },
		{ MANAGER_ERROR_RUNTIME, AVF_ERROR_CODE_UNKNOWN,
		  "MICRODROID_UNKNOWN_RUNTIME_ERROR" },
		{ 99, AVF_ERROR_CODE_UNKNOWN, "MICRODROID_UNKNOWN_RUNTIME_ERROR" },
	};
	GError *other = g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_IO, "x");
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		GError *error = g_error_new_literal(MANAGER_ERROR, all[i].code, "x");

		assert_int_equal(manager_error_code(error), all[i].told);
		assert_string_equal(manager_error_reason(error), all[i].reason);
		g_error_free(error);
	}
	assert_string_equal(manager_error_reason(other), FAILURE_UNKNOWN);
	g_error_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metadata_with_a_name),
		cmocka_unit_test(metadata_with_a_path),
		cmocka_unit_test(bad_metadata),
		cmocka_unit_test(too_long),
		cmocka_unit_test(a_config),
		cmocka_unit_test(bad_configs),
		cmocka_unit_test(what_the_host_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
