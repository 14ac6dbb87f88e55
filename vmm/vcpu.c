/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* pthread_timedjoin_np */
#include "vmm/vcpu.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include <linux/kvm.h>

#include "vmm/error.h"
#include "vmm/log.h"

#define KICK_SIGNAL SIGUSR1
/* Between two kicks of a thread that has not ended: a kick can come too early. */
#define KICK_INTERVAL_NS 20000000L
#define NS_PER_S 1000000000L
#define NS_PER_US 1000
#define THREAD_STACK_BYTES (256 * 1024)

struct vcpu {
	unsigned index;
	int fd;
	struct kvm_run *run;
	const struct vcpu_shared *shared;
	pthread_t thread;
	guint exits; /* atomic */
	gint inside; /* atomic: in KVM_RUN, or about to be */
	gint held; /* atomic: kept out of the guest for the debugger; changed with the gate's lock held */
	bool stands; /* at the gate or ended; with the gate's lock held */
};

static void kicked(int signal)
{
	(void)signal; /* it is enough that a system call was interrupted */
}

void vcpu_signals_init(void)
{
	struct sigaction action = { .sa_handler = kicked }; /* without SA_RESTART */

	sigemptyset(&action.sa_mask);
	sigaction(KICK_SIGNAL, &action, NULL);
}

static void exit_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint64_t value = 0;
	unsigned width = run->mmio.len;

	if (width == 0 || width > sizeof(run->mmio.data)) {
		return;
	}
	/* The host and its guests are little endian, so data is the value's low bytes. */
	if (run->mmio.is_write) {
		memcpy(&value, run->mmio.data, width);
		bus_write(vcpu->shared->bus, run->mmio.phys_addr, width, value);
	} else {
		value = bus_read(vcpu->shared->bus, run->mmio.phys_addr, width);
		memcpy(run->mmio.data, &value, sizeof(value));
	}
}

static void end(struct vcpu *vcpu, enum exit_code code, const char *why)
{
	vcpu->shared->ended(vcpu->shared->opaque, code, why);
}

static void exit_system_event(struct vcpu *vcpu)
{
	switch (vcpu->run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		end(vcpu, EXIT_CODE_STOP, NULL);
		break;
	case KVM_SYSTEM_EVENT_RESET:
		end(vcpu, EXIT_CODE_RESET, NULL);
		break;
	case KVM_SYSTEM_EVENT_CRASH:
		end(vcpu, EXIT_CODE_CRASH, "the guest told the hypervisor that it crashed");
		break;
	default:
		log_error("vCPU %u: unknown system event %u", vcpu->index,
			  vcpu->run->system_event.type);
		end(vcpu, EXIT_CODE_CRASH, "KVM reports an unknown system event");
		break;
	}
}

/* What the debugger has set was met: the thread goes no further until vcpu_release(). */
static bool exit_debug(struct vcpu *vcpu)
{
	const struct vcpu_stop stop = {
		.index = vcpu->index,
		.syndrome = vcpu->run->debug.arch.hsr,
		.address = vcpu->run->debug.arch.far,
	};

	if (vcpu->shared->debugged == NULL) {
		end(vcpu, EXIT_CODE_CRASH, "KVM reports a breakpoint that nobody has set");
		return false;
	}
	g_mutex_lock(&vcpu->shared->gate->lock);
	g_atomic_int_set(&vcpu->held, 1);
	g_mutex_unlock(&vcpu->shared->gate->lock);
	vcpu->shared->debugged(vcpu->shared->opaque, &stop);
	return true;
}

