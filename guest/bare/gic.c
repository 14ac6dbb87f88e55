/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's GICv3 does: SGIs, PPIs and SPIs, level and edge, priorities and preemption,
 * more interrupts at once than list registers, masks, both groups, both ways to end one
 * (EOImode), routes, and wires that the VMM and the timers hold.
 *
 * PSTATE.I and F stay set. That an interrupt is signalled is seen in ISR_EL1 and by WFI, which
 * one it is by an acknowledge; so preemption needs no handlers.
 */
#include "guest/bare/lib/gic.h"
#include "guest/bare/lib/guest.h"
#include "guest/bare/lib/smp.h"
#include "platform/abi/smccc.h"

#define WAIT_MS 20000
#define FIRST 40 /* SPIs from here on are wired to nothing */
#define MANY 12  /* more than list registers of any GIC that is known */
#define SERIAL_SPI (GIC_FIRST_SPI + GUEST_SPI_SERIAL1)
#define VTIMER (16 + GUEST_PPI_TIMER_VIRT)
#define PTIMER (16 + GUEST_PPI_TIMER_PHYS)
#define CNT_ENABLE 1
#define CNT_ISTATUS 4

/* Registers of the 16550 (TL16C550, table 3). */
#define SERIAL_DATA (GUEST_SERIAL1_BASE + 0)
#define SERIAL_IER (GUEST_SERIAL1_BASE + 1)
#define SERIAL_MCR (GUEST_SERIAL1_BASE + 4)
#define IER_RECEIVED 1
#define MCR_LOOP 0x10

/* Of the other CPUs: what they took. Written by them, read by the first. */
static volatile unsigned int taken[GUEST_VCPUS_MAX][GIC_INTIDS];
static volatile bool stop[GUEST_VCPUS_MAX];
static volatile bool is_up[GUEST_VCPUS_MAX];

struct goal {
	unsigned int cpu, intid, count;
};

static bool is_reached(const void *context)
{
	const struct goal *goal = context;

	return taken[goal->cpu][goal->intid] >= goal->count;
}

static bool are_up(const void *context)
{
	(void)context;
	for (unsigned int i = 1; i < machine.cpu_count; i++) {
		if (!is_up[i]) {
			return false;
		}
	}
	return true;
}

/* Another CPU: sleeps, takes what comes, counts it. */
static void take_all(unsigned int cpu)
{
	gic_cpu_setup();
	is_up[cpu] = true;
	while (!stop[cpu]) {
		uint32_t intid = gic_acknowledge();

		if (intid < GIC_INTIDS) {
			/* Its level ends before the interrupt does. */
			sysreg_write(cntv_ctl_el0, 0);
			gic_end(intid);
			taken[cpu][intid]++;
		} else {
			cpu_wait_interrupt();
		}
	}
}

/* Checks of the part under way. What holds is only counted: each line is many exits. */
static unsigned int held;

static void expect(const char *name, uint32_t expected, uint32_t seen)
{
	if (expected == seen) {
		held++;
	} else {
		report_fail(name, "expected=%u seen=%u", expected, seen);
	}
}

static void run_part(const char *name, void (*part)(void))
{
	held = 0;
	part();
	report_value(name, "held=%u", held);
}

static void check_identity(void)
{
	uint32_t typer = gicd_read(GICD_TYPER);

	expect("architecture", 3, gicd_read(GIC_PIDR2) >> 4 & 0xf);
	expect("interrupts", GIC_FIRST_SPI + GUEST_GIC_SPIS, ((typer & 0x1f) + 1) * 32);
	for (unsigned int i = 0; i < machine.cpu_count; i++) {
		uint32_t low = gicr_read(i, GICR_TYPER);

		expect("redistributor_affinity", (uint32_t)machine.mpidr[i],
		       gicr_read(i, GICR_TYPER + 4));
		expect("redistributor_last", i + 1 == machine.cpu_count,
		       (low & GICR_TYPER_LAST) != 0);
	}
	/* Registers that there are not, and private ones in the distributor. */
	expect("reserved", 0, gicd_read(0x5000));
	gicd_write(GICD_ISENABLER, 0xffffffff);
	expect("private_in_distributor", 0, gicd_read(GICD_ISENABLER));
	gicd_write(GICD_ISENABLER + 4 * 31, 0xffffffff);
	expect("beyond_the_last", 0, gicd_read(GICD_ISENABLER + 4 * 31));
}

