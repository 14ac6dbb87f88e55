/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /dev/kvm answers to calls that are right and to calls that are wrong: one report line each,
 * "value NAME result=N", N the call's value or the negative errno. What must come is said
 * by who runs this (scenarios/lifecycle/test_kvm_api.py).
 *
 *   kvm-api [protected]
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ULL
#define MEMORY_BYTES 0x100000
#define RAM 0x80000000ULL
#define REGISTERS_MAX 1024
#define NO_SUCH_IOCTL _IO(KVMIO, 0xfe)
#define CORE(name) \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(name))

static int kvm_fd, vm_fd, vcpu_fd;
static unsigned long vm_type;

static int call(int fd, unsigned long request, unsigned long argument)
{
	int result = ioctl(fd, request, argument);

	return result < 0 ? -errno : result;
}

static int call_with(int fd, unsigned long request, const void *argument)
{
	return call(fd, request, (unsigned long)argument);
}

static void say(const char *name, long result)
{
	printf("terrarium: value %s result=%ld\n", name, result);
}

/* A descriptor that is to be had: 0, closed again. */
static int closed(int fd)
{
	if (fd >= 0) {
		close(fd);
	}
	return fd < 0 ? fd : 0;
}

static int slot(uint32_t number, uint32_t flags, uint64_t ipa, uint64_t bytes, uint64_t hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = number,
		.flags = flags,
		.guest_phys_addr = ipa,
		.memory_size = bytes,
		.userspace_addr = hva,
	};

	return call_with(vm_fd, KVM_SET_USER_MEMORY_REGION, &region);
}

static int init(int fd, uint32_t target, uint32_t features)
{
	struct kvm_vcpu_init wanted = { .target = target, .features = { features } };

	return call_with(fd, KVM_ARM_VCPU_INIT, &wanted);
}

static int one_reg(unsigned long request, uint64_t id, uint64_t *value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

	return call_with(vcpu_fd, request, &reg);
}

static void device(void)
{
	say("api_version", call(kvm_fd, KVM_GET_API_VERSION, 0));
	say("api_version_argument", call(kvm_fd, KVM_GET_API_VERSION, 1));
	say("mmap_size_argument", call(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 1));
	say("no_such_ioctl", call(kvm_fd, NO_SUCH_IOCTL, 0));
	say("other_ioctl", call(kvm_fd, TIOCGWINSZ, 0));
	say("vm_type_bit_8", call(kvm_fd, KVM_CREATE_VM, 1UL << 8));
	say("vm_type_bit_32", call(kvm_fd, KVM_CREATE_VM, 1UL << 32));
	say("vm_of_40_bits", closed(call(kvm_fd, KVM_CREATE_VM, 40 | vm_type)));
	say("cap_none", call(kvm_fd, KVM_CHECK_EXTENSION, 0x12345));
	say("cap_user_memory", call(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY));
	say("cap_one_reg", call(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_ONE_REG));
	say("cap_psci_0_2", call(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_PSCI_0_2));
	say("cap_irqchip", call(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_IRQCHIP));
	say("cap_immediate_exit", call(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_IMMEDIATE_EXIT));
	say("cap_memory_slots", call(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_NR_MEMSLOTS));
}

static void vm_caps(void)
{
	static const struct {
		const char *name;
		int cap;
	} caps[] = {
		{ "vm_cap_readonly", KVM_CAP_READONLY_MEM },
		{ "vm_cap_mp_state", KVM_CAP_MP_STATE },
		{ "vm_cap_guest_debug", KVM_CAP_SET_GUEST_DEBUG },
		{ "vm_cap_vcpu_events", KVM_CAP_VCPU_EVENTS },
		{ "vm_cap_nisv", KVM_CAP_ARM_NISV_TO_USER },
		{ "vm_cap_ptp", KVM_CAP_PTP_KVM },
		{ "vm_cap_one_reg", KVM_CAP_ONE_REG },
		{ "vm_cap_irqfd", KVM_CAP_IRQFD },
	};

	for (size_t i = 0; i < sizeof(caps) / sizeof(*caps); i++) {
		say(caps[i].name, call(vm_fd, KVM_CHECK_EXTENSION, (unsigned long)caps[i].cap));
	}
}

