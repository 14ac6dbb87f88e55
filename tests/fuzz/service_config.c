/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes what createVm takes from a client: any bytes as a{sv}, and dictionaries that the bytes choose
 * keys, types and values of. A configuration that is accepted is written and read again, and accepted again.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/service/ipc_error.h"
#include "vmm/service/vm_config.h"
#include "vmm/service/vm_config_fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool accepted, const GError *error)
{
	if (accepted == (error != NULL) || (error != NULL && error->domain != IPC_ERROR)) {
		abort();
	}
}

static void try_raw(GVariant *variant, GUnixFDList *fds)
{
	g_autoptr(GUnixFDList) again_fds = g_unix_fd_list_new();
	g_autoptr(GVariant) again = NULL;
	g_autoptr(GError) error = NULL;
	struct vm_raw_config *config = vm_raw_config_from_variant(variant, fds, &error);
	struct vm_raw_config *second;

	check(config != NULL, error);
	if (config == NULL) {
		return;
	}
	again = g_variant_ref_sink(vm_raw_config_to_variant(config, again_fds, &error));
	second = vm_raw_config_from_variant(again, again_fds, &error);
	check(second != NULL, error);
	if (second == NULL) {
		abort();
	}
	vm_raw_config_free(second);
	vm_raw_config_free(config);
}

static void try_app(GVariant *variant, GUnixFDList *fds)
{
	g_autoptr(GUnixFDList) again_fds = g_unix_fd_list_new();
	g_autoptr(GVariant) again = NULL;
	g_autoptr(GError) error = NULL;
	struct vm_app_config *config = vm_app_config_from_variant(variant, fds, &error);
	struct vm_app_config *second;

	check(config != NULL, error);
	if (config == NULL) {
		return;
	}
	again = g_variant_ref_sink(vm_app_config_to_variant(config, again_fds, &error));
	second = vm_app_config_from_variant(again, again_fds, &error);
	if (second == NULL) {
		abort();
	}
	vm_app_config_free(second);
	vm_app_config_free(config);
}

#define DEPTH_MAX 3
#define FIELDS_MAX 24

struct input {
	const uint8_t *data;
	size_t size;
};

static unsigned next(struct input *in)
{
	if (in->size == 0) {
		return 0;
	}
	in->size--;
	return *in->data++;
}

static GVariant *make_dictionary(struct input *in, unsigned depth);

static GVariant *make_text(struct input *in)
{
	static const char *const texts[] = { "",           "a",
					     "hvc0",       "~1.0",
					     "microdroid", "a/b",
					     "x.so",       "00112233-4455-6677-8899-aabbccddeeff" };

	return g_variant_new_string(texts[next(in) % G_N_ELEMENTS(texts)]);
}

static GVariant *make_array(struct input *in, const char *type, unsigned depth)
{
	GVariantBuilder b;
	unsigned count = next(in) % 4;

	g_variant_builder_init(&b, G_VARIANT_TYPE(type));
	for (unsigned i = 0; i < count; i++) {
		if (type[1] == 'h') {
			g_variant_builder_add(&b, "h", (gint32)next(in) % 3);
		} else if (type[1] == 's') {
			g_variant_builder_add_value(&b, make_text(in));
		} else {
			g_variant_builder_add_value(&b, make_dictionary(in, depth + 1));
		}
	}
	return g_variant_builder_end(&b);
}

static GVariant *make_value(struct input *in, unsigned depth)
{
	static const uint8_t bytes[AVF_INSTANCE_ID_BYTES];

	switch (next(in) % 10) {
	case 0:
		return make_text(in);
	case 1:
		return g_variant_new_boolean(next(in) & 1);
	case 2:
		return g_variant_new_uint32(next(in));
	case 3:
		return g_variant_new_int32((gint32)next(in) - 1);
	case 4:
		return g_variant_new_uint16((guint16)next(in));
	case 5:
		return g_variant_new_handle((gint32)next(in) % 3);
	case 6:
		return make_array(in, "as", depth);
	case 7:
		return make_array(in, "ah", depth);
	case 8:
		return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, bytes,
						 next(in) & 1 ? sizeof(bytes) : 1, 1);
	default:
		return make_array(in, "aa{sv}", depth);
	}
}

static const char *choose_key(unsigned number)
{
	static const struct vm_field_table *const tables[] = { &vm_fields_raw, &vm_fields_app,
							       &vm_fields_disk,
							       &vm_fields_partition };

	for (unsigned t = 0; t < G_N_ELEMENTS(tables); t++) {
		for (const struct vm_field *f = tables[t]->fields; f->key != NULL; f++) {
			if (number-- == 0) {
				return f->key;
			}
		}
	}
	return "no-such-key";
}

static GVariant *make_dictionary(struct input *in, unsigned depth)
{
	GVariantBuilder b = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);

	for (unsigned i = 0; i < FIELDS_MAX && in->size > 0 && depth < DEPTH_MAX; i++) {
		unsigned key = next(in);

		if (key == 0xff) {
			break;
		}
		g_variant_builder_add(&b, "{sv}", choose_key(key), make_value(in, depth));
	}
	return g_variant_builder_end(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* GVariant wants 8-byte alignment of what it does not copy. */
	void *copy = g_memdup2(data, size);
	struct input in = { data, size };
	g_autoptr(GVariant) variant = g_variant_ref_sink(
		g_variant_new_from_data(G_VARIANT_TYPE_VARDICT, copy, size, FALSE, g_free, copy));
	g_autoptr(GVariant) made = g_variant_ref_sink(make_dictionary(&in, 0));
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();

	g_unix_fd_list_append(fds, STDIN_FILENO, NULL);
	g_unix_fd_list_append(fds, STDIN_FILENO, NULL);
	try_raw(variant, fds);
	try_app(variant, fds);
	try_raw(made, fds);
	try_app(made, fds);
	return 0;
}
