/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/debug_kvm.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>

#include "vmm/guest_walk.h"
#include "vmm/log.h"

#define CORE(name) \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(name))
#define SCTLR_EL1 ARM64_SYS_REG(3, 0, 1, 0, 0)
#define TTBR0_EL1 ARM64_SYS_REG(3, 0, 2, 0, 0)
#define TTBR1_EL1 ARM64_SYS_REG(3, 0, 2, 0, 1)
#define TCR_EL1 ARM64_SYS_REG(3, 0, 2, 0, 2)

#define VBAR_EL1 ARM64_SYS_REG(3, 0, 12, 0, 0)
#define ESR_EL1 ARM64_SYS_REG(3, 0, 5, 2, 0)

/* PSTATE as in SPSR_EL1 (Arm ARM, C5.2.19), and where it leads in the vector table (D1.4.2). */
#define PSTATE_MODE UINT64_C(0xf)
#define PSTATE_AARCH32 (UINT64_C(1) << 4)
#define PSTATE_DAIF (UINT64_C(0xf) << 6)
#define PSTATE_PAN (UINT64_C(1) << 22)
#define PSTATE_DIT (UINT64_C(1) << 24)
#define PSTATE_FLAGS (UINT64_C(0xf) << 28)
#define MODE_EL0 0
#define MODE_EL1H 5 /* EL1 on its own stack pointer */
#define VECTOR_EL1H UINT64_C(0x200)
#define VECTOR_EL0 UINT64_C(0x400)
#define SCTLR_SPAN (UINT64_C(1) << 23)

#define PAGE_BYTES 4096 /* the smallest granule: what is in one is mapped as one */

/* DBGBCR<n>_EL1, DBGWCR<n>_EL1 (Arm ARM, D24.3): enabled, at EL1 and EL0. */
#define CONTROL_ENABLED (UINT64_C(1) << 0 | UINT64_C(3) << 1)
#define CONTROL_BYTES_SHIFT 5 /* BAS */
#define BREAKPOINT_BYTES UINT64_C(0xf)
#define WATCH_LOADS (UINT64_C(1) << 3)
#define WATCH_STORES (UINT64_C(1) << 4)
#define WATCH_BYTES_MAX 8

#define SYNDROME_EC_SHIFT 26
#define EC_WATCHPOINT_LOWER 0x34
#define EC_BRK 0x3c
#define INSTRUCTION_BYTES 4
#define BRK_0 UINT32_C(0xd4200000) /* C6.2: BRK #0 */

static bool one_register(const struct debug_kvm *d, unsigned cpu, unsigned long request,
			 uint64_t id, uint64_t *value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

	return ioctl(d->vm->vcpus[cpu].fd, request, &reg) == 0;
}

static bool get_one(const struct debug_kvm *d, unsigned cpu, uint64_t id, uint64_t *value)
{
	return one_register(d, cpu, KVM_GET_ONE_REG, id, value);
}

static bool set_one(const struct debug_kvm *d, unsigned cpu, uint64_t id, uint64_t value)
{
	return one_register(d, cpu, KVM_SET_ONE_REG, id, &value);
}

bool debug_kvm_init(struct debug_kvm *d, const struct vm *vm, const struct guest_memory *ram,
		    GError **error)
{
	int breakpoints = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_GUEST_DEBUG_HW_BPS);
	int watchpoints = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_GUEST_DEBUG_HW_WPS);

	if (ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_SET_GUEST_DEBUG) <= 0) {
		g_set_error_literal(error, VM_ERROR, VM_ERROR_CALL,
				    "--gdb: this host's KVM has no guest debugging");
		return false;
	}
	*d = (struct debug_kvm){
		.vm = vm,
		.ram = ram,
		.breakpoints_max = (unsigned)CLAMP(breakpoints, 0, DEBUG_KVM_POINTS_MAX),
		.watchpoints_max = (unsigned)CLAMP(watchpoints, 0, DEBUG_KVM_POINTS_MAX),
	};
	return true;
}

/* KVM's register for GDB's @number; the stack pointer is the one that is in use. 0: none. */
static uint64_t id_of(const struct debug_kvm *d, unsigned cpu, unsigned number)
{
	uint64_t pstate = 0;

	if (number < GDB_REGISTER_SP) {
		return CORE(regs.regs[0]) + number * (sizeof(uint64_t) / sizeof(uint32_t));
	}
	switch (number) {
	case GDB_REGISTER_SP:
		return get_one(d, cpu, CORE(regs.pstate), &pstate) &&
				       (pstate & PSTATE_MODE) == MODE_EL1H ?
			       CORE(sp_el1) :
			       CORE(regs.sp);
	case GDB_REGISTER_PC:
		return CORE(regs.pc);
	case GDB_REGISTER_CPSR:
		return CORE(regs.pstate);
	default:
		return 0;
	}
}

