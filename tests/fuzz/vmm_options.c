/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzer of the VMM's options: the input is a configuration file's text if its
 * first byte is even, else a command line with one word per line. What is taken
 * must keep what vmm/options.h promises; what is not must say why in one line.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "platform/abi/guest_memory_map.h"
#include "vmm/options.h"

#define WORDS_MAX 256

static void check_run(const struct options *o)
{
	g_assert_true((o->kernel != NULL) != (o->raw != NULL));
	g_assert_true(o->memory_mib >= OPTIONS_MEMORY_MIB_MIN);
	g_assert_true(o->memory_mib <= OPTIONS_MEMORY_MIB_MAX && o->memory_mib % 2 == 0);
	g_assert_true(o->cpus >= 1 && o->cpus <= GUEST_VCPUS_MAX);
	g_assert_true(o->protected_vm == (o->swiotlb_mib != 0));
	g_assert_true(o->swiotlb_mib <= OPTIONS_SWIOTLB_MIB_MAX && o->swiotlb_mib % 2 == 0);
	g_assert_true(o->cid == 0 || (o->cid >= OPTIONS_CID_MIN && o->cid <= OPTIONS_CID_MAX));
	g_assert_true(options_virtio_count(o) <= GUEST_VIRTIO_SLOTS);
	g_assert_true(o->params == NULL || strlen(o->params) <= OPTIONS_PARAMS_BYTES_MAX);
	g_assert_true(o->control == NULL || strlen(o->control) <= OPTIONS_CONTROL_BYTES_MAX);
	for (guint i = 0; i < o->blocks->len; i++) {
		g_assert_true(g_array_index(o->blocks, struct block_option, i).path[0] != '\0');
	}
}

static struct options *parse_words(const char *text, size_t bytes, GError **error)
{
	g_autofree char *copy = g_strndup(text, bytes);
	g_auto(GStrv) words = g_strsplit(copy, "\n", WORDS_MAX);

	for (guint i = 0; words[i] != NULL; i++) {
		if (g_str_has_prefix(words[i], "--config")) {
			return NULL; /* it would read files of this machine */
		}
	}
	return options_parse((int)g_strv_length(words), words, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const char *text = (const char *)data + 1;
	g_autoptr(GError) error = NULL;
	struct options *o;

	if (bytes == 0) {
		return 0;
	}
	o = data[0] % 2 == 0 ? options_parse_config(text, bytes - 1, &error) :
			       parse_words(text, bytes - 1, &error);
	if (o == NULL) {
		g_assert_true(error == NULL || strchr(error->message, '\n') == NULL);
	} else if (o->action == OPTIONS_RUN) {
		check_run(o);
	}
	options_free(o);
	return 0;
}
