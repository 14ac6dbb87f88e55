/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machines, and what goes wrong around them: their vmm, their client, the service, the disk, a socket. No payload runs. */
#include "vmm/libavf/tools/avf_test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/service/avf.h"

#define CUT_TIMES 10
#define COMM_BYTES 15 /* of a name in /proc/PID/comm: proc(5) */
#define HALF_MESSAGE_BYTES 64

/* Kill the processes of this name, at once. */
static void kill_all(const char *program)
{
	g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
	const char *number;
	int killed = 0;

	while (processes != NULL && (number = g_dir_read_name(processes)) != NULL) {
		g_autofree char *path = g_build_filename("/proc", number, "comm", NULL);
		g_autofree char *name = NULL;

		if (g_ascii_isdigit(number[0]) && g_file_get_contents(path, &name, NULL, NULL) &&
		    strncmp(g_strchomp(name), program, COMM_BYTES) == 0) {
			killed += kill((pid_t)strtol(number, NULL, 10), SIGKILL) == 0;
		}
	}
	if (killed == 0) {
		give_up("killing", program);
	}
}

static int run_again(AvfVm *vm)
{
	GError *error = NULL;
	int result;

	avf_vm_run(vm, &error);
	result = code(&error);
	avf_vm_close(vm);
	return result;
}

static void killed(const struct test *t, const char *program, const char *line)
{
	AvfVm *vm = vm_of(t, "vm", builder_of(t, "text_service"));
	struct heard h;

	hear(vm, &h);
	run(vm, "running a machine");
	kill_all(program);
	wait_for(&h.stopped, &h, "stopped");
	say(line, "ready=%d finished=%d error=%d stopped=%d reason=%d status=%d again=%d", h.ready,
	    h.finished, h.error, h.stopped, h.reason, avf_vm_get_status(vm), run_again(vm));
	g_signal_handlers_disconnect_by_data(vm, &h);
	delete_vm(t, vm);
}

/* The program that is killed: it runs the machine, says so, and waits. */
void hold_tests(const struct test *t)
{
	GError *error = NULL;
	AvfVm *vm = avf_manager_get(t->manager, "vm", &error);

	must(error, "finding a machine");
	if (vm == NULL) {
		give_up("finding a machine", "there is none");
	}
	run(vm, "running a machine in another program");
	puts("running");
	fflush(stdout);
	for (;;) {
		pause();
	}
}

static void client_killed(const struct test *t)
{
	const char *const argv[] = { "avf-test", t->protected_vm ? "protected" : "normal",
				     t->folder,  t->packages,
				     "hold",     NULL };
	AvfVm *vm = vm_of(t, "vm", builder_of(t, "text_service"));
	GError *error = NULL;
	char said[16] = "";
	GPid other = 0;
	int out = -1;
	int busy;

	g_spawn_async_with_pipes(NULL, (char **)argv, NULL,
				 G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
				 &other, NULL, &out, NULL, &error);
	must(error, "starting another program");
	(void)!read(out, said, sizeof(said) - 1);
	busy = run_again(vm);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	say("client_killed", "ran=%d busy=%d again=%d", strcmp(said, "running\n") == 0, busy,
	    run_again(vm));
	close(out);
	delete_vm(t, vm);
}

/* A connection that ends in the middle of a method call: its header says that 4096 bytes follow. */
static int cut_connection(void)
{
	static const unsigned char half[HALF_MESSAGE_BYTES] = { 'l', 1, 0, 1, 0, 16, 0,
								0,   9, 0, 0, 0, 32 };
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = AVF_SERVICE_SOCKET };
	g_autofree char *user = g_strdup_printf("%u", (unsigned)getuid());
	g_autoptr(GString) hello = g_string_new("AUTH EXTERNAL ");
	char answer[128] = "";
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	for (const char *c = user; *c != '\0'; c++) {
		g_string_append_printf(hello, "%02x", (unsigned)*c);
	}
	g_string_append(hello, "\r\n");
	if (connect(fd, (const void *)&address, sizeof(address)) != 0 || write(fd, "", 1) != 1 ||
	    write(fd, hello->str, hello->len) != (ssize_t)hello->len ||
	    read(fd, answer, sizeof(answer) - 1) <= 0 || strncmp(answer, "OK ", 3) != 0 ||
	    write(fd, "BEGIN\r\n", 7) != 7 ||
	    write(fd, half, sizeof(half)) != (ssize_t)sizeof(half)) {
		close(fd);
		return 0;
	}
	close(fd);
	return 1;
}

static void socket_cut(const struct test *t)
{
	AvfVm *vm = vm_of(t, "vm", builder_of(t, "text_service"));
	int cut = 0;

	run(vm, "running a machine");
	for (int i = 0; i < CUT_TIMES; i++) {
		cut += cut_connection();
	}
	say("socket_cut", "cut=%d status=%d stop=%d", cut, avf_vm_get_status(vm),
	    avf_vm_stop(vm, NULL) ? 0 : -1);
	delete_vm(t, vm);
}

/* How many names are in a folder. */
static int count_names(const char *path)
{
	GDir *folder = g_dir_open(path, 0, NULL);
	int count = 0;

	while (folder != NULL && g_dir_read_name(folder) != NULL) {
		count++;
	}
	g_clear_pointer(&folder, g_dir_close);
	return count;
}

/* A data directory with room for a machine's config and not for its instance image; then with room. */
static void disk_full(const struct test *t)
{
	g_autofree char *folder = g_strconcat(t->folder, "-full", NULL);
	g_autofree char *machines = g_build_filename(folder, "vm", NULL);
	g_autoptr(AvfConfig) config = config_of(builder_of(t, "text_service"));
	g_autoptr(AvfManager) manager = NULL;
	GError *error = NULL;
	AvfVm *vm;
	int refused;
	int left;

	mkdir(folder, 0700);
	if (mount("full", folder, "tmpfs", 0, "nr_inodes=4") != 0) {
		give_up("making a small disk", folder);
	}
	manager = avf_manager_new(folder, &error);
	must(error, "a manager on a small disk");
	vm = avf_manager_create(manager, "vm", config, &error);
	g_clear_object(&vm);
	refused = code(&error);
	left = count_names(machines) + count_names(folder) - 1; /* vm itself stays */
	mount("full", folder, "tmpfs", MS_REMOUNT, "nr_inodes=64");
	vm = avf_manager_create(manager, "vm", config, &error);
	say("disk_full", "refused=%d left=%d then=%d", refused, left, code(&error));
	g_clear_object(&vm);
	umount2(folder, MNT_DETACH);
	rmdir(folder);
}

void fault_tests(const struct test *t)
{
	client_killed(t);
	killed(t, "vmm", "vmm_killed");
	socket_cut(t);
	disk_full(t);
}

void service_killed_tests(const struct test *t)
{
	killed(t, "virtualizationservice", "service_killed");
}