bool debug_kvm_get(const struct debug_kvm *d, unsigned cpu, unsigned number, uint64_t *value)
{
	uint64_t id = id_of(d, cpu, number);

	return id != 0 && get_one(d, cpu, id, value);
}

bool debug_kvm_set(const struct debug_kvm *d, unsigned cpu, unsigned number, uint64_t value)
{
	uint64_t id = id_of(d, cpu, number);

	return id != 0 && set_one(d, cpu, id, value);
}

static bool read_table(void *opaque, uint64_t ipa, uint64_t *value)
{
	const struct debug_kvm *d = opaque;
	const void *at = guest_memory_at(d->ram, ipa, sizeof(*value));

	if (at == NULL) {
		return false;
	}
	memcpy(value, at, sizeof(*value));
	return true;
}

/* Where the guest's bytes [at, at + count), which are in one page, are in this process; NULL: not mapped, or no RAM. */
static void *in_page(const struct debug_kvm *d, unsigned cpu, uint64_t at, size_t count)
{
	struct guest_walk_registers r;
	uint64_t ipa;

	if (!get_one(d, cpu, SCTLR_EL1, &r.sctlr) || !get_one(d, cpu, TCR_EL1, &r.tcr) ||
	    !get_one(d, cpu, TTBR0_EL1, &r.ttbr0) || !get_one(d, cpu, TTBR1_EL1, &r.ttbr1) ||
	    !guest_walk(&r, at, read_table, (void *)d, &ipa)) {
		return NULL;
	}
	return guest_memory_at(d->ram, ipa, count);
}

static size_t part_in_page(uint64_t at, size_t count)
{
	return MIN(count, PAGE_BYTES - at % PAGE_BYTES);
}

/* ---- Memory -------------------------------------------------------------------------------- */

static void put(uint8_t *to, const void *from, size_t count)
{
	memcpy(to, from, count);
	__builtin___clear_cache((char *)to, (char *)to + count); /* it may be code */
}

/* The software breakpoint out of the memory. One that the guest has written over is left so. */
static void patch_out(const struct debug_patch *p)
{
	uint32_t now;

	memcpy(&now, p->bytes, sizeof(now));
	if (now == BRK_0) {
		put(p->bytes, &p->was, sizeof(p->was));
	}
}

/* Into it, over what is there now. */
static void patch_in(struct debug_patch *p)
{
	const uint32_t brk = BRK_0;

	memcpy(&p->was, p->bytes, sizeof(p->was));
	put(p->bytes, &brk, sizeof(brk));
}

static void each_patch(struct debug_kvm *d, bool is_in)
{
	for (size_t i = 0; i < G_N_ELEMENTS(d->patches); i++) {
		if (d->patches[i].bytes != NULL && is_in) {
			patch_in(&d->patches[i]);
		} else if (d->patches[i].bytes != NULL) {
			patch_out(&d->patches[i]);
		}
	}
}

static bool copy_out(const struct debug_kvm *d, unsigned cpu, uint64_t at, uint8_t *to,
		     size_t count)
{
	while (count > 0) {
		size_t now = part_in_page(at, count);
		const void *from = in_page(d, cpu, at, now);

		if (from == NULL) {
			return false;
		}
		memcpy(to, from, now);
		to += now;
		at += now;
		count -= now;
	}
	return true;
}

static bool copy_in(const struct debug_kvm *d, unsigned cpu, uint64_t at, const uint8_t *from,
		    size_t count)
{
	for (size_t done = 0; done < count; done += part_in_page(at + done, count - done)) {
		if (in_page(d, cpu, at + done, part_in_page(at + done, count - done)) == NULL) {
			return false;
		}
	}
	while (count > 0) {
		size_t now = part_in_page(at, count);

		put(in_page(d, cpu, at, now), from, now);
		from += now;
		at += now;
		count -= now;
	}
	return true;
}

bool debug_kvm_read(struct debug_kvm *d, unsigned cpu, uint64_t at, void *bytes, size_t count)
{
	bool done;

	each_patch(d, false);
	done = copy_out(d, cpu, at, bytes, count);
	each_patch(d, true);
	return done;
}