/* KVM_RUN came back well. Returns whether to run on. */
static bool handle_exit(struct vcpu *vcpu)
{
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_MMIO:
		exit_mmio(vcpu);
		return true;
	case KVM_EXIT_INTR:
		return true;
	case KVM_EXIT_DEBUG:
		return exit_debug(vcpu);
	case KVM_EXIT_SYSTEM_EVENT:
		exit_system_event(vcpu);
		return false;
	case KVM_EXIT_FAIL_ENTRY:
		log_error("vCPU %u: KVM cannot enter the guest, hardware reason 0x%llx",
			  vcpu->index, vcpu->run->fail_entry.hardware_entry_failure_reason);
		end(vcpu, EXIT_CODE_CRASH, "KVM cannot enter the guest");
		return false;
	case KVM_EXIT_INTERNAL_ERROR:
		log_error("vCPU %u: KVM's internal error %u", vcpu->index,
			  vcpu->run->internal.suberror);
		end(vcpu, EXIT_CODE_CRASH, "KVM gave the guest up");
		return false;
	default:
		log_error("vCPU %u: exit reason %u, which nobody asked for", vcpu->index,
			  vcpu->run->exit_reason);
		end(vcpu, EXIT_CODE_CRASH, "KVM left the guest for an unknown reason");
		return false;
	}
}

/* What an errno of KVM_RUN means for this VM. */
static const char *run_error_reason(int error)
{
	switch (error) {
	case ENOMEM:
		return "no memory for the guest: either the host is out of it, or RLIMIT_MEMLOCK "
		       "(ulimit -l) is below what a protected VM locks, which is all its memory";
	case EFAULT:
	case EHWPOISON:
		return "the guest touched memory that the host cannot give it: the host took the "
		       "page back by force, or it is broken";
	case ENOSYS:
		return "the guest accessed a device by an instruction that KVM cannot decode";
	default:
		return "KVM_RUN failed";
	}
}

/* KVM_RUN failed with @error. Returns whether to run on. */
static bool handle_run_error(struct vcpu *vcpu, int error)
{
	if (error == EINTR || error == EAGAIN) {
		return true;
	}
	errno = error;
	log_error("vCPU %u: KVM_RUN: %m", vcpu->index);
	if (vcpu->run->exit_reason == KVM_EXIT_MEMORY_FAULT) {
		log_error("vCPU %u: fault at guest physical 0x%llx", vcpu->index,
			  vcpu->run->memory_fault.gpa);
	}
	end(vcpu, EXIT_CODE_CRASH, run_error_reason(error));
	return false;
}

static bool is_kept_out(struct vcpu *vcpu)
{
	return g_atomic_int_get(&vcpu->shared->gate->closed) || g_atomic_int_get(&vcpu->held);
}

/* Wait while the VM is suspended or a debugger has stopped it. */
static void wait_at_gate(struct vcpu *vcpu)
{
	struct vcpu_gate *gate = vcpu->shared->gate;

	g_mutex_lock(&gate->lock);
	vcpu->stands = true;
	g_cond_broadcast(&gate->changed); /* to vcpu_suspend() */
	if (vcpu->shared->stood != NULL) {
		vcpu->shared->stood(vcpu->shared->opaque);
	}
	while (is_kept_out(vcpu) && !g_atomic_int_get(vcpu->shared->stopping)) {
		g_cond_wait(&gate->changed, &gate->lock);
	}
	vcpu->stands = false;
	g_mutex_unlock(&gate->lock);
}

static void thread_ended(struct vcpu *vcpu)
{
	g_mutex_lock(&vcpu->shared->gate->lock);
	vcpu->stands = true; /* for ever */
	g_mutex_unlock(&vcpu->shared->gate->lock);
}