static void check_sgi(void)
{
	expect("idle", 0, gic_is_signalled());
	gic_send(SGI_SELF(5));
	expect("sgi_signalled", 1, gic_is_signalled());
	expect("sgi_pending", 1, gic_state(GICD_ISPENDR, 5));
	expect("sgi", 5, gic_wait_acknowledge());
	expect("sgi_active", 1, gic_state(GICD_ISACTIVER, 5));
	expect("sgi_not_pending", 0, gic_state(GICD_ISPENDR, 5));
	/* Again while it is active: after its end. */
	gic_send(SGI_SELF(5));
	expect("sgi_while_active", GIC_NONE, gic_acknowledge());
	gic_end(5);
	expect("sgi_again", 5, gic_wait_acknowledge());
	gic_end(5);
	expect("sgi_once_more", GIC_NONE, gic_acknowledge());
	gic_send(SGI_SELF(6));
	gic_state_set(GICD_ICPENDR, 6);
	expect("sgi_cleared", GIC_NONE, gic_acknowledge());
}

static void check_priorities(void)
{
	/* Priorities in another order than numbers; all pending before the first is taken. */
	for (unsigned int i = 0; i < MANY; i++) {
		gic_set_priority(FIRST + i, 0x80 - (i * 5 % MANY) * 8);
	}
	for (unsigned int i = 0; i < MANY; i++) {
		gic_state_set(GICD_ISPENDR, FIRST + i);
	}
	for (unsigned int n = 0; n < MANY; n++) {
		uint32_t expected = FIRST;

		while ((expected - FIRST) * 5 % MANY != MANY - 1 - n) {
			expected++;
		}
		expect("by_priority", expected, gic_wait_acknowledge());
		expect("running_priority", 0x80 - (MANY - 1 - n) * 8,
		       (uint32_t)sysreg_read_by(ICC_RPR_EL1));
		gic_end(expected);
	}
	expect("none_left", GIC_NONE, gic_acknowledge());
}

static void check_preemption(void)
{
	/* Each is taken in the midst of the one before; they end in the other order. */
	for (unsigned int i = 0; i < MANY; i++) {
		gic_set_priority(FIRST + i, 0x80 - i * 8);
		gic_state_set(GICD_ISPENDR, FIRST + i);
		expect("preempts", FIRST + i, gic_wait_acknowledge());
	}
	gic_set_priority(FIRST + MANY, 0x88);
	gic_state_set(GICD_ISPENDR, FIRST + MANY);
	expect("lower_waits", GIC_NONE, gic_acknowledge());
	for (unsigned int i = MANY; i-- > 0;) {
		gic_end(FIRST + i);
		expect("ended", 0, gic_state(GICD_ISACTIVER, FIRST + i));
	}
	expect("lower_comes", FIRST + MANY, gic_wait_acknowledge());
	gic_end(FIRST + MANY);
	expect("idle_priority", 0xff, (uint32_t)sysreg_read_by(ICC_RPR_EL1));
}

static void check_masks(void)
{
	gic_set_priority(FIRST, 0x80);
	sysreg_write_by(ICC_PMR_EL1, 0x80);
	gic_state_set(GICD_ISPENDR, FIRST);
	expect("masked_by_priority", 0, gic_is_signalled());
	sysreg_write_by(ICC_PMR_EL1, 0x88);
	expect("unmasked", 1, gic_is_signalled());
	sysreg_write_by(ICC_IGRPEN1_EL1, 0);
	expect("group_off_here", 0, gic_is_signalled());
	sysreg_write_by(ICC_IGRPEN1_EL1, 1);
	gicd_write(GICD_CTLR, GICD_CTLR_ARE);
	expect("group_off", 0, gic_is_signalled());
	gicd_write(GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GROUPS);
	gic_state_set(GICD_ICENABLER, FIRST);
	expect("disabled", 0, gic_is_signalled());
	expect("disabled_pends", 1, gic_state(GICD_ISPENDR, FIRST));
	gic_state_set(GICD_ISENABLER, FIRST);
	expect("enabled", FIRST, gic_wait_acknowledge());
	gic_end(FIRST);
	sysreg_write_by(ICC_PMR_EL1, 0xff);
	/* Group 0 is a FIQ, and acknowledged by other registers. */
	gicr_write(cpu_index(), GICR_SGI_FRAME + GICD_IGROUPR, ~(1U << 3));
	sysreg_write_by(ICC_IGRPEN0_EL1, 1);
	sysreg_write_by(ICC_SGI0R_EL1, SGI_SELF(3));
	expect("group_0_is_no_irq", 0, gic_is_signalled());
	expect("group_0_by_the_wrong_register", true, gic_acknowledge() >= GIC_INTIDS);
	expect("group_0", 3, (uint32_t)sysreg_read_by(ICC_IAR0_EL1));
	sysreg_write_by(ICC_EOIR0_EL1, 3);
	sysreg_write_by(ICC_IGRPEN0_EL1, 0);
	gicr_write(cpu_index(), GICR_SGI_FRAME + GICD_IGROUPR, ~0U);
}

