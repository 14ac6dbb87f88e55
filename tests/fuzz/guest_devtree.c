/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a guest's device tree: the reader must stay within them and end. A
 * valid header is put in front, so that the fuzzer spends its time behind it.
 */
#include "guest/bare/lib/machine.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void be32_write(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

static void read_all(const uint8_t *blob, size_t size)
{
	struct machine found;
	struct devtree fdt;

	if (devtree_open(&fdt, blob, size) && machine_read(&found, &fdt) &&
	    (found.cpu_count > GUEST_VCPUS_MAX || found.virtio_count > GUEST_VIRTIO_SLOTS ||
	     found.ram.base + found.ram.bytes <= found.ram.base)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t strings_bytes = size && data[0] < size ? data[0] : 0;
	size_t total = HEADER_BYTES + size;
	uint8_t *blob = malloc(total);

	if (!blob) {
		return 0;
	}
	read_all(data, size);
	memset(blob, 0, HEADER_BYTES);
	memcpy(blob + HEADER_BYTES, data, size);
	be32_write(blob, 0xd00dfeed);
	be32_write(blob + 4, total);
	be32_write(blob + 8, HEADER_BYTES + strings_bytes); /* structure block */
	be32_write(blob + 12, HEADER_BYTES);                /* strings block */
	be32_write(blob + 20, 17);
	be32_write(blob + 24, 16);
	be32_write(blob + 32, strings_bytes);
	be32_write(blob + 36, size - strings_bytes);
	read_all(blob, total);
	free(blob);
	return 0;
}
