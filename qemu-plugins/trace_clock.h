/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's virtual clock under -icount, reconstructed. Plugins cannot read it.
 *
 * What is known: with `-icount shift=S,sleep=off` every executed instruction
 * takes 2^S ns, and while all vCPUs sleep the clock jumps to the next timer.
 * So the time is a base plus the instructions executed since. The base is
 * corrected by what software sees itself:
 *
 * - a read of the system counter (CNTVCT_EL0, CNTPCT_EL0) gives the time at
 *   that instruction, cut down to a tick (16 ns at 62.5 MHz). If the
 *   reconstructed time lies outside that tick, it is moved to the nearest ns
 *   within it. The first read after a sleep is taken, and then one in
 *   TRACE_CLOCK_SAMPLE_INSNS instructions.
 * - a vCPU that wakes while one of its timers has fired woke because of it,
 *   if the timer's compare value lies in the future: then it is that time.
 *
 * Therefore, after a sleep that another device ended (a disk, the console),
 * the time is too early until the next read of the counter; a kernel reads it
 * in every interrupt. What the instruction count has too much (trace_block.c)
 * makes the time too late, by 1 ns each, until the next read that is taken.
 * Times that were given out never decrease, whatever a sample says.
 *
 * Pure: no QEMU. One clock per machine (one vCPU); needs the caller's lock.
 */
#ifndef QEMU_PLUGINS_TRACE_CLOCK_H
#define QEMU_PLUGINS_TRACE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Counter frequency of every QEMU CPU model older than Armv8.6. */
#define TRACE_CLOCK_DEFAULT_HZ 62500000u

/* Between two samples, if nothing slept: little can be wrong by then. */
#define TRACE_CLOCK_SAMPLE_INSNS 1000

struct trace_clock {
	unsigned int shift; /* ns per instruction is 2^shift */
	uint64_t hz;        /* the counter's frequency */
	uint64_t base_ns;   /* the time at instruction base_insns */
	uint64_t base_insns;
	uint64_t last_ns;    /* the latest time given out */
	uint64_t next_insns; /* samples before that are not worth their cost */
};

/* Time 0 at instruction 0. @hz 0 means TRACE_CLOCK_DEFAULT_HZ. */
void trace_clock_init(struct trace_clock *clock, unsigned int shift, uint64_t hz);

/* The time when @insns instructions have been executed; never decreases. */
uint64_t trace_clock_now(struct trace_clock *clock, uint64_t insns);

/* Whether a counter read at @insns should be given to trace_clock_sample(). */
bool trace_clock_wants_sample(const struct trace_clock *clock, uint64_t insns);

/*
 * The vCPU slept, up to @insns: time has passed that was not counted. The
 * next counter read is wanted.
 */
void trace_clock_slept(struct trace_clock *clock, uint64_t insns);

/*
 * The system counter read @ticks (physical count) by the instruction that
 * was the @insns-th executed.
 */
void trace_clock_sample(struct trace_clock *clock, uint64_t insns, uint64_t ticks);

/*
 * A timer has fired whose compare value is @ticks (physical count), as seen
 * when @insns instructions have been executed: it is not earlier than that.
 */
void trace_clock_fired(struct trace_clock *clock, uint64_t insns, uint64_t ticks);

#endif /* QEMU_PLUGINS_TRACE_CLOCK_H */
