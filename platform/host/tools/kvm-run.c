/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What KVM_RUN does: a small VM for each kind of exit that a VMM or a debugger waits for, and one
 * report line for each thing seen, "value NAME result=N". What must come is said by who runs this
 * (scenarios/lifecycle/test_kvm_run.py). For VMs that are not protected.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#define PAGE 4096UL
#define PAGES 16UL
#define RAM 0x80000000UL /* of the guest */
#define READ_ONLY (RAM + 0x100000)
#define DEVICE 0x1000UL /* nothing is there */
#define OTHER_DEVICE 0x2000UL
#define FORWARDED 0xc7000000u
#define ALARM_US 20000
#define CORE(name) \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(name))

/*
 * What the guest runs, at RAM; MMU off. Each program ends with a store of x0 to DEVICE, but those
 * that never end.
 */
#define PROGRAMS(X)                                                                            \
	X(steps, "nop\n nop\n nop\n nop\n")                                                    \
	X(breakpoint, "adr x1, 1f\n msr vbar_el1, x1\n isb\n brk #0\n b .\n"                   \
		      ".balign 2048\n 1: .skip 0x200\n mov x0, #7\n")                          \
	X(load, "adr x1, . + 4096\n ldr x0, [x1]\n")                                           \
	X(forever, "b .\n")                                                                    \
	X(off, "ldr w0, =0x84000008\n hvc #0\n")                                               \
	X(reset, "ldr w0, =0x84000009\n hvc #0\n")                                             \
	X(reset2, "ldr x0, =0xc4000012\n mov x1, #0\n hvc #0\n")                               \
	X(forwarded, "ldr x0, =0xc7000000\n mov x1, #11\n hvc #0\n")                           \
	X(stores, "ldr x1, =0x80002000\n str x1, [x1]\n ldr x1, =0x80005008\n str x1, [x1]\n") \
	X(read_only, "ldr x1, =0x80100000\n ldr x0, [x1]\n str x0, [x1]\n")                    \
	X(io, "mov x1, #0x2000\n mov w2, #5\n str w2, [x1]\n ldr x0, [x1, #8]\n")

#define PROGRAM(name, text)                                                                     \
	__asm__(".pushsection .rodata\n.balign 4096\n.global program_" #name "\nprogram_" #name \
		":\n" text "mov x9, #0x1000\n str x0, [x9]\n b .\n"                             \
		".ltorg\n.balign 4096\n.popsection\n");                                         \
	extern const uint8_t program_##name[];
PROGRAMS(PROGRAM)

static int kvm_fd, vm_fd, vcpu_fd;
static struct kvm_run *shared;
static uint8_t *memory;

static int call(int fd, unsigned long request, const void *argument)
{
	int result = ioctl(fd, request, argument);

	return result < 0 ? -errno : result;
}

static void say(const char *name, long result)
{
	printf("terrarium: value %s result=%ld\n", name, result);
}

