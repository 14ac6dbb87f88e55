/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of all kinds to /dev/kvm, right and wrong, in an order that a seed decides: the host has
 * to live. Each round is a process with two VMs (one protected) and three threads that share all
 * descriptors; it is killed in the middle of what it does.
 *
 *   kvm-fuzz SEED ROUNDS CALLS
 *
 * CALLS is each thread's. At the end: how many calls were made, and how many went well.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FDS 24
#define THREADS 3
#define MEMORY_BYTES 0x400000UL
#define RAM 0x80000000UL
#define PAGE 4096UL
#define KICK_NS 2000000L
#define KICKS_MAX 500 /* of one round */
#define NS_PER_S 1000000000L
#define ARGUMENT_BYTES 1024

/* Shared by all processes. */
struct totals {
	uint64_t calls; /* atomic */
	uint64_t well;  /* atomic */
};

struct thread {
	uint64_t random;
	unsigned calls;
	pthread_t id;
};

static struct totals *totals;
static int fds[FDS]; /* atomic; what a thread finds may be closed meanwhile: so it should */
static uint8_t *memory;

/* Descriptors of a kind are at these places; the rest is whatever comes. */
enum { KVM = 0, VM = 1, VCPU = 3, GIC = 5, REST = 7 };

static const struct {
	unsigned long request;
	int kind;
} requests[] = {
	{ KVM_CREATE_VM, KVM },
	{ KVM_CHECK_EXTENSION, VM },
	{ KVM_CREATE_VCPU, VM },
	{ KVM_SET_USER_MEMORY_REGION, VM },
	{ KVM_SET_USER_MEMORY_REGION, VM },
	{ KVM_SET_USER_MEMORY_REGION2, VM },
	{ KVM_GET_DIRTY_LOG, VM },
	{ KVM_CLEAR_DIRTY_LOG, VM },
	{ KVM_IRQ_LINE, VM },
	{ KVM_IRQFD, VM },
	{ KVM_IOEVENTFD, VM },
	{ KVM_SET_GSI_ROUTING, VM },
	{ KVM_SIGNAL_MSI, VM },
	{ KVM_CREATE_IRQCHIP, VM },
	{ KVM_CREATE_DEVICE, VM },
	{ KVM_SET_DEVICE_ATTR, VM },
	{ KVM_SET_DEVICE_ATTR, VCPU },
	{ KVM_SET_DEVICE_ATTR, GIC },
	{ KVM_GET_DEVICE_ATTR, GIC },
	{ KVM_HAS_DEVICE_ATTR, GIC },
	{ KVM_ARM_PREFERRED_TARGET, VM },
	{ KVM_ENABLE_CAP, VM },
	{ KVM_ARM_SET_DEVICE_ADDR, VM },
	{ KVM_ARM_SET_COUNTER_OFFSET, VM },
	{ KVM_ARM_GET_REG_WRITABLE_MASKS, VM },
	{ KVM_ARM_VCPU_INIT, VCPU },
	{ KVM_ARM_VCPU_FINALIZE, VCPU },
	{ KVM_GET_ONE_REG, VCPU },
	{ KVM_SET_ONE_REG, VCPU },
	{ KVM_SET_ONE_REG, VCPU },
	{ KVM_GET_REG_LIST, VCPU },
	{ KVM_GET_MP_STATE, VCPU },
	{ KVM_SET_MP_STATE, VCPU },
	{ KVM_GET_VCPU_EVENTS, VCPU },
	{ KVM_SET_VCPU_EVENTS, VCPU },
	{ KVM_SET_GUEST_DEBUG, VCPU },
	{ KVM_SET_SIGNAL_MASK, VCPU },
	{ KVM_RUN, VCPU },
	{ KVM_RUN, VCPU },
	{ KVM_RUN, VCPU },
	{ KVM_RUN, VCPU },
	{ KVM_GET_REGS, VCPU },
	{ KVM_GET_STATS_FD, VM },
};