static void slots(uint64_t hva)
{
	struct kvm_dirty_log log = { .slot = 0 };

	say("slot_new", slot(0, 0, RAM, 0x10000, hva));
	say("slot_same", slot(0, 0, RAM, 0x10000, hva));
	say("slot_size_unaligned", slot(1, 0, 0x90000000, PAGE + 1, hva));
	say("slot_address_unaligned", slot(1, 0, 0x90000001, PAGE, hva));
	say("slot_hva_unaligned", slot(1, 0, 0x90000000, PAGE, hva + 1));
	say("slot_overlap", slot(1, 0, RAM + 0x8000, 0x10000, hva));
	say("slot_delete_none", slot(5, 0, 0, 0, 0));
	say("slot_number_too_big", slot(40000, 0, 0x90000000, PAGE, hva));
	say("slot_wraps", slot(1, 0, -PAGE, 2 * PAGE, hva));
	say("slot_flag_unknown", slot(1, 8, 0x90000000, PAGE, hva));
	say("slot_hva_of_kernel", slot(1, 0, 0x90000000, PAGE, 0xffff000000000000));
	say("slot_resized", slot(0, 0, RAM, 0x20000, hva));
	say("slot_other_hva", slot(0, 0, RAM, 0x10000, hva + PAGE));
	say("slot_made_readonly", slot(0, KVM_MEM_READONLY, RAM, 0x10000, hva));
	say("slot_moved", slot(0, 0, RAM + 0x1000000, 0x10000, hva));
	say("slot_moved_back", slot(0, 0, RAM, 0x10000, hva));
	say("slot_readonly", slot(2, KVM_MEM_READONLY, 0xa0000000, PAGE, hva));
	say("slot_dirty_log", slot(0, KVM_MEM_LOG_DIRTY_PAGES, RAM, 0x10000, hva));
	say("slot_other_address_space", slot(0x10001, 0, 0xc0000000, PAGE, hva));
	log.slot = 7;
	say("dirty_log_no_slot", call_with(vm_fd, KVM_GET_DIRTY_LOG, &log));
	slot(2, 0, 0, 0, 0);
	slot(0, 0, RAM, 0x10000, hva);
}

static void vcpu_before_init(void)
{
	struct kvm_vcpu_init target = { 0 };
	uint64_t value = 0;

	say("preferred_target", call_with(vm_fd, KVM_ARM_PREFERRED_TARGET, &target));
	say("vcpu_twice", call(vm_fd, KVM_CREATE_VCPU, 0));
	say("vcpu_number_too_big", call(vm_fd, KVM_CREATE_VCPU, 6000));
	say("run_before_init", call(vcpu_fd, KVM_RUN, 0));
	say("get_reg_before_init", one_reg(KVM_GET_ONE_REG, CORE(regs.pc), &value));
	say("init_other_target", init(vcpu_fd, 0, 4));
	say("init_unknown_feature", init(vcpu_fd, target.target, 4 | 1U << 31));
	say("init_32_bits", init(vcpu_fd, target.target, 4 | 1U << KVM_ARM_VCPU_EL1_32BIT));
	say("init_half_of_pointer_authentication",
	    init(vcpu_fd, target.target, 4 | 1U << KVM_ARM_VCPU_PTRAUTH_ADDRESS));
	say("init", init(vcpu_fd, target.target, 4));
	say("init_again", init(vcpu_fd, target.target, 4));
	say("init_other_features", init(vcpu_fd, target.target, 4 | 1U << KVM_ARM_VCPU_PMU_V3));
}

