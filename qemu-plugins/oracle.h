/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tiers of the oracle share: parties, who owns each page of RAM, who runs where,
 * and how a breach ends the run. oracle.c calls the tiers; oracle_page.c is the only writer
 * of pages.
 */
#ifndef QEMU_PLUGINS_ORACLE_H
#define QEMU_PLUGINS_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qemu-plugins/common/plugin.h"
#include "qemu-plugins/common/regs.h"

#define ORACLE_PAGE_SHIFT 12
#define ORACLE_PAGE_BYTES (UINT64_C(1) << ORACLE_PAGE_SHIFT)

/* Who can own or reach a page. VMs are counted as they appear and never reused. */
enum oracle_party {
	PARTY_NOBODY, /* not known: nothing is claimed about the page */
	PARTY_EL2,
	PARTY_HOST,
	PARTY_VM_FIRST,
	PARTY_MANY = 0xffff, /* several VMs, in oracle_page.lent only */
};

/* How a page got its owner; texts in oracle_page.c. */
enum oracle_how {
	HOW_UNKNOWN,
	HOW_START,     /* the host's from the start */
	HOW_FOUND,     /* found so when the oracle began to watch */
	HOW_GIVEN,     /* the host gave it */
	HOW_EL2_MAPS,  /* EL2's stage 1 maps it and the host has not shared it */
	HOW_EL2_TABLE, /* a translation table that is in use */
	HOW_EL2_RUNS,  /* EL2 executes it */
	HOW_CAME_BACK, /* its owner lost or returned it, and it was clean */
	HOW_COUNT,
};

#define PAGE_SHARED_HOST 1 /* a VM's page that its guest shared with the host */
#define PAGE_SHARED_EL2 2  /* a host's page that it shared with EL2 */
#define PAGE_DIRTY 4       /* the host reached it while it still had content */
#define PAGE_GIVEN 8       /* EL2's by a call: only a call gives it back */

/* 8 bytes, read and written as one: readers need no lock. */
struct oracle_page {
	uint16_t owner;
	uint16_t lent; /* the VM that the host lent its page to, PARTY_MANY, or 0 */
	uint16_t call; /* row of calls_table + 1 of the call that changed the owner, or 0 */
	uint8_t how;
	uint8_t flags;
};

struct shadow_root;

/* A VM; lock: oracle.lock. */
struct oracle_vm {
	bool is_protected;
	bool is_known;  /* protected or not was seen in the host's calls */
	bool is_dead;   /* killed: it must not run again */
	bool is_gone;   /* destroyed: its handle may name another */
	bool is_unseen; /* stands for VMs from before the oracle began that did not run since */
	bool has_rsi;
	uint16_t party;
	uint16_t vmid;            /* valid if @root is not NULL */
	uint64_t handle;          /* what the host's calls name it by, 0 if not known */
	struct shadow_root *root; /* its stage 2, NULL until it ran */
	GArray *shared;           /* of struct oracle_range: IPAs that the guest shared */
};

/* [start, end) */
struct oracle_range {
	uint64_t start;
	uint64_t end;
};

struct oracle_vcpu {
	uint16_t party;    /* who runs: PARTY_EL2 from entry to ERET; read and written atomically */
	uint64_t entry_pc; /* ELR_EL2 at the last entry to EL2 from below */
	uint64_t entry_esr;    /* ESR_EL2 then; 0 for interrupts */
	uint16_t entered_from; /* the party that it came from */
	uint64_t mpidr;        /* VMPIDR_EL2 when it last went to a VM; lock: oracle.lock */
};

struct oracle {
	bool tiers[3];      /* a, b, c */
	const char *out;    /* where a breach is written, NULL: nowhere */
	uint64_t ram_base;  /* of RAM that is judged: [ram_base, ram_base + ram_pages * 4096) */
	uint64_t ram_pages; /* 0 until the first vCPU started */
	struct oracle_page *pages;
	uint64_t *since_us; /* g_get_real_time() of the owner's change; lock: lock */
	struct oracle_vcpu vcpus[PLUGIN_VCPUS_MAX];
	unsigned int vcpus_count;
	struct regs regs;
	uint64_t judged_returns; /* from EL2, since the oracle began; lock: lock */
	uint64_t judged_pages;   /* that EL2 changed; lock: lock */
	GMutex lock; /* orders all changes; held in the entered and returns hooks of tiers */
};

extern struct oracle oracle;

static inline bool oracle_is_ram(uint64_t pa)
{
	return pa - oracle.ram_base < oracle.ram_pages << ORACLE_PAGE_SHIFT;
}

