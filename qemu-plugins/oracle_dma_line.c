/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of QEMU's log about the SMMU: `-d trace:smmuv3_translate* -msg timestamp=on`. Pure. */
#include "qemu-plugins/oracle_dma.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>

#define EVENT "smmuv3_translate_"


/* "2026-11-21T11:44:48.385455Z ", or false. */
static bool parse_time(const char *line, uint64_t *time_us)
{
	unsigned int micro;
	struct tm tm = { 0 };
	char zone;

	if (sscanf(line, "%4d-%2d-%2dT%2d:%2d:%2d.%6u%c", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &micro, &zone) != 8 ||
	    zone != 'Z') {
		return false;
	}
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*time_us = (uint64_t)timegm(&tm) * G_USEC_PER_SEC + micro;
	return true;
}

struct oracle_dma_line oracle_dma_parse(const char *line)
{
	struct oracle_dma_line out = { .kind = DMA_UNKNOWN };
	const char *event = strstr(line, EVENT);

	if (event == NULL) {
		out.kind = DMA_NONE;
		return out;
	}
	if (event == line || !parse_time(line, &out.time_us)) {
		return out;
	}
	event += strlen(EVENT);
	if (sscanf(event, "success %*s sid=%" SCNx32 " iova=%" SCNx64 " translated=%" SCNx64,
		   &out.stream, &out.iova, &out.pa) == 3) {
		out.kind = DMA_PASSES;
	} else if (sscanf(event, "bypass %*s sid=%" SCNx32 " STE bypass iova:%" SCNx64, &out.stream,
			  &out.iova) == 2 ||
		   sscanf(event, "disable %*s sid=%" SCNx32 " bypass (smmu disabled) iova:%" SCNx64,
			  &out.stream, &out.iova) == 2) {
		out.kind = DMA_PASSES;
		out.is_bypass = true;
		out.pa = out.iova;
	} else if (sscanf(event, "abort %*s sid=%" SCNx32 " abort on iova:%" SCNx64, &out.stream,
			  &out.iova) == 2) {
		out.kind = DMA_REFUSED;
	}
	return out;
}
