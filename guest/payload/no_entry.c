/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A library that is no payload: it has no AVmPayload_main(). */
int no_entry_function(void);

int no_entry_function(void)
{
	return 0;
}
