/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/secret.h"

#include "guest/bare/lib/guest.h"

/* "terraria", read as a little-endian word: any value but 0 serves. */
#define SECRET_SEED UINT64_C(0x6169726172726574)

#define WAIT_MS 120000

#define STATUS_TIMEOUT 2
#define STATUS_NO_SHARE 3

/* code_page.S: a page of code that returns this. */
#define CODE_PAGE_RESULT 0x5ec0
uint64_t code_page(void);

static uint8_t secret_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static uint8_t shared_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static volatile uint8_t control_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static bool has_go(const void *context)
{
	const unsigned int *wanted = context;

	return control_page[0] >= *wanted;
}

/* Wait until the host lets the guest go on for the @number-th time. */
static bool wait_go(unsigned int number)
{
	report_value("waiting", "go=%u", number);
	if (!timer_wait(has_go, &number, WAIT_MS)) {
		report_fail("go", "number=%u waited_ms=%u", number, WAIT_MS);
		return false;
	}
	return true;
}

static bool share(const char *name, volatile void *page)
{
	int64_t status = share_pages((void *)(uintptr_t)page, 1);

	return report_check(!status, "share", "page=%s ipa=0x%llx status=%lld", name,
			    (unsigned long long)(uintptr_t)page, (long long)status);
}

static void report_pages(void)
{
	report_value("pages",
		     "private_ipa=0x%llx shared_ipa=0x%llx control_ipa=0x%llx "
		     "code_ipa=0x%llx secret=0x%llx",
		     (unsigned long long)(uintptr_t)secret_page,
		     (unsigned long long)(uintptr_t)shared_page,
		     (unsigned long long)(uintptr_t)control_page,
		     (unsigned long long)(uintptr_t)code_page,
		     (unsigned long long)pattern_check_value(secret_page, PAGE_SIZE));
}

static void verify(uint64_t code_value)
{
	size_t bad = pattern_compare(secret_page, PAGE_SIZE, SECRET_SEED);
	uint64_t value = pattern_check_value(secret_page, PAGE_SIZE);

	if (bad == PATTERN_EQUAL) {
		report_ok("secret_intact", "bytes=%u secret=0x%llx", PAGE_SIZE,
			  (unsigned long long)value);
	} else {
		report_fail("secret_intact", "first_bad=%zu is=0x%x secret=0x%llx", bad,
			    secret_page[bad], (unsigned long long)value);
	}
	/* Read as data before it is run: changed code must not decide. */
	value = pattern_check_value((const void *)(uintptr_t)code_page, PAGE_SIZE);
	report_check(value == code_value && code_page() == CODE_PAGE_RESULT, "code_intact",
		     "check=0x%llx", (unsigned long long)value);
}

int secret_run(bool is_spoiled)
{
	bool can_share = share_is_offered();
	uint64_t code_value;

	report_begin();
	report_value("memory", "can_share=%d", can_share);

	pattern_fill(secret_page, PAGE_SIZE, SECRET_SEED);
	if (is_spoiled) {
		secret_page[PAGE_SIZE / 2] ^= 1;
	}
	code_value = pattern_check_value((const void *)(uintptr_t)code_page, PAGE_SIZE);
	if (code_page() != CODE_PAGE_RESULT) {
		report_fail("code_page", "");
	}
	if (can_share && (!share("greeting", shared_page) || !share("control", control_page))) {
		return STATUS_NO_SHARE;
	}
	memcpy(shared_page, SECRET_GREETING, sizeof(SECRET_GREETING));
	control_page[0] = 0;
	report_pages();
	if (!wait_go(1)) {
		return STATUS_TIMEOUT;
	}
	verify(code_value);

	if (can_share) {
		int64_t status = unshare_pages(shared_page, 1);

		report_check(!status, "unshare", "page=greeting status=%lld", (long long)status);
		report_value("unshared", "ipa=0x%llx", (unsigned long long)(uintptr_t)shared_page);
	}
	return wait_go(2) ? 0 : STATUS_TIMEOUT;
}
