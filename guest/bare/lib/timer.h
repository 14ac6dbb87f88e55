/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time, and waiting that ends. All by the generic timer's virtual counter; a
 * waiting CPU sleeps (WFI) until its virtual timer's interrupt is pending, if the
 * machine has a GICv3, else it spins.
 */
#ifndef GUEST_TIMER_H
#define GUEST_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/* Let this CPU's timer interrupt wake it. Once on each CPU; start does it. */
void timer_init(void);

/* Ticks since the counter began, and ticks per second. */
uint64_t timer_ticks(void);
uint64_t timer_hz(void);

/* Sleep for @us microseconds. */
void timer_sleep_us(uint64_t us);

/*
 * Wait until @done(@context) is true, asking after 0.1 ms at first and every 10 ms in the
 * end. Returns false if it is not after @timeout_ms.
 */
bool timer_wait(bool (*done)(const void *context), const void *context, uint64_t timeout_ms);

#endif /* GUEST_TIMER_H */
