/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's kernel touches a protected guest's page by its linear map: for process_vm_readv(),
 * a pipe that has the page from vmsplice(), direct I/O. The hypervisor refuses that with an
 * alignment fault, and where no entry of the exception table helps, the kernel would be dead by
 * what any process can ask of it.
 *
 * So when the kernel finds no such entry (fixup_exception() said false): a copy from or to
 * userspace ends with nothing copied, which is EFAULT for who asked; of another load or store,
 * zeros are read and nothing is written. Nothing of the guest's page is seen or changed.
 */
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/ratelimit.h>

#include "platform/kvm/access.h"
#include "platform/kvm/module.h"

#define ESR_EC_SHIFT 26
#define ESR_EC_DATA_ABORT_SAME 0x25
#define ESR_FSC 0x3f
#define ESR_FSC_ALIGNMENT 0x21

#define COPY_BYTES_MAX (1ULL << 31)

struct fault {
	struct pt_regs *regs;
	unsigned long esr;
};

/* A page that may be a guest's: pinned. The fault says that the hypervisor refused it. */
static bool is_pinned_page(u64 address)
{
	return virt_addr_valid((void *)address) &&
	       folio_maybe_dma_pinned(virt_to_folio((void *)address));
}

static bool is_user_copy(unsigned long pc)
{
	char name[KSYM_SYMBOL_LEN];

	sprint_symbol_no_offset(name, pc);
	return strcmp(name, "__arch_copy_to_user") == 0 ||
	       strcmp(name, "__arch_copy_from_user") == 0;
}

/*
 * These keep the destination in x0 and the end of it in x5 (arch/arm64/lib/copy_*_user.S), and
 * return how much is left.
 */
static bool end_user_copy(struct pt_regs *regs)
{
	u64 bytes = regs->regs[5] - regs->regs[0];

	if (bytes == 0 || bytes > COPY_BYTES_MAX || !is_user_copy(regs->pc)) {
		return false;
	}
	regs->regs[0] = bytes;
	regs->pc = regs->regs[30];
	return true;
}

static bool handle(struct fault *fault)
{
	struct pt_regs *regs = fault->regs;
	struct access access;

	if (fault->esr >> ESR_EC_SHIFT != ESR_EC_DATA_ABORT_SAME ||
	    (fault->esr & ESR_FSC) != ESR_FSC_ALIGNMENT ||
	    !access_decode(le32_to_cpu(*(__le32 *)regs->pc), &access) ||
	    !is_pinned_page(access_address(&access, regs->regs))) {
		return false;
	}
	pr_warn_ratelimited("terrarium_kvm: refused to %pS: a page of a protected guest\n",
			    (void *)regs->pc);
	if (!end_user_copy(regs)) {
		access_skip(&access, regs->regs);
		regs->pc += sizeof(u32);
	}
	return true;
}

static int fixup_enter(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct fault *fault = (struct fault *)instance->data;

	fault->regs = (struct pt_regs *)regs->regs[0];
	fault->esr = regs->regs[1];
	return 0;
}

static int fixup_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct fault *fault = (struct fault *)instance->data;

	if (!(u8)regs->regs[0] && handle(fault)) {
		regs->regs[0] = true;
	}
	return 0;
}

static struct kretprobe probe = {
	.kp.symbol_name = "fixup_exception",
	.entry_handler = fixup_enter,
	.handler = fixup_return,
	.data_size = sizeof(struct fault),
};

int refused_init(void)
{
	return register_kretprobe(&probe);
}

void refused_exit(void)
{
	unregister_kretprobe(&probe);
}
