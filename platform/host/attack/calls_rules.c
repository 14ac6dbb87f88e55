/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A protected VM of this module's own, from birth to death, and what the host may not do to
 * it on the way: CALLS_RULES. Its guest is one instruction, a branch to itself, so that
 * nothing but an interrupt of the host ends a run.
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
#define BRANCH_TO_ITSELF 0x14000000
/* ICH_LR<n>_EL2 (Arm IHI 0069, 12.4.6): HW, and the physical interrupt; inactive. */
#define LIST_REGISTER(intid) (1ULL << 61 | (u64)(intid) << 32)
#define VIRTUAL_TIMER 27
#define RUNS_MAX 100   /* on each of two CPUs, unless one is refused before */
#define COUNTED_RUNS 8 /* the longest of them counts */
#define CYCLE_COUNTER BIT(31)

struct rules {
	struct calls_rules *out;
	struct page *pages;
	u64 pfn;
	u64 vm;
	atomic_t begun;   /* CPUs that are about to run it */
	atomic_t refused; /* runs */
	struct {
		struct work_struct work;
		struct rules *rules;
	} racers[2];
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

static long vcpu_run(const struct rules *rules, u64 flags, u64 list_register)
{
	struct arm_smccc_1_2_regs regs = {
		.a0 = HYP_CALL_VCPU_RUN, .a1 = rules->vm, .a3 = flags, .a9 = list_register
	};

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

	*(u32 *)page_address(rules->pages + AT_CODE) = BRANCH_TO_ITSELF;
	status[RULE_VM] = make(&regs);
	rules->vm = regs.a1;
	if (status[RULE_VM] != HYP_OK) {
		return;
	}
	call(HYP_CALL_VM_DONATE, rules->vm, rules->pfn + AT_TABLES, TABLES, 0, 0);
	status[RULE_FIRST_ENTRY] = vcpu_create(rules, 0, AT_VCPU, 0);
	status[RULE_SECOND_ENTRY] = vcpu_create(rules, 1, AT_SECOND, 0);
	status[RULE_CODE] = map_code(rules, 0);
	status[RULE_TWO_ADDRESSES] = map_code(rules, 1);
}

static void run_with_what_it_may_not(struct rules *rules)
{
	s64 *status = rules->out->status;

	status[RULE_RUN] = vcpu_run(rules, 0, 0);
	status[RULE_SERROR] = vcpu_run(rules, HYP_RUN_VSERROR, 0);
	status[RULE_DEBUG] = vcpu_run(rules, HYP_RUN_DEBUG, 0);
	status[RULE_STEP] = vcpu_run(rules, HYP_RUN_DEBUG | HYP_RUN_STEP, 0);
	status[RULE_TIMER_INTERRUPT] = vcpu_run(rules, 0, LIST_REGISTER(VIRTUAL_TIMER));
	status[RULE_LOWER_INTERRUPT] = vcpu_run(rules, 0, LIST_REGISTER(VIRTUAL_TIMER - 1));
	status[RULE_HIGHER_INTERRUPT] = vcpu_run(rules, 0, LIST_REGISTER(VIRTUAL_TIMER + 1));
}

/* One of two CPUs that run the same vCPU until one of them was refused. */
static void race(struct work_struct *work)
{
	struct rules *rules =
		container_of(work, typeof(((struct rules *)0)->racers[0]), work)->rules;

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

static void run_on_two_cpus(struct rules *rules)
{
	unsigned int first, second;

	cpus_read_lock();
	first = cpumask_first(cpu_online_mask);
	second = cpumask_next(first, cpu_online_mask);
	if (second < nr_cpu_ids) {
		for (int i = 0; i < 2; i++) {
			rules->racers[i].rules = rules;
			INIT_WORK_ONSTACK(&rules->racers[i].work, race);
			schedule_work_on(i ? second : first, &rules->racers[i].work);
		}
		for (int i = 0; i < 2; i++) {
			flush_work(&rules->racers[i].work);
			destroy_work_on_stack(&rules->racers[i].work);
		}
		rules->out->cpus = 2;
	}
	cpus_read_unlock();
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

	status[RULE_KILL] = call(HYP_CALL_VM_KILL, rules->vm, 0, 0, 0, 0);
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
	run_on_two_cpus(rules);
	count_cycles(rules);
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