/* EOImode 1: the end drops the priority, and another write deactivates; in any order. */
static void check_split_end(void)
{
	const unsigned int count = 6;

	sysreg_write_by(ICC_CTLR_EL1, sysreg_read_by(ICC_CTLR_EL1) | ICC_CTLR_EOIMODE);
	for (unsigned int i = 0; i < count; i++) {
		gic_set_priority(FIRST + i, 0x80);
		gic_state_set(GICD_ISPENDR, FIRST + i);
		expect("split", FIRST + i, gic_wait_acknowledge());
		gic_end(FIRST + i);
		expect("split_drops", 0xff, (uint32_t)sysreg_read_by(ICC_RPR_EL1));
	}
	for (unsigned int i = 0; i < count; i++) {
		expect("split_active", 1, gic_state(GICD_ISACTIVER, FIRST + i));
		gic_state_set(GICD_ISPENDR, FIRST + i);
	}
	expect("split_not_again", GIC_NONE, gic_acknowledge());
	for (unsigned int i = 0; i < count; i++) {
		/* In another order than they came. */
		uint32_t intid = FIRST + (i * 5 + 3) % count;

		sysreg_write_by(ICC_DIR_EL1, intid);
		expect("split_again", intid, gic_wait_acknowledge());
		gic_end(intid);
	}
	for (unsigned int i = 0; i < count; i++) {
		sysreg_write_by(ICC_DIR_EL1, FIRST + i);
		expect("split_done", 0, gic_state(GICD_ISACTIVER, FIRST + i));
	}
	expect("split_none_left", GIC_NONE, gic_acknowledge());
	sysreg_write_by(ICC_CTLR_EL1, sysreg_read_by(ICC_CTLR_EL1) & ~(uint64_t)ICC_CTLR_EOIMODE);
}

/* One timer: its interrupt stays as long as its condition does. */
#define CHECK_TIMER(name, ctl, cval, count, intid)                                       \
	do {                                                                             \
		sysreg_write(cval, sysreg_read(count) + timer_hz() / 500);               \
		sysreg_write(ctl, CNT_ENABLE);                                           \
		while (!(sysreg_read(ctl) & CNT_ISTATUS)) {                              \
			cpu_wait_interrupt();                                            \
		}                                                                        \
		expect(name "_timer", (intid), gic_wait_acknowledge());                  \
		gic_end(intid);                                                          \
		expect(name "_timer_still", (intid), gic_wait_acknowledge());            \
		sysreg_write(ctl, 0);                                                    \
		gic_end(intid);                                                          \
		expect(name "_timer_off", GIC_NONE, gic_acknowledge());                  \
		expect(name "_timer_low", 0, gic_state(GICD_ISPENDR, (intid)));          \
		/* The condition holds from the start, the interrupt is off at first. */ \
		gic_state_set(GICD_ICENABLER, (intid));                                  \
		sysreg_write(cval, 0);                                                   \
		sysreg_write(ctl, CNT_ENABLE);                                           \
		expect(name "_timer_disabled", GIC_NONE, gic_acknowledge());             \
		gic_state_set(GICD_ISENABLER, (intid));                                  \
		expect(name "_timer_enabled", (intid), gic_wait_acknowledge());          \
		sysreg_write(ctl, 0);                                                    \
		gic_end(intid);                                                          \
		expect(name "_timer_end", GIC_NONE, gic_acknowledge());                  \
	} while (0)

static void check_timers(void)
{
	CHECK_TIMER("virtual", cntv_ctl_el0, cntv_cval_el0, cntvct_el0, VTIMER);
	gic_state_set(GICD_ISENABLER, PTIMER);
	CHECK_TIMER("physical", cntp_ctl_el0, cntp_cval_el0, cntpct_el0, PTIMER);
}