bool debug_kvm_write(struct debug_kvm *d, unsigned cpu, uint64_t at, const void *bytes,
		     size_t count)
{
	bool done;

	each_patch(d, false);
	done = copy_in(d, cpu, at, bytes, count);
	each_patch(d, true);
	return done;
}

/* ---- Points -------------------------------------------------------------------------------- */

/* Which software breakpoint is at these bytes of the guest's; of NULL: which place is free. -1: none. */
static int find_patch(const struct debug_kvm *d, const void *bytes)
{
	for (size_t i = 0; i < G_N_ELEMENTS(d->patches); i++) {
		if (d->patches[i].bytes == bytes) {
			return (int)i;
		}
	}
	return -1;
}

static bool insert_patch(struct debug_kvm *d, unsigned cpu, uint64_t at)
{
	uint8_t *bytes = at % INSTRUCTION_BYTES == 0 ? in_page(d, cpu, at, INSTRUCTION_BYTES) :
						       NULL;
	int place = find_patch(d, NULL);

	if (bytes == NULL || find_patch(d, bytes) >= 0) {
		return bytes != NULL; /* GDB: to insert a point again is no error */
	}
	if (place < 0) {
		return false;
	}
	d->patches[place] = (struct debug_patch){ .bytes = bytes, .at = at };
	patch_in(&d->patches[place]);
	return true;
}

/* By the address alone: the tables may be others by now. */
static bool remove_patch(struct debug_kvm *d, uint64_t at)
{
	for (size_t i = 0; i < G_N_ELEMENTS(d->patches); i++) {
		struct debug_patch *p = &d->patches[i];

		if (p->bytes != NULL && p->at == at) {
			patch_out(p);
			*p = (struct debug_patch){ 0 };
			return true;
		}
	}
	return false;
}

static unsigned points_of_kind(const struct debug_kvm *d, bool is_breakpoint)
{
	unsigned count = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(d->points); i++) {
		count += d->points[i].kind != 0 &&
			 (d->points[i].kind == GDB_BREAKPOINT_HARDWARE) == is_breakpoint;
	}
	return count;
}

static struct debug_point *find(struct debug_kvm *d, enum gdb_breakpoint kind, uint64_t at,
				uint64_t bytes)
{
	for (size_t i = 0; i < G_N_ELEMENTS(d->points); i++) {
		struct debug_point *p = &d->points[i];

		if (p->kind == kind && (kind == 0 || (p->at == at && p->bytes == bytes))) {
			return p;
		}
	}
	return NULL;
}

bool debug_kvm_insert(struct debug_kvm *d, unsigned cpu, enum gdb_breakpoint kind, uint64_t at,
		      uint64_t bytes)
{
	bool is_breakpoint = kind == GDB_BREAKPOINT_HARDWARE;
	struct debug_point *free_place = find(d, 0, 0, 0);

	if (kind == GDB_BREAKPOINT_SOFTWARE) {
		return insert_patch(d, cpu, at);
	}
	if (find(d, kind, at, bytes) != NULL) {
		return true; /* GDB: to insert a point again is no error */
	}
	if (is_breakpoint ? at % INSTRUCTION_BYTES != 0 :
			    bytes == 0 || bytes > WATCH_BYTES_MAX || (bytes & (bytes - 1)) != 0 ||
				    at % bytes != 0) {
		return false;
	}
	if (free_place == NULL ||
	    points_of_kind(d, is_breakpoint) >=
		    (is_breakpoint ? d->breakpoints_max : d->watchpoints_max)) {
		return false;
	}
	*free_place = (struct debug_point){ .kind = kind, .at = at, .bytes = bytes };
	return true;
}

bool debug_kvm_remove(struct debug_kvm *d, enum gdb_breakpoint kind, uint64_t at, uint64_t bytes)
{
	struct debug_point *p;

	if (kind == GDB_BREAKPOINT_SOFTWARE) {
		return remove_patch(d, at);
	}
	p = find(d, kind, at, bytes);
	if (p == NULL) {
		return false;
	}
	*p = (struct debug_point){ 0 };
	return true;
}

void debug_kvm_clear(struct debug_kvm *d)
{
	each_patch(d, false);
	memset(d->patches, 0, sizeof(d->patches));
	memset(d->points, 0, sizeof(d->points));
}

