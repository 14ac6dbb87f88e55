/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/machine.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <glib-unix.h>

#include "vmm/boot.h"
#include "vmm/control.h"
#include "vmm/debugger.h"
#include "vmm/devices.h"
#include "vmm/error.h"
#include "vmm/log.h"
#include "vmm/memlock.h"
#include "vmm/memory.h"
#include "vmm/sandbox.h"
#include "vmm/vcpu.h"
#include "vmm/vm.h"
#include "vmm/watchdog.h"

#define STILL_RUNNING (-1)
#define MIB (UINT64_C(1) << 20)

struct machine {
	const struct options *options;
	int pid;
	struct guest_memory ram;
	struct guest_memory pool; /* part of ram; all zero unless protected, and with RSI */
	struct vm vm;
	struct devices devices;
	struct control *control;   /* NULL without --control */
	struct debugger *debugger; /* NULL without --gdb */
	int signal_fd;
	guint signal_source;
	struct vcpu_shared shared;
	struct vcpu_gate gate;
	struct vcpu *vcpus[GUEST_VCPUS_MAX];
	gint stopping;  /* atomic; not 0: vCPU threads end */
	gint exit_code; /* atomic; STILL_RUNNING, then the first reason to end */
};

/* The VM ends: the first reason counts. Any thread. */
static void machine_ended(void *opaque, enum exit_code code, const char *why)
{
	struct machine *m = opaque;

	if (!g_atomic_int_compare_and_exchange(&m->exit_code, STILL_RUNNING, (gint)code)) {
		return;
	}
	if (why != NULL) {
		log_at(code == EXIT_CODE_STOP ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "%s", why);
	}
	g_main_context_wakeup(NULL);
}

static gboolean signal_arrived(gint fd, GIOCondition condition, gpointer opaque)
{
	struct signalfd_siginfo info;

	(void)condition;
	if (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		machine_ended(opaque, EXIT_CODE_STOP, "stopped by a signal");
	}
	return G_SOURCE_CONTINUE;
}

/* From here on the signals that stop a VM wait until the main loop reads them. */
static bool watch_signals(struct machine *m, GError **error)
{
	sigset_t stops;

	sigemptyset(&stops);
	sigaddset(&stops, SIGTERM);
	sigaddset(&stops, SIGINT);
	sigaddset(&stops, SIGHUP);
	sigprocmask(SIG_BLOCK, &stops, NULL);
	signal(SIGPIPE, SIG_IGN);
	vcpu_signals_init();
	m->signal_fd = signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m->signal_fd < 0) {
		error_set_errno(error, "signalfd");
		return false;
	}
	m->signal_source = g_unix_fd_add(m->signal_fd, G_IO_IN, signal_arrived, m);
	return true;
}

static void control_status(void *opaque, struct control_status *status)
{
	const struct machine *m = opaque;

	*status = (struct control_status){
		.pid = m->pid,
		.protected_vm = m->options->protected_vm,
		.memory_mib = m->ram.bytes / MIB,
		.cpus = m->vm.cpus,
		.suspended = g_atomic_int_get(&m->gate.closed),
	};
	for (unsigned i = 0; i < GUEST_VCPUS_MAX; i++) {
		if (m->vcpus[i] != NULL) {
			status->exits += vcpu_exits(m->vcpus[i]);
		}
	}
}

static void control_stop(void *opaque)
{
	machine_ended(opaque, EXIT_CODE_STOP, "stopped by the control socket");
}

/* No vCPU is in the guest when this returns, and the stall detector's time stands still. */
static void control_suspend(void *opaque)
{
	struct machine *m = opaque;

	if (g_atomic_int_get(&m->gate.closed)) {
		return;
	}
	vcpu_gate_set(&m->gate, true);
	for (unsigned i = 0; i < GUEST_VCPUS_MAX; i++) {
		if (m->vcpus[i] != NULL) {
			vcpu_suspend(m->vcpus[i]);
		}
	}
	watchdog_suspend(m->devices.watchdog, g_get_monotonic_time());
}

