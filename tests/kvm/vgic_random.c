// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The vGIC against a model: guests that acknowledge and end interrupts, devices and other vCPUs
 * that change them, in random order. The CPU interface is played as IHI 0069 4.8 has it: it
 * knows only the list registers. The model knows no list registers: a state for each interrupt,
 * and what a real GIC would answer to an acknowledge.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kvm/bench.h"

#define CPUS 3
#define IRQS 96
#define HW_PPI 27
#define NONE 1023
#define IDLE 0x100
#define STEPS 30000

struct model_irq {
	bool enabled, group1, edge, line, latch, active, hw;
	u32 priority;
	unsigned int target, owner; /* owner: who took it, while active */
};

struct player {
	bool in_guest;
	bool split; /* EOImode 1 */
	struct vgic_run run;
	u32 stack[64]; /* running priorities */
	u32 taken[64]; /* what was acknowledged at each, until its priority is dropped */
	unsigned int depth;
	unsigned int eoicount;
};

struct game {
	struct bench bench; /* first */
	struct model_irq private[CPUS][VGIC_PRIVATE];
	struct model_irq spis[IRQS];
	struct player players[CPUS];
	u32 groups;
	u64 seed;
	unsigned int acks, overflows;
};

static u32 roll(struct game *game, u32 sides)
{
	game->seed = game->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(game->seed >> 33) % sides;
}

static struct model_irq *model(struct game *game, unsigned int cpu, u32 intid)
{
	return intid < VGIC_PRIVATE ? &game->private[cpu][intid] : &game->spis[intid];
}

static bool model_pends(const struct model_irq *irq)
{
	return irq->latch || (!irq->edge && irq->line);
}

static bool can_take(struct game *game, unsigned int cpu, u32 intid)
{
	const struct player *player = &game->players[cpu];
	u32 running = player->depth > 0 ? player->stack[player->depth - 1] : IDLE;
	const struct model_irq *irq = model(game, cpu, intid);

	return irq->enabled && model_pends(irq) && !irq->active && irq->target == cpu &&
	       (game->groups & 1U << irq->group1) && irq->priority < running;
}

/* What a GIC answers to an acknowledge by @cpu. */
static u32 model_acknowledge(struct game *game, unsigned int cpu)
{
	u32 best = NONE;

	for (u32 i = 0; i < IRQS; i++) {
		if (can_take(game, cpu, i) &&
		    (best == NONE ||
		     model(game, cpu, i)->priority < model(game, cpu, best)->priority)) {
			best = i;
		}
	}
	return best;
}

static void leave(struct bench *bench, unsigned int cpu)
{
	struct game *game = (struct game *)bench;
	struct player *player = &game->players[cpu];
	u64 vmcr = ALL_PRIORITIES | (player->split ? VGIC_VMCR_VEOIM : 0);
	u16 ended[VGIC_ENDED_MAX];

	if (player->in_guest) {
		player->run.hcr |= (u64)player->eoicount << VGIC_HCR_EOICOUNT_SHIFT;
		vgic_fold(&bench->vgic, cpu, &player->run, vmcr, ended);
		player->in_guest = false;
		player->eoicount = 0;
	}
}

static void enter(struct game *game, unsigned int cpu)
{
	struct player *player = &game->players[cpu];

	vgic_flush(&game->bench.vgic, cpu, &player->run);
	player->in_guest = true;
	game->overflows += (player->run.hcr & VGIC_HCR_UIE) != 0;
}

/* The hardware makes @cpu leave: it was kicked, or a maintenance or physical interrupt came. */
static bool must_leave(const struct game *game, unsigned int cpu)
{
	const struct player *player = &game->players[cpu];
	unsigned int valid = 0, pending = 0;
	bool ended = false;

	for (unsigned int i = 0; i < VGIC_LRS; i++) {
		u64 lr = player->run.lrs[i];

		valid += (lr & VGIC_LR_STATE) != 0;
		pending += (lr & VGIC_LR_PENDING) != 0;
		/* A physical interrupt that is no longer active and still asserted fires. */
		ended |= !(lr & VGIC_LR_STATE) &&
			 (lr & VGIC_LR_HW ? game->private[cpu][HW_PPI].line :
					    (lr & VGIC_LR_EOI) != 0);
	}
	return (game->bench.kicked & 1U << cpu) || ended ||
	       ((player->run.hcr & VGIC_HCR_UIE) && valid <= 1) ||
	       ((player->run.hcr & VGIC_HCR_NPIE) && pending == 0) ||
	       ((player->run.hcr & VGIC_HCR_LRENPIE) && player->eoicount > 0);
}

