// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asks KVM's API about interrupts what can be asked without running a guest, right and wrong, and
 * prints what it answered: a line "<step> <answer>" each; 0 and the errno's name, or a value.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/kvm.h>

#define DIST_BASE 0x8000000ULL
#define REDIST_BASE 0x80a0000ULL
#define CPUS 2
#define ICC(crn, crm, op2) (3ULL << 14 | (crn) << 7 | (crm) << 3 | (op2))
#define SECOND_CPU (1ULL << 32) /* affinity of the second vCPU in an attribute */
#define LINE(type, cpu, number)                                               \
	((type) << KVM_ARM_IRQ_TYPE_SHIFT | (cpu) << KVM_ARM_IRQ_VCPU_SHIFT | \
	 (number) << KVM_ARM_IRQ_NUM_SHIFT)

static int vm, gic, cpus[CPUS];

/* An answer: 0 or the errno. */
static void say(const char *step, int result)
{
	printf("%s %s\n", step, result < 0 ? strerrorname_np(errno) : "0");
}

static void say_value(const char *step, int result, uint64_t value)
{
	if (result < 0) {
		say(step, result);
	} else {
		printf("%s 0x%llx\n", step, (unsigned long long)value);
	}
}

static int attribute(int fd, unsigned long cmd, uint32_t group, uint64_t attr, void *value)
{
	struct kvm_device_attr request = { .group = group, .attr = attr, .addr = (uintptr_t)value };

	return ioctl(fd, cmd, &request);
}

static int set64(uint32_t group, uint64_t attr, uint64_t value)
{
	return attribute(gic, KVM_SET_DEVICE_ATTR, group, attr, &value);
}

static int set32(uint32_t group, uint64_t attr, uint32_t value)
{
	return attribute(gic, KVM_SET_DEVICE_ATTR, group, attr, &value);
}

static void say_has(const char *step, uint32_t group, uint64_t attr)
{
	say(step, attribute(gic, KVM_HAS_DEVICE_ATTR, group, attr, NULL));
}

static void say_get(const char *step, uint32_t group, uint64_t attr)
{
	uint64_t value = 0;
	int result = attribute(gic, KVM_GET_DEVICE_ATTR, group, attr, &value);

	say_value(step, result, value);
}

/* Write a 32-bit register and say what it is then. */
static void say_register(const char *step, uint32_t group, uint64_t attr, uint32_t value)
{
	if (set32(group, attr, value) < 0) {
		say(step, -1);
	} else {
		say_get(step, group, attr);
	}
}

static void say_line(const char *step, uint32_t irq, uint32_t level)
{
	struct kvm_irq_level line = { .irq = irq, .level = level };

	say(step, ioctl(vm, KVM_IRQ_LINE, &line));
}

static int irqfd(int fd, int resample, uint32_t gsi, uint32_t flags)
{
	struct kvm_irqfd request = {
		.fd = (uint32_t)fd, .gsi = gsi, .flags = flags, .resamplefd = (uint32_t)resample
	};

	return ioctl(vm, KVM_IRQFD, &request);
}

static int ioeventfd(int fd, uint64_t addr, uint32_t len, uint32_t flags, uint64_t match)
{
	struct kvm_ioeventfd request = {
		.fd = fd, .addr = addr, .len = len, .flags = flags, .datamatch = match
	};

	return ioctl(vm, KVM_IOEVENTFD, &request);
}

static int create(uint32_t type, uint32_t flags)
{
	struct kvm_create_device device = { .type = type, .flags = flags };
	int result = ioctl(vm, KVM_CREATE_DEVICE, &device);

	return result < 0 || flags ? result : (int)device.fd;
}

static void before_the_gic(void)
{
	say_line("line-without-gic", LINE(KVM_ARM_IRQ_TYPE_SPI, 0, 40), 1);
	say_line("ppi-without-gic", LINE(KVM_ARM_IRQ_TYPE_PPI, 0, 20), 1);
	say("irqfd-without-gic", irqfd(eventfd(0, 0), 0, 1, 0));
	say("create-v3-test", create(KVM_DEV_TYPE_ARM_VGIC_V3, KVM_CREATE_DEVICE_TEST));
	say("create-v2", create(KVM_DEV_TYPE_ARM_VGIC_V2, 0));
	say("create-unknown", create(1000, 0));
	gic = create(KVM_DEV_TYPE_ARM_VGIC_V3, 0);
	say("create-v3", gic);
	say("create-v3-again", create(KVM_DEV_TYPE_ARM_VGIC_V3, 0));
	say("create-irqchip", ioctl(vm, KVM_CREATE_IRQCHIP));
}

