/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in the host's registers when VCPU_RUN returns: a probe at the end of the kernel's
 * function that makes the call, before anything else of the host runs.
 */
#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <asm/sysreg.h>

#include "platform/abi/hyp_hypercalls.h"
#include "platform/abi/hyp_status.h"
#include "platform/abi/register_tags.h"
#include "platform/host/attack/calls.h"

#define RESULTS 18
#define FAILED (CALLS_EXITS - 1)

/* One word for each call under way. */
struct under_way {
	const u64 *results; /* struct arm_smccc_1_2_regs; NULL: not VCPU_RUN */
};

static DEFINE_MUTEX(watch_lock);
static DEFINE_RAW_SPINLOCK(seen_lock);
static struct calls_watch seen; /* lock: seen_lock */
static bool watching;           /* lock: watch_lock */

static bool is_mark(u64 value)
{
	return value >> 32 == REGISTER_TAG_HIGH || (value & 0xffff0000) == REGISTER_TAG_LOW;
}

/* What the guest marks, and this kernel does not change between the call and here. */
/* clang-format off */
#define SYSTEM_REGISTERS(X)                                                           \
	X(SYS_TPIDR_EL0) X(SYS_TPIDRRO_EL0) X(SYS_TPIDR_EL1) X(SYS_CONTEXTIDR_EL1)    \
	X(SYS_FAR_EL1) X(SYS_ESR_EL1) X(SYS_ELR_EL1) X(SYS_SPSR_EL1) X(SYS_PAR_EL1)   \
	X(SYS_AFSR0_EL1) X(SYS_AFSR1_EL1) X(SYS_AMAIR_EL1) X(SYS_CSSELR_EL1)          \
	X(SYS_TTBR1_EL1) X(SYS_CNTV_CVAL_EL0) X(SYS_CNTP_CVAL_EL0)                    \
	X(SYS_DBGBVRn_EL1(0)) X(SYS_DBGWVRn_EL1(0))
/* clang-format on */

static u64 marked_system(void)
{
	u64 mask = 0, bit = 0;

#define LOOK(reg) mask |= (u64)is_mark(read_sysreg_s(reg)) << bit++;
	SYSTEM_REGISTERS(LOOK)
#undef LOOK
	return mask;
}

/* The kernel itself uses no vector register here. */
static u64 marked_vector(void)
{
	u64 v[32][2], mask = 0;

	asm volatile(".arch_extension fp\n"
		     ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,"
		     "25,26,27,28,29,30,31\n"
		     "str q\\n, [%0, #\\n * 16]\n"
		     ".endr"
		     :
		     : "r"(v)
		     : "memory");
	for (int n = 0; n < 32; n++) {
		mask |= (u64)(is_mark(v[n][0]) || is_mark(v[n][1])) << n;
	}
	return mask;
}

static int enter(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct under_way *under_way = (struct under_way *)instance->data;
	const u64 *arguments = (const u64 *)regs->regs[0];

	under_way->results = arguments[0] == HYP_CALL_VCPU_RUN ? (const u64 *)regs->regs[1] : NULL;
	return 0;
}
NOKPROBE_SYMBOL(enter);

static int leave(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const u64 *results = ((struct under_way *)instance->data)->results;
	u64 vector, system, exit, mask = 0, general = 0;
	unsigned long flags;

	if (!results) {
		return 0;
	}
	vector = marked_vector();
	system = marked_system();
	exit = results[0] != HYP_OK ? FAILED : min_t(u64, results[1], FAILED);
	for (int i = 0; i < RESULTS; i++) {
		mask |= (u64)is_mark(results[i]) << i;
	}
	for (int i = 19; i <= 29; i++) {
		general |= (u64)is_mark(regs->regs[i]) << i;
	}
	raw_spin_lock_irqsave(&seen_lock, flags);
	seen.runs[exit]++;
	seen.results[exit] |= mask;
	seen.general |= general;
	seen.vector |= vector;
	seen.system |= system;
	raw_spin_unlock_irqrestore(&seen_lock, flags);
	return 0;
}
NOKPROBE_SYMBOL(leave);

static struct kretprobe probe = {
	.kp.symbol_name = "arm_smccc_1_2_hvc",
	.entry_handler = enter,
	.handler = leave,
	.data_size = sizeof(struct under_way),
	.maxactive = 64,
};

long calls_watch_start(void)
{
	long result = -EBUSY;

	mutex_lock(&watch_lock);
	if (!watching) {
		memset(&seen, 0, sizeof(seen));
		probe.nmissed = 0;
		result = register_kretprobe(&probe);
		watching = !result;
	}
	mutex_unlock(&watch_lock);
	return result;
}

long calls_watch_stop(struct calls_watch *watch)
{
	long result = -EINVAL;

	mutex_lock(&watch_lock);
	if (watching) {
		unregister_kretprobe(&probe);
		watching = false;
		*watch = seen;
		result = probe.nmissed ? -EAGAIN : 0;
	}
	mutex_unlock(&watch_lock);
	return result;
}

void calls_watch_end(void)
{
	struct calls_watch watch;

	calls_watch_stop(&watch);
}
