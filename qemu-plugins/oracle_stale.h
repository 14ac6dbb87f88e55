/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Translations that TLBs may still hold although their tables say otherwise (Arm ARM DDI
 * 0487, D8.16 "TLB maintenance"; SMMUv3 IHI 0070, 4.4): what was taken away or changed is due
 * to be invalidated, and stays so until everything that the architecture asks for was done:
 *
 *   CPUs   DSB (the entry is visible) - TLBI of the IPA, then DSB and TLBI of stage 1; or
 *          one TLBI of the VMID or of all - DSB (it is complete)
 *   SMMU   CMD_TLBI_* for the VMID - CMD_SYNC
 *
 * Pure: no QEMU. The caller's lock orders everything.
 */
#ifndef QEMU_PLUGINS_ORACLE_STALE_H
#define QEMU_PLUGINS_ORACLE_STALE_H

#include <stdbool.h>
#include <stdint.h>

#define STALE_NO_VCPU UINT16_MAX

/* What a due translation still lacks on the CPUs, in this order. */
enum stale_step {
	STALE_VISIBLE, /* a DSB between the store and the TLBI */
	STALE_IPA,     /* TLBI of stage 2 */
	STALE_BETWEEN, /* a DSB between the two TLBIs */
	STALE_STAGE1,  /* TLBI of stage 1, which may have kept both stages in one entry */
	STALE_DONE,    /* the DSB that ends it */
	STALE_NOTHING,
};

struct stale_due {
	const void *root;
	uint64_t input; /* of the first byte; [input, input + bytes) */
	uint64_t bytes;
	uint64_t pa;         /* what @input led to */
	uint64_t pc;         /* of the store that changed it */
	uint64_t leaf_bytes; /* the entries' size: one TLBI takes one of them */
	uint16_t vmid;
	uint16_t vcpu;  /* that owes it, STALE_NO_VCPU once that one returned from EL2 */
	uint8_t step;   /* enum stale_step */
	bool smmu;      /* CMD_TLBI is due, too */
	bool smmu_sync; /* only CMD_SYNC is, of these */
};

/* Which TLBI, as far as it matters for stage 2. */
enum stale_scope {
	STALE_SCOPE_IPA,
	STALE_SCOPE_STAGE1,
	STALE_SCOPE_VMID,
	STALE_SCOPE_ALL,
};

struct stale_tlbi {
	enum stale_scope scope;
	uint16_t vmid;  /* IPA, STAGE1, VMID */
	uint64_t input; /* IPA: what it names */
	uint64_t bytes;
};

/* Entries of @leaf_bytes that mapped the range do not, or map it otherwise. */
void stale_add(const struct stale_due *due);

/* @vcpu executed a DSB that waits for stores; @is_full: for loads as well. */
void stale_dsb(uint16_t vcpu, bool is_full);
/* @vcpu executed a TLBI that reaches every CPU there is. */
void stale_tlbi(uint16_t vcpu, const struct stale_tlbi *tlbi);
/* The SMMU was given a command, and CMD_SYNC. */
void stale_smmu_tlbi(const struct stale_tlbi *tlbi);
void stale_smmu_sync(void);

/* The first thing due of @root that @vcpu owes, or that nobody does who is at EL2; or NULL. */
const struct stale_due *stale_find(const void *root, uint16_t vcpu);
/* @vcpu leaves EL2: what it still owes, nobody there does any more. */
void stale_leave(uint16_t vcpu);
/* The tree is no more; its VMID's entries are as due as before. */
void stale_forget(const void *root);

/*
 * @root runs under @vmid. Whether another ran under it before and nothing has invalidated the
 * VMID since: what the TLBs hold of that one would be used.
 */
bool stale_switch(uint16_t vmid, const void *root);

/*
 * The vCPU with affinity @mpidr of @root's VM runs on @vcpu. Whether another of them ran there
 * before, and no TLBI of stage 1 has reached this CPU since: one CPU serves as two, each of
 * which has a TLB of its own as far as its guest knows (Arm ARM D8.16, "TLB maintenance").
 */
bool stale_sibling(uint16_t vcpu, const void *root, uint16_t vmid, uint64_t mpidr);
/* @vcpu executed a TLBI; @is_local: it reaches no other CPU. For stale_sibling() only. */
void stale_tlbi_reached(uint16_t vcpu, const struct stale_tlbi *tlbi, bool is_local);

/* What it lacks, as the end of a sentence: "no TLBI ...". */
const char *stale_text(const struct stale_due *due);

void stale_reset(void);

#endif /* QEMU_PLUGINS_ORACLE_STALE_H */
