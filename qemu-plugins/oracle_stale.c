/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/oracle_stale.h"

#include <string.h>

#include <glib.h>

#define VMIDS 0x10000u

static GArray *dues;                 /* struct stale_due */
static const void *last_root[VMIDS]; /* what ran last under a VMID */
static bool is_invalidated[VMIDS];   /* since then */
static GArray *ran;                  /* struct ran */

/* Which of a VM's vCPUs ran last on a CPU. */
struct ran {
	const void *root;
	uint64_t mpidr;
	uint16_t vmid;
	uint16_t vcpu;
	bool is_clean; /* stage 1 was invalidated there since */
};

void stale_reset(void)
{
	if (dues == NULL) {
		dues = g_array_new(FALSE, FALSE, sizeof(struct stale_due));
		ran = g_array_new(FALSE, FALSE, sizeof(struct ran));
	}
	g_array_set_size(dues, 0);
	g_array_set_size(ran, 0);
	memset(last_root, 0, sizeof(last_root));
	memset(is_invalidated, 0, sizeof(is_invalidated));
}

static struct stale_due *due_at(guint index)
{
	return &g_array_index(dues, struct stale_due, index);
}

static struct ran *ran_at(guint index)
{
	return &g_array_index(ran, struct ran, index);
}

static bool continues(const struct stale_due *before, const struct stale_due *due)
{
	return before->root == due->root && before->vmid == due->vmid &&
	       before->vcpu == due->vcpu && before->step == due->step &&
	       before->smmu == due->smmu && before->smmu_sync == due->smmu_sync &&
	       before->leaf_bytes == due->leaf_bytes &&
	       before->input + before->bytes == due->input && before->pa + before->bytes == due->pa;
}

void stale_add(const struct stale_due *due)
{
	if (dues->len > 0 && continues(due_at(dues->len - 1), due)) {
		due_at(dues->len - 1)->bytes += due->bytes;
	} else {
		g_array_append_vals(dues, due, 1);
	}
}

static bool is_settled(const struct stale_due *due)
{
	return due->step == STALE_NOTHING && !due->smmu && !due->smmu_sync;
}

static void drop_settled(void)
{
	guint i;

	for (i = dues->len; i > 0; i--) {
		if (is_settled(due_at(i - 1))) {
			g_array_remove_index_fast(dues, i - 1);
		}
	}
}

void stale_dsb(uint16_t vcpu, bool is_full)
{
	guint i;

	if (dues->len == 0) {
		return;
	}
	for (i = 0; i < dues->len; i++) {
		struct stale_due *due = due_at(i);

		/* Who does the work for another CPU's change is the one whose barriers count. */
		if (due->vcpu != vcpu && due->vcpu != STALE_NO_VCPU) {
			continue;
		}
		if (due->step == STALE_VISIBLE) {
			due->step = STALE_IPA;
		} else if (!is_full) {
			continue;
		} else if (due->step == STALE_BETWEEN) {
			due->step = STALE_STAGE1;
		} else if (due->step == STALE_DONE) {
			due->step = STALE_NOTHING;
		}
	}
	drop_settled();
}

/* Leave [start, end) of the due at @index there, and the rest as further ones. */
static void cut(guint index, uint64_t start, uint64_t end)
{
	struct stale_due before = *due_at(index);
	struct stale_due after = before;

	due_at(index)->input = start;
	due_at(index)->bytes = end - start;
	due_at(index)->pa = before.pa + (start - before.input);
	after.pa = before.pa + (end - before.input);
	after.input = end;
	after.bytes = before.input + before.bytes - end;
	before.bytes = start - before.input;
	if (before.bytes > 0) {
		g_array_append_val(dues, before);
	}
	if (after.bytes > 0) {
		g_array_append_val(dues, after);
	}
}

/* Cut the due so that only what @tlbi takes is left at @index; false: it takes nothing. */
static bool takes(guint index, const struct stale_tlbi *tlbi)
{
	const struct stale_due *due = due_at(index);
	uint64_t leaf = due->leaf_bytes;
	uint64_t start;
	uint64_t end;

	if (tlbi->scope == STALE_SCOPE_ALL) {
		return true;
	}
	if (tlbi->vmid != due->vmid) {
		return false;
	}
	if (tlbi->scope != STALE_SCOPE_IPA) {
		return true;
	}
	start = MAX(tlbi->input & ~(leaf - 1), due->input);
	end = MIN((tlbi->input + tlbi->bytes + leaf - 1) & ~(leaf - 1), due->input + due->bytes);
	if (start >= end) {
		return false;
	}
	cut(index, start, end);
	return true;
}

