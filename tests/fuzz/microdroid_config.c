/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzer of what the host and a package tell Microdroid's manager: the rest of the input is, by its first byte,
 * payload-metadata, a vm_config.json, or the description of a hash tree. What is taken keeps what the
 * headers promise; what is not has a reason of one line.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "guest/microdroid/lib/verity.h"
#include "guest/microdroid/manager/config.h"
#include "guest/microdroid/manager/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(const GError *error)
{
	g_assert_true(error != NULL && error->domain == MANAGER_ERROR);
	g_assert_true(error->code == MANAGER_ERROR_INVALID_CONFIG);
	g_assert_true(error->message[0] != '\0');
}

static void check_library(const char *name)
{
	g_assert_true(name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL);
	g_assert_true(strlen(name) <= CONFIG_NAME_BYTES_MAX);
}

static void try_metadata(const char *text, size_t bytes)
{
	g_autoptr(GError) error = NULL;
	struct payload_metadata *metadata = payload_metadata_parse(text, bytes, &error);

	if (metadata == NULL) {
		check_error(error);
		return;
	}
	g_assert_true(metadata->apk_partition != NULL && metadata->idsig_partition != NULL);
	g_assert_true((metadata->config_path == NULL) != (metadata->binary_name == NULL));
	g_assert_true(metadata->extra_apks <= CONFIG_EXTRA_APKS_MAX);
	if (metadata->binary_name != NULL) {
		check_library(metadata->binary_name);
	}
	payload_metadata_free(metadata);
}

static void try_config(const char *text, size_t bytes)
{
	g_autoptr(GError) error = NULL;
	struct payload_config *config = payload_config_parse(text, bytes, &error);

	if (config == NULL) {
		check_error(error);
		return;
	}
	check_library(config->binary_name);
	g_assert_true(config->extra_apks <= CONFIG_EXTRA_APKS_MAX);
	payload_config_free(config);
}

static void try_tree(const char *text, size_t bytes)
{
	g_autofree char *copy = g_strndup(text, bytes);
	char parameters[VERITY_PARAMETERS_BYTES_MAX];
	struct verity_tree tree;

	if (verity_parse(copy, &tree) == NULL) {
		g_assert_true(tree.data_blocks > 0 && tree.block_bytes >= 512);
		g_assert_true(
			verity_parameters(&tree, "1:1", "1:1", parameters, sizeof(parameters)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	switch (data[0] % 3) {
	case 0:
		try_metadata((const char *)data + 1, size - 1);
		break;
	case 1:
		try_config((const char *)data + 1, size - 1);
		break;
	default:
		try_tree((const char *)data + 1, size - 1);
		break;
	}
	return 0;
}