/* Until nobody must leave any more; who comes back must not at once leave again. */
static void settle_all(struct game *game)
{
	unsigned int rounds = 0;

	do {
		for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
			if (game->players[cpu].in_guest && must_leave(game, cpu)) {
				leave(&game->bench, cpu);
			}
			game->bench.kicked &= ~(1U << cpu);
			if (!game->players[cpu].in_guest) {
				enter(game, cpu);
			}
		}
		assert_true(rounds++ < 4 * CPUS);
	} while (game->bench.kicked != 0);
}

static unsigned int find_register(const struct player *player, u32 intid, u64 state)
{
	unsigned int i = 0;

	while (i < VGIC_LRS &&
	       !((player->run.lrs[i] & VGIC_LR_INTID) == intid && (player->run.lrs[i] & state))) {
		i++;
	}
	return i;
}

/* The CPU interface's acknowledge: the best pending list register. */
static u32 play_acknowledge(struct player *player)
{
	u32 running = player->depth > 0 ? player->stack[player->depth - 1] : IDLE;
	u64 *best = NULL;
	u32 priority;

	for (unsigned int i = 0; i < VGIC_LRS; i++) {
		u64 *lr = &player->run.lrs[i];

		if ((*lr & VGIC_LR_STATE) == VGIC_LR_PENDING &&
		    (best == NULL || (*lr >> VGIC_LR_PRIORITY_SHIFT & 0xff) <
					     (*best >> VGIC_LR_PRIORITY_SHIFT & 0xff))) {
			best = lr;
		}
	}
	if (best == NULL) {
		return NONE;
	}
	priority = *best >> VGIC_LR_PRIORITY_SHIFT & 0xff;
	if (priority >= running) {
		return NONE;
	}
	*best ^= VGIC_LR_STATE;
	player->stack[player->depth] = priority;
	player->taken[player->depth++] = *best & VGIC_LR_INTID;
	return *best & VGIC_LR_INTID;
}

static void do_acknowledge(struct game *game, unsigned int cpu)
{
	u32 expected = model_acknowledge(game, cpu);
	u32 seen = play_acknowledge(&game->players[cpu]);
	struct model_irq *irq;

	/* Of equal priorities any will do. */
	if (seen != expected && seen != NONE && expected != NONE &&
	    model(game, cpu, seen)->priority == model(game, cpu, expected)->priority) {
		game->players[cpu].depth--;
		expected = can_take(game, cpu, seen) ? seen : expected;
		game->players[cpu].depth++;
	}
	if (seen != expected) {
		const struct player *player = &game->players[cpu];

		fprintf(stderr, "vCPU %u acknowledges %u instead of %u, %u deep, %u queued:\n", cpu,
			seen, expected, player->depth, game->bench.cpus[cpu].queued_count);
		for (unsigned int i = 0; i < VGIC_LRS; i++) {
			fprintf(stderr, "  list register %016llx\n",
				(unsigned long long)player->run.lrs[i]);
		}
	}
	assert_int_equal(seen, expected);
	if (seen == NONE) {
		return;
	}
	game->acks++;
	irq = model(game, cpu, seen);
	irq->active = true;
	irq->latch = false;
	irq->owner = cpu;
}

