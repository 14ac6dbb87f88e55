/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/boot.h"

#include <string.h>

#include "vmm/fdt.h"

#define MIB (UINT64_C(1) << 20)
#define OVERLAY_BYTES_MAX (64 * 1024)

static bool open_files(struct boot *boot, const struct options *o, GError **error)
{
	bool linux_image = o->kernel != NULL;

	if (!loader_open(linux_image ? o->kernel : o->raw, &boot->image, error)) {
		g_prefix_error(error, linux_image ? "--kernel: " : "--raw: ");
		return false;
	}
	if (o->initrd != NULL && !loader_open(o->initrd, &boot->initrd, error)) {
		g_prefix_error(error, "--initrd: ");
		return false;
	}
	return true;
}

static bool place(struct boot *boot, const struct options *o, GError **error)
{
	struct loader_image image = { .offset = 0, .bytes = boot->image.bytes };
	struct layout_request request = {
		.memory_bytes = o->memory_mib * MIB,
		.pool_bytes = o->swiotlb_mib * MIB,
		.initrd_bytes = boot->initrd.bytes,
	};

	if (o->kernel != NULL && !loader_read_image_header(&boot->image, &image, error)) {
		return false;
	}
	request.image_offset = image.offset;
	request.image_bytes = image.bytes;
	return layout_place(&request, &boot->layout, error);
}

/* Lay --device-tree-overlay over the tree. */
static bool overlay(struct boot *boot, const char *path, GError **error)
{
	g_autofree void *bytes = NULL;
	struct loader_file file;
	bool done;

	if (path == NULL) {
		return true;
	}
	done = loader_open(path, &file, error);
	if (done && file.bytes > OVERLAY_BYTES_MAX) {
		g_set_error(error, FDT_ERROR, FDT_ERROR_OVERLAY, "%s: larger than %d KiB", path,
			    OVERLAY_BYTES_MAX / 1024);
		done = false;
	}
	if (done) {
		bytes = g_malloc(file.bytes);
		done = loader_read_bytes(&file, bytes, error) &&
		       fdt_overlay(&boot->fdt, &boot->fdt_bytes, bytes, file.bytes, error);
	}
	loader_close(&file);
	if (!done) {
		g_prefix_error(error, "--device-tree-overlay: ");
	}
	return done;
}

bool boot_plan(struct boot *boot, const struct options *o, GError **error)
{
	struct fdt_machine machine = {
		.cpus = (unsigned)o->cpus,
		.rsi = o->rsi,
		.watchdog = o->watchdog,
		.virtio_count = options_virtio_count(o),
		.bootargs = o->params,
	};

	*boot = (struct boot){ .image = { .fd = -1 }, .initrd = { .fd = -1 } };
	if (!open_files(boot, o, error) || !place(boot, o, error)) {
		return false;
	}
	machine.layout = boot->layout;
	boot->fdt = fdt_build(&machine, &boot->fdt_bytes, error);
	return boot->fdt != NULL && overlay(boot, o->device_tree_overlay, error);
}

bool boot_load(const struct boot *boot, const struct guest_memory *ram, GError **error)
{
	const struct layout *layout = &boot->layout;
	void *fdt = guest_memory_at(ram, layout->fdt_ipa, boot->fdt_bytes);

	if (fdt == NULL) {
		g_set_error_literal(error, LAYOUT_ERROR, LAYOUT_ERROR_TOO_BIG,
				    "the device tree does not fit into RAM");
		return false;
	}
	memcpy(fdt, boot->fdt, boot->fdt_bytes);
	return loader_read(&boot->image, ram, layout->image_ipa, error) &&
	       (boot->initrd.fd < 0 || loader_read(&boot->initrd, ram, layout->initrd_ipa, error));
}

void boot_close(struct boot *boot)
{
	loader_close(&boot->image);
	loader_close(&boot->initrd);
	g_clear_pointer(&boot->fdt, g_free);
}
