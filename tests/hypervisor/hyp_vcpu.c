/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/hypervisor/fake_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

int main(void)
{
	return 0;
}