/* Deactivate @intid as the hardware does, or by the trap. */
static void deactivate(struct game *game, unsigned int cpu, u32 intid)
{
	struct player *player = &game->players[cpu];
	unsigned int i = find_register(player, intid, VGIC_LR_ACTIVE);

	if (i < VGIC_LRS) {
		player->run.lrs[i] &= ~VGIC_LR_ACTIVE;
	} else if (player->split) {
		/* It is not in a list register, so the write was trapped. */
		assert_true(!model(game, cpu, intid)->active || (player->run.hcr & VGIC_HCR_TDIR));
		leave(&game->bench, cpu);
		vgic_deactivate(&game->bench.vgic, cpu, intid);
	} else {
		player->eoicount++;
	}
	model(game, cpu, intid)->active = false;
}

static void do_end(struct game *game, unsigned int cpu)
{
	struct player *player = &game->players[cpu];
	u32 intid;

	if (player->depth == 0) {
		return;
	}
	intid = player->taken[--player->depth];
	if (!player->split) {
		deactivate(game, cpu, intid);
	}
}

static void do_deactivate(struct game *game, unsigned int cpu)
{
	u32 first = roll(game, IRQS);

	if (!game->players[cpu].split) {
		return;
	}
	for (u32 i = 0; i < IRQS; i++) {
		u32 intid = (first + i) % IRQS;
		const struct model_irq *irq = model(game, cpu, intid);
		bool handled = true;

		for (unsigned int d = 0; d < game->players[cpu].depth; d++) {
			handled = handled && game->players[cpu].taken[d] != intid;
		}
		if (irq->active && irq->owner == cpu && handled) {
			deactivate(game, cpu, intid);
			return;
		}
	}
}

/* An interrupt that is not private, or one of @cpu's own; small numbers collide more. */
static u32 some_irq(struct game *game)
{
	return roll(game, 2) ? roll(game, IRQS) : 24 + roll(game, 16);
}

static void do_wire(struct game *game)
{
	unsigned int cpu = roll(game, CPUS);
	u32 intid = 16 + roll(game, IRQS - 16);
	struct model_irq *irq = model(game, cpu, intid);
	bool level = roll(game, 2);

	assert_true(vgic_inject(&game->bench.vgic, cpu, intid, level, irq->hw));
	irq->line = level;
	irq->latch |= irq->edge && level;
}

static void do_sgi(struct game *game, unsigned int cpu)
{
	u32 intid = roll(game, 16);
	u32 targets = roll(game, 8);

	leave(&game->bench, cpu);
	vgic_sgi(&game->bench.vgic, cpu, (u64)intid << VGIC_SGIR_INTID_SHIFT | targets, true);
	for (unsigned int i = 0; i < CPUS; i++) {
		if (targets & 1U << i) {
			game->private[i][intid].latch = true;
		}
	}
}

static void write_bit(struct game *game, unsigned int cpu, u32 offset, u32 intid)
{
	guest_write(&game->bench, cpu, intid < 32 ? 2 : 0, offset + intid / 32 * 4, 4,
		    1U << intid % 32);
}

/* A write of @cpu, which has left the guest for it, to a register of an interrupt. */
static void do_register(struct game *game, unsigned int cpu)
{
	u32 intid = some_irq(game);
	struct model_irq *irq = model(game, cpu, intid);
	u32 what = roll(game, 8), priority = roll(game, 6) * 8;

	leave(&game->bench, cpu);
	switch (what) {
	case 0:
		write_bit(game, cpu, GICD_ICENABLER, intid);
		irq->enabled = false;
		break;
	case 1:
	case 2:
		write_bit(game, cpu, GICD_ISENABLER, intid);
		irq->enabled = true;
		break;
	case 3:
		write_bit(game, cpu, GICD_ISPENDR, intid);
		irq->latch = true;
		break;
	case 4:
		write_bit(game, cpu, GICD_ICPENDR, intid);
		irq->latch = false;
		break;
	case 5:
		/* Not while it is taken: its handler's end would be unpredictable. */
		if (!irq->active) {
			guest_write(&game->bench, cpu, intid < 32 ? 2 : 0, GICD_IPRIORITYR + intid,
				    1, priority);
			irq->priority = priority;
		}
		break;
	case 6:
		if (intid >= 32) {
			irq->target = roll(game, CPUS);
			guest_write(&game->bench, cpu, 0, GICD_IROUTER + 8 * intid, 8, irq->target);
		}
		break;
	default:
		if (intid >= 32 && !irq->active) {
			u32 shift = intid % 16 * 2, offset = GICD_ICFGR + intid / 16 * 4;
			u32 value = guest_read(&game->bench, cpu, 0, offset, 4) ^ 2U << shift;

			guest_write(&game->bench, cpu, 0, offset, 4, value);
			irq->edge = !irq->edge;
		}
	}
}

