// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The vGIC's registers in memory: IHI 0069, 12.8 (sizes of accesses), 12.9 (distributor) and
 * 12.10, 12.11 (redistributor). One security state, affinity routing always on, no LPIs.
 *
 * Registers with a field for each interrupt are rows of `fields`; the others of the tables of
 * their frame.
 */
#include "platform/kvm/vgic.h"

#include <linux/errno.h>
#include <linux/kernel.h>

struct field {
	u32 offset;
	u32 bits;     /* for each interrupt: 1, 2, 8 or 64 */
	bool settled; /* what is in list registers of vCPUs that run must be looked at */
	u64 (*read)(const struct vgic_irq *irq, bool user);
	void (*write)(struct vgic *vgic, struct vgic_irq *irq, u64 value, bool user);
};

static u64 read_zero(const struct vgic_irq *irq, bool user)
{
	return 0;
}

static void write_nothing(struct vgic *vgic, struct vgic_irq *irq, u64 value, bool user)
{
}

static u64 read_group(const struct vgic_irq *irq, bool user)
{
	return irq->group1;
}

static void write_group(struct vgic *vgic, struct vgic_irq *irq, u64 value, bool user)
{
	if (irq->group1 != (value != 0)) {
		irq->group1 = value != 0;
		vgic_changed(vgic, irq);
	}
}

static u64 read_enabled(const struct vgic_irq *irq, bool user)
{
	return irq->enabled;
}

static void write_enable(struct vgic *vgic, struct vgic_irq *irq, u64 value, bool user)
{
	if (value) {
		vgic_set_enabled(vgic, irq, true);
	}
}

static void write_disable(struct vgic *vgic, struct vgic_irq *irq, u64 value, bool user)
{
	if (value) {
		vgic_set_enabled(vgic, irq, false);
	}
}

/* User space saves and restores the latch, and the wires by themselves (LEVEL_INFO). */
static u64 read_pending(const struct vgic_irq *irq, bool user)
{
	return user ? irq->latch : vgic_reads_pending(irq);
}

static u64 read_clear_pending(const struct vgic_irq *irq, bool user)
{
	return user ? 0 : vgic_reads_pending(irq);
}

static void write_pending(struct vgic *vgic, struct vgic_irq *irq, u64 value, bool user)
{
	if (value || user) {
		vgic_set_pending(vgic, irq, value != 0);
	}
}

static void write_clear_pending(struct vgic *vgic, struct vgic_irq *irq, u64 value, bool user)
{
	if (value && !user) {
		vgic_set_pending(vgic, irq, false);
	}
}

static u64 read_active(const struct vgic_irq *irq, bool user)
{
	return irq->active;
}

static void write_active(struct vgic *vgic, struct vgic_irq *irq, u64 value, bool user)
{
	if (value) {
		vgic_set_active(vgic, irq, true);
	}
}

static void write_clear_active(struct vgic *vgic, struct vgic_irq *irq, u64 value, bool user)
{
	if (value) {
		vgic_set_active(vgic, irq, false);
	}
}

static u64 read_priority(const struct vgic_irq *irq, bool user)
{
	return irq->priority;
}

static void write_priority(struct vgic *vgic, struct vgic_irq *irq, u64 value, bool user)
{
	if (irq->priority != (value & GIC_PRIORITY_MASK)) {
		irq->priority = value & GIC_PRIORITY_MASK;
		vgic_changed(vgic, irq);
	}
}

static u64 read_config(const struct vgic_irq *irq, bool user)
{
	return irq->edge ? 2 : 0;
}

static void write_config(struct vgic *vgic, struct vgic_irq *irq, u64 value, bool user)
{
	/* Whether private interrupts are level or edge is for the implementation to say. */
	if (irq->intid >= GIC_FIRST_SPI && irq->edge != ((value & 2) != 0)) {
		irq->edge = (value & 2) != 0;
		vgic_changed(vgic, irq);
	}
}

static u64 read_route(const struct vgic_irq *irq, bool user)
{
	return irq->route;
}

static void write_route(struct vgic *vgic, struct vgic_irq *irq, u64 value, bool user)
{
	if (irq->route != (value & GICD_IROUTER_AFFINITY)) {
		vgic_set_route(vgic, irq, value);
	}
}