static void registers(void)
{
	static struct {
		uint64_t n;
		uint64_t reg[REGISTERS_MAX];
	} list;
	uint64_t value[32] = { 0 };
	int failed = 0;

	say("reg_list_too_small", call_with(vcpu_fd, KVM_GET_REG_LIST, &list));
	say("reg_list_count_is_told", list.n > 0 && list.n < REGISTERS_MAX);
	say("reg_list", call_with(vcpu_fd, KVM_GET_REG_LIST, &list));
	for (uint64_t i = 0; vm_type == 0 && i < list.n && i < REGISTERS_MAX; i++) {
		failed += one_reg(KVM_GET_ONE_REG, list.reg[i], value) != 0;
		failed += one_reg(KVM_SET_ONE_REG, list.reg[i], value) != 0;
	}
	say("regs_not_readable_or_not_writable", failed);
	value[0] = RAM;
	say("set_pc", one_reg(KVM_SET_ONE_REG, CORE(regs.pc), value));
	say("get_reg_null", one_reg(KVM_GET_ONE_REG, CORE(regs.pc), NULL));
	say("get_reg_wrong_size",
	    one_reg(KVM_GET_ONE_REG, CORE(regs.pc) ^ (KVM_REG_SIZE_U64 ^ KVM_REG_SIZE_U32), value));
	say("get_reg_unaligned", one_reg(KVM_GET_ONE_REG, CORE(regs.pc) + 1, value));
	say("get_reg_beyond", one_reg(KVM_GET_ONE_REG, CORE(regs.pc) + 0x1000, value));
	say("get_reg_of_x86", one_reg(KVM_GET_ONE_REG, KVM_REG_X86 | KVM_REG_SIZE_U64, value));
	say("get_reg_no_group",
	    one_reg(KVM_GET_ONE_REG, KVM_REG_ARM64 | KVM_REG_SIZE_U64 | 0x0ff00000, value));
	say("get_reg_sve", one_reg(KVM_GET_ONE_REG, KVM_REG_ARM64_SVE_VLS, value));
	value[0] = 0x1d;
	say("set_pstate_32_bits",
	    vm_type ? -EINVAL : one_reg(KVM_SET_ONE_REG, CORE(regs.pstate), value));
}

static void vcpu_states(void)
{
	struct kvm_mp_state state = { .mp_state = 77 };
	struct kvm_vcpu_events events = { 0 };
	struct kvm_guest_debug debug = { .control = 1U << 18 };
	struct kvm_device_attr attribute = { .group = 9 };
	int feature = KVM_ARM_VCPU_SVE;

	say("get_mp_state", call_with(vcpu_fd, KVM_GET_MP_STATE, &state));
	say("mp_state", state.mp_state);
	state.mp_state = KVM_MP_STATE_HALTED;
	say("set_mp_state_halted", call_with(vcpu_fd, KVM_SET_MP_STATE, &state));
	state.mp_state = KVM_MP_STATE_STOPPED;
	say("set_mp_state_stopped", call_with(vcpu_fd, KVM_SET_MP_STATE, &state));
	state.mp_state = KVM_MP_STATE_RUNNABLE;
	say("set_mp_state_runnable", call_with(vcpu_fd, KVM_SET_MP_STATE, &state));
	say("get_events", call_with(vcpu_fd, KVM_GET_VCPU_EVENTS, &events));
	memset(&events, 0, sizeof(events));
	events.reserved[3] = 1;
	say("set_events_reserved", call_with(vcpu_fd, KVM_SET_VCPU_EVENTS, &events));
	say("guest_debug_unknown", call_with(vcpu_fd, KVM_SET_GUEST_DEBUG, &debug));
	say("finalize_without_sve", call_with(vcpu_fd, KVM_ARM_VCPU_FINALIZE, &feature));
	say("vcpu_attribute_unknown", call_with(vcpu_fd, KVM_HAS_DEVICE_ATTR, &attribute));
	say("vcpu_no_such_ioctl", call(vcpu_fd, NO_SUCH_IOCTL, 0));
	say("vcpu_get_regs", call(vcpu_fd, KVM_GET_REGS, 0));
	say("run_argument", call(vcpu_fd, KVM_RUN, 1));
}

