/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm run, run-app, run-microdroid: configurations out of flags and files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/cli/commands.h"
#include "vmm/cli/files.h"
#include "vmm/cli/session.h"
#include "vmm/service/folder.h"
#include "vmm/service/vm_json.h"

#define EARLYCON "earlycon"
#define KEEP_BOOTCON "keep_bootcon"

static bool bad_value(GError **error, const char *text)
{
	g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
	return false;
}

static bool add_params(struct vm_raw_config *raw, const struct cli_options *o, GError **error)
{
	g_autofree char *before = NULL;

	if (!o->earlycon) {
		return true;
	}
	if (raw->kernel < 0) {
		return bad_value(error, "--enable-earlycon: only a VM with a kernel has it");
	}
	before = raw->params;
	raw->params = g_strjoin(" ", before != NULL ? before : "", EARLYCON, KEEP_BOOTCON, NULL);
	return true;
}

bool command_run(struct service_client *client, const struct cli_options *o, char **words,
		 GError **error)
{
	const struct vm_json_options json = { 0 };
	struct vm_raw_config *raw = vm_json_load(words[0], &json, error);
	struct session_vm what = { .raw = raw, .from = words[0] };
	int debug = raw != NULL ? cli_options_debug(o, error) : -1;
	bool done = false;

	if (debug >= 0) {
		const char *preset = raw->common.name[0] == '\0' ? "VmRun" : NULL;

		what.debuggable = debug == AVF_DEBUG_FULL;
		done = cli_options_common(o, &raw->common, preset, error) &&
		       add_params(raw, o, error) && session_run(client, &what, o, error);
	}
	vm_raw_config_free(raw);
	return done;
}

static bool add_extra_apks(struct service_client *client, struct vm_app_config *app,
			   const struct cli_options *o, GError **error)
{
	guint apks = o->extra_apks != NULL ? g_strv_length(o->extra_apks) : 0;
	guint idsigs = o->extra_idsigs != NULL ? g_strv_length(o->extra_idsigs) : 0;

	if (apks != idsigs) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			    "there are %u of --extra-apk and %u of --extra-idsig", apks, idsigs);
		return false;
	}
	for (guint i = 0; i < apks; i++) {
		int apk;
		int idsig;

		if (!files_update_idsig(client, o->extra_apks[i], o->extra_idsigs[i], error)) {
			return false;
		}
		apk = files_open(o->extra_apks[i], O_RDONLY, error);
		idsig = apk >= 0 ? files_open(o->extra_idsigs[i], O_RDONLY, error) : -1;
		if (apk >= 0) {
			g_array_append_val(app->extra_apks, apk);
		}
		if (idsig < 0) {
			return false;
		}
		g_array_append_val(app->extra_idsigs, idsig);
	}
	return true;
}

static bool add_package(struct service_client *client, struct vm_app_config *app, const char *apk,
			const char *idsig, GError **error)
{
	if (!files_update_idsig(client, apk, idsig, error)) {
		return false;
	}
	app->apk = files_open(apk, O_RDONLY, error);
	app->idsig = app->apk >= 0 ? files_open(idsig, O_RDONLY, error) : -1;
	return app->idsig >= 0;
}

static bool add_instance(struct service_client *client, struct vm_app_config *app, const char *path,
			 GError **error)
{
	if (access(path, F_OK) != 0 && errno == ENOENT &&
	    !files_create_partition(client, path, CLI_INSTANCE_IMAGE_BYTES,
				    AVF_PARTITION_ANDROID_VM_INSTANCE, error)) {
		return false;
	}
	app->instance_image = files_open(path, O_RDWR, error);
	return app->instance_image >= 0;
}

static bool add_flags(struct service_client *client, struct vm_app_config *app,
		      const struct cli_options *o, const char *preset, GError **error)
{
	app->debug_level = cli_options_debug(o, error);
	if (app->debug_level < 0 || !cli_options_common(o, &app->common, preset, error)) {
		return false;
	}
	if (o->os != NULL) {
		g_free(app->os_name);
		app->os_name = g_strdup(o->os);
	}
	if (o->devices != NULL) {
		g_strfreev(app->devices);
		app->devices = g_strdupv(o->devices);
	}
	if (o->earlycon) {
		if (app->debug_level != AVF_DEBUG_FULL) {
			return bad_value(error, "--enable-earlycon: only with --debug full");
		}
		g_strfreev(app->extra_params);
		app->extra_params = g_strsplit(EARLYCON " " KEEP_BOOTCON, " ", -1);
	}
	if (o->instance_id_file != NULL) {
		app->common.instance_id = files_instance_id(client, o->instance_id_file, error);
		return app->common.instance_id != NULL;
	}
	return true;
}

/* What the package has to run: of @binary and @config_path exactly one. */
struct package {
	const char *apk;
	const char *idsig;
	const char *instance;
	const char *binary;
	const char *config_path;
	const char *name; /* of the VM, unless --name says another */
};

static bool run_package(struct service_client *client, const struct package *p,
			const struct cli_options *o, GError **error)
{
	struct vm_app_config *app = vm_app_config_new();
	g_autofree char *from =
		g_strconcat(p->apk, "!", p->binary != NULL ? p->binary : p->config_path, NULL);
	struct session_vm what = { .app = app, .from = from };
	bool done;

	app->payload_binary_name = g_strdup(p->binary);
	app->config_path = g_strdup(p->config_path);
	done = add_flags(client, app, o, p->name, error) &&
	       add_package(client, app, p->apk, p->idsig, error) &&
	       add_extra_apks(client, app, o, error) &&
	       add_instance(client, app, p->instance, error);
	what.debuggable = app->debug_level == AVF_DEBUG_FULL;
	done = done && session_run(client, &what, o, error);
	vm_app_config_free(app);
	return done;
}

bool command_run_app(struct service_client *client, const struct cli_options *o, char **words,
		     GError **error)
{
	const struct package package = {
		.apk = words[0],
		.idsig = words[1],
		.instance = words[2],
		.binary = o->payload_binary_name,
		.config_path = o->config_path,
		.name = "VmRunApp",
	};

	if ((package.binary == NULL) == (package.config_path == NULL)) {
		return bad_value(error, "exactly one of --payload-binary-name and --config-path "
					"must be given");
	}
	return run_package(client, &package, o, error);
}

bool command_run_microdroid(struct service_client *client, const struct cli_options *o,
			    char **words, GError **error)
{
	g_autofree char *own = o->work_dir == NULL ? g_dir_make_tmp("microdroid-XXXXXX", error) :
						     NULL;
	const char *folder = o->work_dir != NULL ? o->work_dir : own;
	g_autofree char *idsig = NULL;
	g_autofree char *instance = NULL;
	struct package package = {
		.apk = CLI_EMPTY_PACKAGE,
		.binary = CLI_EMPTY_BINARY,
		.name = "VmRunMicrodroid",
	};
	bool done;

	(void)words;
	if (folder == NULL) {
		return false;
	}
	if (g_mkdir_with_parents(folder, 0700) != 0) {
		int saved = errno;

		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(saved), "%s: %s", folder,
			    g_strerror(saved));
		return false;
	}
	idsig = g_build_filename(folder, "apk.idsig", NULL);
	instance = g_build_filename(folder, "instance.img", NULL);
	package.idsig = idsig;
	package.instance = instance;
	done = run_package(client, &package, o, error);
	if (own != NULL) {
		folder_remove(own);
	}
	return done;
}