/* All registers, as a guest reads them, are the model's. */
static void compare(struct game *game)
{
	for (u32 intid = 0; intid < IRQS; intid++) {
		for (unsigned int cpu = 0; cpu < (intid < 32 ? CPUS : 1); cpu++) {
			const struct model_irq *irq = model(game, cpu, intid);
			int frame = intid < 32 ? 2 : 0;
			u32 word = intid / 32 * 4, bit = intid % 32;
			u64 pending;
			u64 active;
			u64 enabled;

			leave(&game->bench, cpu); /* who reads is out */
			pending = guest_read(&game->bench, cpu, frame, GICD_ISPENDR + word, 4);
			active = guest_read(&game->bench, cpu, frame, GICD_ISACTIVER + word, 4);
			enabled = guest_read(&game->bench, cpu, frame, GICD_ISENABLER + word, 4);

			if ((pending >> bit & 1) != model_pends(irq)) {
				fprintf(stderr,
					"vCPU %u, interrupt %u, hw %d edge %d line %d latch %d\n",
					cpu, intid, irq->hw, irq->edge, irq->line, irq->latch);
			}
			assert_int_equal(pending >> bit & 1, model_pends(irq));
			assert_int_equal(active >> bit & 1, irq->active);
			assert_int_equal(enabled >> bit & 1, irq->enabled);
		}
	}
}

static void start(struct game *game, u64 seed, bool split)
{
	memset(game, 0, sizeof(*game));
	game->seed = seed;
	bench_setup(&game->bench, CPUS, IRQS);
	game->bench.leave = leave;
	game->groups = 3;
	for (u32 intid = 0; intid < IRQS; intid++) {
		for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
			*model(game, cpu, intid) = (struct model_irq){
				.group1 = true,
				.enabled = intid < 16,
				.edge = intid < 16 || intid >= 32,
				.hw = intid == HW_PPI,
				.target = intid < 32 ? cpu : 0,
			};
		}
	}
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		assert_true(vgic_own(&game->bench.vgic, cpu, HW_PPI, HW_PPI));
		game->players[cpu].split = split;
		enter(game, cpu);
	}
}

static void play(u64 seed, bool split)
{
	static struct game game;

	start(&game, seed, split);
	for (unsigned int step = 0; step < STEPS; step++) {
		unsigned int cpu = roll(&game, CPUS);
		u32 what = roll(&game, 16);

		if (what < 4) {
			do_acknowledge(&game, cpu);
		} else if (what < 8) {
			do_end(&game, cpu);
		} else if (what < 10) {
			do_deactivate(&game, cpu);
		} else if (what < 12) {
			do_wire(&game);
		} else if (what < 13) {
			do_sgi(&game, cpu);
		} else if (what < 15) {
			do_register(&game, cpu);
		} else {
			leave(&game.bench, cpu);
		}
		settle_all(&game);
		bench_check(&game.bench);
		if (step % 64 == 0) {
			compare(&game);
			settle_all(&game);
		}
	}
	/* It was about something. */
	assert_true(game.acks > STEPS / 100);
	assert_true(game.overflows > 100);
	bench_release(&game.bench);
}

static void ends_with_eoi(void **state)
{
	for (u64 seed = 1; seed <= 4; seed++) {
		play(seed, false);
	}
}

static void ends_with_deactivation(void **state)
{
	for (u64 seed = 1; seed <= 4; seed++) {
		play(seed, true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_with_eoi),
		cmocka_unit_test(ends_with_deactivation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
