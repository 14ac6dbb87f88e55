/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tier A, inside: what its files share. oracle_tables.c watches EL2's instructions,
 * oracle_change.c says what a changed table means, oracle_call.c what the host and guests
 * asked for, oracle_judge.c what must hold when EL2 returns, oracle_smmu.c what devices reach.
 * Everything needs oracle.lock and vCPU context.
 */
#ifndef QEMU_PLUGINS_ORACLE_TABLES_H
#define QEMU_PLUGINS_ORACLE_TABLES_H

#include "qemu-plugins/oracle.h"
#include "qemu-plugins/oracle_shadow.h"

#define TABLES_NO_VMID 0x10000u

/* Whom a tree serves. */
struct tree {
	uint16_t party; /* PARTY_EL2: stage 1 of EL2 */
	uint16_t vmid;
	uint64_t vtcr; /* SHADOW_VTCR_SHAPE of it, if it is a stage 2 of CPUs */
	bool for_cpus;
	bool for_devices; /* an STE of the SMMU leads to it, with @smmu_vmid */
	uint16_t smmu_vmid;
	struct shadow_root *root;
};

/* A page whose mapping or owner a vCPU changed since it entered EL2. */
struct touched {
	uint64_t pa;
	uint64_t pc; /* of EL2's instruction that did, ORACLE_NONE if it was none */
};

struct tables {
	struct shadow *shadow; /* NULL until the host has a stage 2 */
	bool is_host_known;
	uint32_t host_vmid;
	GPtrArray *trees; /* struct tree, alive ones */
	struct tree *host;
	struct tree *el2;
	bool is_cold;      /* the machine's start was seen */
	bool is_readable;  /* its tables had the 4 KiB granule when the oracle began */
	bool is_finding;   /* a tree is being read for the first time */
	bool is_reread;    /* what changes was stored by nobody, so nobody owes an invalidation */
	bool is_claimed;   /* change_claim_unseen() was called, or is not needed */
	uint64_t marks;    /* entries of the host's stage 2 that software marked, when restored */
	unsigned int vcpu; /* whose callback this is */
	uint64_t pc;       /* of its instruction */
	GArray *touched[PLUGIN_VCPUS_MAX];
	GArray *executed; /* struct touched: pages that EL2 executes, not judged yet */
};

extern struct tables tables;

/* @host_vmid: TABLES_NO_VMID if the first to run below EL2 is the host. */
void tables_init(uint32_t host_vmid);

/* Who runs below EL2 with these values; a tree not seen before is read. */
unsigned int tables_party(unsigned int vcpu, uint64_t hcr, uint64_t vttbr);

/* Follow one more tree; the VM's if @party is one. */
struct tree *tables_follow(const struct shadow_shape *shape, unsigned int party, uint16_t vmid);
void tables_forget(struct tree *tree);

/*
 * @party runs on tables that are not read here, as @what and its @value say. If it was so from
 * the start, this machine is not for the oracle (PLUGIN_EXIT_UNUSABLE); if it was not, EL2 lost
 * what keeps owners apart, and that is a breach: `unreadable`.
 */
_Noreturn void tables_unreadable(unsigned int party, const char *what, uint64_t value);

/* oracle_change.c */
void change_told(struct shadow_root *root, uint64_t input, uint64_t bytes,
		 struct shadow_leaf before, struct shadow_leaf after);
void change_touch(uint64_t pa);
/* A machine was restored, and its host's and EL2's tables are read: whose are the other pages? */
void change_claim_unseen(void);
/* The host lends the VM its page; to who has it lent already as well, unless that is dead. */
void change_lend(uint64_t pa, const struct oracle_vm *vm);
/* How many input pages of the tree lead to the page of @pa; NULL tree: 0. */
unsigned int tree_maps(const struct tree *tree, uint64_t pa);
/* Whether the tree leads to it for writing. */
bool tree_writes(const struct tree *tree, uint64_t pa);
/* Whether EL2 itself can write or execute it. */
bool el2_uses(uint64_t pa);
bool host_reaches(uint64_t pa);
bool devices_reach(uint64_t pa);
/* Whether the page holds nothing; of EL2's, also if its first word is all that it holds. */
bool is_clean(uint64_t pa, unsigned int owner);
/* The VM's IPA of the page without the bit that says "shared", ORACLE_NONE if it has none. */
uint64_t vm_ipa_of(const struct oracle_vm *vm, uint64_t pa);

/* oracle_call.c: what the host asked for that is being served on this vCPU. */
enum call_kind {
	CALL_NOTHING,
	CALL_GIVE_VM,
	CALL_LEND_VM,
	CALL_GIVE_EL2,
	CALL_SHARE_EL2,
	CALL_UNSHARE_EL2,
	CALL_TAKE, /* back from EL2 or a VM */
	CALL_MAKE_VM,
	CALL_LOAD_VCPU,
	CALL_RUN_VM,
	CALL_KILL_VM,
	CALL_FORGET_VM,
	CALL_SHARE_HOST, /* a guest's, as those that follow */
	CALL_UNSHARE_HOST,
	CALL_RIPAS,
};

struct call_intent {
	enum call_kind kind;
	uint16_t row;   /* of calls_table + 1 */
	uint16_t party; /* who asked */
	struct oracle_vm *vm;
	uint64_t first; /* page of the machine, or of the VM for a guest's call */
	uint64_t count;
	uint64_t flags;
};

void call_entered(unsigned int vcpu, unsigned int party);
/* EL2 returns to @party: what was asked for is done, if it is who asked. */
void call_returns(unsigned int vcpu, unsigned int party);
/* What is being served, if it is about the page of @pa; NULL if not. */
const struct call_intent *call_about(unsigned int vcpu, uint64_t pa);
/* Whether the VM's guest asks right now that memory be no RAM of its own any more (RSI). */
bool call_empties(unsigned int vcpu, const struct oracle_vm *vm);
/* The host's call that this vCPU served last, NULL if it has no name. */
const char *call_name(unsigned int vcpu);
/* The VM that the host's call runs; NULL if no call says. */
struct oracle_vm *call_runs(unsigned int vcpu);
/* The VM that the host's call names is @vm, which had no name so far. */
void call_names(unsigned int vcpu, struct oracle_vm *vm);
bool call_is_shared(const struct oracle_vm *vm, uint64_t ipa);

/* oracle_judge.c */
/* EL2's code in the image of the host's kernel, which the host reads by design: el2-code. */
bool judge_excepts_code(uint64_t pa);
void judge_returns(unsigned int vcpu, unsigned int party);

/* oracle_smmu.c */
void smmu_found(void);
bool smmu_is_register(uint64_t pa);
/* No lock. */
bool smmu_is_table(uint64_t pa);
/* EL2 stored to a register, and to a page of the stream table. */
void smmu_stored(uint64_t pa, uint64_t value, unsigned int bytes);
void smmu_table_stored(void);
/* Devices go past all tables, in words; NULL if they do not. */
const char *smmu_is_open(void);

#endif /* QEMU_PLUGINS_ORACLE_TABLES_H */
