/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A protected VM of this module's own, from birth to death, and what the host may not do to
 * it on the way: CALLS_RULES. Each of its two vCPUs turns the other on and branches to itself
 * then, so that nothing but an interrupt of the host ends a run.
 */
#include <linux/arm-smccc.h>
#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>
#include <asm/sysreg.h>

#include "platform/abi/hyp_hypercalls.h"
#include "platform/abi/hyp_status.h"
#include "platform/abi/hyp_vcpu.h"
#include "platform/host/attack/calls.h"

#define BLOCK_ORDER 5
#define BLOCK_PAGES (1UL << BLOCK_ORDER)
/* Pages of the block; HYP_VM_PAGES and HYP_VCPU_PAGES are 4. */
#define AT_TABLES 4
#define TABLES 8
#define AT_VCPU 12
#define AT_SECOND 16
#define AT_CODE 20
#define IPA_BITS 36
/* ICH_LR<n>_EL2 (Arm IHI 0069, 12.4.6): HW, and the physical interrupt; inactive. */
#define LIST_REGISTER(intid) (1ULL << 61 | (u64)(intid) << 32)
#define VIRTUAL_TIMER 27
#define RUNS_MAX 100 /* on each of two CPUs, unless one is refused before */
#define LOOKS_MAX 100000
#define COUNTED_RUNS 8 /* the longest of them counts */
#define CYCLE_COUNTER BIT(31)

static const u32 guest_code[] = {
	0xd2800060, /* mov x0, #3 */
	0xf2b88000, /* movk x0, #0xc400, lsl #16: PSCI CPU_ON */
	0xd2800021, /* mov x1, #1: the second vCPU */
	0xd2800002, /* mov x2, #0: where this begins */
	0xd4000002, /* hvc #0 */
	0x14000000, /* b . */
};

struct rules;

struct racer {
	struct work_struct work;
	struct rules *rules;
};

struct rules {
	struct calls_rules *out;
	struct page *pages;
	u64 pfn;
	u64 vm;
	atomic_t begun;   /* CPUs that are about to run it */
	atomic_t refused; /* runs */
	atomic_t tried;   /* to kill it while it runs */
	struct racer racers[2];
};

static DEFINE_MUTEX(rules_lock);

static long make(struct arm_smccc_1_2_regs *regs)
{
	unsigned long flags;

	local_irq_save(flags); /* as VCPU_RUN wants it */
	arm_smccc_1_2_hvc(regs, regs);
	local_irq_restore(flags);
	return (long)regs->a0;
}

static long call(u64 id, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	struct arm_smccc_1_2_regs regs = { .a0 = id, .a1 = a, .a2 = b, .a3 = c, .a4 = d, .a5 = e };

	return make(&regs);
}

static struct arm_smccc_1_2_regs run_regs(const struct rules *rules, u64 index)
{
	return (struct arm_smccc_1_2_regs){ .a0 = HYP_CALL_VCPU_RUN, .a1 = rules->vm, .a2 = index };
}

static long vcpu_run(const struct rules *rules, u64 flags, u64 list_register)
{
	struct arm_smccc_1_2_regs regs = run_regs(rules, 0);

	regs.a3 = flags;
	regs.a9 = list_register;
	return make(&regs);
}

static long vcpu_create(const struct rules *rules, u64 index, u64 page, u64 flags)
{
	return call(HYP_CALL_VCPU_CREATE, rules->vm, index, rules->pfn + page, flags, 0);
}

static long map_code(const struct rules *rules, u64 gfn)
{
	return call(HYP_CALL_VM_MAP, rules->vm, rules->pfn + AT_CODE, gfn, 1, HYP_MAP_ALL);
}

/* Everything that a VM needs to run, and one entry. */
static void begin(struct rules *rules)
{
	struct arm_smccc_1_2_regs regs = { .a0 = HYP_CALL_VM_CREATE,
					   .a1 = HYP_VM_PROTECTED,
					   .a2 = IPA_BITS,
					   .a3 = BLOCK_PAGES,
					   .a4 = rules->pfn };
	s64 *status = rules->out->status;

	memcpy(page_address(rules->pages + AT_CODE), guest_code, sizeof(guest_code));
	status[RULE_VM] = make(&regs);
	rules->vm = regs.a1;
	if (status[RULE_VM] != HYP_OK) {
		return;
	}
	call(HYP_CALL_VM_DONATE, rules->vm, rules->pfn + AT_TABLES, TABLES, 0, 0);
	status[RULE_FIRST_ENTRY] = vcpu_create(rules, 0, AT_VCPU, 0);
	status[RULE_SECOND_ENTRY] = vcpu_create(rules, 1, AT_SECOND, 0);
	status[RULE_LATER_ENTRY] = vcpu_create(rules, 1, AT_SECOND, HYP_VCPU_OFF);
	status[RULE_CODE] = map_code(rules, 0);
	status[RULE_TWO_ADDRESSES] = map_code(rules, 1);
}

