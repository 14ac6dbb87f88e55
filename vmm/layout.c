/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/layout.h"

#include "platform/abi/guest_memory_map.h"

G_DEFINE_QUARK(vmm_layout_error, layout_error)

#define MIB (UINT64_C(1) << 20)
#define INITRD_ALIGN (UINT64_C(64) << 10)
/* No file or image is that big; below it, sums of three cannot wrap. */
#define SIZE_LIMIT (UINT64_C(1) << 60)

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1) / alignment * alignment;
}

bool layout_place(const struct layout_request *request, struct layout *layout, GError **error)
{
	uint64_t image = request->image_offset;
	uint64_t initrd = request->initrd_bytes;
	uint64_t needed;

	if (image > SIZE_LIMIT || request->image_bytes > SIZE_LIMIT || initrd > SIZE_LIMIT) {
		g_set_error_literal(error, LAYOUT_ERROR, LAYOUT_ERROR_TOO_BIG,
				    "the image says that it needs more memory than exists");
		return false;
	}
	image = align_up(image + request->image_bytes, INITRD_ALIGN);
	initrd = align_up(initrd, INITRD_ALIGN);
	needed = image + initrd + GUEST_FDT_MAX_SIZE;
	if (needed > request->memory_bytes) {
		g_set_error(error, LAYOUT_ERROR, LAYOUT_ERROR_TOO_BIG,
			    "--mem: %" G_GUINT64_FORMAT " MiB are too few for this image, its "
			    "initrd and the device tree: they take %" G_GUINT64_FORMAT " MiB",
			    (guint64)(request->memory_bytes / MIB),
			    (guint64)(align_up(needed, 2 * MIB) / MIB));
		return false;
	}
	*layout = (struct layout){
		.ram_ipa = GUEST_RAM_BASE,
		.ram_bytes = request->memory_bytes + request->pool_bytes,
		.image_ipa = GUEST_RAM_BASE + request->image_offset,
		.initrd_bytes = request->initrd_bytes,
		.pool_bytes = request->pool_bytes,
	};
	layout->fdt_ipa = layout->ram_ipa + layout->ram_bytes - GUEST_FDT_MAX_SIZE;
	if (request->pool_bytes != 0) {
		layout->pool_ipa = layout->fdt_ipa - request->pool_bytes;
	}
	if (request->initrd_bytes != 0) {
		layout->initrd_ipa = layout->fdt_ipa - request->pool_bytes - initrd;
	}
	return true;
}