/* Numbers that mean something somewhere. */
static const uint64_t words[] = {
	0,
	1,
	2,
	3,
	4,
	5,
	7,
	8,
	0x10,
	0x1f,
	0x20,
	0x40,
	0xff,
	0x100,
	0x1000,
	0x2000,
	0x10000,
	0x100000,
	RAM,
	RAM + PAGE,
	0x8000000,
	0x80a0000,
	0x3ffd0000,
	1UL << 32,
	1UL << 40,
	1UL << 48,
	0xffff000000000000,
	~0UL,
	~0UL - PAGE + 1,
	0x6030000000100040,
	0x603000000013c100,
	0x6030000000140000,
	0x6080000000150000,
	0x606000000015ffff,
	0x01000020,
	0x0200001b,
	0xc6000001,
};

static uint64_t next(struct thread *thread)
{
	uint64_t x = thread->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	thread->random = x;
	return x * 0x2545f4914f6cdd1d;
}

static uint64_t pick(struct thread *thread)
{
	uint64_t random = next(thread);

	switch (random >> 56 & 7) {
	case 0:
		return next(thread);
	case 1:
		return (uintptr_t)memory + (random & (MEMORY_BYTES - 1) & ~(PAGE - 1));
	case 2:
		return (uint64_t)__atomic_load_n(&fds[random % FDS], __ATOMIC_RELAXED);
	case 3:
		return random & 0xf;
	default:
		return words[random % (sizeof(words) / sizeof(*words))];
	}
}

static void remember(struct thread *thread, int fd)
{
	int old =
		__atomic_exchange_n(&fds[REST + next(thread) % (FDS - REST)], fd, __ATOMIC_RELAXED);

	if (old >= 0) {
		close(old);
	}
}

/* A structure whose words are 32 or 64 bits, nobody knows which; pointers lead to memory of ours. */
static void fill(struct thread *thread, uint64_t argument[ARGUMENT_BYTES / 8])
{
	for (unsigned i = 0; i < ARGUMENT_BYTES / 8; i++) {
		uint64_t low = pick(thread);

		argument[i] = next(thread) & 1 ? low : (uint32_t)low | pick(thread) << 32;
	}
	if (next(thread) % 2) {
		memset(argument + 2 + next(thread) % 4, 0, ARGUMENT_BYTES / 2);
	}
}

/* What nearly is right: chance alone hardly ever finds it. */
static void shape(struct thread *thread, unsigned long request,
		  uint64_t argument[ARGUMENT_BYTES / 8])
{
	uint64_t random = next(thread);
	uint64_t buffer = (uintptr_t)(argument + 64);

	switch (request) {
	case KVM_SET_USER_MEMORY_REGION:
		argument[0] = (random & 3) | (random & 3) << 32;
		argument[1] = RAM + (random >> 8 & 0x7ff) * PAGE;
		argument[2] = (random >> 20 & 0x1f) * PAGE;
		argument[3] = (uintptr_t)memory + (random >> 32 & 0x1ff) * PAGE;
		break;
	case KVM_GET_ONE_REG:
	case KVM_SET_ONE_REG:
		argument[0] = random & 1 ? 0x6030000000100000 | (random >> 8 & 0x7e) :
					   0x603000000013c000 | (random >> 8 & 0x3fff);
		argument[1] = buffer;
		break;
	case KVM_SET_DEVICE_ATTR:
	case KVM_GET_DEVICE_ATTR:
	case KVM_HAS_DEVICE_ATTR:
		argument[0] = (random & 0xf) << 32;
		argument[1] = random & 0x100 ? random >> 32 & 0xfffc : random >> 32 & 7;
		argument[2] = buffer;
		break;
	case KVM_IRQ_LINE:
		argument[0] = (random >> 8 & 0x3f) | (random >> 16 & 3) << 24 | (random & 1) << 32;
		break;
	case KVM_ARM_VCPU_INIT:
		memset(argument, 0, 32);
		argument[0] = KVM_ARM_TARGET_GENERIC_V8 | (random & 0x1f) << 32;
		break;
	case KVM_SET_MP_STATE:
		argument[0] = random & 1 ? 0 : random >> 8 & 0xf;
		break;
	case KVM_CREATE_DEVICE:
		argument[0] = KVM_DEV_TYPE_ARM_VGIC_V3;
		argument[1] = random & 1;
		break;
	default:
		break;
	}
}

