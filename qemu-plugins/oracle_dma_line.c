/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of QEMU's log about the SMMU: `-d trace:smmuv3_translate_*`. Pure. */
#include "qemu-plugins/oracle_dma.h"

#include <string.h>

#include <glib.h>

#define EVENT "smmuv3_translate_"

/* The hexadecimal number behind @name in @text; false: there is none. */
static bool number_after(const char *text, const char *name, uint64_t *value)
{
	const char *at = strstr(text, name);
	char *end;

	if (at == NULL || !g_str_has_prefix(at + strlen(name), "0x")) {
		return false;
	}
	at += strlen(name) + strlen("0x");
	*value = g_ascii_strtoull(at, &end, 16);
	return end != at;
}

struct oracle_dma_line oracle_dma_parse(const char *line)
{
	struct oracle_dma_line out = { .kind = DMA_NONE };
	const char *event = strstr(line, EVENT);

	if (event == NULL) {
		return out;
	}
	event += strlen(EVENT);
	out.kind = DMA_UNKNOWN;
	if (!number_after(event, " sid=", &out.stream)) {
		return out;
	}
	if (g_str_has_prefix(event, "success ") && number_after(event, " iova=", &out.iova) &&
	    number_after(event, " translated=", &out.pa)) {
		out.kind = DMA_PASSES;
	} else if ((g_str_has_prefix(event, "bypass ") || g_str_has_prefix(event, "disable ")) &&
		   number_after(event, " iova:", &out.iova)) {
		out.kind = DMA_PASSES;
		out.is_bypass = true;
		out.pa = out.iova;
	} else if (g_str_has_prefix(event, "abort ") && number_after(event, " iova:", &out.iova)) {
		out.kind = DMA_REFUSED;
	}
	return out;
}