static const struct field fields[] = {
	{ GICD_IGROUPR, 1, false, read_group, write_group },
	{ GICD_ISENABLER, 1, false, read_enabled, write_enable },
	{ GICD_ICENABLER, 1, false, read_enabled, write_disable },
	{ GICD_ISPENDR, 1, true, read_pending, write_pending },
	{ GICD_ICPENDR, 1, true, read_clear_pending, write_clear_pending },
	{ GICD_ISACTIVER, 1, true, read_active, write_active },
	{ GICD_ICACTIVER, 1, true, read_active, write_clear_active },
	{ GICD_IPRIORITYR, 8, false, read_priority, write_priority },
	{ GICD_ITARGETSR, 8, false, read_zero, write_nothing },
	{ GICD_ICFGR, 2, false, read_config, write_config },
	{ GICD_IGRPMODR, 1, false, read_zero, write_nothing },
	{ GICD_NSACR, 2, false, read_zero, write_nothing },
	{ GICD_IROUTER, 64, false, read_route, write_route },
};

static const struct field *field_at(u32 offset)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		u32 bytes = VGIC_NUMBERS * fields[i].bits / 8;

		if (offset >= fields[i].offset && offset < fields[i].offset + bytes) {
			return &fields[i];
		}
	}
	return NULL;
}

/* The sizes that a register takes: words; bytes where a field is one; both words of 64 bits. */
static bool size_is_right(const struct vgic_access *access, u32 bits)
{
	bool right = access->bytes == 4 || (access->bytes == 1 && bits == 8) ||
		     (access->bytes == 8 && bits == 64);

	return right && access->offset % access->bytes == 0;
}

/* Interrupts in list registers of vCPUs that run: wait until they are here again. */
static void settle(struct vgic *vgic, unsigned int asker, unsigned int cpu, u32 first)
{
	unsigned int holders = 0;
	unsigned long flags;

	vgic_lock(vgic, &flags);
	for (u32 i = first; i < first + 32; i++) {
		const struct vgic_irq *irq = vgic_irq_at(vgic, cpu, i);

		if (irq != NULL && irq->holder != VGIC_NOBODY && irq->holder != asker) {
			holders |= 1U << irq->holder;
		}
	}
	vgic_unlock(vgic, flags);
	if (holders != 0) {
		vgic_kick_wait(vgic, holders);
	}
}

/* Fields narrower than a word: as many as the access covers, from interrupt @first. */
static void access_fields(struct vgic *vgic, const struct field *field, struct vgic_access *access,
			  u32 first)
{
	u32 count = access->bytes * 8 / field->bits;
	u64 mask = (1ULL << field->bits) - 1;
	unsigned long flags;
	u64 value = 0;

	vgic_lock(vgic, &flags);
	for (u32 i = 0; i < count; i++) {
		struct vgic_irq *irq = vgic_irq_at(vgic, access->cpu, first + i);
		u32 shift = i * field->bits;

		if (irq == NULL) {
			continue;
		}
		if (access->write) {
			field->write(vgic, irq, access->value >> shift & mask, access->user);
		} else {
			value |= field->read(irq, access->user) << shift;
		}
	}
	vgic_unlock(vgic, flags);
	if (!access->write) {
		access->value = value;
	}
}

/* Part of a 64-bit register: @shift and @bytes of @value, which a write replaces. */
static u64 part_of(struct vgic_access *access, u64 value, u32 shift)
{
	u64 mask = access->bytes == 8 ? ~0ULL : 0xffffffffULL;

	if (access->write) {
		return (value & ~(mask << shift)) | (access->value & mask) << shift;
	}
	access->value = value >> shift & mask;
	return value;
}

static void access_wide(struct vgic *vgic, const struct field *field, struct vgic_access *access,
			u32 intid)
{
	struct vgic_irq *irq;
	unsigned long flags;

	vgic_lock(vgic, &flags);
	irq = vgic_irq_at(vgic, access->cpu, intid);
	if (irq != NULL) {
		u64 now = field->read(irq, access->user);
		u64 then = part_of(access, now, access->offset % 8 * 8);

		if (access->write) {
			field->write(vgic, irq, then, access->user);
		}
	} else if (!access->write) {
		access->value = 0;
	}
	vgic_unlock(vgic, flags);
}

static int refuse(struct vgic_access *access)
{
	if (!access->write) {
		access->value = 0;
	}
	return access->user ? -ENXIO : 0;
}