static int any_fd(struct thread *thread, int kind)
{
	uint64_t random = next(thread);
	unsigned place = random % 8 == 0 ? (random >> 8) % FDS : (unsigned)kind + (random >> 8) % 2;

	return __atomic_load_n(&fds[kind == KVM && place == 1 ? 0 : place], __ATOMIC_RELAXED);
}

static void one_call(struct thread *thread)
{
	unsigned which = next(thread) % (sizeof(requests) / sizeof(*requests));
	unsigned long request = requests[which].request;
	int fd = any_fd(thread, requests[which].kind);
	uint64_t argument[ARGUMENT_BYTES / 8];
	int result;

	fill(thread, argument);
	if (next(thread) % 4) {
		shape(thread, request, argument);
	}
	if (request == KVM_RUN) {
		result = ioctl(fd, request, next(thread) % 16 ? 0 : 1);
	} else if (request == KVM_CREATE_VM || request == KVM_CREATE_VCPU ||
		   request == KVM_CHECK_EXTENSION) {
		result = ioctl(fd, request, pick(thread));
	} else {
		result = ioctl(fd, request, next(thread) % 32 ? argument : NULL);
	}
	__atomic_add_fetch(&totals->calls, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&totals->well, result >= 0, __ATOMIC_RELAXED);
	if (request == KVM_CREATE_DEVICE && result == 0) {
		result = (int)(argument[0] >> 32); /* struct kvm_create_device: its second word */
	}
	if (result > 2 && (request == KVM_CREATE_VM || request == KVM_CREATE_VCPU ||
			   request == KVM_CREATE_DEVICE)) {
		remember(thread, result);
	}
}

/* What is no ioctl, but changes what KVM has to do with. */
static void one_other(struct thread *thread)
{
	uint64_t random = next(thread);
	uint8_t *place = memory + (random & (MEMORY_BYTES - 1) & ~(PAGE - 1));
	size_t bytes = (size_t)(memory + MEMORY_BYTES - place);

	bytes = bytes < 8 * PAGE ? bytes : 8 * PAGE;
	switch (random >> 60) {
	case 0:
		if (mmap(place, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
			return;
		}
		break;
	case 1:
		madvise(place, bytes, MADV_DONTNEED);
		break;
	case 2:
		mprotect(place, bytes, random & 1 ? PROT_READ : PROT_READ | PROT_WRITE);
		break;
	case 3:
		remember(thread, eventfd(0, EFD_NONBLOCK));
		break;
	case 4:
		if (random % 64 == 0 && fork() == 0) {
			_exit(0);
		}
		break;
	default:
		break;
	}
}

static void *work(void *opaque)
{
	struct thread *thread = opaque;

	for (unsigned i = 0; i < thread->calls; i++) {
		one_call(thread);
		if (next(thread) % 8 == 0) {
			one_other(thread);
		}
	}
	return NULL;
}

static void gic_attr(int fd, uint32_t group, uint64_t attribute, uint64_t value)
{
	struct kvm_device_attr attr = {
		.group = group,
		.attr = attribute,
		.addr = (uintptr_t)&value,
	};

	ioctl(fd, KVM_SET_DEVICE_ATTR, &attr);
}

/* A VM that runs: random instructions, most of them well-formed moves and accesses. */
static void make_vm(struct thread *thread, unsigned long type, int place)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = RAM,
		.memory_size = MEMORY_BYTES,
		.userspace_addr = (uintptr_t)memory,
	};
	struct kvm_vcpu_init init = { .target = KVM_ARM_TARGET_GENERIC_V8, .features = { 4 } };
	struct kvm_create_device gic = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	uint64_t pc = RAM + (next(thread) & 0xffc);
	struct kvm_one_reg reg = { .id = 0x6030000000100040, .addr = (uintptr_t)&pc };

	fds[place] = ioctl(fds[0], KVM_CREATE_VM, type);
	ioctl(fds[place], KVM_SET_USER_MEMORY_REGION, &region);
	fds[place + VCPU - VM] = ioctl(fds[place], KVM_CREATE_VCPU, 0);
	ioctl(fds[place + VCPU - VM], KVM_ARM_VCPU_INIT, &init);
	ioctl(fds[place + VCPU - VM], KVM_SET_ONE_REG, &reg);
	if (ioctl(fds[place], KVM_CREATE_DEVICE, &gic) == 0) {
		fds[place + GIC - VM] = (int)gic.fd;
		gic_attr(fds[place + GIC - VM], KVM_DEV_ARM_VGIC_GRP_ADDR,
			 KVM_VGIC_V3_ADDR_TYPE_DIST, 0x8000000);
		gic_attr(fds[place + GIC - VM], KVM_DEV_ARM_VGIC_GRP_ADDR,
			 KVM_VGIC_V3_ADDR_TYPE_REDIST, 0x80a0000);
		gic_attr(fds[place + GIC - VM], KVM_DEV_ARM_VGIC_GRP_CTRL,
			 KVM_DEV_ARM_VGIC_CTRL_INIT, 0);
	}
}

