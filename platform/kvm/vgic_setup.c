// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the vGIC's frames are in the guest's addresses. */
#include "platform/kvm/vgic.h"

#include <linux/errno.h>

/* The bytes of @region; those of the one region without a number are as many as can be. */
static u64 region_bytes(const struct vgic *vgic, const struct vgic_region *region)
{
	u32 count = region->count;

	if (count == 0) {
		count = vgic->cpu_count;
	}
	return (u64)count * GICR_BYTES;
}

static bool overlap(u64 a, u64 a_bytes, u64 b, u64 b_bytes)
{
	return a < b + b_bytes && b < a + a_bytes;
}

static int check_range(u64 base, u64 bytes, u64 limit)
{
	if (base % GIC_FRAME_BYTES != 0 || base + bytes < base) {
		return -EINVAL;
	}
	return base >= limit || base + bytes > limit ? -E2BIG : 0;
}

int vgic_place_dist(struct vgic *vgic, u64 base, u64 limit)
{
	int error;

	if (vgic->dist_base != VGIC_NO_ADDRESS) {
		return -EEXIST;
	}
	error = check_range(base, GICD_BYTES, limit);
	if (error == 0) {
		vgic->dist_base = base;
	}
	return error;
}

int vgic_place_redists(struct vgic *vgic, u64 base, u32 count, u32 index, u64 limit)
{
	/* Without a number: at least one must fit. */
	u64 bytes = (u64)(count != 0 ? count : 1) * GICR_BYTES;
	int error;

	if (vgic->region_count > 0) {
		bool legacy = vgic->regions[0].count == 0;

		if (count == 0) {
			return legacy ? -EEXIST : -EINVAL;
		}
		if (legacy) {
			return -EINVAL;
		}
	}
	if (index != vgic->region_count || index >= VGIC_REGIONS) {
		return -EINVAL;
	}
	error = check_range(base, bytes, limit);
	if (error != 0) {
		return error;
	}
	if (vgic->dist_base != VGIC_NO_ADDRESS &&
	    overlap(base, bytes, vgic->dist_base, GICD_BYTES)) {
		return -EINVAL;
	}
	for (u32 i = 0; i < vgic->region_count; i++) {
		const struct vgic_region *other = &vgic->regions[i];

		if (overlap(base, bytes, other->base, region_bytes(vgic, other))) {
			return -EINVAL;
		}
	}
	vgic->regions[vgic->region_count] = (struct vgic_region){ base, count };
	vgic->region_count++;
	return 0;
}

int vgic_check_places(const struct vgic *vgic)
{
	u32 redists = 0;

	if (vgic->dist_base == VGIC_NO_ADDRESS || vgic->region_count == 0) {
		return -ENXIO;
	}
	for (u32 i = 0; i < vgic->region_count; i++) {
		const struct vgic_region *region = &vgic->regions[i];
		u64 bytes = region_bytes(vgic, region);

		if (region->base + bytes < region->base ||
		    overlap(region->base, bytes, vgic->dist_base, GICD_BYTES)) {
			return -EINVAL;
		}
		redists += bytes / GICR_BYTES;
	}
	return redists < vgic->cpu_count ? -ENXIO : 0;
}
