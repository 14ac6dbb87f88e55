/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A payload that links a private library of the system, which must not be found: it never runs. */
#include <openssl/crypto.h>

#include <vm_main.h>

int AVmPayload_main(void)
{
	return OpenSSL_version_num() != 0;
}