/* Registers with fields of interrupts from @begin to @end - 1 only; others: refused. */
static int access_interrupts(struct vgic *vgic, struct vgic_access *access, unsigned int asker,
			     u32 begin, u32 end)
{
	const struct field *field = field_at(access->offset);
	u32 first;

	/* Private interrupts have no route. */
	if (field == NULL || !size_is_right(access, field->bits) ||
	    (field->bits == 64 && begin < GIC_FIRST_SPI)) {
		return refuse(access);
	}
	first = (access->offset - field->offset) * 8 / field->bits;
	if (first < begin || first >= end) {
		refuse(access);
		return access->user && first >= end ? -ENXIO : 0;
	}
	if (field->settled && !access->user) {
		settle(vgic, asker, access->cpu, first);
	}
	if (field->bits == 64) {
		access_wide(vgic, field, access, first);
	} else {
		access_fields(vgic, field, access, first);
	}
	return 0;
}

static bool is_id_register(const struct vgic_access *access)
{
	return access->offset >= GIC_IDREGS && access->bytes == 4 && access->offset % 4 == 0;
}

static int access_id(struct vgic_access *access)
{
	if (!access->write) {
		access->value = access->offset == GIC_PIDR2 ? GIC_PIDR2_V3 : 0;
	}
	return 0;
}

static u32 iidr_of(const struct vgic *vgic)
{
	return GIC_IIDR_KVM | (u32)vgic->revision << GIC_IIDR_REVISION_SHIFT;
}

/* User space asks for the behaviour of an earlier revision. */
static int write_iidr(struct vgic *vgic, const struct vgic_access *access)
{
	u32 revision = (access->value & GIC_IIDR_REVISION) >> GIC_IIDR_REVISION_SHIFT;

	if (!access->user) {
		return 0;
	}
	if ((access->value & ~(u64)GIC_IIDR_REVISION) != GIC_IIDR_KVM ||
	    revision < GIC_IIDR_REVISION_FIRST || revision > GIC_IIDR_REVISION_LAST) {
		return -EINVAL;
	}
	vgic->revision = revision;
	return 0;
}

static int access_dist_ctlr(struct vgic *vgic, struct vgic_access *access)
{
	unsigned long flags;

	vgic_lock(vgic, &flags);
	if (access->write) {
		vgic->groups_enabled = access->value & GICD_CTLR_ENABLE_GROUPS;
		vgic_kick_queued(vgic);
	} else {
		access->value = vgic->groups_enabled | GICD_CTLR_ARE | GICD_CTLR_DS;
	}
	vgic_unlock(vgic, flags);
	return 0;
}

int vgic_dist_access(struct vgic *vgic, struct vgic_access *access)
{
	u64 constant = 0;

	if (is_id_register(access)) {
		return access_id(access);
	}
	if (access->offset >= GICD_IGROUPR) {
		return access_interrupts(vgic, access, access->cpu, GIC_FIRST_SPI,
					 min_t(u32, vgic->irq_count, GIC_INTID_END));
	}
	if (access->bytes != 4) {
		return refuse(access);
	}
	switch (access->offset) {
	case GICD_CTLR:
		return access_dist_ctlr(vgic, access);
	case GICD_IIDR:
		constant = iidr_of(vgic);
		if (access->write) {
			return write_iidr(vgic, access);
		}
		break;
	case GICD_TYPER:
		constant = GICD_TYPER_IDBITS_10 | (vgic->irq_count / 32 - 1);
		break;
	case GICD_TYPER2:
	case GICD_STATUSR:
		break;
	default:
		return refuse(access);
	}
	if (!access->write) {
		access->value = constant;
	}
	return 0;
}

static u32 region_size(const struct vgic *vgic, const struct vgic_region *region)
{
	return region->count != 0 ? region->count : vgic->cpu_count;
}

/* Redistributors are in the order of the vCPUs' numbers, which may have gaps. */
static unsigned int place_of(const struct vgic *vgic, unsigned int cpu)
{
	unsigned int place = 0;

	for (unsigned int i = 0; i < cpu; i++) {
		place += vgic->cpus[i] != NULL;
	}
	return place;
}