void stale_tlbi(uint16_t vcpu, const struct stale_tlbi *tlbi)
{
	guint count = dues->len;
	guint i;

	if (tlbi->scope == STALE_SCOPE_ALL) {
		memset(is_invalidated, true, sizeof(is_invalidated));
	} else if (tlbi->scope == STALE_SCOPE_VMID) {
		is_invalidated[tlbi->vmid] = true;
	}
	for (i = 0; i < count; i++) {
		enum stale_step step = (enum stale_step)due_at(i)->step;
		enum stale_step wanted = tlbi->scope == STALE_SCOPE_STAGE1 ? STALE_STAGE1 :
									     STALE_IPA;
		bool fits = step == wanted || (tlbi->scope >= STALE_SCOPE_VMID &&
					       step > STALE_IPA && step < STALE_DONE);

		if (fits && takes(i, tlbi)) {
			due_at(i)->step = tlbi->scope == STALE_SCOPE_IPA ? STALE_BETWEEN :
									   STALE_DONE;
			/* The barrier that completes it must be this CPU's. */
			if (due_at(i)->vcpu != STALE_NO_VCPU) {
				due_at(i)->vcpu = vcpu;
			}
		}
	}
}

void stale_smmu_tlbi(const struct stale_tlbi *tlbi)
{
	guint count = dues->len;
	guint i;

	for (i = 0; i < count; i++) {
		if (due_at(i)->smmu && takes(i, tlbi)) {
			due_at(i)->smmu = false;
			due_at(i)->smmu_sync = true;
		}
	}
}

void stale_smmu_sync(void)
{
	guint i;

	for (i = 0; i < dues->len; i++) {
		due_at(i)->smmu_sync = false;
	}
	drop_settled();
}

const struct stale_due *stale_find(const void *root, uint16_t vcpu)
{
	guint i;

	for (i = 0; i < dues->len; i++) {
		const struct stale_due *due = due_at(i);

		if (due->root == root && (due->vcpu == vcpu || due->vcpu == STALE_NO_VCPU)) {
			return due;
		}
	}
	return NULL;
}

void stale_leave(uint16_t vcpu)
{
	guint i;

	for (i = 0; i < dues->len; i++) {
		if (due_at(i)->vcpu == vcpu) {
			due_at(i)->vcpu = STALE_NO_VCPU;
		}
	}
}

void stale_forget(const void *root)
{
	guint i;

	for (i = dues->len; i > 0; i--) {
		if (due_at(i - 1)->root == root) {
			g_array_remove_index_fast(dues, i - 1);
		}
	}
	for (i = ran->len; i > 0; i--) {
		if (ran_at(i - 1)->root == root) {
			g_array_remove_index_fast(ran, i - 1);
		}
	}
}

bool stale_switch(uint16_t vmid, const void *root)
{
	bool is_stale = last_root[vmid] != NULL && last_root[vmid] != root && !is_invalidated[vmid];

	last_root[vmid] = root;
	is_invalidated[vmid] = false;
	return is_stale;
}

bool stale_sibling(uint16_t vcpu, const void *root, uint16_t vmid, uint64_t mpidr)
{
	struct ran now = { .root = root, .mpidr = mpidr, .vmid = vmid, .vcpu = vcpu };
	bool is_stale;
	guint i;

	for (i = 0; i < ran->len; i++) {
		if (ran_at(i)->root == root && ran_at(i)->vcpu == vcpu) {
			is_stale = ran_at(i)->mpidr != mpidr && !ran_at(i)->is_clean;
			*ran_at(i) = now;
			return is_stale;
		}
	}
	g_array_append_val(ran, now);
	return false;
}

void stale_tlbi_reached(uint16_t vcpu, const struct stale_tlbi *tlbi, bool is_local)
{
	guint i;

	for (i = 0; tlbi->scope != STALE_SCOPE_IPA && i < ran->len; i++) {
		if ((tlbi->scope == STALE_SCOPE_ALL || tlbi->vmid == ran_at(i)->vmid) &&
		    (!is_local || vcpu == ran_at(i)->vcpu)) {
			ran_at(i)->is_clean = true;
		}
	}
}

const char *stale_text(const struct stale_due *due)
{
	switch ((enum stale_step)due->step) {
	case STALE_VISIBLE:
		return "no DSB made the change visible before a TLBI";
	case STALE_IPA:
		return "no TLBI of its address and VMID that reaches all CPUs came after it";
	case STALE_BETWEEN:
		return "no DSB came after the TLBI of stage 2";
	case STALE_STAGE1:
		return "no TLBI of stage 1 came after that of stage 2";
	case STALE_DONE:
		return "no DSB completed the TLBI";
	case STALE_NOTHING:
		break;
	}
	return due->smmu ? "the SMMU was given no CMD_TLBI for it" :
			   "no CMD_SYNC completed the SMMU's CMD_TLBI";
}