static void places(void)
{
	const uint32_t group = KVM_DEV_ARM_VGIC_GRP_ADDR;

	say_has("has-dist", group, KVM_VGIC_V3_ADDR_TYPE_DIST);
	say_has("has-redist", group, KVM_VGIC_V3_ADDR_TYPE_REDIST);
	say_has("has-redist-region", group, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION);
	say_has("has-v2-dist", group, 100);
	say_has("has-nr-irqs", KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0);
	say_has("has-init", KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT);
	say_has("has-save-pending", KVM_DEV_ARM_VGIC_GRP_CTRL,
		KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES);
	say_has("has-unknown-control", KVM_DEV_ARM_VGIC_GRP_CTRL, 77);
	say_has("has-unknown-group", 77, 0);
	say_has("has-level-info", KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO, 32);
	say_has("has-unknown-info", KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO, 1 << 10 | 32);
	say_get("dist-unset", group, KVM_VGIC_V3_ADDR_TYPE_DIST);
	say_get("redist-unset", group, KVM_VGIC_V3_ADDR_TYPE_REDIST);
	say("dist-misaligned", set64(group, KVM_VGIC_V3_ADDR_TYPE_DIST, DIST_BASE + 0x1000));
	say("dist-too-high", set64(group, KVM_VGIC_V3_ADDR_TYPE_DIST, 1ULL << 52));
	say("dist-bad-pointer",
	    attribute(gic, KVM_SET_DEVICE_ATTR, group, KVM_VGIC_V3_ADDR_TYPE_DIST, (void *)8));
	say("dist", set64(group, KVM_VGIC_V3_ADDR_TYPE_DIST, DIST_BASE));
	say("dist-again", set64(group, KVM_VGIC_V3_ADDR_TYPE_DIST, DIST_BASE));
	say_get("dist-is", group, KVM_VGIC_V3_ADDR_TYPE_DIST);
	say("region-without-count", set64(group, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION, REDIST_BASE));
	say("region-flags",
	    set64(group, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION, REDIST_BASE | 1ULL << 52 | 1 << 12));
	say("region-second",
	    set64(group, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION, REDIST_BASE | 1ULL << 52 | 1));
	say("region", set64(group, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION, REDIST_BASE | 1ULL << 52));
	say("region-overlaps", set64(group, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION,
				     (REDIST_BASE + 0x10000) | 1ULL << 52 | 1));
	say("region-next", set64(group, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION,
				 (REDIST_BASE + 0x20000) | 1ULL << 52 | 1));
	say("redist-among-regions", set64(group, KVM_VGIC_V3_ADDR_TYPE_REDIST, REDIST_BASE));
	say("v2-address", set64(group, KVM_VGIC_V2_ADDR_TYPE_DIST, DIST_BASE));
}

static void numbers(void)
{
	const uint32_t group = KVM_DEV_ARM_VGIC_GRP_NR_IRQS;

	say("irqs-32", set32(group, 0, 32));
	say("irqs-100", set32(group, 0, 100));
	say("irqs-1056", set32(group, 0, 1056));
	say("irqs", set32(group, 0, 128));
	say("irqs-again", set32(group, 0, 128));
	say_get("irqs-are", group, 0);
}

static void vcpus(int kvm)
{
	struct kvm_vcpu_init init;
	long bytes = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	for (unsigned long i = 0; i < CPUS; i++) {
		cpus[i] = ioctl(vm, KVM_CREATE_VCPU, i);
		ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init);
		init.features[0] |= 1 << KVM_ARM_VCPU_PSCI_0_2;
		say("vcpu", cpus[i] < 0 ? -1 : ioctl(cpus[i], KVM_ARM_VCPU_INIT, &init));
	}
	if (mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, cpus[0], 0) ==
	    MAP_FAILED) {
		say("vcpu-mmap", -1);
	}
}

static void before_init(void)
{
	say_get("register-before-init", KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 4);
	say("save-before-init", attribute(gic, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_CTRL,
					  KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES, NULL));
	say_line("line-before-init", LINE(KVM_ARM_IRQ_TYPE_SPI, 0, 40), 1);
	say("irqfd-before-init", irqfd(eventfd(0, 0), 0, 1, 0));
	say("init", attribute(gic, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_CTRL,
			      KVM_DEV_ARM_VGIC_CTRL_INIT, NULL));
	say("init-again", attribute(gic, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_CTRL,
				    KVM_DEV_ARM_VGIC_CTRL_INIT, NULL));
	say("vcpu-after-init", ioctl(vm, KVM_CREATE_VCPU, 5UL));
	say("save-after-init", attribute(gic, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_CTRL,
					 KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES, NULL));
}