static void add_point(struct kvm_guest_debug_arch *arch, const struct debug_point *p,
		      unsigned *breakpoints, unsigned *watchpoints)
{
	uint64_t loads = p->kind != GDB_WATCHPOINT_WRITE ? WATCH_LOADS : 0;
	uint64_t stores = p->kind != GDB_WATCHPOINT_READ ? WATCH_STORES : 0;
	uint64_t in_word = p->at % WATCH_BYTES_MAX;

	if (p->kind == GDB_BREAKPOINT_HARDWARE) {
		arch->dbg_bvr[*breakpoints] = p->at;
		arch->dbg_bcr[*breakpoints] = CONTROL_ENABLED | BREAKPOINT_BYTES
									<< CONTROL_BYTES_SHIFT;
		(*breakpoints)++;
	} else {
		arch->dbg_wvr[*watchpoints] = p->at - in_word;
		arch->dbg_wcr[*watchpoints] = CONTROL_ENABLED | loads | stores |
					      ((UINT64_C(1) << p->bytes) - 1)
						      << in_word << CONTROL_BYTES_SHIFT;
		(*watchpoints)++;
	}
}

void debug_kvm_apply(const struct debug_kvm *d, unsigned cpu, bool is_debugged, bool steps)
{
	struct kvm_guest_debug debug = { 0 };
	unsigned breakpoints = 0, watchpoints = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(d->points); i++) {
		if (d->points[i].kind != 0) {
			add_point(&debug.arch, &d->points[i], &breakpoints, &watchpoints);
		}
	}
	if (is_debugged) {
		debug.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP |
				(breakpoints + watchpoints > 0 ? KVM_GUESTDBG_USE_HW : 0) |
				(steps ? KVM_GUESTDBG_SINGLESTEP : 0);
	}
	if (ioctl(d->vm->vcpus[cpu].fd, KVM_SET_GUEST_DEBUG, &debug) != 0) {
		log_error("gdb: KVM_SET_GUEST_DEBUG of vCPU %u: %m", cpu);
	}
}

enum gdb_breakpoint debug_kvm_watched(const struct debug_kvm *d, uint32_t syndrome, uint64_t at)
{
	if (syndrome >> SYNDROME_EC_SHIFT != EC_WATCHPOINT_LOWER) {
		return 0;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(d->points); i++) {
		const struct debug_point *p = &d->points[i];

		/* An access that begins below reaches in by at most 8 bytes or so: the nearest is near enough. */
		if (p->kind > GDB_BREAKPOINT_HARDWARE && at < p->at + p->bytes &&
		    at + WATCH_BYTES_MAX > p->at) {
			return p->kind;
		}
	}
	return 0;
}

/* AArch64.TakeException() to EL1, as far as KVM's registers have it (Arm ARM, D1.3). */
static bool take_exception(const struct debug_kvm *d, unsigned cpu, uint64_t pc, uint64_t syndrome)
{
	uint64_t pstate, vectors, sctlr;
	uint64_t mode, taken;

	if (!get_one(d, cpu, CORE(regs.pstate), &pstate) || !get_one(d, cpu, VBAR_EL1, &vectors) ||
	    !get_one(d, cpu, SCTLR_EL1, &sctlr) || (pstate & PSTATE_AARCH32) != 0) {
		return false;
	}
	mode = pstate & PSTATE_MODE;
	taken = (pstate & (PSTATE_FLAGS | PSTATE_DIT | PSTATE_PAN)) |
		((sctlr & SCTLR_SPAN) == 0 ? PSTATE_PAN : 0) | PSTATE_DAIF | MODE_EL1H;
	vectors += mode == MODE_EL0 ? VECTOR_EL0 : mode == MODE_EL1H ? VECTOR_EL1H : 0;
	return set_one(d, cpu, CORE(elr_el1), pc) &&
	       set_one(d, cpu, CORE(spsr[KVM_SPSR_EL1]), pstate) &&
	       set_one(d, cpu, ESR_EL1, syndrome) && set_one(d, cpu, CORE(regs.pstate), taken) &&
	       set_one(d, cpu, CORE(regs.pc), vectors);
}

bool debug_kvm_pass_brk(const struct debug_kvm *d, unsigned cpu, uint32_t syndrome)
{
	const void *bytes;
	uint64_t pc;

	if (syndrome >> SYNDROME_EC_SHIFT != EC_BRK || !get_one(d, cpu, CORE(regs.pc), &pc)) {
		return false;
	}
	bytes = in_page(d, cpu, pc, INSTRUCTION_BYTES);
	return bytes != NULL && find_patch(d, bytes) < 0 && take_exception(d, cpu, pc, syndrome);
}
