/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a config can be, and what the host can do. No machine is made. */
#include "vmm/libavf/tools/avf_test.h"

static int refusal(AvfConfigBuilder *b)
{
	GError *error = NULL;
	AvfConfig *config = avf_config_builder_build(b, &error);

	g_clear_object(&config);
	g_object_unref(b);
	return code(&error);
}

/* The code of a config with one option at @value; of SAME: is it compatible with one without? */
#define REFUSAL(setter, value)                                         \
	({                                                             \
		AvfConfigBuilder *changed_ = builder_of(t, "payload"); \
		avf_config_builder_##setter(changed_, value);          \
		refusal(changed_);                                     \
	})

static void builder_validation(const struct test *t)
{
	AvfConfigBuilder *b;

	say("builder_validation_values",
	    "apk_path=%d debug_level=%d cpu_topology=%d memory=%d storage=%d binary=%d vendor=%d os=%d",
	    REFUSAL(set_apk_path, "relative/path/to.apk"),
	    REFUSAL(set_debug_level, (AvfDebugLevel)-1),
	    REFUSAL(set_cpu_topology, (AvfCpuTopology)-1), REFUSAL(set_memory_bytes, 0),
	    REFUSAL(set_encrypted_storage_bytes, 0),
	    REFUSAL(set_payload_binary_name, "dir/file.so"),
	    REFUSAL(set_vendor_disk_image, "vendor.img"), REFUSAL(set_os, ""));
	b = avf_config_builder_new();
	avf_config_builder_set_apk_path(b, "/app.apk");
	avf_config_builder_set_protected_vm(b, t->protected_vm);
	say("builder_validation_together", "no_binary=%d both=%d captured=%d input=%d", refusal(b),
	    REFUSAL(set_payload_config_path, "config"), REFUSAL(set_vm_output_captured, TRUE),
	    REFUSAL(set_vm_console_input_supported, TRUE));
	b = avf_config_builder_new();
	avf_config_builder_set_apk_path(b, "/app.apk");
	avf_config_builder_set_payload_binary_name(b, "payload.so");
	say("builder_validation_protected", "unset=%d", refusal(b));
}

static void config_unit(const struct test *t)
{
	g_autoptr(AvfConfig) least = config_of(builder_of(t, "payload"));
	AvfConfigBuilder *b = builder_of(t, "payload");
	g_autoptr(AvfConfig) most = NULL;

	avf_config_builder_set_debug_level(b, AVF_DEBUG_LEVEL_FULL);
	avf_config_builder_set_memory_bytes(b, 42 * MIB);
	avf_config_builder_set_cpu_topology(b, AVF_CPU_TOPOLOGY_MATCH_HOST);
	avf_config_builder_set_encrypted_storage_bytes(b, MIB);
	avf_config_builder_set_vm_output_captured(b, TRUE);
	avf_config_builder_set_vm_console_input_supported(b, TRUE);
	avf_config_builder_set_os(b, "microdroid_gki");
	most = config_of(b);
	say("vm_config_unit_least",
	    "protected=%d debug=%d memory=%d cpus=%d storage=%d captured=%d os=%s",
	    avf_config_is_protected_vm(least), avf_config_get_debug_level(least),
	    (int)avf_config_get_memory_bytes(least), avf_config_get_cpu_topology(least),
	    avf_config_is_encrypted_storage_enabled(least), avf_config_is_vm_output_captured(least),
	    avf_config_get_os(least));
	say("vm_config_unit_most",
	    "debug=%d memory_mib=%d cpus=%d storage=%d captured=%d input=%d os=%s",
	    avf_config_get_debug_level(most), (int)(avf_config_get_memory_bytes(most) / MIB),
	    avf_config_get_cpu_topology(most), (int)avf_config_get_encrypted_storage_bytes(most),
	    avf_config_is_vm_output_captured(most), avf_config_is_vm_console_input_supported(most),
	    avf_config_get_os(most));
}

/* Consumes the builder. */
static int same(const struct test *t, AvfConfigBuilder *b)
{
	g_autoptr(AvfConfig) one = config_of(builder_of(t, "payload"));
	g_autoptr(AvfConfig) other = config_of(b);

	return avf_config_is_compatible_with(one, other);
}

#define SAME(setter, value)                                            \
	({                                                             \
		AvfConfigBuilder *changed_ = builder_of(t, "payload"); \
		avf_config_builder_##setter(changed_, value);          \
		same(t, changed_);                                     \
	})

static void compatible_config(const struct test *t)
{
	say("compatible_config", "itself=%d memory=%d cpus=%d apk_path=%d",
	    same(t, builder_of(t, "payload")), SAME(set_memory_bytes, 99),
	    SAME(set_cpu_topology, AVF_CPU_TOPOLOGY_MATCH_HOST), SAME(set_apk_path, "/different"));
	say("incompatible_config",
	    "extra_apk=%d debug=%d binary=%d vendor=%d protected=%d storage=%d os=%d",
	    SAME(add_extra_apk, "/foo"), SAME(set_debug_level, AVF_DEBUG_LEVEL_FULL),
	    SAME(set_payload_binary_name, "different"), SAME(set_vendor_disk_image, "/vendor.img"),
	    SAME(set_protected_vm, !t->protected_vm), SAME(set_encrypted_storage_bytes, 100000),
	    SAME(set_os, "another"));
}

static void capabilities(const struct test *t)
{
	g_auto(GStrv) names = NULL;
	gboolean enabled = TRUE;
	GError *error = NULL;
	unsigned bits = avf_manager_get_capabilities(t->manager, &error);
	int asked = code(&error);

	names = avf_manager_get_supported_os_list(t->manager, &error);
	must(error, "the list of OSs");
	avf_manager_is_feature_enabled(t->manager, "com.android.kvm.REMOTE_ATTESTATION", &enabled,
				       &error);
	say("get_capabilities", "asked=%d bits=%u os=%s feature=%d feature_enabled=%d", asked, bits,
	    names[0] != NULL ? names[0] : "none", code(&error), enabled);
}

void config_tests(const struct test *t)
{
	builder_validation(t);
	config_unit(t);
	compatible_config(t);
	capabilities(t);
}
