/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that the host may reach too, by whatever calls this guest's hypervisor has. */
#ifndef GUEST_SHARE_H
#define GUEST_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether there are such calls; if not, the host reaches all memory anyway. */
bool share_is_offered(void);

/*
 * Share @count pages at @pages, or take them back. Their content may be lost, as with RSI,
 * or stay, as with pKVM's calls. Returns 0, or the hypervisor's status.
 */
int64_t share_pages(void *pages, size_t count);
int64_t unshare_pages(void *pages, size_t count);

#endif /* GUEST_SHARE_H */