static void control_resume(void *opaque)
{
	struct machine *m = opaque;

	if (!g_atomic_int_get(&m->gate.closed)) {
		return;
	}
	watchdog_resume(m->devices.watchdog, g_get_monotonic_time());
	for (unsigned i = 0; i < GUEST_VCPUS_MAX; i++) {
		if (m->vcpus[i] != NULL) {
			vcpu_resume(m->vcpus[i]);
		}
	}
	vcpu_gate_set(&m->gate, false);
}

static const struct control_ops control_ops = {
	.status = control_status,
	.stop = control_stop,
	.suspend = control_suspend,
	.resume = control_resume,
};

static void debugger_kills(void *opaque)
{
	machine_ended(opaque, EXIT_CODE_STOP, "stopped by the debugger");
}

static bool listen_debugger(struct machine *m, GError **error)
{
	const struct debugger_config config = {
		.place = m->options->gdb,
		.vm = &m->vm,
		.ram = &m->ram,
		.kill = debugger_kills,
		.opaque = m,
	};

	if (config.place == NULL) {
		return true;
	}
	m->debugger = debugger_new(&config, error);
	return m->debugger != NULL;
}

static void vcpu_hit(void *opaque, const struct vcpu_stop *stop)
{
	const struct machine *m = opaque;

	debugger_hit(m->debugger, stop);
}

static void vcpu_stood(void *opaque)
{
	const struct machine *m = opaque;

	debugger_stood(m->debugger);
}

static bool listen_control(struct machine *m, GError **error)
{
	if (m->options->control == NULL) {
		return true;
	}
	m->control = control_listen(m->options->control, &control_ops, m, error);
	return m->control != NULL;
}

static bool map_memory(struct machine *m, const struct layout *layout, GError **error)
{
	if (m->options->protected_vm && !memlock_allow(layout->ram_bytes, error)) {
		return false;
	}
	if (!guest_memory_map(&m->ram, layout->ram_ipa, layout->ram_bytes, error)) {
		return false;
	}
	if (m->options->protected_vm) {
		guest_memory_keep_pages_small(&m->ram);
	}
	if (m->options->huge_pages && !guest_memory_ask_for_huge_pages(&m->ram, error)) {
		return false;
	}
	if (layout->pool_bytes != 0) {
		bool inside =
			guest_memory_part(&m->ram, layout->pool_ipa, layout->pool_bytes, &m->pool);

		g_assert(inside);
	}
	return true;
}

static bool create_devices(struct machine *m, GError **error)
{
	const struct devices_config config = {
		.options = m->options,
		.vm_fd = m->vm.fd,
		.dma = m->pool.bytes != 0 ? &m->pool : &m->ram,
		.stopping = &m->stopping,
		.ended = machine_ended,
		.opaque = m,
	};

	m->ram.alias = m->vm.alias;
	return devices_create(&m->devices, &config, error);
}

/* Whole or not at all: a reader that sees the file sees all of it. */
static bool write_info(const struct machine *m, GError **error)
{
	g_autofree char *text = NULL;

	if (m->options->info_file == NULL) {
		return true;
	}
	text = g_strdup_printf("{\"pid\":%d,\"ram_ipa\":%" G_GUINT64_FORMAT
			       ",\"ram_hva\":%" G_GUINT64_FORMAT ",\"ram_bytes\":%" G_GUINT64_FORMAT
			       ",\"pool_ipa\":%" G_GUINT64_FORMAT
			       ",\"pool_bytes\":%" G_GUINT64_FORMAT ",\"protected\":%s}\n",
			       m->pid, (guint64)m->ram.ipa, (guint64)(uintptr_t)m->ram.hva,
			       (guint64)m->ram.bytes, (guint64)m->pool.ipa, (guint64)m->pool.bytes,
			       m->options->protected_vm ? "true" : "false");
	if (!g_file_set_contents(m->options->info_file, text, -1, error)) {
		g_prefix_error(error, "--info-file: ");
		return false;
	}
	return true;
}

