/* SPDX-License-Identifier: GPL-2.0-or-later */
/* avf-hello KIND APK PAYLOAD.so PORT: starts a machine, waits until it is ready, sends it a line, prints its answer and its end. */
#include <avf/avf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void on_ready(AvfVm *vm, void *port)
{
	int fd = avf_vm_connect_vsock(vm, (guint)strtoul(port, NULL, 10), NULL);
	char answer[64] = "";

	if (fd >= 0 && write(fd, "hello\n", 6) == 6 && read(fd, answer, sizeof(answer) - 1) > 0) {
		printf("ready, and answers: %s", answer);
	}
	avf_vm_close(vm); /* pull the plug */
}

static void on_stopped(AvfVm *vm, int reason, void *loop)
{
	printf("%s stopped: reason %d\n", avf_vm_get_name(vm), reason);
	g_main_loop_quit(loop);
}

int main(int argc, char **argv)
{
	GMainLoop *loop = g_main_loop_new(NULL, FALSE);
	AvfConfigBuilder *builder = avf_config_builder_new();
	GError *error = NULL;
	AvfManager *manager = argc == 5 ? avf_manager_new(NULL, &error) : NULL;
	AvfConfig *config = NULL;
	AvfVm *vm = NULL;

	if (manager != NULL) {
		avf_config_builder_set_protected_vm(builder, strcmp(argv[1], "protected") == 0);
		avf_config_builder_set_apk_path(builder, argv[2]);
		avf_config_builder_set_payload_binary_name(builder, argv[3]);
		config = avf_config_builder_build(builder, &error);
	}
	if (config != NULL) {
		vm = avf_manager_get_or_create(manager, "hello", config, &error);
	}
	if (vm == NULL || !avf_vm_run(vm, &error)) {
		fprintf(stderr, "avf-hello: %s\n", error != NULL ? error->message : "usage");
		return 1;
	}
	g_signal_connect(vm, "payload-ready", G_CALLBACK(on_ready), argv[4]);
	g_signal_connect(vm, "stopped", G_CALLBACK(on_stopped), loop);
	g_main_loop_run(loop);
	return 0;
}