static void filter(uint32_t base, uint32_t count, uint8_t action, const char *name)
{
	struct kvm_smccc_filter range = { .base = base, .nr_functions = count, .action = action };
	struct kvm_device_attr attribute = {
		.group = KVM_ARM_VM_SMCCC_CTRL,
		.attr = KVM_ARM_VM_SMCCC_FILTER,
		.addr = (uintptr_t)&range,
	};

	say(name, call_with(vm_fd, KVM_SET_DEVICE_ATTR, &attribute));
}

static void vm_rest(void)
{
	struct kvm_enable_cap cap = { .cap = 3 };
	struct kvm_create_device creation = { .type = 77 };
	struct kvm_irq_level line = { .irq = 0x01000020, .level = 1 };

	say("enable_cap_that_is_none", call_with(vm_fd, KVM_ENABLE_CAP, &cap));
	say("create_device_unknown", call_with(vm_fd, KVM_CREATE_DEVICE, &creation));
	say("irq_line_without_vgic", call_with(vm_fd, KVM_IRQ_LINE, &line));
	say("vm_no_such_ioctl", call(vm_fd, NO_SUCH_IOCTL, 0));
	filter(0xc6000000, 16, KVM_SMCCC_FILTER_DENY, "filter");
	filter(0xc6000008, 1, KVM_SMCCC_FILTER_DENY, "filter_overlap");
	filter(0x80000000, 1, KVM_SMCCC_FILTER_DENY, "filter_architecture");
	filter(0xc7000000, 0, KVM_SMCCC_FILTER_DENY, "filter_empty");
	filter(0xc7000000, 1, 9, "filter_action_unknown");
}

/* In another process: the VM is of the address space that made it. */
static void child(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		_exit(call(vm_fd, KVM_CHECK_EXTENSION, 0) == -EIO &&
		      call(vcpu_fd, KVM_RUN, 0) == -EIO);
	}
	waitpid(pid, &status, 0);
	say("child_is_refused", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

/* One instruction that runs, and memory that is not there. */
static void run(void)
{
	struct kvm_run *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu_fd, 0);
	uint64_t pc = RAM;

	if (shared == MAP_FAILED) {
		say("mmap", -errno);
		return;
	}
	say("mmap", 0);
	shared->immediate_exit = 1;
	say("run_immediate_exit", call(vcpu_fd, KVM_RUN, 0));
	shared->immediate_exit = 0;
	one_reg(KVM_SET_ONE_REG, CORE(regs.pc), &pc);
	say("run_over_hole", call(vcpu_fd, KVM_RUN, 0));
	say("slot_delete_after_run", slot(0, 0, 0, 0, 0));
	munmap(shared, PAGE);
}

int main(int argc, char **argv)
{
	uint8_t *memory;

	(void)argv;
	vm_type = argc > 1 ? KVM_VM_TYPE_ARM_PROTECTED : 0;
	kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	vm_fd = call(kvm_fd, KVM_CREATE_VM, vm_type);
	vcpu_fd = call(vm_fd, KVM_CREATE_VCPU, 0);
	if (kvm_fd < 0 || memory == MAP_FAILED || vm_fd < 0 || vcpu_fd < 0) {
		fprintf(stderr, "kvm-api: no VM to try on: %s\n", strerror(errno));
		return 1;
	}
	device();
	vm_caps();
	slots((uintptr_t)memory);
	vcpu_before_init();
	registers();
	vcpu_states();
	vm_rest();
	child();
	/* The RAM's place in our memory goes away below the VM. */
	munmap(memory, MEMORY_BYTES);
	run();
	return 0;
}