static void *vcpu_thread(void *opaque)
{
	struct vcpu *vcpu = opaque;
	sigset_t kick;
	bool go_on = true;
	/* What a load from a device gave is put into its register by the next KVM_RUN. */
	bool owes = false;

	sigemptyset(&kick);
	sigaddset(&kick, KICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
	while (go_on && !g_atomic_int_get(vcpu->shared->stopping)) {
		int done;
		int saved;

		/* First the word, then the look: whoever closes the gate sees one of them. */
		g_atomic_int_set(&vcpu->inside, 1);
		if (is_kept_out(vcpu) && !owes) {
			g_atomic_int_set(&vcpu->inside, 0);
			wait_at_gate(vcpu);
			continue;
		}
		done = ioctl(vcpu->fd, KVM_RUN, 0);
		saved = errno;
		g_atomic_int_set(&vcpu->inside, 0);
		g_atomic_int_inc(&vcpu->exits);
		owes = done == 0 && vcpu->run->exit_reason == KVM_EXIT_MMIO;
		go_on = done == 0 ? handle_exit(vcpu) : handle_run_error(vcpu, saved);
	}
	thread_ended(vcpu);
	return NULL;
}

struct vcpu *vcpu_start(const struct vm *vm, unsigned index, const struct vcpu_shared *shared,
			GError **error)
{
	struct vcpu *vcpu = g_new0(struct vcpu, 1);
	pthread_attr_t attributes;
	int failed;

	vcpu->index = index;
	vcpu->fd = vm->vcpus[index].fd;
	vcpu->run = vm->vcpus[index].run;
	vcpu->shared = shared;
	vcpu->held = shared->begin_held;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
	failed = pthread_create(&vcpu->thread, &attributes, vcpu_thread, vcpu);
	pthread_attr_destroy(&attributes);
	if (failed != 0) {
		errno = failed;
		error_set_errno(error, "cannot make a thread for vCPU %u", index);
		g_free(vcpu);
		return NULL;
	}
	return vcpu;
}

void vcpu_gate_set(struct vcpu_gate *gate, bool closed)
{
	g_mutex_lock(&gate->lock);
	g_atomic_int_set(&gate->closed, closed);
	g_cond_broadcast(&gate->changed);
	g_mutex_unlock(&gate->lock);
}

void vcpu_suspend(struct vcpu *vcpu)
{
	struct vcpu_gate *gate = vcpu->shared->gate;

	/* A run that begins after this returns at once; one under way gets the signal. */
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	g_mutex_lock(&gate->lock);
	while (g_atomic_int_get(&vcpu->inside)) {
		pthread_kill(vcpu->thread, KICK_SIGNAL);
		g_cond_wait_until(&gate->changed, &gate->lock,
				  g_get_monotonic_time() + KICK_INTERVAL_NS / NS_PER_US);
	}
	g_mutex_unlock(&gate->lock);
}

/* A run that begins returns at once as long as something keeps the vCPU out. Main thread. */
static void set_immediate_exit(struct vcpu *vcpu, bool suspended)
{
	__atomic_store_n(&vcpu->run->immediate_exit, suspended || g_atomic_int_get(&vcpu->held),
			 __ATOMIC_SEQ_CST);
}

void vcpu_resume(struct vcpu *vcpu)
{
	set_immediate_exit(vcpu, false);
}

void vcpu_hold(struct vcpu *vcpu)
{
	struct vcpu_gate *gate = vcpu->shared->gate;

	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	g_mutex_lock(&gate->lock);
	g_atomic_int_set(&vcpu->held, 1);
	if (!vcpu->stands) {
		pthread_kill(vcpu->thread, KICK_SIGNAL);
	}
	g_mutex_unlock(&gate->lock);
}

bool vcpu_stands(struct vcpu *vcpu)
{
	struct vcpu_gate *gate = vcpu->shared->gate;
	bool stands;

	g_mutex_lock(&gate->lock);
	stands = vcpu->stands && g_atomic_int_get(&vcpu->held);
	g_mutex_unlock(&gate->lock);
	return stands;
}

void vcpu_release(struct vcpu *vcpu)
{
	struct vcpu_gate *gate = vcpu->shared->gate;

	g_mutex_lock(&gate->lock);
	g_atomic_int_set(&vcpu->held, 0);
	set_immediate_exit(vcpu, g_atomic_int_get(&gate->closed));
	g_cond_broadcast(&gate->changed);
	g_mutex_unlock(&gate->lock);
}

void vcpu_join(struct vcpu *vcpu)
{
	struct timespec until;

	/* A run that begins after this returns at once; one under way gets the signal. */
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	do {
		pthread_kill(vcpu->thread, KICK_SIGNAL);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += KICK_INTERVAL_NS;
		until.tv_sec += until.tv_nsec / NS_PER_S;
		until.tv_nsec %= NS_PER_S;
	} while (pthread_timedjoin_np(vcpu->thread, NULL, &until) != 0);
	g_free(vcpu);
}

guint vcpu_exits(const struct vcpu *vcpu)
{
	return (guint)g_atomic_int_get(&vcpu->exits);
}
