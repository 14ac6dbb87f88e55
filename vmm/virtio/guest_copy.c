/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* REG_RIP */
#include "vmm/virtio/guest_copy.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

#include <glib.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#include <sanitizer/asan_interface.h>
#endif
#endif

/*
 * unsigned long copy_or_fail(void *to, const void *from, size_t bytes)
 *
 * Leaf, no stack, clobbers argument registers and one scratch register.
 * Returns 0, or 1 from copy_failed, where the signal handler resumes it if an
 * instruction between copy_or_fail and copy_failed faulted.
 */
#if defined(__aarch64__)
#define FAULT_PC(context) ((context)->uc_mcontext.pc)
__asm__(".text\n"
	".balign 16\n"
	".globl copy_or_fail, copy_failed\n"
	".hidden copy_or_fail, copy_failed\n"
	".type copy_or_fail, %function\n"
	"copy_or_fail:\n"
	"	cmp	x2, #8\n"
	"	b.lo	2f\n"
	"1:	ldr	x3, [x1], #8\n"
	"	str	x3, [x0], #8\n"
	"	sub	x2, x2, #8\n"
	"	cmp	x2, #8\n"
	"	b.hs	1b\n"
	"2:	tbz	x2, #2, 3f\n"
	"	ldr	w3, [x1], #4\n"
	"	str	w3, [x0], #4\n"
	"3:	tbz	x2, #1, 4f\n"
	"	ldrh	w3, [x1], #2\n"
	"	strh	w3, [x0], #2\n"
	"4:	tbz	x2, #0, 5f\n"
	"	ldrb	w3, [x1]\n"
	"	strb	w3, [x0]\n"
	"5:	mov	x0, #0\n"
	"	ret\n"
	"copy_failed:\n"
	"	mov	x0, #1\n"
	"	ret\n"
	".size copy_or_fail, . - copy_or_fail\n");
#elif defined(__x86_64__)
#define FAULT_PC(context) ((context)->uc_mcontext.gregs[REG_RIP])
__asm__(".text\n"
	".balign 16\n"
	".globl copy_or_fail, copy_failed\n"
	".hidden copy_or_fail, copy_failed\n"
	".type copy_or_fail, @function\n"
	"copy_or_fail:\n"
	"	cmp	$8, %rdx\n"
	"	jb	2f\n"
	"1:	mov	(%rsi), %rax\n"
	"	mov	%rax, (%rdi)\n"
	"	add	$8, %rsi\n"
	"	add	$8, %rdi\n"
	"	sub	$8, %rdx\n"
	"	cmp	$8, %rdx\n"
	"	jae	1b\n"
	"2:	test	$4, %dl\n"
	"	jz	3f\n"
	"	mov	(%rsi), %eax\n"
	"	mov	%eax, (%rdi)\n"
	"	add	$4, %rsi\n"
	"	add	$4, %rdi\n"
	"3:	test	$2, %dl\n"
	"	jz	4f\n"
	"	movzwl	(%rsi), %eax\n"
	"	mov	%ax, (%rdi)\n"
	"	add	$2, %rsi\n"
	"	add	$2, %rdi\n"
	"4:	test	$1, %dl\n"
	"	jz	5f\n"
	"	movzbl	(%rsi), %eax\n"
	"	mov	%al, (%rdi)\n"
	"5:	xor	%eax, %eax\n"
	"	ret\n"
	"copy_failed:\n"
	"	mov	$1, %eax\n"
	"	ret\n"
	".size copy_or_fail, . - copy_or_fail\n");
#else
#error "copy_or_fail() is written for aarch64 (the host) and x86-64 (native tests)"
#endif

/*
 * Hidden, so that their addresses are taken relative to the program counter. By way of
 * the GOT, an assembler may name a local label by its section, and the addend is lost.
 */
#define HIDDEN __attribute__((visibility("hidden")))

HIDDEN unsigned long copy_or_fail(void *to, const void *from, size_t bytes);
HIDDEN extern const char copy_failed[];

static struct sigaction previous_segv;
static struct sigaction previous_bus;

static void hand_on(int signal, siginfo_t *info, void *context)
{
	const struct sigaction *previous = signal == SIGBUS ? &previous_bus : &previous_segv;

	if (previous->sa_flags & SA_SIGINFO) {
		previous->sa_sigaction(signal, info, context);
	} else if (previous->sa_handler == SIG_DFL || previous->sa_handler == SIG_IGN) {
		/* The instruction faults again and the kernel ends the process. */
		sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
	} else {
		previous->sa_handler(signal);
	}
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
	ucontext_t *user = context;
	uintptr_t pc = (uintptr_t)FAULT_PC(user);

	if (pc >= (uintptr_t)&copy_or_fail && pc < (uintptr_t)copy_failed) {
		FAULT_PC(user) = (uintptr_t)copy_failed;
		return;
	}
	hand_on(signal, info, context);
}

bool guest_copy(void *to, const void *from, size_t bytes)
{
#ifdef __SANITIZE_ADDRESS__
	/* The sanitizer does not see into the assembly: ask it. */
	if (__asan_region_is_poisoned(to, bytes) ||
	    __asan_region_is_poisoned((void *)(uintptr_t)from, bytes)) {
		abort();
	}
#endif
	return copy_or_fail(to, from, bytes) == 0;
}

static void install(int signal, struct sigaction *previous)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct sigaction current;

	sigemptyset(&action.sa_mask);
	if (sigaction(signal, NULL, &current) == 0 && current.sa_sigaction != on_fault) {
		*previous = current;
		sigaction(signal, &action, NULL);
	}
}

void guest_copy_install(void)
{
	g_assert((uintptr_t)&copy_or_fail < (uintptr_t)copy_failed);
	install(SIGSEGV, &previous_segv);
	install(SIGBUS, &previous_bus);
}