static void run_with_what_it_may_not(struct rules *rules)
{
	s64 *status = rules->out->status;

	struct arm_smccc_1_2_regs regs = run_regs(rules, 1);

	status[RULE_OFF] = make(&regs);
	for (int i = 0; i < RUNS_MAX; i++) { /* until the second vCPU is on */
		regs = run_regs(rules, 0);
		status[RULE_RUN] = make(&regs);
		if (status[RULE_RUN] != HYP_OK || regs.a1 == HYP_EXIT_PSCI) {
			break;
		}
	}
	status[RULE_SERROR] = vcpu_run(rules, HYP_RUN_VSERROR, 0);
	status[RULE_DEBUG] = vcpu_run(rules, HYP_RUN_DEBUG, 0);
	status[RULE_STEP] = vcpu_run(rules, HYP_RUN_DEBUG | HYP_RUN_STEP, 0);
	status[RULE_TIMER_INTERRUPT] = vcpu_run(rules, 0, LIST_REGISTER(VIRTUAL_TIMER));
	status[RULE_LOWER_INTERRUPT] = vcpu_run(rules, 0, LIST_REGISTER(VIRTUAL_TIMER - 1));
	status[RULE_HIGHER_INTERRUPT] = vcpu_run(rules, 0, LIST_REGISTER(VIRTUAL_TIMER + 1));
}

/* One CPU is one vCPU, then the other, then the first again. */
static void run_in_turn(struct rules *rules)
{
	struct arm_smccc_1_2_regs regs;
	unsigned long flags;

	local_irq_save(flags);
	for (u64 i = 0; i < 3; i++) {
		regs = run_regs(rules, i % 2);
		arm_smccc_1_2_hvc(&regs, &regs);
		rules->out->in_turn += regs.a0 == HYP_OK;
	}
	local_irq_restore(flags);
}

/* One of two CPUs that run the same vCPU until one of them was refused. */
static void race(struct work_struct *work)
{
	struct rules *rules = container_of(work, struct racer, work)->rules;

	atomic_inc(&rules->begun);
	while (atomic_read(&rules->begun) < 2) {
		cpu_relax();
	}
	for (int i = 0; i < RUNS_MAX && atomic_read(&rules->refused) == 0; i++) {
		if (vcpu_run(rules, 0, 0) == HYP_EBUSY) {
			atomic_inc(&rules->refused);
		}
	}
}

/* One runs the first vCPU, until the other has tried to kill the VM meanwhile. */
static void run_or_kill(struct work_struct *work)
{
	struct racer *racer = container_of(work, struct racer, work);
	struct rules *rules = racer->rules;

	if (racer == &rules->racers[0]) {
		for (int i = 0; i < RUNS_MAX && !atomic_read(&rules->tried); i++) {
			vcpu_run(rules, 0, 0);
		}
		return;
	}
	for (u64 i = 0; i < LOOKS_MAX; i++) {
		/* EBUSY: it runs, and goes on for milliseconds. */
		if (call(HYP_CALL_VCPU_GET_REG, rules->vm, 0, HYP_REG_PC, 0, 0) == HYP_EBUSY) {
			rules->out->killed = call(HYP_CALL_VM_KILL, rules->vm, 0, 0, 0, 0);
			break;
		}
	}
	atomic_set(&rules->tried, 1);
}

/* @work on two CPUs at a time; false: there is one. */
static bool on_two_cpus(struct rules *rules, void (*work)(struct work_struct *work))
{
	unsigned int first, second;

	cpus_read_lock();
	first = cpumask_first(cpu_online_mask);
	second = cpumask_next(first, cpu_online_mask);
	for (int i = 0; i < 2 && second < nr_cpu_ids; i++) {
		rules->racers[i].rules = rules;
		INIT_WORK(&rules->racers[i].work, work);
		schedule_work_on(i ? second : first, &rules->racers[i].work);
	}
	for (int i = 0; i < 2 && second < nr_cpu_ids; i++) {
		flush_work(&rules->racers[i].work);
	}
	cpus_read_unlock();
	return second < nr_cpu_ids;
}

