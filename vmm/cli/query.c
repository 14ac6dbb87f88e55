/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm list, info, check-feature-enabled: what there is. */
#include <stdio.h>
#include <unistd.h>

#include "vmm/cli/commands.h"
#include "vmm/cli/session.h"
#include "vmm/service/ipc_error.h"
#include "vmm/service/state.h"

static bool stripped(bool done, GError **error)
{
	if (!done && error != NULL && *error != NULL) {
		ipc_error_strip(*error);
	}
	return done;
}

static void print_vm(GVariant *vm)
{
	guint32 cid = 0;
	guint32 uid = 0;
	gint32 pid = 0;
	gint32 state = 0;
	gboolean protected_vm = FALSE;
	const char *name = "";
	const char *console = "";
	g_autofree char *plain_name = NULL;
	g_autofree char *plain_console = NULL;

	g_variant_lookup(vm, "cid", "u", &cid);
	g_variant_lookup(vm, "requester-uid", "u", &uid);
	g_variant_lookup(vm, "requester-pid", "i", &pid);
	g_variant_lookup(vm, "state", "i", &state);
	g_variant_lookup(vm, "protected", "b", &protected_vm);
	g_variant_lookup(vm, "name", "&s", &name);
	g_variant_lookup(vm, "host-console-name", "&s", &console);
	plain_name = session_plain_text(name);
	plain_console = session_plain_text(console);
	printf("cid=%u name=%s state=%s protected=%s uid=%u pid=%d console=%s\n", cid, plain_name,
	       state_name(state), protected_vm ? "yes" : "no", uid, pid,
	       plain_console[0] != '\0' ? plain_console : "none");
}

bool command_list(struct service_client *client, const struct cli_options *o, char **words,
		  GError **error)
{
	g_autoptr(GVariant) list = NULL;

	(void)o;
	(void)words;
	if (!stripped(ipc_virtualization_service_call_debug_list_vms_sync(
			      service_client_proxy(client), &list, NULL, error),
		      error)) {
		return false;
	}
	printf("Running VMs: %zu\n", (size_t)g_variant_n_children(list));
	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) vm = g_variant_get_child_value(list, i);

		print_vm(vm);
	}
	return true;
}

static void print_capabilities(guint capabilities)
{
	bool protected_vm = (capabilities & AVF_CAPABILITY_PROTECTED_VM) != 0;
	bool normal = (capabilities & AVF_CAPABILITY_NON_PROTECTED_VM) != 0;

	puts(protected_vm && normal ? "Both protected and non-protected VMs are supported." :
	     protected_vm           ? "Only protected VMs are supported." :
	     normal                 ? "Only non-protected VMs are supported." :
				      "VMs are not supported.");
}

static void print_exists(const char *path)
{
	printf("%s %s.\n", path, access(path, F_OK) == 0 ? "exists" : "does not exist");
}

static void print_devices(GVariant *devices)
{
	printf("Assignable devices: [");
	for (gsize i = 0; i < g_variant_n_children(devices); i++) {
		g_autoptr(GVariant) device = g_variant_get_child_value(devices, i);
		const char *node = "";

		g_variant_lookup(device, "node", "&s", &node);
		printf("%s%s", i > 0 ? ", " : "", node);
	}
	puts("]");
}

static void print_oss(char **names)
{
	g_autofree char *joined = g_strjoinv(", ", names);

	printf("Available OS list: [%s]\n", joined);
}

bool command_info(struct service_client *client, const struct cli_options *o, char **words,
		  GError **error)
{
	IpcVirtualizationService *service = service_client_proxy(client);
	g_autoptr(GVariant) devices = NULL;
	g_auto(GStrv) names = NULL;
	guint capabilities = 0;

	(void)o;
	(void)words;
	if (!stripped(ipc_virtualization_service_call_get_capabilities_sync(service, &capabilities,
									    NULL, error) &&
			      ipc_virtualization_service_call_get_assignable_devices_sync(
				      service, &devices, NULL, error) &&
			      ipc_virtualization_service_call_get_supported_oslist_sync(
				      service, &names, NULL, error),
		      error)) {
		return false;
	}
	print_capabilities(capabilities);
	print_exists("/dev/kvm");
	print_exists("/dev/vhost-vsock");
	print_exists("/dev/vfio/vfio");
	print_exists("/sys/bus/platform/drivers/vfio-platform");
	print_devices(devices);
	print_oss(names);
	return true;
}

bool command_feature(struct service_client *client, const struct cli_options *o, char **words,
		     GError **error)
{
	gboolean enabled = FALSE;

	(void)o;
	if (!stripped(ipc_virtualization_service_call_is_feature_enabled_sync(
			      service_client_proxy(client), words[0], &enabled, NULL, error),
		      error)) {
		return false;
	}
	printf("Feature %s is %s\n", words[0], enabled ? "enabled" : "disabled");
	return true;
}
