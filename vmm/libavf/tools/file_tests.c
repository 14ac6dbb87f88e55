/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machines as files: made, found, changed, deleted. None runs. */
#include "vmm/libavf/tools/avf_test.h"

static int creation(const struct test *t, const char *name)
{
	g_autoptr(AvfConfig) config = config_of(builder_of(t, "payload"));
	GError *error = NULL;
	AvfVm *vm = avf_manager_create(t->manager, name, config, &error);

	g_clear_object(&vm);
	return code(&error);
}

static int is_there(const struct test *t, const char *file)
{
	g_autofree char *path = g_build_filename(t->folder, "vm", file, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void get_and_create(const struct test *t)
{
	g_autoptr(AvfConfig) config = config_of(builder_of(t, "payload"));
	g_autoptr(AvfVm) none = avf_manager_get(t->manager, "vm", NULL);
	g_autoptr(AvfVm) made = avf_manager_get_or_create(t->manager, "vm", config, NULL);
	g_autoptr(AvfVm) again = avf_manager_get_or_create(t->manager, "vm", config, NULL);
	g_autoptr(AvfVm) found = avf_manager_get(t->manager, "vm", NULL);

	say("vmm_get_and_create", "none=%d made=%d again_same=%d found_same=%d create=%d",
	    none != NULL, made != NULL, again == made, found == made, creation(t, "vm"));
	g_object_ref(made);
	delete_vm(t, made);
}

static void vm_unit(const struct test *t)
{
	AvfVm *vm = vm_of(t, "vm_name", builder_of(t, "payload"));
	g_autoptr(AvfConfig) config = avf_vm_get_config(vm);

	say("vm_unit", "name=%s binary=%s memory=%d status=%d cid=%u", avf_vm_get_name(vm),
	    avf_config_get_payload_binary_name(config), (int)avf_config_get_memory_bytes(config),
	    avf_vm_get_status(vm), avf_vm_get_cid(vm));
	delete_vm(t, vm);
}

static void names(const struct test *t)
{
	say("invalid_vm_name", "parent=%d above=%d slash=%d empty=%d", creation(t, ".."),
	    creation(t, "../foo"), creation(t, "foo/bar"), creation(t, ""));
}

static void delete_and_files(const struct test *t)
{
	AvfVm *vm = vm_of(t, "vm", builder_of(t, "payload"));
	int before = is_there(t, "vm/config") && is_there(t, "vm/instance.img") &&
		     is_there(t, "vm/instance_id");
	int deleted = test_deletion(t, "vm");

	say("delete_vm", "deleted=%d status=%d again=%d", deleted, avf_vm_get_status(vm),
	    test_deletion(t, "vm"));
	say("delete_vm_files", "before=%d after=%d", before, is_there(t, "vm"));
	g_object_unref(vm);
}

/* Two data directories; and one again by another manager: the caller was restarted. */
static void managers(const struct test *t)
{
	g_autofree char *other_folder = g_strconcat(t->folder, "-other", NULL);
	g_autoptr(AvfManager) other = avf_manager_new(other_folder, NULL);
	g_autoptr(AvfManager) again = avf_manager_new(t->folder, NULL);
	AvfVm *vm = vm_of(t, "vm", builder_of(t, "payload"));
	g_autoptr(AvfVm) elsewhere = avf_manager_get(other, "vm", NULL);
	g_autoptr(AvfVm) here = avf_manager_get(again, "vm", NULL);
	g_autoptr(AvfConfig) config = here != NULL ? avf_vm_get_config(here) : NULL;
	g_autoptr(AvfConfig) wanted = config_of(builder_of(t, "payload"));

	say("different_managers", "elsewhere=%d here=%d same_config=%d", elsewhere != NULL,
	    here != NULL, config != NULL && avf_config_is_compatible_with(config, wanted));
	delete_vm(t, vm);
}

static void config_get_and_set(const struct test *t)
{
	AvfVm *vm = vm_of(t, "vm", builder_of(t, "payload"));
	AvfConfigBuilder *b = builder_of(t, "payload");
	g_autoptr(AvfConfig) more = NULL;
	g_autoptr(AvfConfig) debug = NULL;
	g_autoptr(AvfConfig) before = NULL;
	g_autoptr(AvfConfig) refused = NULL;
	g_autoptr(AvfConfig) now = NULL;
	GError *error = NULL;
	int set;

	avf_config_builder_set_memory_bytes(b, 320 * MIB);
	more = config_of(g_object_ref(b));
	avf_config_builder_set_debug_level(b, AVF_DEBUG_LEVEL_FULL);
	debug = config_of(b);
	before = avf_vm_set_config(vm, more, &error);
	set = code(&error);
	refused = avf_vm_set_config(vm, debug, &error);
	g_object_unref(vm);
	vm = avf_manager_get(t->manager, "vm", NULL); /* from its files */
	now = avf_vm_get_config(vm);
	say("vm_config_get_and_set",
	    "set=%d before_mib=%d refused=%d incompatible=%d now_mib=%d debug=%d", set,
	    (int)(avf_config_get_memory_bytes(before) / MIB), refused == NULL, code(&error),
	    (int)(avf_config_get_memory_bytes(now) / MIB), avf_config_get_debug_level(now));
	delete_vm(t, vm);
}

static void not_there_yet(const struct test *t)
{
	AvfConfigBuilder *store = builder_of(t, "payload");
	AvfConfigBuilder *vendor = builder_of(t, "payload");
	g_autoptr(AvfConfig) with_store = NULL;
	g_autoptr(AvfConfig) with_vendor = NULL;
	GError *error = NULL;
	int storage;

	avf_config_builder_set_encrypted_storage_bytes(store, MIB);
	avf_config_builder_set_vendor_disk_image(vendor, "/vendor.img");
	with_store = config_of(store);
	with_vendor = config_of(vendor);
	(void)!avf_manager_create(t->manager, "vm", with_store, &error);
	storage = code(&error);
	(void)!avf_manager_create(t->manager, "vm", with_vendor, &error);
	say("not_there_yet", "storage=%d vendor=%d left=%d", storage, code(&error),
	    is_there(t, "vm"));
}

void file_tests(const struct test *t)
{
	get_and_create(t);
	vm_unit(t);
	names(t);
	delete_and_files(t);
	managers(t);
	config_get_and_set(t);
	not_there_yet(t);
}
