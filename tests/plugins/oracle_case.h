/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests of the oracle's tiers share: a small machine whose pages have owners, and the end
 * of a run at a breach, which is looked at from a parent process.
 */
#ifndef PLUGINS_ORACLE_CASE_H
#define PLUGINS_ORACLE_CASE_H

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qemu-plugins/oracle.h"
#include "tests/plugins/cmocka_all.h"
#include "tests/plugins/fake_qemu.h"

#define CASE_RAM UINT64_C(0x40000000)
#define CASE_PAGES 64
#define CASE_PAGE(n) (CASE_RAM + ORACLE_PAGE_BYTES * (n))
/* Who owns which page; all others are the host's. */
#define CASE_EL2 CASE_PAGE(1)
#define CASE_GUEST CASE_PAGE(2)
#define CASE_SHARED CASE_PAGE(3)
#define CASE_LENT CASE_PAGE(4)
#define CASE_HOST CASE_PAGE(8)

static struct oracle_page case_pages[CASE_PAGES];
static uint64_t case_since_us[CASE_PAGES];

static inline void case_own(uint64_t pa, struct oracle_page page)
{
	case_pages[(pa - CASE_RAM) >> ORACLE_PAGE_SHIFT] = page;
}

static inline int case_start(void **state)
{
	static bool has_vm;
	char name[16];
	int i;
	(void)state;

	fake_reset();
#define CASE_ZERO(id, text, needed) fake_set(text, 0);
	REGS_LIST(CASE_ZERO)
#undef CASE_ZERO
	for (i = 0; i < 31; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		fake_set(name, 0);
	}
	fake_offset = 0;
	fake_limit = 0;
	assert_null(regs_init(&oracle.regs));
	oracle.ram_base = CASE_RAM;
	oracle.ram_pages = CASE_PAGES;
	oracle.pages = case_pages;
	oracle.since_us = case_since_us;
	oracle.vcpus_count = 2;
	oracle.out = NULL;
	for (i = 0; i < CASE_PAGES; i++) {
		case_pages[i] = (struct oracle_page){ .owner = PARTY_HOST };
		case_since_us[i] = 0;
	}
	if (!has_vm) {
		oracle_vm_new()->is_protected = true;
		has_vm = true;
	}
	case_own(CASE_EL2, (struct oracle_page){ .owner = PARTY_EL2 });
	case_own(CASE_GUEST, (struct oracle_page){ .owner = PARTY_VM_FIRST });
	case_own(CASE_SHARED,
		 (struct oracle_page){ .owner = PARTY_VM_FIRST, .flags = PAGE_SHARED_HOST });
	case_own(CASE_LENT, (struct oracle_page){ .owner = PARTY_HOST, .lent = PARTY_VM_FIRST });
	oracle.vcpus[0].party = PARTY_HOST;
	oracle.vcpus[1].party = PARTY_HOST;
	return 0;
}

/*
 * Run @act in a process of its own. Whether QEMU would have ended with @status and a sentence
 * that has @words in it; NULL: whether nothing happened.
 */
static inline bool case_ends(void (*act)(void), int status, const char *words)
{
	char said[2048] = "";
	int ends[2];
	int result;
	pid_t pid;
	size_t length = 0;
	ssize_t got;

	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		act();
		_exit(0);
	}
	close(ends[1]);
	/* A sentence may come in pieces. */
	while ((got = read(ends[0], said + length, sizeof(said) - 1 - length)) > 0) {
		length += (size_t)got;
	}
	close(ends[0]);
	assert_int_equal(waitpid(pid, &result, 0), pid);
	if (!WIFEXITED(result) || WEXITSTATUS(result) != status ||
	    (words != NULL ? strstr(said, words) == NULL : said[0] != '\0')) {
		print_message("status %d, said: %s\n", result, said);
		return false;
	}
	return true;
}

static inline bool case_is_breach(void (*act)(void), const char *words)
{
	return case_ends(act, PLUGIN_EXIT_BREACH, words);
}

static inline bool case_is_silent(void (*act)(void))
{
	return case_ends(act, 0, NULL);
}

#endif /* PLUGINS_ORACLE_CASE_H */
