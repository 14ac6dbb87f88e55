/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/bare/lib/share.h"

#include "guest/bare/lib/pkvm.h"
#include "guest/bare/lib/rsi.h"

bool share_is_offered(void)
{
	return rsi_shared_bit() || pkvm_can_share();
}

int64_t share_pages(void *pages, size_t count)
{
	return rsi_shared_bit() ? rsi_share(pages, count) : pkvm_share((uintptr_t)pages, count);
}

int64_t unshare_pages(void *pages, size_t count)
{
	return rsi_shared_bit() ? rsi_unshare(pages, count) : pkvm_unshare((uintptr_t)pages, count);
}