/* A wire that the VMM holds: the serial's, in its loop, until the byte is read. */
static void check_wire(void)
{
	gic_set_level(SERIAL_SPI);
	gic_state_set(GICD_ISENABLER, SERIAL_SPI);
	mmio_write8(SERIAL_MCR, MCR_LOOP);
	mmio_write8(SERIAL_IER, IER_RECEIVED);
	expect("wire_low", 0, gic_state(GICD_ISPENDR, SERIAL_SPI));
	mmio_write8(SERIAL_DATA, 'x');
	expect("wire_high", 1, gic_state(GICD_ISPENDR, SERIAL_SPI));
	expect("wire", SERIAL_SPI, gic_wait_acknowledge());
	gic_end(SERIAL_SPI);
	expect("wire_still", SERIAL_SPI, gic_wait_acknowledge());
	expect("wire_byte", 'x', mmio_read8(SERIAL_DATA));
	gic_end(SERIAL_SPI);
	expect("wire_done", GIC_NONE, gic_acknowledge());
	/* Its pending state is the wire's: no write clears it. */
	mmio_write8(SERIAL_DATA, 'y');
	gic_state_set(GICD_ICPENDR, SERIAL_SPI);
	expect("wire_not_cleared", 1, gic_state(GICD_ISPENDR, SERIAL_SPI));
	expect("wire_again_byte", 'y', mmio_read8(SERIAL_DATA));
	expect("wire_low_again", GIC_NONE, gic_acknowledge());
	mmio_write8(SERIAL_IER, 0);
	mmio_write8(SERIAL_MCR, 0);
}

static void expect_taken(const char *name, unsigned int cpu, uint32_t intid, unsigned int count)
{
	struct goal goal = { cpu, intid, count };

	timer_wait(is_reached, &goal, WAIT_MS);
	expect(name, count, taken[cpu][intid]);
}

/* The other CPUs sleep, and take what is sent to them. */
static void check_others(void)
{
	unsigned int last = machine.cpu_count - 1;

	for (unsigned int i = 1; i <= last; i++) {
		expect("cpu_on", PSCI_SUCCESS, (uint32_t)smp_start(i, take_all));
	}
	expect("all_up", true, timer_wait(are_up, NULL, WAIT_MS));
	gic_send(SGI_OTHERS(7));
	for (unsigned int i = 1; i <= last; i++) {
		expect_taken("sgi_to_others", i, 7, 1);
	}
	expect("sgi_not_to_itself", 0, gic_state(GICD_ISPENDR, 7));
	gic_send(SGI_TARGETS(8, 1U << last));
	expect_taken("sgi_to_the_last", last, 8, 1);
	/* An SPI goes where its route says, also if it changes while it is pending. */
	gic_state_set(GICD_ICENABLER, FIRST);
	gic_set_priority(FIRST, 0x80);
	gicd_write(GICD_IROUTER + 8 * FIRST, (uint32_t)machine.mpidr[1]);
	gic_state_set(GICD_ISPENDR, FIRST);
	gic_state_set(GICD_ISENABLER, FIRST);
	expect_taken("routed", 1, FIRST, 1);
	sysreg_write_by(ICC_PMR_EL1, 0x40);
	gicd_write(GICD_IROUTER + 8 * FIRST, 0);
	gic_state_set(GICD_ISPENDR, FIRST);
	expect("routed_here", 1, gic_state(GICD_ISPENDR, FIRST));
	gicd_write(GICD_IROUTER + 8 * FIRST, (uint32_t)machine.mpidr[last]);
	expect_taken("routed_on", last, FIRST, last == 1 ? 2 : 1);
	sysreg_write_by(ICC_PMR_EL1, 0xff);
	/* The VMM's wire wakes a CPU that sleeps. */
	gicd_write(GICD_IROUTER + 8 * (FIRST + 1), (uint32_t)machine.mpidr[1]);
	for (unsigned int n = 1; n <= 20; n++) {
		gic_state_set(GICD_ISPENDR, FIRST + 1);
		expect_taken("woken", 1, FIRST + 1, n);
	}
	for (unsigned int i = 1; i <= last; i++) {
		stop[i] = true;
		barrier_full();
		gic_send(SGI_TARGETS(9, 1U << i));
	}
}

int guest_main(void)
{
	report_begin();
	report_value("cpus", "count=%u", machine.cpu_count);
	if (!report_check(machine.has_gic, "gic", "")) {
		return 1;
	}
	gic_setup();
	gic_cpu_setup();
	for (unsigned int i = 0; i <= MANY; i++) {
		gic_set_edge(FIRST + i);
		gic_state_set(GICD_ISENABLER, FIRST + i);
	}
	run_part("identity", check_identity);
	run_part("sgi", check_sgi);
	run_part("priorities", check_priorities);
	run_part("preemption", check_preemption);
	run_part("masks", check_masks);
	run_part("split_end", check_split_end);
	run_part("timers", check_timers);
	run_part("wire", check_wire);
	if (machine.cpu_count > 1) {
		run_part("others", check_others);
	}
	return 0;
}
