/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads an address that is not mapped, three calls deep: the runtime must say where
 * (`fault sync`, with far=0x7fdead0000 and a back trace) and panic.
 */
#include "guest/bare/lib/guest.h"

#define BAD_ADDRESS 0x7fdead0000

__attribute__((noinline)) static uint64_t read_bad(uintptr_t address)
{
	return *(volatile uint64_t *)address;
}

__attribute__((noinline)) static uint64_t read_deeper(uintptr_t address)
{
	/* Something is left to do after the call, so it is a call. */
	return read_bad(address) + 1;
}

int guest_main(void)
{
	report_begin();
	report_value("about_to_read", "address=0x%llx", (unsigned long long)BAD_ADDRESS);
	report_fail("read_completed", "value=0x%llx", (unsigned long long)read_deeper(BAD_ADDRESS));
	return 1;
}