/* The other way; VGIC_NOBODY: that redistributor is nobody's. */
static unsigned int cpu_at(const struct vgic *vgic, unsigned int place)
{
	for (unsigned int i = 0; i < VGIC_CPUS; i++) {
		if (vgic->cpus[i] != NULL && place-- == 0) {
			return i;
		}
	}
	return VGIC_NOBODY;
}

/* The last redistributor of those that follow each other: who looks for more stops here. */
static bool is_last(const struct vgic *vgic, unsigned int place)
{
	u32 first = 0;

	for (u32 i = 0; i + 1 < vgic->region_count; i++) {
		const struct vgic_region *region = &vgic->regions[i];
		u32 end = first + region_size(vgic, region);

		if (place + 1 == end) {
			u64 behind = region->base + (u64)region->count * GICR_BYTES;

			return place + 1 >= vgic->cpu_count || vgic->regions[i + 1].base != behind;
		}
		first = end;
	}
	return place + 1 >= vgic->cpu_count;
}

static u64 redist_typer(const struct vgic *vgic, unsigned int cpu)
{
	unsigned int place = place_of(vgic, cpu);

	return (u64)cpu << GICR_TYPER_AFFINITY_SHIFT | (u64)place << GICR_TYPER_NUMBER_SHIFT |
	       (is_last(vgic, place) ? GICR_TYPER_LAST : 0);
}

int vgic_redist_access(struct vgic *vgic, struct vgic_access *access)
{
	u32 offset = access->offset;

	if (offset >= GIC_FRAME_BYTES) {
		struct vgic_access inner = *access;
		int error;

		inner.offset = offset - GIC_FRAME_BYTES;
		error = access_interrupts(vgic, &inner, VGIC_NOBODY, 0, VGIC_PRIVATE);
		access->value = inner.value;
		return error;
	}
	if (is_id_register(access)) {
		return access_id(access);
	}
	if ((offset & ~4U) == GICR_TYPER || (offset & ~4U) == GICR_PENDBASER ||
	    (offset & ~4U) == GICR_PROPBASER) {
		bool is_typer = (offset & ~4U) == GICR_TYPER;

		if (!size_is_right(access, 64)) {
			return refuse(access);
		}
		if (!access->write) {
			part_of(access, is_typer ? redist_typer(vgic, access->cpu) : 0,
				offset % 8 * 8);
		}
		return 0;
	}
	if (access->bytes != 4) {
		return refuse(access);
	}
	switch (offset) {
	case GICR_IIDR:
		access->value = access->write ? access->value : iidr_of(vgic);
		return access->write && access->user && access->value != iidr_of(vgic) ? -EINVAL :
											 0;
	case GICR_CTLR:  /* no LPIs */
	case GICR_WAKER: /* always awake */
	case GICR_STATUSR:
		access->value = access->write ? access->value : 0;
		return 0;
	default:
		return refuse(access);
	}
}

bool vgic_find(struct vgic *vgic, u64 address, unsigned int asker, struct vgic_access *access,
	       bool *dist)
{
	u32 first = 0;

	if (vgic->dist_base != VGIC_NO_ADDRESS && address - vgic->dist_base < GICD_BYTES) {
		access->cpu = asker;
		access->offset = address - vgic->dist_base;
		*dist = true;
		return true;
	}
	for (u32 i = 0; i < vgic->region_count; i++) {
		u32 size = region_size(vgic, &vgic->regions[i]);
		u64 behind = address - vgic->regions[i].base;

		if (behind < (u64)size * GICR_BYTES) {
			access->cpu = cpu_at(vgic, first + behind / GICR_BYTES);
			access->offset = behind % GICR_BYTES;
			*dist = false;
			return access->cpu != VGIC_NOBODY;
		}
		first += size;
	}
	return false;
}

void vgic_levels(struct vgic *vgic, unsigned int cpu, u32 intid, bool write, u32 *levels)
{
	unsigned long flags;
	u32 value = 0;

	vgic_lock(vgic, &flags);
	for (u32 i = 0; i < 32; i++) {
		struct vgic_irq *irq = vgic_irq_at(vgic, cpu, intid + i);

		if (irq == NULL || intid + i < GIC_FIRST_PPI) {
			continue;
		}
		if (write) {
			irq->line = *levels >> i & 1;
			vgic_changed(vgic, irq);
		}
		value |= (u32)(irq->line && !irq->edge) << i;
	}
	vgic_unlock(vgic, flags);
	*levels = write ? *levels : value;
}
