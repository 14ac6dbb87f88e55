/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "platform/host/attack/probe.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <ucontext.h>

#define STACK_BYTES 32768

/* For each kind of maintenance that EL0 has: uint64_t probe_KIND(address), 0, or 1 when refused. */
#define LEAF_0(name, instruction)
#define LEAF_1(name, instruction)                            \
	".hidden probe_" #name "\n.global probe_" #name "\n" \
	"probe_" #name ":\n	" instruction "x0\n"         \
	"	dsb	sy\n"                                          \
	"	mov	x0, #0\n"                                      \
	"	ret\n"
#define LEAF(name, instruction, el0) LEAF_##el0(name, instruction)
__asm__(".text\n.balign 4\n" ATTACK_MAINTENANCE(LEAF));

#define DECLARE_0(name)
#define DECLARE_1(name) uint64_t probe_##name(uint64_t address);
#define DECLARE(name, instruction, el0) DECLARE_##el0(name)
ATTACK_MAINTENANCE(DECLARE)

/*
 * uint64_t probe_load(uint64_t address, uint64_t *word)    0, or 1 when refused
 * uint64_t probe_store(uint64_t address, uint64_t word)    0, or 1 when refused
 * uint64_t probe_call(uint64_t address, uint64_t *value)   0, or 1 when refused
 *
 * probe_refused and probe_call_refused are where the signal handler lets the thread go on:
 * the first returns from the two leaf routines, whose stack and link register are as they
 * were; the second takes the stack that probe_call left in probe_saved_sp, as the called
 * code may have changed every register.
 */
__asm__(".text\n"
	".global probe_load, probe_store, probe_refused\n"
	".global probe_call, probe_call_refused\n"
	".hidden probe_load, probe_store, probe_refused\n"
	".hidden probe_call, probe_call_refused\n"
	".balign 4\n"
	"probe_load:\n"
	"	ldr	x2, [x0]\n"
	"	str	x2, [x1]\n"
	"	mov	x0, #0\n"
	"	ret\n"
	"probe_store:\n"
	"	str	x1, [x0]\n"
	"	mov	x0, #0\n"
	"	ret\n"
	"probe_refused:\n"
	"	mov	x0, #1\n"
	"	ret\n"
	"probe_call:\n"
	"	stp	x29, x30, [sp, #-96]!\n"
	"	stp	x19, x20, [sp, #16]\n"
	"	stp	x21, x22, [sp, #32]\n"
	"	stp	x23, x24, [sp, #48]\n"
	"	stp	x25, x26, [sp, #64]\n"
	"	stp	x27, x28, [sp, #80]\n"
	"	str	x1, [sp, #-16]!\n"
	"	adrp	x1, probe_saved_sp\n"
	"	mov	x2, sp\n"
	"	str	x2, [x1, #:lo12:probe_saved_sp]\n"
	"	blr	x0\n"
	"	mov	x3, #0\n"
	"1:	adrp	x1, probe_saved_sp\n"
	"	ldr	x2, [x1, #:lo12:probe_saved_sp]\n"
	"	mov	sp, x2\n"
	"	ldr	x1, [sp], #16\n"
	"	str	x0, [x1]\n"
	"	mov	x0, x3\n"
	"	ldp	x19, x20, [sp, #16]\n"
	"	ldp	x21, x22, [sp, #32]\n"
	"	ldp	x23, x24, [sp, #48]\n"
	"	ldp	x25, x26, [sp, #64]\n"
	"	ldp	x27, x28, [sp, #80]\n"
	"	ldp	x29, x30, [sp], #96\n"
	"	ret\n"
	"probe_call_refused:\n"
	"	mov	x3, #1\n"
	"	b	1b\n");