static void on_alarm(int signal)
{
	(void)signal; /* KVM_RUN comes back */
}

static void round_of(uint64_t seed, unsigned calls)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct thread threads[THREADS];
	struct thread first = { .random = seed };
	struct timespec until;
	bool is_over = false;

	sigaction(SIGALRM, &action, NULL);
	signal(SIGSEGV, SIG_DFL);
	memset(fds, 0xff, sizeof(fds));
	fds[0] = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	for (size_t i = 0; i < 0x10000; i += 8) {
		uint64_t random = next(&first);

		memcpy(memory + i, &random, sizeof(random));
	}
	make_vm(&first, 0, VM);
	make_vm(&first, KVM_VM_TYPE_ARM_PROTECTED, VM + 1);
	for (unsigned i = 0; i < THREADS; i++) {
		threads[i] = (struct thread){ .random = seed + i + 1, .calls = calls };
		pthread_create(&threads[i].id, NULL, work, &threads[i]);
	}
	/*
	 * The first to end ends them all, wherever they are; or the time: a thread may sleep in
	 * KVM_RUN with a signal mask of its own that nothing but death gets through.
	 */
	for (unsigned kicks = 0; kicks < KICKS_MAX && !is_over; kicks++) {
		for (unsigned i = 0; i < THREADS; i++) {
			pthread_kill(threads[i].id, SIGALRM);
		}
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec = (until.tv_nsec + KICK_NS) % NS_PER_S;
		until.tv_sec += until.tv_nsec < KICK_NS;
		is_over = pthread_timedjoin_np(threads[0].id, NULL, &until) == 0;
	}
	kill(getpid(), SIGKILL);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc == 4 ? strtoull(argv[1], NULL, 0) : 0;
	unsigned long rounds = argc == 4 ? strtoul(argv[2], NULL, 0) : 0;
	unsigned long calls = argc == 4 ? strtoul(argv[3], NULL, 0) : 0;

	if (seed == 0 || rounds == 0 || calls == 0) {
		fprintf(stderr, "usage: kvm-fuzz SEED ROUNDS CALLS   (numbers, not 0)\n");
		return 2;
	}
	totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	if (totals == MAP_FAILED || memory == MAP_FAILED) {
		perror("kvm-fuzz: no memory");
		return 1;
	}
	for (unsigned long i = 0; i < rounds; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			round_of(seed + i * 1000003, (unsigned)calls);
		}
		waitpid(pid, NULL, 0);
	}
	printf("terrarium: value kvm_fuzz seed=%llu calls=%llu well=%llu\n",
	       (unsigned long long)seed, (unsigned long long)totals->calls,
	       (unsigned long long)totals->well);
	return 0;
}