static void timers(void)
{
	int number = 0;

	for (int timer = 0; timer < 4; timer++) {
		int result = attribute(cpus[0], KVM_GET_DEVICE_ATTR, KVM_ARM_VCPU_TIMER_CTRL,
				       (uint64_t)timer, &number);

		say_value("timer-interrupt", result, (uint64_t)number);
	}
	say("timer-has-unknown",
	    attribute(cpus[0], KVM_HAS_DEVICE_ATTR, KVM_ARM_VCPU_TIMER_CTRL, 9, NULL));
	number = 40;
	say("timer-spi",
	    attribute(cpus[0], KVM_SET_DEVICE_ATTR, KVM_ARM_VCPU_TIMER_CTRL, 0, &number));
	number = 20;
	say("timer-ppi",
	    attribute(cpus[0], KVM_SET_DEVICE_ATTR, KVM_ARM_VCPU_TIMER_CTRL, 0, &number));
	number = 0;
	say_value("timer-ppi-of-the-other",
		  attribute(cpus[1], KVM_GET_DEVICE_ATTR, KVM_ARM_VCPU_TIMER_CTRL, 0, &number),
		  (uint64_t)number);
	number = 27;
	say("timer-ppi-back",
	    attribute(cpus[0], KVM_SET_DEVICE_ATTR, KVM_ARM_VCPU_TIMER_CTRL, 0, &number));
}

static void dist_registers(void)
{
	const uint32_t group = KVM_DEV_ARM_VGIC_GRP_DIST_REGS;

	say_get("pidr2", group, 0xffe8);
	say_register("ctlr", group, 0x0, 2);
	say_register("iidr-wrong", group, 0x8, 0x1234);
	say_register("group", group, 0x84, 0xfffffff0);
	say_register("enable", group, 0x104, 0xff00ff00);
	say_register("disable", group, 0x184, 0xf000f000);
	say_register("config", group, 0xc08, 0xaa00aa00);
	say_register("priority", group, 0x424, 0x12345678);
	say_register("route", group, 0x6100, 1);
	say_register("route-high", group, 0x6104, 0);
	say_register("pending", group, 0x204, 0xff);
	say_register("pending-fewer", group, 0x204, 0xf);
	say_register("clear-pending", group, 0x284, 0xff);
	say_get("pending-still", group, 0x204);
	say_register("active", group, 0x304, 0xf0);
	say_register("clear-active", group, 0x384, 0x30);
	say_register("private-enable", group, 0x100, 0xff);
	say_get("beyond", group, 0x110);
	say_get("no-register", group, 0x5000);
	say_get("no-cpu", group, 5ULL << 32 | 4);
	say_has("has-register", group, 0x104);
	say_has("has-no-register", group, 0x5000);
}

static void redist_registers(void)
{
	const uint32_t group = KVM_DEV_ARM_VGIC_GRP_REDIST_REGS;

	say_get("redist-typer-low", group, SECOND_CPU | 0x8);
	say_get("redist-typer-high", group, SECOND_CPU | 0xc);
	say_get("redist-waker", group, 0x14);
	say_get("redist-pidr2", group, 0xffe8);
	say_register("sgi-group", group, 0x10080, 0xffffff00);
	say_register("sgi-enable", group, 0x10100, 0x08000000);
	say_get("sgi-enable-of-the-other", group, SECOND_CPU | 0x10100);
	say_register("sgi-priority", group, SECOND_CPU | 0x10400, 0xffffffff);
	say_get("sgi-config", group, 0x10c00);
	say_get("ppi-config", group, 0x10c04);
	say_register("sgi-pending", group, SECOND_CPU | 0x10200, 0x3);
	say_register("sgi-active", group, SECOND_CPU | 0x10300, 0x5);
	say_get("redist-no-register", group, 0x1000);
}

static void say_cpuif(const char *step, uint64_t instr, uint64_t value)
{
	const uint32_t group = KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS;

	if (set64(group, instr, value) < 0) {
		say(step, -1);
	} else {
		say_get(step, group, instr);
	}
}