uint64_t probe_load(uint64_t address, uint64_t *word);
uint64_t probe_store(uint64_t address, uint64_t word);
uint64_t probe_call(uint64_t address, uint64_t *value);
extern const char probe_refused[];
extern const char probe_call_refused[];
extern uint64_t probe_saved_sp;
uint64_t probe_saved_sp __attribute__((visibility("hidden")));

static const int caught[] = { SIGSEGV, SIGBUS, SIGILL, SIGTRAP };
#define CAUGHT_COUNT (sizeof(caught) / sizeof(caught[0]))

struct guard {
	struct sigaction before[CAUGHT_COUNT];
	stack_t stack_before;
};

/* Where this thread goes on when its access is refused; NULL: it makes none. */
static _Thread_local const char *refused_at;
static _Thread_local volatile int seen_signal;
static _Thread_local volatile int seen_code;
static char handler_stack[STACK_BYTES];

static void on_signal(int signal, siginfo_t *info, void *context)
{
	ucontext_t *user = context;

	if (refused_at == NULL) {
		/* Another thread's: let it take its usual effect. */
		struct sigaction usual = { .sa_handler = SIG_DFL };

		sigaction(signal, &usual, NULL);
		return;
	}
	seen_signal = signal;
	seen_code = info->si_code;
	user->uc_mcontext.pc = (uint64_t)refused_at;
}

static void guard_begin(struct guard *guard, const char *go_on)
{
	stack_t stack = { .ss_sp = handler_stack, .ss_size = sizeof(handler_stack) };
	struct sigaction action = { .sa_sigaction = on_signal,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaltstack(&stack, &guard->stack_before);
	for (size_t i = 0; i < CAUGHT_COUNT; i++) {
		sigaction(caught[i], &action, &guard->before[i]);
	}
	seen_signal = 0;
	seen_code = 0;
	refused_at = go_on;
}

static void guard_end(struct guard *guard)
{
	refused_at = NULL;
	for (size_t i = 0; i < CAUGHT_COUNT; i++) {
		sigaction(caught[i], &guard->before[i], NULL);
	}
	sigaltstack(&guard->stack_before, NULL);
}

static struct probe_end ended(size_t done)
{
	return (struct probe_end){ .signal = seen_signal, .si_code = seen_code, .done = done };
}

struct probe_end probe_read(uint64_t address, void *bytes, size_t size)
{
	struct guard guard;
	size_t done = 0;
	uint64_t word;

	guard_begin(&guard, probe_refused);
	while (done < size && probe_load(address + done, &word) == 0) {
		memcpy((char *)bytes + done, &word, sizeof(word));
		done += sizeof(word);
	}
	guard_end(&guard);
	return ended(done);
}

struct probe_end probe_write(uint64_t address, const void *bytes, size_t size)
{
	struct guard guard;
	size_t done = 0;

	guard_begin(&guard, probe_refused);
	while (done < size) {
		uint64_t word;

		memcpy(&word, (const char *)bytes + done, sizeof(word));
		if (probe_store(address + done, word) != 0) {
			break;
		}
		done += sizeof(word);
	}
	guard_end(&guard);
	return ended(done);
}

#define CASE_0(name)
#define CASE_1(name)                   \
	case ATTACK_MAINTAIN_##name:   \
		probe_##name(address); \
		break;
#define CASE(name, instruction, el0) CASE_##el0(name)

struct probe_end probe_maintain(uint64_t address, enum attack_maintenance operation)
{
	struct guard guard;

	guard_begin(&guard, probe_refused);
	switch ((int)operation) {
		ATTACK_MAINTENANCE(CASE)
	default:
		seen_signal = SIGILL;
	}
	guard_end(&guard);
	return ended(0);
}

struct probe_end probe_execute(uint64_t address)
{
	struct guard guard;
	uint64_t value = 0;

	guard_begin(&guard, probe_call_refused);
	uint64_t refused = probe_call(address, &value);

	guard_end(&guard);
	struct probe_end end = ended(0);

	end.value = refused ? 0 : value;
	return end;
}