/* Everything up to the sandbox. */
static bool prepare(struct machine *m, GError **error)
{
	struct boot boot;
	bool prepared = false;

	if (boot_plan(&boot, m->options, error) && watch_signals(m, error) &&
	    listen_control(m, error) && map_memory(m, &boot.layout, error) &&
	    boot_load(&boot, &m->ram, error)) {
		const struct vm_config config = {
			.protected_vm = m->options->protected_vm,
			.rsi = m->options->rsi,
			.cpus = (unsigned)m->options->cpus,
			.cpu_features = m->options->cpu_features,
			.ram = m->ram,
			.entry_ipa = boot.layout.image_ipa,
			.fdt_ipa = boot.layout.fdt_ipa,
		};

		prepared = vm_create(&m->vm, &config, error) && create_devices(m, error) &&
			   listen_debugger(m, error) && write_info(m, error);
	}
	boot_close(&boot);
	return prepared;
}

static void stop_vcpus(struct machine *m)
{
	g_atomic_int_set(&m->stopping, 1);
	vcpu_gate_set(&m->gate, false);
	for (unsigned i = 0; i < GUEST_VCPUS_MAX; i++) {
		if (m->vcpus[i] != NULL) {
			vcpu_join(m->vcpus[i]);
			m->vcpus[i] = NULL;
		}
	}
}

static bool start_vcpus(struct machine *m, GError **error)
{
	m->shared = (struct vcpu_shared){
		.bus = m->devices.bus,
		.stopping = &m->stopping,
		.gate = &m->gate,
		.ended = machine_ended,
		.debugged = m->debugger != NULL ? vcpu_hit : NULL,
		.stood = m->debugger != NULL ? vcpu_stood : NULL,
		.opaque = m,
		.begin_held = m->debugger != NULL,
	};
	for (unsigned i = 0; i < m->vm.cpus; i++) {
		m->vcpus[i] = vcpu_start(&m->vm, i, &m->shared, error);
		if (m->vcpus[i] == NULL) {
			stop_vcpus(m);
			return false;
		}
	}
	if (m->debugger != NULL) {
		debugger_begin(m->debugger, m->vcpus);
	}
	return true;
}

static void clean_up(struct machine *m)
{
	debugger_free(m->debugger, (unsigned)m->exit_code);
	devices_free(&m->devices);
	vm_close(&m->vm);
	guest_memory_free(&m->ram);
	control_free(m->control);
	if (m->signal_source != 0) {
		g_source_remove(m->signal_source);
	}
	if (m->signal_fd >= 0) {
		close(m->signal_fd);
	}
}

/*
 * --parent: the kernel kills the VMM with it, in the sandbox too, since rights are only given up
 * there (prctl(2), PR_SET_PDEATHSIG). One that has gone before the request shows by getppid().
 */
static bool die_with_parent(const struct options *options, GError **error)
{
	if (options->parent == 0) {
		return true;
	}
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || (uint64_t)getppid() != options->parent) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
			    "--parent: process %" G_GUINT64_FORMAT " is not this process's parent",
			    (guint64)options->parent);
		return false;
	}
	return true;
}

bool machine_run(const struct options *options, enum exit_code *code, GError **error)
{
	struct machine machine = {
		.options = options,
		.pid = getpid(),
		.signal_fd = -1,
		.vm = VM_NONE,
		.exit_code = STILL_RUNNING,
	};
	bool ran = false;

	g_mutex_init(&machine.gate.lock);
	g_cond_init(&machine.gate.changed);
	if (die_with_parent(options, error) && prepare(&machine, error) &&
	    (!options->sandbox || sandbox_enter(options->gdb != NULL, error)) &&
	    start_vcpus(&machine, error)) {
		log_info("ready"); /* the runner's event "VM created" */
		while (g_atomic_int_get(&machine.exit_code) == STILL_RUNNING) {
			g_main_context_iteration(NULL, TRUE);
		}
		stop_vcpus(&machine);
		*code = (enum exit_code)machine.exit_code;
		ran = true;
	}
	clean_up(&machine);
	g_cond_clear(&machine.gate.changed);
	g_mutex_clear(&machine.gate.lock);
	return ran;
}

bool machine_dump_dtb(const struct options *options, GError **error)
{
	struct boot boot;
	bool dumped =
		boot_plan(&boot, options, error) &&
		g_file_set_contents(options->dump_dtb, boot.fdt, (gssize)boot.fdt_bytes, error);

	boot_close(&boot);
	return dumped;
}