static void try_on_two_cpus(struct rules *rules)
{
	rules->out->killed = HYP_ENOENT; /* not tried */
	rules->out->cpus = on_two_cpus(rules, race) ? 2 : 1;
	rules->out->refused = atomic_read(&rules->refused);
}

/* The host's cycle counter, open for EL1, over one run. */
static void count_one(const struct rules *rules, u64 *cycles, u64 *ticks)
{
	u64 filter, control, enabled;
	unsigned long flags;

	local_irq_save(flags);
	filter = read_sysreg(pmccfiltr_el0);
	control = read_sysreg(pmcr_el0);
	enabled = read_sysreg(pmcntenset_el0) & CYCLE_COUNTER;
	write_sysreg(0, pmccfiltr_el0);
	write_sysreg(CYCLE_COUNTER, pmcntenset_el0);
	write_sysreg(control | 1, pmcr_el0); /* E */
	isb();
	*cycles = read_sysreg(pmccntr_el0);
	*ticks = read_sysreg(cntvct_el0);
	isb();
	if (rules) {
		vcpu_run(rules, 0, 0);
	} else {
		while (read_sysreg(cntvct_el0) - *ticks < read_sysreg(cntfrq_el0) / 1000) {
			cpu_relax();
		}
	}
	isb();
	*ticks = read_sysreg(cntvct_el0) - *ticks;
	*cycles = read_sysreg(pmccntr_el0) - *cycles;
	write_sysreg(control, pmcr_el0);
	write_sysreg(filter, pmccfiltr_el0);
	if (!enabled) {
		write_sysreg(CYCLE_COUNTER, pmcntenclr_el0);
	}
	isb();
	local_irq_restore(flags);
}

/* Of 1000 cycles that passed in a run, how many the host's counter has; of its own code, too. */
static void count_cycles(struct rules *rules)
{
	u64 own_cycles, own_ticks, cycles, ticks, longest = 0;

	count_one(NULL, &own_cycles, &own_ticks);
	rules->out->own_cycles = own_cycles;
	if (own_cycles == 0) {
		return;
	}
	for (int i = 0; i < COUNTED_RUNS; i++) {
		count_one(rules, &cycles, &ticks);
		if (ticks > longest) {
			longest = ticks;
			rules->out->counted =
				div64_u64(cycles * 1000 * own_ticks, own_cycles * ticks);
		}
	}
}

static void end(struct rules *rules)
{
	s64 *status = rules->out->status;
	u64 word;

	status[RULE_KILL] = rules->out->killed == HYP_OK ?
				    HYP_OK :
				    call(HYP_CALL_VM_KILL, rules->vm, 0, 0, 0, 0);
	status[RULE_DEAD_RUN] = vcpu_run(rules, 0, 0);
	status[RULE_DESTROY_FULL] = call(HYP_CALL_VM_DESTROY, rules->vm, 0, 0, 0, 0);
	for (u64 i = 0; i < BLOCK_PAGES; i++) {
		call(HYP_CALL_VM_RECLAIM, rules->vm, rules->pfn + i, 1, 0, 0);
	}
	status[RULE_DESTROY] = call(HYP_CALL_VM_DESTROY, rules->vm, 0, 0, 0, 0);
	for (u64 i = 0; i < BLOCK_PAGES; i++) {
		rules->out->lost += copy_from_kernel_nofault(&word, page_address(rules->pages + i),
							     sizeof(word)) != 0;
	}
}

static void all(struct rules *rules)
{
	begin(rules);
	if (rules->out->status[RULE_VM] != HYP_OK) {
		return;
	}
	run_with_what_it_may_not(rules);
	run_in_turn(rules);
	try_on_two_cpus(rules);
	count_cycles(rules);
	on_two_cpus(rules, run_or_kill);
	end(rules);
}

long calls_rules(struct calls_rules *out)
{
	struct rules *rules = kzalloc(sizeof(*rules), GFP_KERNEL);
	struct page *pages = alloc_pages(GFP_KERNEL | __GFP_ZERO, BLOCK_ORDER);
	long result = rules && pages ? 0 : -ENOMEM;

	if (!result && !mutex_trylock(&rules_lock)) {
		result = -EBUSY;
	}
	if (!result) {
		memset(out, 0, sizeof(*out));
		rules->out = out;
		rules->pages = pages;
		rules->pfn = page_to_pfn(pages);
		all(rules);
		mutex_unlock(&rules_lock);
	}
	/* Pages that did not come back are nobody's to give away. */
	if (pages && (result || out->lost == 0)) {
		__free_pages(pages, BLOCK_ORDER);
	}
	kfree(rules);
	return result;
}
