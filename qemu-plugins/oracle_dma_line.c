/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of QEMU's log about the SMMU: `-d trace:smmuv3_translate_*`. Pure. */
#include "qemu-plugins/oracle_dma.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EVENT "smmuv3_translate_"

struct oracle_dma_line oracle_dma_parse(const char *line)
{
	struct oracle_dma_line out = { .kind = DMA_UNKNOWN };
	const char *event = strstr(line, EVENT);

	if (event == NULL) {
		out.kind = DMA_NONE;
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