/* The page's record as one consistent value; all zero outside RAM. No lock. */
static inline struct oracle_page oracle_page(uint64_t pa)
{
	struct oracle_page page = { 0 };

	if (oracle_is_ram(pa)) {
		__atomic_load(&oracle.pages[(pa - oracle.ram_base) >> ORACLE_PAGE_SHIFT], &page,
			      __ATOMIC_RELAXED);
	}
	return page;
}

/*
 * Whether @party may reach the page: its own, one that was shared with it or lent to it, or
 * one that nothing is claimed about. A page is its new owner's from the moment at which that
 * one can reach it; it stops to be the old one's at the latest when EL2 returns. No lock.
 */
static inline bool oracle_may_reach(unsigned int party, struct oracle_page page)
{
	return page.owner == party || page.owner == PARTY_NOBODY ||
	       (party == PARTY_HOST && (page.flags & PAGE_SHARED_HOST) != 0) ||
	       (party >= PARTY_VM_FIRST && (page.lent == party || page.lent == PARTY_MANY));
}

static inline unsigned int oracle_party_of(unsigned int vcpu)
{
	return __atomic_load_n(&oracle.vcpus[vcpu].party, __ATOMIC_RELAXED);
}

/* Record of a VM, NULL if @party is none. Lives as long as QEMU. Needs oracle.lock. */
struct oracle_vm *oracle_vm(unsigned int party);
/* The VM that the host's calls name @handle, a new one if there is none. Needs the lock. */
struct oracle_vm *oracle_vm_by_handle(uint64_t handle);
/* A VM whose handle is not known. Needs the lock. */
struct oracle_vm *oracle_vm_new(void);

/* Change a page's record. @call: row of calls_table + 1, or 0. Needs the lock. */
void oracle_page_give(uint64_t pa, unsigned int owner, enum oracle_how how, uint16_t call);
void oracle_page_lend(uint64_t pa, unsigned int vm);
void oracle_page_flags(uint64_t pa, uint8_t set, uint8_t clear);

/* Find out how much RAM there is. vCPU context; needs the lock. */
void oracle_pages_start(void);
/* Physical memory; false: there is none. vCPU context. */
bool oracle_read(uint64_t pa, void *to, size_t bytes);

/* "the host", "EL2", "VM 3 (protected, VMID 1)": in @text of @bytes, which is returned. */
const char *oracle_party_text(unsigned int party, char *text, size_t bytes);

#define ORACLE_NONE UINT64_MAX /* of an address that is not known */

/* A breach: who did or could do what, where. */
struct oracle_breach {
	char tier;         /* 'a', 'b', 'c' */
	const char *rule;  /* a word that stays: "two-owners", "stale", ... */
	const char *what;  /* what happened, as the end of a sentence that begins with @party */
	unsigned int vcpu; /* that saw it */
	unsigned int party;
	unsigned int el; /* of @pc */
	uint64_t pc;     /* or ORACLE_NONE; so for the others */
	uint64_t va;
	uint64_t ipa;
	uint64_t pa;
};

/*
 * The end: one sentence on stderr, out=FILE with all that is known, QEMU ends with
 * PLUGIN_EXIT_BREACH. Any context; with or without oracle.lock.
 */
_Noreturn void oracle_breach(const struct oracle_breach *found);

/* QEMU ends and there was no breach: out=FILE says what was judged. */
void oracle_silent(void);

/*
 * A tier. Hooks may be NULL. @entered and @returns run with oracle.lock held, in vCPU
 * context with registers readable; tier A's first, so that owners are up to date.
 */
struct oracle_tier {
	char letter;
	/* After the options are read; what is wrong in one sentence, or NULL. */
	const char *(*start)(qemu_plugin_id_t id);
	/* A block of A64 code of @el is translated. No lock. */
	void (*translated)(struct qemu_plugin_tb *tb, unsigned int el);
	/* @party left for EL2 (vector: enum arm_vector). */
	void (*entered)(unsigned int vcpu, unsigned int party, unsigned int vector);
	/* Before EL2's ERET to @party. */
	void (*returns)(unsigned int vcpu, unsigned int party);
};

extern const struct oracle_tier oracle_tier_tables;                         /* a */
extern const struct oracle_tier oracle_tier_access __attribute__((weak));   /* b */
extern const struct oracle_tier oracle_tier_register __attribute__((weak)); /* b */
extern const struct oracle_tier oracle_tier_dma __attribute__((weak));      /* c */

/* Options that tiers read: their rows in oracle.c. */
extern const char *oracle_option_dma_log; /* NULL: none */
extern const char *oracle_option_tags;    /* "VALUE/MASK", NULL: none */
extern bool oracle_option_reread;

#endif /* QEMU_PLUGINS_ORACLE_H */