static void need(bool good, const char *what)
{
	if (!good) {
		fprintf(stderr, "kvm-run: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static int slot(uint32_t number, uint32_t flags, uint64_t ipa, uint64_t pages, void *at)
{
	struct kvm_userspace_memory_region region = {
		.slot = number,
		.flags = flags,
		.guest_phys_addr = ipa,
		.memory_size = pages * PAGE,
		.userspace_addr = (uintptr_t)at,
	};

	return call(vm_fd, KVM_SET_USER_MEMORY_REGION, &region);
}

static uint64_t get(uint64_t id)
{
	uint64_t value = 0;
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	need(call(vcpu_fd, KVM_GET_ONE_REG, &reg) == 0, "KVM_GET_ONE_REG");
	return value;
}

static void set(uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	need(call(vcpu_fd, KVM_SET_ONE_REG, &reg) == 0, "KVM_SET_ONE_REG");
}

static void init_vcpu(void)
{
	struct kvm_vcpu_init init = { 0 };

	need(call(vm_fd, KVM_ARM_PREFERRED_TARGET, &init) == 0, "KVM_ARM_PREFERRED_TARGET");
	init.features[0] = 1U << KVM_ARM_VCPU_PSCI_0_2;
	need(call(vcpu_fd, KVM_ARM_VCPU_INIT, &init) == 0, "KVM_ARM_VCPU_INIT");
	set(CORE(regs.pc), RAM);
}

/* A VM whose vCPU is about to run @program. */
static void begin(const uint8_t *program, uint32_t slot_flags)
{
	vm_fd = ioctl(kvm_fd, KVM_CREATE_VM, 0);
	need(vm_fd >= 0, "KVM_CREATE_VM");
	memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	need(memory != MAP_FAILED, "memory");
	memcpy(memory, program, PAGE);
	need(slot(0, slot_flags, RAM, PAGES, memory) == 0, "KVM_SET_USER_MEMORY_REGION");
	vcpu_fd = ioctl(vm_fd, KVM_CREATE_VCPU, 0UL);
	need(vcpu_fd >= 0, "KVM_CREATE_VCPU");
	init_vcpu();
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu_fd, 0);
	need(shared != MAP_FAILED, "kvm_run");
}

static void end(void)
{
	munmap(shared, PAGE);
	close(vcpu_fd);
	close(vm_fd);
	munmap(memory, PAGES * PAGE);
}

static int run(void)
{
	return call(vcpu_fd, KVM_RUN, NULL);
}

/* KVM_RUN's result if it is an error, else why it came back. */
static long exit_of(void)
{
	int result = run();

	return result < 0 ? result : (long)shared->exit_reason;
}

/* The store with which a program ends: what it stored, or the negative exit reason. */
static long last_store(void)
{
	long exit = exit_of();
	uint64_t value;

	memcpy(&value, shared->mmio.data, sizeof(value));
	return exit != KVM_EXIT_MMIO            ? -1000 - exit :
	       shared->mmio.phys_addr != DEVICE ? -1 :
						  (long)value;
}

static long pc(void)
{
	return (long)(get(CORE(regs.pc)) - RAM);
}

static void debug(struct kvm_guest_debug *wanted)
{
	wanted->control |= KVM_GUESTDBG_ENABLE;
	need(call(vcpu_fd, KVM_SET_GUEST_DEBUG, wanted) == 0, "KVM_SET_GUEST_DEBUG");
}

/* Exit, exception class, and where the guest is. */
static void say_debug(const char *name)
{
	char text[64];
	long exit = exit_of();

	snprintf(text, sizeof(text), "%s_exit", name);
	say(text, exit);
	snprintf(text, sizeof(text), "%s_class", name);
	say(text, shared->debug.arch.hsr >> 26);
	snprintf(text, sizeof(text), "%s_pc", name);
	say(text, pc());
}

static void try_debug(void)
{
	struct kvm_guest_debug step = { .control = KVM_GUESTDBG_SINGLESTEP };
	struct kvm_guest_debug none = { 0 };
	struct kvm_guest_debug software = { .control = KVM_GUESTDBG_USE_SW_BP };
	struct kvm_guest_debug hardware = { .control = KVM_GUESTDBG_USE_HW };

	begin(program_steps, 0);
	debug(&step);
	say_debug("step_1");
	say_debug("step_2");
	say_debug("step_3");
	need(call(vcpu_fd, KVM_SET_GUEST_DEBUG, &none) == 0, "KVM_SET_GUEST_DEBUG");
	say("not_debugged_any_more", last_store());
	end();

	begin(program_breakpoint, 0);
	say("brk_is_the_guests", last_store());
	end();
	begin(program_breakpoint, 0);
	debug(&software);
	say_debug("brk");
	end();

	begin(program_steps, 0);
	hardware.arch.dbg_bvr[0] = RAM + 8;
	hardware.arch.dbg_bcr[0] = 0x1e7; /* BAS all, EL1 and EL0, enabled */
	debug(&hardware);
	say_debug("breakpoint");
	init_vcpu();
	say_debug("breakpoint_after_reset");
	end();

	begin(program_load, 0);
	memset(&hardware.arch, 0, sizeof(hardware.arch));
	hardware.arch.dbg_wvr[0] = RAM + PAGE;
	hardware.arch.dbg_wcr[0] = 0x1fff; /* BAS all, loads and stores, EL1 and EL0, enabled */
	debug(&hardware);
	say_debug("watchpoint");
	say("watchpoint_address", (long)(shared->debug.arch.far - RAM));
	end();
}

static void nothing(int number)
{
	(void)number;
}

static void alarm_soon(void)
{
	struct itimerval once = { .it_value = { .tv_usec = ALARM_US } };

	setitimer(ITIMER_REAL, &once, NULL);
}

static void try_signals(void)
{
	struct sigaction action = { .sa_handler = nothing }; /* no SA_RESTART */
	struct {
		struct kvm_signal_mask head;
		uint64_t set; /* the kernel's sigset_t; head ends where it begins */
	} __attribute__((packed)) mask = { .head.len = 8 };
	sigset_t blocked, pending;

	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	begin(program_forever, 0);
	alarm_soon();
	say("signal_while_it_runs", run());
	say("signal_exit", shared->exit_reason);
	say("signal_pc", pc());

	/* Blocked here, not while the guest runs; there it ends the run, and stays pending. */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	say("set_signal_mask", call(vcpu_fd, KVM_SET_SIGNAL_MASK, &mask));
	kill(getpid(), SIGUSR1);
	say("signal_of_the_mask", run());
	sigpending(&pending);
	say("signal_is_pending", sigismember(&pending, SIGUSR1));
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	end();
}

static void try_power(void)
{
	struct kvm_mp_state stopped = { .mp_state = KVM_MP_STATE_STOPPED };
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };

	begin(program_off, 0);
	say("off_exit", exit_of());
	say("off_type", shared->system_event.type);
	end();
	begin(program_reset, 0);
	say("reset_exit", exit_of());
	say("reset_type", shared->system_event.type);
	end();
	begin(program_reset2, 0);
	say("reset2_exit", exit_of());
	say("reset2_type", shared->system_event.type);
	say("reset2_flag", shared->system_event.ndata ? (long)shared->system_event.data[0] : -1);
	end();

	begin(program_steps, 0);
	need(call(vcpu_fd, KVM_SET_MP_STATE, &stopped) == 0, "KVM_SET_MP_STATE");
	alarm_soon();
	say("stopped_waits_for_a_signal", run());
	say("stopped_pc", pc());
	need(call(vcpu_fd, KVM_SET_MP_STATE, &runnable) == 0, "KVM_SET_MP_STATE");
	say("runnable", last_store());
	end();
}

static void try_hypercall(void)
{
	struct kvm_smccc_filter range = { .base = FORWARDED,
					  .nr_functions = 1,
					  .action = KVM_SMCCC_FILTER_FWD_TO_USER };
	struct kvm_device_attr attribute = { .group = KVM_ARM_VM_SMCCC_CTRL,
					     .attr = KVM_ARM_VM_SMCCC_FILTER,
					     .addr = (uintptr_t)&range };

	begin(program_forwarded, 0);
	say("not_filtered", last_store());
	end();
	begin(program_forwarded, 0);
	need(call(vm_fd, KVM_SET_DEVICE_ATTR, &attribute) == 0, "the filter");
	say("hypercall_exit", exit_of());
	say("hypercall_number", (long)(uint32_t)shared->hypercall.nr - FORWARDED);
	say("hypercall_x1", (long)get(CORE(regs.regs[1])));
	set(CORE(regs.regs[0]), 99);
	say("hypercall_answer", last_store());
	end();
}

static void try_memory(void)
{
	uint64_t bits = 0;
	struct kvm_dirty_log log = { .dirty_bitmap = &bits };
	uint64_t *room;

	begin(program_stores, KVM_MEM_LOG_DIRTY_PAGES);
	say("stores", last_store());
	need(call(vm_fd, KVM_GET_DIRTY_LOG, &log) == 0, "KVM_GET_DIRTY_LOG");
	say("dirty_pages", (long)bits);
	need(call(vm_fd, KVM_GET_DIRTY_LOG, &log) == 0, "KVM_GET_DIRTY_LOG");
	say("dirty_pages_since", (long)bits);
	end();

	begin(program_read_only, 0);
	room = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(room != MAP_FAILED, "memory");
	*room = 77;
	need(slot(1, KVM_MEM_READONLY, READ_ONLY, 1, room) == 0, "a read-only slot");
	say("read_only_exit", exit_of());
	say("read_only_is_write", shared->mmio.is_write);
	say("read_only_address", (long)(shared->mmio.phys_addr - READ_ONLY));
	say("read_only_then", last_store());
	say("read_only_holds", (long)*room);
	end();
	munmap(room, PAGE);
}

static void try_io(void)
{
	struct kvm_ioeventfd event = { .addr = OTHER_DEVICE, .len = 4 };
	uint64_t count = 0, answer = 0x123456789abcdef;

	begin(program_io, 0);
	event.fd = eventfd(0, EFD_NONBLOCK);
	need(event.fd >= 0 && call(vm_fd, KVM_IOEVENTFD, &event) == 0, "KVM_IOEVENTFD");
	say("io_exit", exit_of());
	say("io_is_write", shared->mmio.is_write);
	say("io_address", (long)(shared->mmio.phys_addr - OTHER_DEVICE));
	say("ioeventfd_read", read(event.fd, &count, sizeof(count)));
	say("ioeventfd_count", (long)count);
	memcpy(shared->mmio.data, &answer, sizeof(answer));
	shared->immediate_exit = 1;
	say("immediate_exit", run());
	shared->immediate_exit = 0;
	say("immediate_exit_has_the_answer", get(CORE(regs.regs[0])) == answer);
	say("then", last_store() == (long)answer);
	end();
	close(event.fd);
}

int main(void)
{
	kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	need(kvm_fd >= 0, "/dev/kvm");
	try_debug();
	try_signals();
	try_power();
	try_hypercall();
	try_memory();
	try_io();
	return 0;
}