static void cpu_interface(void)
{
	const uint32_t group = KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS;

	say_cpuif("pmr", ICC(4, 6, 0), 0xf0);
	say_cpuif("bpr0", ICC(12, 8, 3), 3);
	say_cpuif("bpr1", ICC(12, 12, 3), 4);
	say_cpuif("grpen0", ICC(12, 12, 6), 1);
	say_cpuif("grpen1", ICC(12, 12, 7), 1);
	say_cpuif("ap1r0", ICC(12, 9, 0), 0x80);
	say_cpuif("sre", ICC(12, 12, 5), 7);
	say_cpuif("sre-wrong", ICC(12, 12, 5), 1);
	say_get("ctlr-is", group, ICC(12, 12, 4));
	say_cpuif("ctlr-wrong", ICC(12, 12, 4), 0x700);
	say_get("ap1r3", group, ICC(12, 9, 3));
	say_get("no-such-cpuif", group, ICC(12, 11, 5));
	say_has("has-pmr", group, ICC(4, 6, 0));
	say_has("has-no-such-cpuif", group, ICC(12, 11, 5));
}

static void lines(void)
{
	const uint32_t group = KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO;

	say_line("line-spi", LINE(KVM_ARM_IRQ_TYPE_SPI, 0, 33), 1);
	say_line("line-ppi", LINE(KVM_ARM_IRQ_TYPE_PPI, 1, 20), 1);
	say_line("line-below", LINE(KVM_ARM_IRQ_TYPE_SPI, 0, 31), 1);
	say_line("line-beyond", LINE(KVM_ARM_IRQ_TYPE_SPI, 0, 128), 1);
	say_line("line-no-cpu", LINE(KVM_ARM_IRQ_TYPE_PPI, 5, 20), 1);
	say_line("line-sgi", LINE(KVM_ARM_IRQ_TYPE_PPI, 0, 3), 1);
	say_line("line-cpu", LINE(KVM_ARM_IRQ_TYPE_CPU, 0, 0), 1);
	say_line("line-type", LINE(7, 0, 40), 1);
	say_get("levels-spi", group, 32);
	say_get("levels-ppi", group, SECOND_CPU | 0);
	say_get("levels-misaligned", group, 33);
	say_get("levels-info", group, 1 << 10 | 32);
	say_line("line-spi-low", LINE(KVM_ARM_IRQ_TYPE_SPI, 0, 33), 0);
	say_line("line-ppi-low", LINE(KVM_ARM_IRQ_TYPE_PPI, 1, 20), 0);
	say_register("levels-set", group, 32, 0x6);
	say_register("levels-clear", group, 32, 0);
}

/* Ends the wait for an interrupt that must come. */
#define WAIT_S 10

/* 32 bits of interrupts 64 to 95; waits for @some, which KVM raises from a worker. */
static void say_bits(const char *step, uint32_t group, uint64_t attr, bool some)
{
	time_t end = time(NULL) + WAIT_S;
	uint32_t bits;
	int result;

	do {
		bits = 0;
		result = attribute(gic, KVM_GET_DEVICE_ATTR, group, attr, &bits);
	} while (some && result == 0 && bits == 0 && time(NULL) < end && sched_yield() == 0);
	say_value(step, result, bits);
}

/* What of them is pending; nothing is then. */
static void say_pending(const char *step, bool some)
{
	say_bits(step, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0x208, some);
	set32(KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0x208, 0);
}

/* The same after @fd was signalled. */
static void say_after(const char *step, int fd, bool some)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one)) {
		say(step, -1);
		return;
	}
	say_pending(step, some);
}

static void irqfds(void)
{
	int fd = eventfd(0, EFD_NONBLOCK), other = eventfd(0, 0), resample = eventfd(0, 0);
	int file = open("/dev/null", O_RDONLY);

	say("irqfd", irqfd(fd, 0, 32, 0));
	say("irqfd-again", irqfd(fd, 0, 33, 0));
	say("irqfd-flags", irqfd(other, 0, 33, 8));
	say("irqfd-no-fd", irqfd(1000, 0, 33, 0));
	say("irqfd-no-eventfd", irqfd(file, 0, 33, 0));
	say("irqfd-no-resamplefd", irqfd(other, file, 33, KVM_IRQFD_FLAG_RESAMPLE));
	say_after("irqfd-raises", fd, true);
	say("irqfd-other-gsi", irqfd(fd, 0, 33, KVM_IRQFD_FLAG_DEASSIGN));
	say_after("irqfd-still", fd, true);
	say("irqfd-off", irqfd(fd, 0, 32, KVM_IRQFD_FLAG_DEASSIGN));
	say_after("irqfd-no-more", fd, false);
	say("irqfd-off-again", irqfd(fd, 0, 32, KVM_IRQFD_FLAG_DEASSIGN));
	/* It was signalled meanwhile: raises at once. */
	say("irqfd-signalled", irqfd(fd, 0, 34, 0));
	say_pending("irqfd-at-once", true);
	set32(KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0xc10, 0);
	say("irqfd-resample", irqfd(other, resample, 35, KVM_IRQFD_FLAG_RESAMPLE));
	say_after("irqfd-level-latches", other, false);
	say_bits("irqfd-level", KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO, 64, true);
	close(fd);
}

static int route(uint32_t count, uint32_t flags, const struct kvm_irq_routing_entry *entries)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entries[2];
	} request = { .head = { .nr = count, .flags = flags } };

	memcpy(request.entries, entries, sizeof(request.entries));
	return ioctl(vm, KVM_SET_GSI_ROUTING, &request);
}

static void routes(void)
{
	struct kvm_irq_routing_entry entries[2] = {
		{ .gsi = 3, .type = KVM_IRQ_ROUTING_IRQCHIP, .u.irqchip = { 0, 40 } },
		{ .gsi = 9, .type = KVM_IRQ_ROUTING_IRQCHIP, .u.irqchip = { 0, 41 } },
	};
	int fd = eventfd(0, 0);

	say("route-too-many", route(5000, 0, entries));
	say("route-flags", route(2, 1, entries));
	entries[1].u.irqchip.irqchip = 1;
	say("route-irqchip", route(2, 0, entries));
	entries[1].u.irqchip.irqchip = 0;
	entries[1].gsi = 3;
	say("route-twice", route(2, 0, entries));
	entries[1].gsi = 4096;
	say("route-gsi", route(2, 0, entries));
	entries[1].gsi = 9;
	entries[1].u.irqchip.pin = 1020;
	say("route-pin", route(2, 0, entries));
	entries[1].u.irqchip.pin = 41;
	entries[1].type = 9;
	say("route-type", route(2, 0, entries));
	entries[1].type = KVM_IRQ_ROUTING_IRQCHIP;
	say("route", route(2, 0, entries));
	set32(KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0xc10, 0xaaaaaaaa);
	say("route-irqfd", irqfd(fd, 0, 9, 0));
	say_after("route-raises", fd, true);
	say("route-none", route(0, 0, entries));
	say_after("route-no-more", fd, false);
}

static void ioeventfds(void)
{
	const uint32_t match = KVM_IOEVENTFD_FLAG_DATAMATCH, off = KVM_IOEVENTFD_FLAG_DEASSIGN;
	int fd = eventfd(0, 0), other = eventfd(0, 0);

	say("io", ioeventfd(fd, 0x1000, 4, match, 1));
	say("io-again", ioeventfd(other, 0x1000, 4, match, 1));
	say("io-other-value", ioeventfd(other, 0x1000, 4, match, 2));
	say("io-any-value", ioeventfd(other, 0x1000, 4, 0, 0));
	say("io-other-length", ioeventfd(other, 0x1000, 2, match, 1));
	say("io-any-length", ioeventfd(other, 0x1000, 0, 0, 0));
	say("io-length-3", ioeventfd(other, 0x2000, 3, 0, 0));
	say("io-length-16", ioeventfd(other, 0x2000, 16, 0, 0));
	say("io-no-length-match", ioeventfd(other, 0x2000, 0, match, 0));
	say("io-wraps", ioeventfd(other, ~0ULL - 1, 4, 0, 0));
	say("io-flags", ioeventfd(other, 0x2000, 4, 0x100, 0));
	say("io-no-fd", ioeventfd(1000, 0x2000, 4, 0, 0));
	say("io-off-other-fd", ioeventfd(other, 0x1000, 4, match | off, 1));
	say("io-off-other-value", ioeventfd(fd, 0x1000, 4, match | off, 2));
	say("io-off", ioeventfd(fd, 0x1000, 4, match | off, 1));
	say("io-off-again", ioeventfd(fd, 0x1000, 4, match | off, 1));
}

/* In a VM of its own: KVM lets it do nothing any more. */
static void run_without_init(int kvm)
{
	vm = ioctl(kvm, KVM_CREATE_VM, 40UL);
	vcpus(kvm);
	gic = create(KVM_DEV_TYPE_ARM_VGIC_V3, 0);
	say("run-without-places", ioctl(cpus[0], KVM_RUN, 0));
}

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR);

	vm = ioctl(kvm, KVM_CREATE_VM, 40UL);
	if (vm < 0) {
		perror("vgic-api: KVM_CREATE_VM");
		return 1;
	}
	before_the_gic();
	places();
	numbers();
	vcpus(kvm);
	before_init();
	timers();
	dist_registers();
	redist_registers();
	cpu_interface();
	lines();
	irqfds();
	routes();
	ioeventfds();
	run_without_init(kvm);
	return 0;
}
